"""`search` and `lineage`: what is where, which class it has, and where it comes from."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from steward.console import ExitCode, fail, print_json, print_table, say

if TYPE_CHECKING:
    from catalog.datahub_client import FoundDataset, Lineage

__all__ = ["add_to", "show_lineage", "show_search"]

_JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


class Direction(StrEnum):
    """Which way lineage is followed."""

    UPSTREAM = "upstream"
    DOWNSTREAM = "downstream"


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(search)
    app.command()(lineage)


def search(
    class_: Annotated[str | None, typer.Option("--class", help="One of the four classes.")] = None,
    text: Annotated[str | None, typer.Option(help="Words in name or description.")] = None,
    columns: Annotated[bool, typer.Option("--columns", help="Show columns of that class.")] = False,  # noqa: FBT002
    as_json: _JsonOption = False,  # noqa: FBT002
) -> None:
    """Search DataHub for datasets by class and text."""
    if class_ is None and text is None:
        fail("give --class CLASS, --text TEXT or both", ExitCode.BAD_USAGE)
    show_search(class_, text, columns=columns, as_json=as_json)


def show_search(class_: str | None, text: str | None, *, columns: bool, as_json: bool) -> None:
    """Print the datasets that DataHub finds."""
    from dataclasses import asdict  # noqa: PLC0415

    from catalog.data_classes import UnknownDataClass, parse_data_class  # noqa: PLC0415
    from catalog.datahub_client import connect, datahub_settings  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415

    try:
        data_class = parse_data_class(class_) if class_ is not None else None
    except UnknownDataClass as error:
        fail(str(error), ExitCode.BAD_USAGE)
    with connect(datahub_settings(classline_home().datahub)) as connection:
        found = connection.search(data_class=data_class, text=text, columns=columns)
    if as_json:
        print_json([asdict(dataset) for dataset in found])
        return
    asked = " ".join(part for part in (class_, f"“{text}”" if text else None) if part)
    heads = ("dataset", "class", "platform", "description", *(("columns",) if columns else ()))
    print_table(f"Datasets: {asked}", heads, [_found_row(d, columns=columns) for d in found])


def _found_row(dataset: FoundDataset, *, columns: bool) -> tuple[object, ...]:
    row = (dataset.name, dataset.data_class or "unlabelled", dataset.platform, dataset.description)
    return (*row, ", ".join(dataset.columns)) if columns else row


def lineage(
    dataset: Annotated[str, typer.Argument(help="Name of a dataset, with or without schema.")],
    direction: Annotated[Direction, typer.Option(help="Which way to look.")] = Direction.UPSTREAM,
    hops: Annotated[int, typer.Option(min=1, max=10, help="How far to look.")] = 3,
    as_json: _JsonOption = False,  # noqa: FBT002
) -> None:
    """Show where a dataset's data comes from, or goes, down to its columns."""
    show_lineage(dataset, direction, hops, as_json=as_json)


def show_lineage(dataset: str, direction: Direction, hops: int, *, as_json: bool) -> None:
    """Print the lineage that DataHub knows."""
    from dataclasses import asdict  # noqa: PLC0415

    from catalog.datahub_client import connect, datahub_settings  # noqa: PLC0415
    from catalog.datahub_names import dataset_urn  # noqa: PLC0415
    from catalog.declared import REGISTRY  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415

    registered = REGISTRY.get(dataset)
    with connect(datahub_settings(classline_home().datahub)) as connection:
        found = connection.lineage(
            dataset_urn(registered), direction=direction.value, max_hops=hops
        )
    if as_json:
        print_json(asdict(found))
        return
    say(f"{registered.qualified_name} [{registered.data_class}], {direction}")
    _print_lineage(found)


def _print_lineage(found: Lineage) -> None:
    from catalog.datahub_names import dataset_name  # noqa: PLC0415

    print_table(
        "Datasets, workflows and runs",
        ("hops", "kind", "name"),
        [
            (
                step.hops,
                step.kind.lower().replace("_", " "),
                dataset_name(step.urn) if step.kind == "DATASET" else step.name,
            )
            for step in found.steps
        ],
    )
    print_table(
        "Columns",
        ("column", "is made of", "in"),
        [(step.from_column, step.column, step.dataset) for step in found.columns],
    )
