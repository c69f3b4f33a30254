"""Writes the first text of a new workflow, its entry in the list of those in force, and its tests.

It fills in what the registry tells: sources, target, policy, and every column it can name the
source of. What it cannot know it marks ``TODO``, in an expression that releases nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from anonymization.registered import WORKFLOWS
from catalog.data_classes import DataClass, FlowRule, flow_rule
from catalog.declared import REGISTRY
from catalog.floors import FLOORS, DisclosurePolicy
from catalog.registry import Column, ColumnType, Dataset

__all__ = ["CannotScaffold", "Scaffold", "scaffold", "write_scaffold"]

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST_NAME = 48
_NUMBERS = frozenset({ColumnType.INTEGER, ColumnType.BIGINT, ColumnType.NUMERIC, ColumnType.DOUBLE})
_TIMES = frozenset({ColumnType.DATE, ColumnType.TIMESTAMP})
_REGISTERED = Path("anonymization/registered.py")
_MARK = "TODO"


class CannotScaffold(ValueError):
    """No workflow of that name, or between those datasets, can be begun."""


@dataclass(frozen=True, slots=True)
class Scaffold:
    """Texts by path from the project's root, and the columns that are left to be told."""

    files: Mapping[Path, str]
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Guess:
    """How a column of the target is made, as far as the registry tells."""

    column: str
    expression: str
    made_of: str
    reads: str | None = None
    told: bool = True


def scaffold(name: str, source: str, target: str) -> Scaffold:
    """The texts of a workflow that promotes rows of one dataset into another."""
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        message = (
            "a workflow's name is lower case with underscores, like pipeline_benchmark, and has at "
            f"most {_LONGEST_NAME} characters"
        )
        raise CannotScaffold(message)
    reads, writes = REGISTRY.get(source), REGISTRY.get(target)
    _require_possible(name, reads, writes)
    dimensions = [_dimension(reads, writes.column(key)) for key in writes.primary_key]
    measures = [
        _measure(reads, column)
        for column in writes.columns
        if column.name not in {*writes.primary_key, "promotion_id"}
    ]
    left = tuple(guess.column for guess in (*dimensions, *measures) if not guess.told)
    policy = FLOORS[reads.data_class, writes.data_class]
    module = _module(name, reads, writes, policy, dimensions, measures)
    return Scaffold(
        {
            Path(f"anonymization/workflows/{name}.py"): module,
            Path(f"tests/anonymization/workflows/test_{name}.py"): _tests(name, writes),
        },
        left,
    )


def write_scaffold(root: Path, name: str, source: str, target: str) -> Scaffold:
    """Write the files and register the workflow; a file that is there is never written over."""
    made = scaffold(name, source, target)
    registered = root / _REGISTERED
    if not registered.is_file():
        message = (
            f"{root}: no project of Classline's stands here (no {_REGISTERED}); go to its root"
        )
        raise CannotScaffold(message)
    there = [str(path) for path in made.files if (root / path).exists()]
    if there:
        message = f"{', '.join(there)} is there already: nothing was written; choose another name"
        raise CannotScaffold(message)
    for path, content in made.files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content, encoding="utf-8")
    registered.write_text(_listed(registered.read_text(encoding="utf-8"), name), encoding="utf-8")
    return made


def _require_possible(name: str, reads: Dataset, writes: Dataset) -> None:
    if any(workflow.name == name for workflow in WORKFLOWS):
        message = f"a workflow {name} is in force already; choose another name"
        raise CannotScaffold(message)
    rule = flow_rule(reads.data_class, writes.data_class)
    if rule not in {FlowRule.WORKFLOW, FlowRule.WORKFLOW_COUNTING_FUNDS}:
        message = (
            f"{reads.qualified_name} [{reads.data_class}] -> {writes.qualified_name} "
            f"[{writes.data_class}]: {rule!s} in the table of legal edges, no workflow may cover it"
        )
        raise CannotScaffold(message)
    if reads.owner_column is None or reads.internal:
        message = f"{reads.qualified_name} is not owned row by row; name a store of the tenants'"
        raise CannotScaffold(message)
    if "promotion_id" not in {column.name for column in writes.columns}:
        message = (
            f"{writes.qualified_name} takes no releases: it has no column promotion_id; declare a "
            "target as docs/writing-a-workflow.md shows"
        )
        raise CannotScaffold(message)


def _dimension(reads: Dataset, column: Column) -> _Guess:
    times = [each for each in reads.columns if each.type in _TIMES]
    if column.name in {"month", "quarter"} and times:
        at = times[0].name
        utc = ", 'UTC'" if times[0].type is ColumnType.TIMESTAMP else ""
        zoned = f"s.{at} AT TIME ZONE 'UTC'" if utc else f"s.{at}"
        expression = (
            f"CAST(date_trunc('month', s.{at}{utc}) AS date)"
            if column.name == "month"
            else f"to_char({zoned}, 'YYYY-\"Q\"Q')"
        )
        return _Guess(column.name, expression, at)
    same = _same(reads, column.name)
    if same and same.type is column.type and not same.free_text:
        return _Guess(column.name, f"s.{same.name}", same.name)
    return _Guess(column.name, f"CAST(NULL AS {column.type})", reads.primary_key[-1], told=False)


def _measure(reads: Dataset, column: Column) -> _Guess:
    same = _same(reads, column.name)
    if same and same.type in _NUMBERS:
        return _Guess(column.name, f"avg({same.name})", same.name, reads=same.name)
    if column.type is ColumnType.BIGINT:
        return _Guess(column.name, "count(*)", reads.primary_key[-1])
    return _Guess(column.name, "max(NULL)", reads.primary_key[-1], told=False)


def _same(reads: Dataset, name: str) -> Column | None:
    return next((column for column in reads.columns if column.name == name), None)


def _module(
    name: str,
    reads: Dataset,
    writes: Dataset,
    policy: DisclosurePolicy,
    dimensions: Sequence[_Guess],
    measures: Sequence[_Guess],
) -> str:
    constant = name.upper()
    read = [guess.reads for guess in measures if guess.reads]
    selected = "".join(f"           s.{each},\n" for each in dict.fromkeys(read))
    time = next((each for each in reads.columns if each.type in _TIMES), None)
    row_id = [f"s.{key}" for key in reads.primary_key if key != reads.owner_column]
    source_row = row_id[0] if len(row_id) == 1 else f"concat_ws(' ', {', '.join(row_id)})"
    period = "QUARTER" if any(guess.column == "quarter" for guess in dimensions) else "MONTH"
    return f'''"""{name}: what {writes.name} shows of {reads.name}."""

from __future__ import annotations

from decimal import Decimal

from anonymization.workflow import Dimension, Measure, Period, Workflow, placed_by
from catalog.floors import DisclosurePolicy

__all__ = ["{constant}"]

_S = "{reads.qualified_name}"

_DIMENSIONS = (
{_lines(map(_dimension_line, dimensions))})

# `amount` is what dominance is measured on: the sum that a tenant could make most of.
_ROWS = f"""
    SELECT s.{reads.owner_column},
           {source_row} AS source_row,
           {{placed_by(_DIMENSIONS)}},
{selected}           1 AS amount
    FROM {reads.qualified_name} s
    WHERE {_closed(time)}
"""  # noqa: S608 - made of constants of this module

{constant} = Workflow(
    name="{name}",
    family="{name}",
    description="Shows {writes.description[0].lower()}{writes.description[1:].rstrip(".")}.",
    sources=(_S,),
    target="{writes.qualified_name}",
    policy=DisclosurePolicy({_policy(policy)}),
    rows=_ROWS,
    dimensions=_DIMENSIONS,
    measures=(
{_lines(map(_measure_line, measures), indent=8)}    ),
    period=Period.{period},
    module=__name__,
)
'''  # noqa: S608 - names from the registry


def _closed(time: Column | None) -> str:
    """Rows of periods that have ended."""
    if time is None:
        return "CURRENT_DATE >= :closed_before"
    if time.type is ColumnType.DATE:
        return f"s.{time.name} < :closed_before"
    return f"s.{time.name} < CAST(:closed_before AS timestamp) AT TIME ZONE 'UTC'"


def _lines(each: Iterable[str], *, indent: int = 4) -> str:
    pad = " " * indent
    return "".join(f"{pad}{line}\n" for text in each for line in text.split("\n"))


def _dimension_line(guess: _Guess) -> str:
    line = (
        f'Dimension("{guess.column}", {_quoted(guess.expression)}, (f"{{_S}}.{guess.made_of}",)),'
    )
    return line if guess.told else f"# {_MARK} say how a row falls into {guess.column}\n{line}"


def _measure_line(guess: _Guess) -> str:
    inputs = f', ("{guess.reads}",), significant_digits=2' if guess.reads else ""
    line = f'Measure("{guess.column}", "{guess.expression}", (f"{{_S}}.{guess.made_of}",){inputs}),'
    return line if guess.told else f"# {_MARK} say what {guess.column} aggregates\n{line}"


def _quoted(expression: str) -> str:
    escaped = expression.replace('"', '\\"')
    return f'"{escaped}"'


def _policy(floor: DisclosurePolicy) -> str:
    """The floor, and nowhere looser than what a benchmark for all must satisfy."""
    usual = FLOORS[DataClass.TENANT_PRIVATE, DataClass.ANONYMIZED_BENCHMARK]
    parts = [f"k_tenants={max(floor.k_tenants, usual.k_tenants)}"]
    if floor.k_after_leaving_out_a_fund:
        parts.append(f"k_after_leaving_out_a_fund={floor.k_after_leaving_out_a_fund}")
    if floor.k_funds:
        parts.append(f"k_funds={floor.k_funds}")
    parts.append(f'max_share=Decimal("{min(floor.max_share, usual.max_share)}")')
    parts.append(f"p_percent={max(floor.p_percent, usual.p_percent)}")
    return ", ".join(parts)


def _listed(registered: str, name: str) -> str:
    """The list of workflows with this one in it, its import in alphabetical order."""
    constant = name.upper()
    imported = f"from anonymization.workflows.{name} import {constant}\n"
    lines = registered.splitlines(keepends=True)
    imports = [line for line in lines if line.startswith("from anonymization.workflows.")]
    following = next((line for line in imports if line > imported), None)
    place = lines.index(following) if following else lines.index(imports[-1]) + 1
    lines.insert(place, imported)
    end = next(
        n for n, line in enumerate(lines) if n > place and line == ")\n" and _in_list(lines, n)
    )
    lines.insert(end, f"    {constant},\n")
    return "".join(lines)


def _in_list(lines: Sequence[str], end: int) -> bool:
    opened = [line for line in lines[:end] if line.endswith("(\n")]
    return bool(opened) and opened[-1].startswith("WORKFLOWS")


def _tests(name: str, writes: Dataset) -> str:
    constant = name.upper()
    return f'''"""{name} releases what it declares, of enough tenants, and names none of them."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from anonymization.promote import publish_candidate
from anonymization.workflows.{name} import {constant}
from lineage.promotions import PromotionState
from tests.desk import Desk

pytestmark = pytest.mark.integration


def test_its_candidate_passes_every_check_and_is_published_once_approved(desk: Desk) -> None:
    """On the sample some cells are safe; they are released as they were checked."""
    candidate = desk.candidate({constant})
    assert candidate.cells_kept > 0
    waits = publish_candidate(desk.platform, {constant}, candidate.promotion_id)
    assert waits.state is PromotionState.AWAITING_REVIEW, waits.reason
    desk.decide({constant}, "approved", desk.steward)
    done = publish_candidate(desk.platform, {constant}, candidate.promotion_id)
    assert done.state is PromotionState.PUBLISHED, done.reason
    assert done.rows_published == candidate.cells_kept
    with desk.platform.admin_engine().connect() as connection:
        shown = str(connection.execute(text("SELECT * FROM {writes.qualified_name}")).all())
        owners = connection.execute(
            text("SELECT tenant_id, external_name FROM control.tenants")
        ).all()
    assert not [name for owner in owners for name in owner if str(name) in shown]
'''  # noqa: S608 - a name from the registry
