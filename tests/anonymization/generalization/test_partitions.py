from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymization.generalization.combinations import Combinations
from anonymization.generalization.errors import UnknownColumn, UnsafeCell
from anonymization.generalization.hierarchies import hierarchy_of
from anonymization.generalization.merged_classes import merged_classes
from anonymization.generalization.partitions import Partition, partition
from expectations.disclosure.classes import Classes, Contributors
from expectations.disclosure.closeness import TCloseness
from expectations.disclosure.concentration import Dominance, Held, PPercent
from expectations.disclosure.counting import KFunds, KRows, KTenants, KTenantsWithoutAnyFund
from expectations.disclosure.diversity import DistinctDiversity
from expectations.disclosure.models import BoolArray, Model, satisfied_by
from expectations.errors import UnmeasurableModel
from tests.anonymization.generalization.tables import Row, combinations_of

PLACES = ("north", "south", "west")


@st.composite
def tables(draw: st.DrawFn) -> list[Row]:
    one = st.builds(
        Row,
        st.tuples(
            st.sampled_from(["1", "2", "5", "11"]),
            st.sampled_from(PLACES),
            st.sampled_from(["a", "b"]),
        ),
        st.integers(0, 6),
        st.integers(0, 2),
        st.integers(0, 9),
    )
    return draw(st.lists(one, min_size=1, max_size=30))


MODELS = st.sampled_from(
    [
        (KTenants(2),),
        (KRows(3),),
        (KRows(4), KTenants(2)),
        (KTenantsWithoutAnyFund(2),),
        (KFunds(2), KTenants(3)),
        (DistinctDiversity(2),),
        (KTenants(2), Dominance(Fraction(3, 5))),
        (KTenants(3), Dominance(Fraction(1, 2), of=Held.ROWS), PPercent(Fraction(10))),
        (KTenantsWithoutAnyFund(2), Dominance(Fraction(3, 5)), DistinctDiversity(2)),
    ]
)


def groups(
    partitioned: Partition, combinations: Combinations
) -> dict[int, set[tuple[str | None, ...]]]:
    """The combinations of each cell, in values."""
    found: dict[int, set[tuple[str | None, ...]]] = {}
    for cell, codes in zip(partitioned.cell_of.tolist(), combinations.codes.T, strict=True):
        values = tuple(d[c] for d, c in zip(combinations.domains, codes, strict=True))
        found.setdefault(cell, set()).add(values)
    return found


def all_hold(models: tuple[Model, ...], rows: Sequence[Row], whole: Combinations) -> bool:
    """Whether these rows, as one class of the whole table, satisfy every model."""
    assert whole.classes.sensitive is not None
    one = combinations_of(
        rows, groups_of=[("x",) * 3] * len(rows), overall=whole.classes.sensitive.overall
    )
    return bool(satisfied_by(models, one.classes).all())


def cuts_in_order(part: Sequence[Row], column: int) -> list[tuple[list[Row], list[Row]]]:
    """Every cut of the part on the column, the most even first, the lower first among equals."""

    def place(row: Row) -> float:
        return (
            float(row.values[0])
            if column == 0
            else "abcdefghijklmnopqrstuvw".index(row.values[column][0])
        )

    found = []
    for after in sorted({place(row) for row in part})[:-1]:
        lower = [row for row in part if place(row) <= after]
        upper = [row for row in part if place(row) > after]
        found.append((abs(len(lower) - len(upper)), after, lower, upper))
    found.sort(key=lambda cut: cut[:2])
    return [(lower, upper) for _, _, lower, upper in found]


def cut_slowly(
    part: Sequence[Row], models: tuple[Model, ...], whole: Combinations
) -> list[Sequence[Row]]:
    """The documented rule, row by row."""
    widths = []
    for column in range(3):
        present = {row.values[column] for row in part}
        domain = whole.domains[column]
        if column == 0:
            numbers = [int(value) for value in domain]  # type: ignore[arg-type]
            held = [int(value) for value in present]
            spread, total = max(held) - min(held), max(numbers) - min(numbers)
            widths.append(spread / total if total else 0.0)
        else:
            widths.append(len(present) / len(domain) if len(present) > 1 else 0.0)
    for column in sorted(range(3), key=lambda each: -widths[each]):
        for lower, upper in cuts_in_order(part, column):
            if all_hold(models, lower, whole) and all_hold(models, upper, whole):
                return cut_slowly(lower, models, whole) + cut_slowly(upper, models, whole)
    return [part]


@given(tables(), MODELS)
def test_cells_are_those_of_the_rule_as_it_is_written(
    rows: list[Row], models: tuple[Model, ...]
) -> None:
    """Speed must not change one cell: the rule applied row by row finds the same ones."""
    combinations = combinations_of(rows)
    found = partition(combinations, models)
    if not all_hold(models, rows, combinations):
        assert not len(found)
        assert found.refused_by
        assert found.suppressed_rows == len(rows)
        return
    expected = {
        frozenset(row.values for row in cell) for cell in cut_slowly(rows, models, combinations)
    }
    assert {frozenset(cell) for cell in groups(found, combinations).values()} == expected


@given(tables(), MODELS)
def test_every_cell_satisfies_every_model_and_every_row_is_in_one(
    rows: list[Row], models: tuple[Model, ...]
) -> None:
    """What is released must hold by itself; measured here on the rows, not on what was cut."""
    combinations = combinations_of(rows)
    found = partition(combinations, models)
    cells = groups(found, combinations)
    if found.refused_by:
        assert set(cells) == {-1}
        return
    assert sorted(cells) == list(range(len(found)))
    assert int(found.rows.sum()) == len(rows)
    for cell, held in cells.items():
        own = [row for row in rows if row.values in held]
        assert all_hold(models, own, combinations)
        assert found.rows[cell] == len(own)


@given(tables(), MODELS, st.randoms())
def test_the_order_of_combinations_changes_nothing(
    rows: list[Row], models: tuple[Model, ...], random: object
) -> None:
    """Two engines list combinations in different orders, and must publish the same cells."""
    combinations = combinations_of(rows)
    order = list(range(len(combinations)))
    random.shuffle(order)  # type: ignore[attr-defined]
    place = np.argsort(order)
    shuffled = Combinations(
        combinations.columns,
        combinations.domains,
        combinations.codes[:, order],
        merged_classes(combinations.classes, place.astype(np.int64), len(order)),
    )
    first, second = partition(combinations, models), partition(shuffled, models)
    assert first.cell_of[order].tolist() == second.cell_of.tolist()
    assert first.low.tolist() == second.low.tolist()
    assert first.high.tolist() == second.high.tolist()
    assert first.rows.tolist() == second.rows.tolist()


@given(tables(), MODELS)
def test_boxes_are_tight_and_never_overlap(rows: list[Row], models: tuple[Model, ...]) -> None:
    """A row falls into one cell only, and a box says no more than its cell holds."""
    combinations = combinations_of(rows)
    found = partition(combinations, models)
    ranks = np.stack(
        [
            scale.rank_of_code[codes]
            for scale, codes in zip(found.scales, combinations.codes, strict=True)
        ]
    )
    low, high = (
        np.stack([scale.rank_of_code[code] for scale, code in zip(found.scales, box, strict=True)])
        for box in (found.low, found.high)
    )
    for cell in range(len(found)):
        own = ranks[:, found.cell_of == cell]
        assert low[:, cell].tolist() == own.min(axis=1).tolist()
        assert high[:, cell].tolist() == own.max(axis=1).tolist()
        assert found.distinct[1:, cell].tolist() == [len(set(each)) for each in own[1:].tolist()]
        for other in range(cell):
            assert ((low[:, cell] > high[:, other]) | (high[:, cell] < low[:, other])).any()


def rows_at(size: int, tenants: Sequence[int], amount: int = 1) -> list[Row]:
    return [Row((str(size), "north", "a"), tenant, 0, amount) for tenant in tenants]


def test_a_part_is_cut_at_the_median_of_its_rows() -> None:
    """Even halves keep the most detail on both sides; between two that are, the lower one."""
    rows = [row for size in (1, 2, 3, 4) for row in rows_at(size, range(3))]
    combinations = combinations_of(rows)
    found = partition(combinations, (KTenants(3), KRows(6)))
    assert found.rows.tolist() == [6, 6]
    tied = [*rows_at(1, [0, 1]), *rows_at(2, [0, 0]), *rows_at(3, [0, 1])]
    assert partition(combinations_of(tied), (KTenants(2),)).rows.tolist() == [2, 4]


def test_a_tenant_that_owns_most_of_a_sum_never_dominates_a_cell() -> None:
    """Where the cut at the median leaves too little beside the giant, another is taken."""
    rows = [
        *rows_at(1, range(5), 10),
        *rows_at(2, range(5), 10),
        *rows_at(3, [6], 58),
        *rows_at(3, range(5), 1),
        *rows_at(4, range(5), 10),
        *rows_at(5, range(5), 10),
    ]
    dominated = partition(combinations_of(rows), (KTenants(5),))
    assert len(dominated) == 5
    combinations = combinations_of(rows)
    found = partition(combinations, (KTenants(5), Dominance(Fraction(3, 5))))
    cells = groups(found, combinations)
    of_giant = next(cell for cell in cells.values() if ("3", "north", "a") in cell)
    amounts = [row.amount for row in rows if row.values in of_giant]
    assert Fraction(3, 5) * sum(amounts) >= 58
    assert len(found) == 4


def test_nothing_is_released_where_the_whole_table_breaks_a_model() -> None:
    """One tenant, or fewer than k: no cells could hold, so none are given and it is said why."""
    for tenants in ([0], [0, 1, 2, 3]):
        rows = [row for size in range(9) for row in rows_at(size, tenants)]
        found = partition(combinations_of(rows))
        assert len(found) == 0
        assert found.low.shape == found.high.shape == (3, 0)
        assert set(found.cell_of.tolist()) == {-1}
        assert found.refused_by == ("k_tenants",)
        assert found.suppressed_rows == len(rows)
        assert "nothing is released" in found.said
        assert "k_tenants" in found.said


def test_a_table_dominated_as_a_whole_is_refused_under_that_name() -> None:
    """Every broken model is named at once, and no other."""
    rows = [*rows_at(1, range(6)), *rows_at(2, [0], 1000)]
    found = partition(combinations_of(rows), (KTenants(5), Dominance(Fraction(1, 2)), KRows(99)))
    assert found.refused_by == ("dominance", "k_rows")


def test_one_combination_is_one_cell() -> None:
    """There is nothing to cut."""
    found = partition(combinations_of(rows_at(1, range(5))))
    assert found.cell_of.tolist() == [0]
    assert found.said == "5 rows in 1 cells"


def test_a_table_without_rows_has_no_cells_and_breaks_nothing() -> None:
    """An empty source is no fault of a model."""
    empty = Classes(
        np.zeros(0, dtype=np.int64),
        Contributors(*(np.zeros(0, dtype=np.int64) for _ in range(5))),
    )
    combinations = Combinations(("size",), ((),), np.zeros((1, 0), dtype=np.int32), empty)
    found = partition(combinations)
    assert len(found) == 0
    assert not found.refused_by
    assert found.suppressed_rows == 0


def test_models_on_tenants_are_refused_where_no_tenant_is_known() -> None:
    """The default counts tenants: rows alone must never pass for them."""
    rows = Classes(np.array([9, 9], dtype=np.int64))
    combinations = Combinations(("size",), (("1", "2"),), np.array([[0, 1]], dtype=np.int32), rows)
    with pytest.raises(UnmeasurableModel, match="tenant"):
        partition(combinations)
    assert len(partition(combinations, (KRows(5),))) == 2


def test_null_is_a_value_that_is_cut_off_like_another() -> None:
    """Null comes last in cut order, and a cell of null alone is a cell."""
    rows = Classes(np.array([5, 5, 5], dtype=np.int64))
    combinations = Combinations(
        ("size",), (("1", "9", None),), np.array([[0, 1, 2]], dtype=np.int32), rows
    )
    found = partition(combinations, (KRows(5),))
    assert found.cell_of.tolist() == [0, 1, 2]
    assert partition(combinations, (KRows(8),)).cell_of.tolist() == [0, 0, 0]


def test_categories_are_cut_in_the_order_of_a_hierarchys_leaves() -> None:
    """Values that mean nearly the same stay together when the alphabet would part them."""
    domain = ("ash", "basalt", "cedar", "dolomite")
    rows = Classes(np.array([5, 5, 5, 5], dtype=np.int64))
    combinations = Combinations(
        ("what",), (domain,), np.array([[0, 1, 2, 3]], dtype=np.int32), rows
    )
    kinds = hierarchy_of("what", domain, [["tree", "stone", "tree", "stone"], ["*"] * 4])
    assert partition(combinations, (KRows(10),)).cell_of.tolist() == [0, 0, 1, 1]
    found = partition(combinations, (KRows(10),), hierarchies={"what": kinds})
    assert found.cell_of.tolist() == [0, 1, 0, 1]


def test_a_hierarchy_of_another_table_is_refused() -> None:
    """A misspelt column must not silently be cut in the order of the alphabet."""
    other = hierarchy_of("wat", ("a",), [["*"]])
    with pytest.raises(UnknownColumn, match="wat, zip"):
        partition(
            combinations_of(rows_at(1, range(5))), hierarchies={"wat": other}, categories=("zip",)
        )


def test_a_model_that_changes_its_mind_releases_nothing() -> None:
    """Finished cells are measured again, so that a fault in cutting cannot publish."""
    rows = [row for size in (1, 2) for row in rows_at(size, range(5))]
    with pytest.raises(UnsafeCell, match="2 finished cells"):
        partition(combinations_of(rows), (_HoldsTwice(),))


class _HoldsTwice(Model):
    """True for the whole and for the first cut, false ever after."""

    name = "holds_twice"
    absorbing = False
    higher_is_safer = True

    def __init__(self) -> None:
        self.asked = 0

    def measured(self, classes: Classes) -> np.ndarray:  # type: ignore[type-arg]
        return np.zeros(len(classes))

    def satisfied(self, classes: Classes) -> BoolArray:
        self.asked += 1
        return np.full(len(classes), self.asked <= 2)


def test_t_closeness_keeps_a_part_whole_where_its_halves_would_differ() -> None:
    """Cells whose sensitive values differ from the table's say something about whoever is in."""
    rows = [
        Row((str(size), "north", "a"), tenant, value, 1)
        for size, value in ((1, 0), (2, 1), (3, 0), (4, 1))
        for tenant in range(5)
    ]
    combinations = combinations_of(rows)
    assert len(partition(combinations, (KTenants(5),))) == 4
    close = partition(combinations, (KTenants(5), TCloseness(Fraction(1, 10))))
    assert close.rows.tolist() == [10, 10]


def test_a_hundred_thousand_distinct_values_are_cut_in_seconds() -> None:
    """One column of free text or exact amounts must not stop a run."""
    count = 100_000
    entries = np.arange(count, dtype=np.int64)
    tenant = (entries * 7919) % 200
    classes = Classes(
        np.ones(count, dtype=np.int64),
        Contributors(
            entries,
            tenant,
            np.ones(count, dtype=np.int64),
            1 + (entries % 13),
            np.arange(200, dtype=np.int64) % 20,
        ),
    )
    combinations = Combinations(
        ("amount", "side"),
        (tuple(map(str, range(count))), ("a", "b")),
        np.stack([entries, entries % 2]).astype(np.int32),
        classes,
    )
    models = (KTenantsWithoutAnyFund(5), Dominance(Fraction(3, 5)), PPercent(Fraction(10)))
    found = partition(combinations, models)
    assert int(found.rows.sum()) == count
    assert len(found) > count / 40
    assert satisfied_by(models, merged_classes(classes, found.cell_of, len(found))).all()
