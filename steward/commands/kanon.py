"""`kanon`: check, generalize and release the cells of a plain file, outside the platform."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from steward.console import ExitCode, fail, print_json, print_table, say

if TYPE_CHECKING:
    from anonymization.generalization.lattice import SearchResult
    from anonymization.kanon.check import CheckReport

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    kanon = typer.Typer(no_args_is_help=True, help="Anonymize a plain CSV or Parquet file.")
    kanon.command("check")(_taking_model_flags(check))
    kanon.command("search")(_taking_model_flags(search))
    kanon.command("release")(_taking_model_flags(release))
    app.add_typer(kanon, name="kanon")


class MetricName(StrEnum):
    """What a search makes smallest."""

    NUE = "nue"
    NUE_SUPPRESSED = "nue_suppressed"
    DM_KEPT = "dm_kept"
    DM = "dm"
    AECS = "aecs"
    LOSS = "loss"


_FileArgument = Annotated[Path, typer.Argument(help="A CSV or Parquet file, or a folder of these.")]
_JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


class ModeName(StrEnum):
    """How a release makes its cells."""

    LATTICE = "lattice"
    PARTITION = "partition"


_folder = typer.Option(
    exists=True, file_okay=False, help="Folder with a file *hierarchy_COLUMN.csv for each column."
)
_HierarchiesOption = Annotated[Path, _folder]
_SomeHierarchiesOption = Annotated[Path | None, _folder]
_SuppressionOption = Annotated[
    str, typer.Option(metavar="SHARE", help="Share of rows that may be left out, 0 to 1.")
]
_MetricOption = Annotated[MetricName, typer.Option(help="What is made smallest.")]
_SecondsOption = Annotated[
    float | None, typer.Option(min=0, help="Stop proving after so long; the result says so.")
]


def _model_flags(  # noqa: PLR0913, PLR0917 - one argument a flag
    qi: Annotated[str, typer.Option(help="The quasi-identifiers, between commas.")],
    tenant: Annotated[str | None, typer.Option(help="Column of the tenant.")] = None,
    fund: Annotated[str | None, typer.Option(help="Column of the tenant's fund.")] = None,
    sensitive: Annotated[str | None, typer.Option(help="Column of the sensitive value.")] = None,
    measure: Annotated[str | None, typer.Option(help="Column of the summed amount.")] = None,
    k: Annotated[
        int, typer.Option(help="Least rows of a cell; with --tenant, distinct tenants.")
    ] = 5,
    k_rows: Annotated[int | None, typer.Option(help="Least rows, beside --tenant.")] = None,
    k_without_fund: Annotated[
        int | None, typer.Option(help="Least tenants when any one fund leaves.")
    ] = None,
    k_funds: Annotated[int | None, typer.Option(help="Least distinct funds.")] = None,
    l: Annotated[  # noqa: E741 - the model's own name
        int | None, typer.Option("--l", help="Least distinct sensitive values.")
    ] = None,
    entropy_l: Annotated[
        str | None, typer.Option(metavar="L", help="Least entropy of these, as log L.")
    ] = None,
    recursive_cl: Annotated[
        str | None, typer.Option(metavar="C,L", help="Recursive (c,l)-diversity.")
    ] = None,
    t_equal: Annotated[
        str | None,
        typer.Option(
            "--t-equal", "--t", metavar="T", help="Farthest from the whole table, 0 to 1."
        ),
    ] = None,
    t_ordered: Annotated[
        str | None, typer.Option(metavar="T", help="The same, values in their order.")
    ] = None,
    t_hierarchical: Annotated[
        str | None, typer.Option(metavar="T", help="The same, by the sensitive column's hierarchy.")
    ] = None,
    dominance: Annotated[
        str | None,
        typer.Option(
            metavar="[N,]SHARE",
            help="Largest share of N tenants (1) in a cell's sum; without --measure, in its rows.",
        ),
    ] = None,
    p_percent: Annotated[
        str | None, typer.Option(metavar="P", help="The p% rule on the sum, or on rows.")
    ] = None,
) -> dict[str, Any]:
    return dict(locals())


def _taking_model_flags(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the model flags of all three: it is handed them as ``flags``."""
    shared = inspect.signature(_model_flags, eval_str=True).parameters
    own = inspect.signature(command, eval_str=True).parameters
    file, *others = [each for name, each in own.items() if name != "flags"]

    @wraps(command)
    def called(**given: Any) -> None:
        flags = {name: given.pop(name) for name in shared}
        _with_refusals(lambda: command(flags=_model_flags(**flags), **given))

    parameters = [
        each.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for each in (file, *shared.values(), *others)
    ]
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {each.name: each.annotation for each in parameters}
    return called


def _with_refusals(run: Callable[[], None]) -> None:
    """A request that means nothing is bad usage; all else that is refused exits with 1."""
    from anonymization.engines.errors import UnknownColumns  # noqa: PLC0415
    from anonymization.kanon.errors import MeaninglessRequest  # noqa: PLC0415

    try:
        run()
    except (MeaninglessRequest, UnknownColumns) as error:
        fail(str(error), ExitCode.BAD_USAGE)


def check(
    file: _FileArgument,
    flags: dict[str, Any],
    hierarchies: _SomeHierarchiesOption = None,
    as_json: _JsonOption = False,  # noqa: FBT002
) -> None:
    """Measure each model on the file's own cells; exit 1 where one does not hold."""
    from anonymization.kanon.check import check as measure  # noqa: PLC0415 - loads DuckDB
    from anonymization.kanon.reading import read_subject  # noqa: PLC0415
    from anonymization.kanon.request import Flags, request_of  # noqa: PLC0415

    request = request_of(Flags(**flags))
    with read_subject(file, request, hierarchies) as subject:
        report = measure(subject.combinations, subject.models)
    if as_json:
        print_json(report.as_fields(request.asked))
    else:
        _show_check(report, request.asked)
    if not report.holds:
        raise typer.Exit(ExitCode.REFUSED)


def _show_check(report: CheckReport, asked: Mapping[str, object]) -> None:
    of_tenants = f" of {report.tenants:,} tenants" if report.tenants else ""
    say(f"{report.rows:,} rows{of_tenants} in {report.cells:,} cells")
    print_table(
        "Models",
        ("model", "asked", "holds", "worst value", "cells below", "rows in these", "worst cells"),
        [
            (
                name,
                str(asked[name]),
                "yes" if finding.holds else "NO",
                _number(finding.value),
                finding.cells_breaking,
                finding.rows_breaking,
                "; ".join(
                    f"{each.cells:,} at {_number(each.value)}" for each in finding.worst_cells
                ),
            )
            for name, finding in report.models.items()
        ],
    )
    if report.tenants and int(str(asked["k_tenants"])) > report.tenants:
        say("no grouping of these rows could hold: fewer tenants in all than k asks for")


def _number(value: float | None) -> str:
    return "unbounded" if value is None else f"{value:,.6g}"


def search(
    file: _FileArgument,
    flags: dict[str, Any],
    hierarchies: _HierarchiesOption,
    suppression: _SuppressionOption = "0",
    metric: _MetricOption = MetricName.LOSS,
    seconds: _SecondsOption = None,
    as_json: _JsonOption = False,  # noqa: FBT002
) -> None:
    """Find the generalization that loses least while every cell keeps every model."""
    from anonymization.kanon import search as searching  # noqa: PLC0415 - loads DuckDB
    from anonymization.kanon.reading import read_subject  # noqa: PLC0415
    from anonymization.kanon.request import Flags, request_of  # noqa: PLC0415

    request = request_of(Flags(**flags))
    aim = searching.aim_of(metric.value, suppression, seconds)
    with read_subject(file, request, hierarchies) as subject:
        result, used = searching.search(subject, hierarchies, aim)
        found = searching.search_fields(subject, used, result)
    if as_json:
        print_json(found)
        return
    _show_search(result, found)


def _show_search(result: SearchResult, found: dict[str, Any]) -> None:
    print_table(
        "Levels",
        ("column", "level", "of"),
        list(
            zip(
                found["quasi_identifiers"],
                found["node"],
                [levels - 1 for levels in found["levels"]],
                strict=True,
            )
        ),
    )
    say(
        f"{result.metric} {result.loss:,.6g}; {found['cells']:,} cells; "
        f"{result.suppressed_rows:,} of {result.total_rows:,} rows suppressed"
    )
    proven = "proven optimal" if result.proven_optimal else "best found, not proven optimal"
    say(f"{proven}: {result.checks:,} of {result.lattice_size:,} nodes looked at")
    for column in found["never_hidden"]:
        say(f"note: the top of {column}'s hierarchy is several labels, so it is never hidden")


def release(  # noqa: PLR0913, PLR0917 - one argument a flag
    file: _FileArgument,
    flags: dict[str, Any],
    out: Annotated[Path, typer.Option(help="Where the cells go: .parquet or .csv.")],
    hierarchies: _SomeHierarchiesOption = None,
    mode: Annotated[ModeName, typer.Option(help="A lattice node, or cuts.")] = ModeName.LATTICE,
    suppression: _SuppressionOption = "0",
    metric: _MetricOption = MetricName.LOSS,
    seconds: _SecondsOption = None,
    rate: Annotated[
        list[str] | None, typer.Option(metavar="COL=VALUE", help="A share of rows, repeatable.")
    ] = None,
    digits: Annotated[int, typer.Option(min=1, max=4, help="Digits kept of a sum.")] = 3,
    report: Annotated[Path | None, typer.Option(help="Where the JSON report goes.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Where a .svg or .png goes.")] = None,
    as_json: _JsonOption = False,  # noqa: FBT002
) -> None:
    """Write the cells of a file: labels, counts and rounded measures, never a row."""
    from anonymization.kanon import release as releasing  # noqa: PLC0415 - loads DuckDB
    from anonymization.kanon.grouping import Mode, grouper_for  # noqa: PLC0415
    from anonymization.kanon.reading import read_subject  # noqa: PLC0415
    from anonymization.kanon.request import Flags, request_of  # noqa: PLC0415
    from anonymization.kanon.search import aim_of  # noqa: PLC0415

    request = request_of(releasing.flags_of_release(Flags(**flags)))
    aim = aim_of(metric.value, suppression, seconds)
    files = releasing.Files(out, report, picture)
    measures = releasing.measures_of(request, rate or [], digits)
    releasing.require_files(files, file, request, measures)
    with read_subject(file, request, hierarchies) as subject:
        grouper = grouper_for(subject, Mode(mode.value), hierarchies, aim)
        released = releasing.release(subject, grouper, files, measures)
    if as_json:
        print_json(released.report)
        return
    _show_release(released.report, files.named)


def _show_release(report: dict[str, Any], written: Sequence[Path]) -> None:
    say(
        f"{report['cells']:,} cells of {report['rows']:,} rows; {report['suppressed_rows']:,} rows "
        f"suppressed; loss {report['certainty_penalty']:.4f}"
    )
    if not report.get("proven_optimal", True):
        say("best found, not proven optimal")
    kept = ", ".join(f"{name} {limit}" for name, limit in report["models"].items())
    say(f"every cell keeps {kept}")
    for path in written:
        say(f"written: {path}")
