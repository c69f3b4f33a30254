"""`search` and `lineage`: what is where, which class it has, and where it comes from."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from steward.console import ExitCode, fail, print_json, print_table, print_tree, say

if TYPE_CHECKING:
    from catalog.datahub_client import FoundDataset, PromotionRun, Trail

__all__ = ["add_to", "show_lineage", "show_search"]

_JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_KINDS = {"table": "table", "kv": "kv_prefix", "vector": "vector_namespace"}


class Kind(StrEnum):
    """The kinds of store."""

    TABLE = "table"
    KV = "kv"
    VECTOR = "vector"


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(search)
    app.command()(lineage)


def search(
    class_: Annotated[str | None, typer.Option("--class", help="One of the four classes.")] = None,
    text: Annotated[str | None, typer.Option(help="Words in name or description.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="Only stores of this kind.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only stores of this team, or URN.")] = None,
    columns: Annotated[bool, typer.Option("--columns", help="Show columns of that class.")] = False,  # noqa: FBT002
    as_json: _JsonOption = False,  # noqa: FBT002
) -> None:
    """Search DataHub for datasets by class, text, kind and owner."""
    if class_ is None and text is None and kind is None and owner is None:
        fail("give --class CLASS, --text TEXT, --kind KIND or --owner TEAM", ExitCode.BAD_USAGE)
    show_search(class_, text, kind=kind, owner=owner, columns=columns, as_json=as_json)


def show_search(
    class_: str | None,
    text: str | None,
    *,
    columns: bool,
    as_json: bool,
    kind: Kind | None = None,
    owner: str | None = None,
) -> None:
    """Print the datasets that DataHub finds."""
    from dataclasses import asdict  # noqa: PLC0415

    from catalog.data_classes import UnknownDataClass, parse_data_class  # noqa: PLC0415
    from catalog.datahub_client import connect, datahub_settings  # noqa: PLC0415
    from catalog.datahub_names import owner_urn  # noqa: PLC0415
    from catalog.registry import StoreKind  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415

    try:
        data_class = parse_data_class(class_) if class_ is not None else None
    except UnknownDataClass as error:
        fail(str(error), ExitCode.BAD_USAGE)
    with connect(datahub_settings(classline_home().datahub)) as connection:
        found = connection.search(
            data_class=data_class,
            text=text,
            columns=columns,
            kind=StoreKind(_KINDS[kind]) if kind is not None else None,
            owner=owner_urn(owner) if owner is not None else None,
        )
    if as_json:
        print_json([asdict(dataset) for dataset in found])
        return
    quoted = f"“{text}”" if text else None
    owned = f"of {owner}" if owner else None
    asked = " ".join(part for part in (class_, quoted, kind, owned) if part)
    heads = ("dataset", "class", "platform", "description", *(("columns",) if columns else ()))
    print_table(f"Datasets: {asked}", heads, [_found_row(d, columns=columns) for d in found])


def _found_row(dataset: FoundDataset, *, columns: bool) -> tuple[object, ...]:
    row = (dataset.name, dataset.data_class or "unlabelled", dataset.platform, dataset.description)
    return (*row, ", ".join(dataset.columns)) if columns else row


def lineage(  # noqa: PLR0913, PLR0917 - one argument for each option
    dataset: Annotated[str, typer.Argument(help="Name of a dataset, with or without schema.")],
    down: Annotated[  # noqa: FBT002
        bool, typer.Option("--down/--up", help="Where data goes, or where it comes from.")
    ] = False,
    hops: Annotated[int, typer.Option(min=1, max=50, help="How far to look.")] = 10,
    columns: Annotated[bool, typer.Option("--columns", help="Follow each column too.")] = False,  # noqa: FBT002
    promotions: Annotated[  # noqa: FBT002
        bool, typer.Option("--promotions", help="List every promotion on the way.")
    ] = False,
    html: Annotated[Path | None, typer.Option(help="Write a page to this file.")] = None,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Print a Mermaid graph.")] = False,  # noqa: FBT002
    as_json: _JsonOption = False,  # noqa: FBT002
) -> None:
    """Show where a dataset's data comes from, or goes, and who approved each change of class."""
    if mermaid and as_json:
        fail("give --mermaid or --json, not both: each prints one document", ExitCode.BAD_USAGE)
    trail = _trail(dataset, down=down, hops=hops, columns=columns, promotions=promotions)
    if html is not None:
        _write_page(html, trail, down=down)
    if as_json:
        from dataclasses import asdict  # noqa: PLC0415

        print_json(asdict(trail))
    elif mermaid:
        from steward.lineage_drawings import mermaid_graph  # noqa: PLC0415

        typer.echo(mermaid_graph(trail, upstream=not down), nl=False)
    elif html is None:
        _print_trail(trail, down=down, columns=columns, promotions=promotions)


def show_lineage(dataset: str) -> None:
    """Print where a dataset's data comes from."""
    trail = _trail(dataset, down=False, hops=10, columns=False, promotions=False)
    _print_trail(trail, down=False, columns=False, promotions=False)


def _trail(dataset: str, *, down: bool, hops: int, columns: bool, promotions: bool) -> Trail:
    from catalog.datahub_client import connect, datahub_settings  # noqa: PLC0415
    from catalog.datahub_names import dataset_urn  # noqa: PLC0415
    from catalog.declared import REGISTRY  # noqa: PLC0415
    from stores.home import classline_home  # noqa: PLC0415

    registered = REGISTRY.get(dataset)
    direction: Literal["upstream", "downstream"] = "downstream" if down else "upstream"
    with connect(datahub_settings(classline_home().datahub)) as connection:
        return connection.trail(
            dataset_urn(registered),
            direction=direction,
            most_hops=hops,
            columns=columns,
            promotions=promotions,
        )


def _write_page(path: Path, trail: Trail, *, down: bool) -> None:
    from steward.lineage_drawings import html_page  # noqa: PLC0415

    title = f"{'Where data goes from' if down else 'Where data comes from to'} {trail.root.name}"
    try:
        path.write_text(html_page(trail, title=title), encoding="utf-8")
    except OSError as error:
        fail(f"{path} cannot be written ({error.strerror}): name another file")
    say(f"written to {path}")


def _print_trail(trail: Trail, *, down: bool, columns: bool, promotions: bool) -> None:
    from steward.lineage_drawings import terminal_tree  # noqa: PLC0415

    say("Where data goes" if down else "Where data comes from")
    print_tree(terminal_tree(trail.root))
    if columns:
        say("Columns" if trail.columns else "Columns: no lineage is known")
        for tree in trail.columns:
            print_tree(terminal_tree(tree))
    if promotions:
        print_table(
            "Promotions on the way",
            ("published", "state", "workflow", "from", "to", "approved by", "cells", "promotion"),
            [_run_row(run) for run in trail.promotions],
        )


def _run_row(run: PromotionRun) -> tuple[object, ...]:
    return (
        run.published_at,
        run.state,
        run.workflow,
        run.from_class,
        run.to_class,
        run.approved_by,
        run.cells_kept,
        run.run_id,
    )
