from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymization.generalization.box_labels import box_labels
from anonymization.generalization.combinations import Combinations
from anonymization.generalization.hierarchies import Hierarchy, hierarchy_of
from anonymization.generalization.partitions import partition
from expectations.disclosure.classes import Classes
from expectations.disclosure.counting import KRows

ALL = KRows(1_000)


def one_column(domain: tuple[str | None, ...], rows: list[int]) -> Combinations:
    return Combinations(
        ("what",),
        (domain,),
        np.arange(len(domain), dtype=np.int32)[np.newaxis],
        Classes(np.array(rows, dtype=np.int64)),
    )


def labels(
    domain: tuple[str | None, ...], rows: list[int], k: int, hierarchy: Hierarchy | None = None
) -> tuple[str | None, ...]:
    hierarchies = {} if hierarchy is None else {"what": hierarchy}
    combinations = one_column(domain, rows)
    found = partition(combinations, (KRows(k),), hierarchies=hierarchies)
    return box_labels(found, combinations, hierarchies)["what"]


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        (("17", "23"), "17-23"),
        (("0.5", "1.25"), "0.5-1.25"),
        (("-5", "-3"), "-5 to -3"),
        (("2024-01-01", "2024-03-31"), "2024-01-01 to 2024-03-31"),
        (("17", None), "17 or null"),
        (("17", "20", "23", None), "17-23 or null"),
        (("17", "23", "inf", "nan"), "17-23 or inf or nan"),
        (("a", "b"), "*"),
        ((None,), None),
        (("a",), "a"),
    ],
)
def test_a_label_says_what_the_cell_holds(
    domain: tuple[str | None, ...], expected: str | None
) -> None:
    """Numbers and dates by value, null by name, everything by a star."""
    assert labels(domain, [5] * len(domain), 5 * len(domain)) == (expected,)


def test_a_category_is_a_set_where_no_label_covers_it() -> None:
    """A set is exact, so two cells are never called alike."""
    assert labels(("a", "b", "c", None), [5, 5, 5, 5], 10) == ("{a, b}", "{c, null}")


def test_a_hierarchys_label_is_used_where_the_cell_holds_all_it_covers() -> None:
    """Readers know the hierarchy's words; a label that covers more would overlap another cell."""
    domain = ("ash", "basalt", "cedar", "dolomite", "fir")
    kinds = hierarchy_of(
        "what", domain, [["tree", "stone", "tree", "stone", "tree"], ["thing"] * 5]
    )
    rows = [5, 5, 5, 5, 10]
    assert labels(domain, rows, 30, kinds) == ("thing",)
    assert labels(domain, rows, 10, kinds) == ("{ash, cedar}", "fir", "stone")


@given(st.lists(st.integers(1, 9), min_size=1, max_size=12), st.integers(1, 20))
def test_two_cells_never_share_their_labels(rows: list[int], k: int) -> None:
    """A released label must lead to one cell."""
    domain = tuple("abcdefghijkl"[: len(rows)])
    halves = ["early" if value < "f" else "late" for value in domain]
    kinds = hierarchy_of("what", domain, [halves, ["*"] * len(domain)])
    for hierarchy in (None, kinds):
        found = labels(domain, rows, min(k, sum(rows)), hierarchy)
        assert len(set(found)) == len(found)


def test_a_refused_table_has_no_labels() -> None:
    """There is no cell to name."""
    assert labels(("a", "b"), [1, 1], 5) == ()
