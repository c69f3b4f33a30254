"""The generated sample: same rows every time, complete, consistent and shaped like a CRM."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from string import Formatter
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.datasets import tenant_private
from catalog.declared import REGISTRY
from catalog.registry import Column, ColumnType
from stores.intake.sample import MOST_ROWS, MOST_TENANTS, SampleIntake
from stores.intake.sample_calendar import SampleCalendar
from stores.intake.sample_embedding import hashed_embedding
from stores.intake.sample_scenes import scenes
from stores.intake.sample_text import TEXTS, written
from stores.intake.sample_world import world

UNTIL = date(2026, 11, 24)
LAST_CLOSED_QUARTER_ENDS = date(2026, 10, 1)

Tables: TypeAlias = dict[str, list[tuple[object, ...]]]

PYTHON_TYPES: dict[ColumnType, type | tuple[type, ...]] = {
    ColumnType.TEXT: str,
    ColumnType.INTEGER: int,
    ColumnType.NUMERIC: Decimal,
    ColumnType.DOUBLE: float,
    ColumnType.BOOLEAN: bool,
    ColumnType.DATE: date,
    ColumnType.TIMESTAMP: datetime,
    ColumnType.TEXT_ARRAY: list,
    ColumnType.VECTOR_384: list,
}


def tables_of(sample: SampleIntake) -> Tables:
    """Read every table of a sample into memory."""
    return {batch.dataset: list(batch.rows) for batch in sample.tables()}


@pytest.fixture(scope="module")
def a_sample() -> SampleIntake:
    """Make the default sample."""
    return SampleIntake(until=UNTIL)


@pytest.fixture(scope="module")
def its_tables(a_sample: SampleIntake) -> Tables:
    """Read the default sample's tables."""
    return tables_of(a_sample)


# --- refused sizes ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ({"tenants": 0}, "tenants is 0, but must lie between 1 and 5,000"),
        ({"tenants": -3}, "tenants is -3"),
        ({"tenants": MOST_TENANTS + 1}, "tenants is 5,001"),
        ({"rows": -1}, "rows is -1"),
        ({"rows": MOST_ROWS + 1}, "rows is 50,000,001"),
        ({"seed": -1}, "seed is -1"),
        ({"funds": 0}, "funds is 0"),
        ({"tenants": 3, "funds": 4}, "funds is 4, but must lie between 1 and 3"),
    ],
)
def test_a_senseless_size_is_refused(size: dict[str, int], words: str) -> None:
    """A size that cannot be made is refused before anything is drawn, with its bounds."""
    with pytest.raises(ValueError, match=words):
        SampleIntake(**size, until=UNTIL)


def test_all_senseless_sizes_are_told_at_once() -> None:
    """Nobody should have to correct a size one number per run."""
    with pytest.raises(ValueError, match=r"tenants is 0.*rows is -1.*year of until is 1,800"):
        SampleIntake(0, -1, until=date(1800, 1, 1))


# --- complete and consistent -----------------------------------------------------------------


def test_every_loaded_dataset_is_covered_parents_first(a_sample: SampleIntake) -> None:
    """A dataset that a load fills must not stay empty, and parents load first."""
    order = [batch.dataset for batch in a_sample.tables()]
    declared = [dataset.qualified_name for dataset in tenant_private.LOADED]
    assert sorted(order) == sorted(declared)
    for name in order:
        for foreign in REGISTRY.get(name).foreign_keys:
            assert order.index(foreign.target) < order.index(name)


def test_the_sample_is_as_large_as_asked(a_sample: SampleIntake, its_tables: Tables) -> None:
    """Rows count deals and agent runs exactly; no table stays empty, no tenant without deals."""
    assert len(its_tables["tenant_private.crm_opportunities"]) == 20_000
    assert len(its_tables["tenant_private.agent_runs"]) == 20_000
    assert all(its_tables.values())
    assert len(a_sample.tenants) == len({entry.name for entry in a_sample.tenants}) == 40
    assert len({entry.fund_name for entry in a_sample.tenants}) == 6
    owners = {row[0] for row in its_tables["tenant_private.crm_opportunities"]}
    assert owners == {entry.name for entry in a_sample.tenants}


@settings(database=None, deadline=None, max_examples=25)
@given(
    tenants=st.integers(1, 30),
    rows=st.integers(0, 300),
    seed=st.integers(0, 2**32 - 1),
    until=st.dates(date(1980, 1, 1), date(2099, 12, 31)),
)
def test_any_size_gives_sound_tables(tenants: int, rows: int, seed: int, until: date) -> None:
    """Whatever is asked for, keys are unique, parents exist and values have their column's type."""
    sample = SampleIntake(tenants, rows, seed, until=until)
    tables = tables_of(sample)
    assert len(tables["tenant_private.crm_opportunities"]) == rows
    assert rows == 0 or all(tables.values())
    assert_sound(sample, tables)


def test_the_default_sample_is_sound(a_sample: SampleIntake, its_tables: Tables) -> None:
    """What the loader copies must fit the tables' keys and types."""
    assert_sound(a_sample, its_tables)


def assert_sound(sample: SampleIntake, tables: Tables) -> None:
    """Check owners, keys, parents and types of all tables against the registry."""
    names = {entry.name for entry in sample.tenants}
    for dataset_name, rows in tables.items():
        dataset = REGISTRY.get(dataset_name)
        columns = [column.name for column in dataset.columns]
        assert {row[0] for row in rows} <= names
        assert all(len(row) == len(columns) for row in rows)
        keys = keys_of(rows, columns, dataset.primary_key)
        assert len(keys) == len(set(keys)), dataset_name
        for foreign in dataset.foreign_keys:
            target = [column.name for column in REGISTRY.get(foreign.target).columns]
            known = set(keys_of(tables[foreign.target], target, foreign.target_columns))
            children = keys_of(rows, columns, foreign.columns)
            assert {key for key in children if None not in key} <= known, dataset_name
        for position, column in enumerate(dataset.columns):
            assert all(fits(row[position], column) for row in rows), (dataset_name, column.name)


def keys_of(
    rows: list[tuple[object, ...]], columns: list[str], key: tuple[str, ...]
) -> list[tuple[object, ...]]:
    """The key columns of every row."""
    places = [columns.index(name) for name in key]
    return [tuple(row[place] for place in places) for row in rows]


def fits(value: object, column: Column) -> bool:
    """Whether a value may stand in a column."""
    if value is None:
        return column.nullable
    if isinstance(value, bool) != (column.type is ColumnType.BOOLEAN):
        return False
    if not isinstance(value, PYTHON_TYPES[column.type]):
        return False
    match value:
        case str():
            fitting = bool(value) and "\0" not in value
        case datetime():
            fitting = column.type is ColumnType.TIMESTAMP and value.tzinfo is not None
        case int():
            fitting = 0 <= value < 2**31
        case Decimal():
            fitting = value.is_finite() and value >= 0
        case list() if column.type is ColumnType.VECTOR_384:
            fitting = len(value) == 384 and all(isinstance(number, float) for number in value)
        case _:
            fitting = True
    return fitting


# --- the same every time ---------------------------------------------------------------------


def test_a_stream_reads_the_same_twice(a_sample: SampleIntake, its_tables: Tables) -> None:
    """A retried load must copy the same rows, even from batches that were read before."""
    assert tables_of(a_sample) == its_tables
    batch = next(iter(a_sample.tables()))
    assert list(batch.rows) == list(batch.rows)


def test_the_same_arguments_give_the_same_sample() -> None:
    """A benchmark of two runs compares nothing unless both read the same rows."""
    first, second = (SampleIntake(12, 500, 3, until=UNTIL) for _ in range(2))
    assert first.tenants == second.tenants
    assert tables_of(first) == tables_of(second)


def test_another_seed_gives_another_sample_and_other_tokens() -> None:
    """No token is a constant of the source: all are drawn."""
    tokens = [
        {row[3] for row in tables_of(SampleIntake(5, 10, seed, until=UNTIL))[name]}
        for seed in (1, 2)
        for name in ("tenant_private.oauth_tokens",)
    ]
    assert len(tokens[0]) == len(tokens[1]) == 15
    assert not tokens[0] & tokens[1]


def test_a_huge_sample_starts_at_once() -> None:
    """Rows are drawn as they are read, so the largest sample can be begun in little memory."""
    sample = SampleIntake(rows=MOST_ROWS, until=UNTIL)
    for batch in sample.tables():
        assert len(list(islice(batch.rows, 3))) == 3


def test_ids_stay_unique_across_chunks() -> None:
    """Tables are drawn in chunks; a key must not repeat from one chunk to the next."""
    batches = {b.dataset: b.rows for b in SampleIntake(3, 120_000, until=UNTIL).tables()}
    for name in ("tenant_private.crm_opportunities", "tenant_private.agent_runs"):
        assert len({row[1] for row in batches[name]}) == 120_000


# --- like a CRM ------------------------------------------------------------------------------


def test_deals_lie_in_the_six_quarters_before_until(its_tables: Tables) -> None:
    """Six closed quarters must be covered in full, and nothing may lie in the future."""
    closed = [row[8] for row in its_tables["tenant_private.crm_opportunities"] if row[8]]
    days = [day for day in closed if isinstance(day, date)]
    assert date(2025, 4, 1) <= min(days) < date(2025, 4, 8)
    assert max(days) < UNTIL
    quarters = Counter((day.year, (day.month - 1) // 3) for day in days)
    assert len(quarters) == 7
    engaged = [row[7] for row in its_tables["tenant_private.crm_opportunities"] if row[7]]
    assert all(isinstance(day, date) and day < UNTIL for day in engaged)


def test_nothing_happens_after_until(its_tables: Tables) -> None:
    """Every moment of the past lies before the day that the sample ends on."""
    end = datetime(UNTIL.year, UNTIL.month, UNTIL.day, tzinfo=UTC)
    for name, rows in its_tables.items():
        if name != "tenant_private.oauth_tokens":
            moments = [v for row in rows for v in row if isinstance(v, datetime)]
            assert all(moment < end for moment in moments)


def test_stages_hold_what_the_crm_export_holds(its_tables: Tables) -> None:
    """Closed deals have account, dates and value; a lost one is worth 0; open ones have no end."""
    deals = its_tables["tenant_private.crm_opportunities"]
    stages = Counter(row[6] for row in deals)
    assert set(stages) == {"Won", "Lost", "Engaging", "Prospecting"}
    assert 0.45 < stages["Won"] / len(deals) < 0.51
    for _, _, account, _, _, _, stage, engaged, closed, value in deals:
        if stage in {"Won", "Lost"}:
            assert account is not None
            assert isinstance(engaged, date)
            assert isinstance(closed, date)
            assert engaged < closed
            assert (value == 0) == (stage == "Lost")
        else:
            assert closed is None
            assert value is None
            assert (engaged is None) == (stage == "Prospecting")


def test_tenants_share_companies(its_tables: Tables) -> None:
    """One company may be an account of several tenants, as in life."""
    owners: defaultdict[object, set[object]] = defaultdict(set)
    for row in its_tables["tenant_private.crm_accounts"]:
        owners[row[2]].add(row[0])
    assert max(len(tenants) for tenants in owners.values()) >= 3


def test_most_benchmark_cells_are_wide_and_some_are_not(
    a_sample: SampleIntake, its_tables: Tables
) -> None:
    """Many cells must be publishable; some must fail by too few tenants and some by dominance."""
    funds = {entry.name: entry.fund_name for entry in a_sample.tenants}
    cells = benchmark_cells(its_tables)
    wide = {
        cell
        for cell, won in cells.items()
        if len(won) >= 5 and len({funds[tenant] for tenant in won}) >= 2
    }
    dominated = {
        cell for cell in wide if max(cells[cell].values()) > Decimal("0.6") * cells[cell].total()
    }
    assert len(wide) >= 200
    assert len(cells) - len(wide) >= 50
    assert len(dominated) <= len(wide) // 4
    assert not any(cell[0] == "aerospace" for cell in wide)
    sectors = Counter(cell[0] for cell in wide)
    assert sum(cell[0] == "employment" for cell in dominated) >= sectors["employment"] // 2 >= 5


def benchmark_cells(tables: Tables) -> dict[tuple[object, ...], Counter[str]]:
    """What each tenant won, by sector, size band, series and closed quarter."""
    accounts = {row[:2]: row for row in tables["tenant_private.crm_accounts"]}
    cells: defaultdict[tuple[object, ...], Counter[str]] = defaultdict(Counter)
    for row in tables["tenant_private.crm_opportunities"]:
        tenant, closed, value = row[0], row[8], row[9]
        if not isinstance(closed, date) or closed >= LAST_CLOSED_QUARTER_ENDS:
            continue
        account = accounts[tenant, row[2]]
        employees = account[4]
        assert isinstance(tenant, str)
        assert isinstance(employees, int)
        assert isinstance(value, Decimal)
        band = (employees >= 1_000) + (employees >= 5_000)
        quarter = (closed.year, (closed.month - 1) // 3)
        cells[account[3], band, row[5], quarter][tenant] += value  # type: ignore[assignment]
    return cells


@pytest.mark.parametrize(
    ("dataset", "text"),
    [("calls", 7), ("emails", 6), ("drafts", 5), ("sdr_drafts", 7), ("semantic_memories", 2)],
)
def test_texts_hold_personal_data_of_the_tenants_own_contacts(
    its_tables: Tables, dataset: str, text: int
) -> None:
    """Stripping is tested only where names, addresses and phones really stand in the text."""
    contacts: defaultdict[object, set[str]] = defaultdict(set)
    for row in its_tables["tenant_private.crm_contacts"]:
        contacts[row[0]].update(str(value) for value in row[3:6])
    rows = its_tables[f"tenant_private.{dataset}"]
    named = sum(any(known in str(row[text]) for known in contacts[row[0]]) for row in rows)
    assert 0 < named < len(rows)


def test_every_address_is_reserved(its_tables: Tables) -> None:
    """A sample must not write to anybody: addresses and phone numbers are reserved ones."""
    contacts = its_tables["tenant_private.crm_contacts"]
    assert all(re.fullmatch(r"[^@\s]+@[a-z0-9-]+\.example", str(row[4])) for row in contacts)
    assert all(re.search(r"555[- ]01\d\d$", str(row[5])) for row in contacts)


# --- texts and embeddings --------------------------------------------------------------------


@given(st.text(max_size=200))
@settings(database=None, deadline=None)
def test_an_embedding_is_a_unit_vector(text: str) -> None:
    """Cosine distance needs length 1, whatever the text."""
    vector = hashed_embedding(text)
    assert len(vector) == 384
    assert math.isclose(sum(value * value for value in vector), 1.0)
    assert vector == hashed_embedding(text)


def test_texts_that_share_words_lie_closer() -> None:
    """Search over a sample must find what resembles the question."""

    def closeness(one: str, other: str) -> float:
        pairs = zip(hashed_embedding(one), hashed_embedding(other), strict=True)
        return sum(a * b for a, b in pairs)

    near = closeness("send the proposal before the demo", "send the proposal after the demo")
    assert near > closeness("send the proposal before the demo", "finance joined a second call")


@pytest.mark.parametrize("kind", sorted(TEXTS))
def test_every_sentence_of_a_kind_can_be_picked(kind: str) -> None:
    """A sentence that no pick reaches is dead text."""
    slots: defaultdict[str, str] = defaultdict(lambda: "word")
    sentences = {
        written(TEXTS[kind], pick, slots) for pick in range(math.prod(map(len, TEXTS[kind])))
    }
    distinct = math.prod(len(set(group)) for group in TEXTS[kind])
    assert len(sentences) == distinct


def test_every_slot_of_a_sentence_is_filled() -> None:
    """A sentence that mentions something no scene knows would stop a load midway."""
    sample_world = world(tenants=2, funds=1, rows=10, seed=1)
    scene = next(scenes(sample_world, SampleCalendar(UNTIL), "test", 1))
    sentences = [sentence for kind in TEXTS.values() for group in kind for sentence in group]
    mentioned = {slot for text in sentences for _, slot, _, _ in Formatter().parse(text) if slot}
    assert mentioned == set(scene.slots)
