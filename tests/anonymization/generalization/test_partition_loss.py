from __future__ import annotations

import numpy as np
import pytest

from anonymization.generalization.combinations import Combinations
from anonymization.generalization.cut_scales import cut_scales
from anonymization.generalization.errors import UnsoundHierarchy
from anonymization.generalization.hierarchies import hierarchy_of
from anonymization.generalization.partition_loss import (
    certainty_penalties,
    global_certainty_penalty,
    penalty_of_cells,
)
from anonymization.generalization.partitions import partition
from expectations.disclosure.classes import Classes
from expectations.disclosure.counting import KRows


def a_table(
    domains: tuple[tuple[str | None, ...], ...], codes: list[list[int]], rows: list[int]
) -> Combinations:
    return Combinations(
        tuple(f"c{number}" for number in range(len(domains))),
        domains,
        np.array(codes, dtype=np.int32),
        Classes(np.array(rows, dtype=np.int64)),
    )


def test_numbers_lose_their_range_and_categories_the_values_they_share() -> None:
    """Planted: ages 10, 20, 60 of 10-60 beside two of three cities; rows weigh."""
    combinations = a_table((("10", "20", "60"), ("x", "y", "z")), [[0, 1, 2], [0, 1, 2]], [2, 4, 6])
    found = partition(combinations, (KRows(6),))
    assert found.cell_of.tolist() == [0, 0, 1]
    assert certainty_penalties(found).tolist() == [[0.2, 0.0], [pytest.approx(2 / 3), 0.0]]
    assert global_certainty_penalty(found) == pytest.approx((0.2 + 2 / 3) / 2 * 6 / 12)


def test_a_suppressed_table_loses_everything_and_an_exact_one_nothing() -> None:
    """The two ends of the measure."""
    combinations = a_table((("10", "20"),), [[0, 1]], [3, 3])
    assert global_certainty_penalty(partition(combinations, (KRows(7),))) == 1.0
    assert global_certainty_penalty(partition(combinations, (KRows(3),))) == 0.0
    assert global_certainty_penalty(partition(a_table(((),), [[]], []), (KRows(3),))) == 0.0


def test_null_beside_a_number_loses_the_whole_column() -> None:
    """No range of numbers covers null."""
    combinations = a_table((("10", "20", None),), [[0, 1, 2]], [5, 5, 5])
    whole = partition(combinations, (KRows(15),))
    assert global_certainty_penalty(whole) == 1.0
    assert global_certainty_penalty(partition(combinations, (KRows(5),))) == 0.0


def test_another_grouping_of_rows_is_measured_with_the_same_formula() -> None:
    """A peer's cells are compared on what ours are measured by."""
    combinations = a_table((("10", "20", "60"),), [[0, 1, 2]], [2, 4, 6])
    found = partition(combinations, (KRows(6),))
    rows = np.repeat(np.arange(3), [2, 4, 6])
    peer = np.array([7, 7, 3])[rows]
    penalty = penalty_of_cells(found.scales, combinations.codes[:, rows], peer)
    assert penalty == pytest.approx(global_certainty_penalty(found))


def test_what_looks_like_a_number_is_a_category_where_it_is_said_to_be() -> None:
    """A postal code has no range."""
    combinations = a_table((("1010", "1020", "9000"),), [[0, 1, 2]], [1, 1, 1])
    assert cut_scales(combinations)[0].positions is not None
    assert cut_scales(combinations, categories=("c0",))[0].positions is None


@pytest.mark.parametrize(
    ("domain", "ordered"),
    [
        (("10", "9", None), ["9", "10", None]),
        (("2024-10-01", "2024-09-01"), ["2024-09-01", "2024-10-01"]),
        (("2024-09-01T09:00:00Z", "2024-09-01T10:00:00+02:00"), None),
        (("1_000", "2"), ["1_000", "2"]),
        (("inf", "3", "nan"), ["3", "inf", "nan"]),
        (("b", "10"), ["b", "10"]),
        ((None,), [None]),
    ],
)
def test_values_are_cut_by_value_whatever_order_their_codes_are_in(
    domain: tuple[str | None, ...], ordered: list[str | None] | None
) -> None:
    """An engine that sorts numbers as text must not change what is near what."""
    scale = cut_scales(a_table((domain,), [list(range(len(domain)))], [1] * len(domain)))[0]
    found = [domain[code] for code in scale.code_of_rank]
    assert found == (ordered or list(reversed(domain)))


def test_a_hierarchy_that_misses_a_value_is_refused_and_may_leave_null_out() -> None:
    """A value without a place among the leaves has no order to be cut in."""
    combinations = a_table((("a", "b", None),), [[0, 1, 2]], [1, 1, 1])
    with pytest.raises(UnsoundHierarchy, match="1 of the column's 3 values are no leaf"):
        cut_scales(combinations, {"c0": hierarchy_of("c0", ("a",), [["*"]])})
    scale = cut_scales(combinations, {"c0": hierarchy_of("c0", ("b", "a"), [["*", "*"]])})[0]
    assert scale.code_of_rank.tolist() == [1, 0, 2]
