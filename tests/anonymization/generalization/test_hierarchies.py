"""A hierarchy is total, functional and monotone, or refused with everything that is wrong."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymization.generalization.derived_hierarchies import (
    DatePart,
    date_truncation,
    intervals,
    prefix_masking,
    suppression_only,
)
from anonymization.generalization.errors import (
    UnreadableHierarchy,
    UnsoundHierarchy,
    UnsuitableDomain,
)
from anonymization.generalization.hierarchies import Hierarchy, hierarchy_of
from anonymization.generalization.hierarchy_files import hierarchy_file_of, hierarchy_from_csv
from tests.conftest import SHARED_DATA


def a_file(folder: Path, text: str | bytes) -> Path:
    path = folder / "x_hierarchy_town.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def labels_of(hierarchy: Hierarchy, value: str | None) -> list[str | None]:
    leaf = hierarchy.labels[0].index(value)
    return [
        hierarchy.labels[level][hierarchy.codes[level, leaf]] for level in range(hierarchy.levels)
    ]


def assert_sound(hierarchy: Hierarchy, domain: list[str | None]) -> None:
    """Total, functional and monotone, with the domain's codes in front."""
    assert list(hierarchy.labels[0][: len(domain)]) == domain
    assert hierarchy.codes.shape == (hierarchy.levels, hierarchy.leaves)
    assert np.array_equal(hierarchy.codes[0], np.arange(hierarchy.leaves))
    for level in range(hierarchy.levels):
        codes = hierarchy.codes[level]
        # Numbered in first-leaf order, each number used.
        assert list(dict.fromkeys(codes.tolist())) == list(range(len(hierarchy.labels[level])))
        assert hierarchy.leaves_of_labels(level).sum() == hierarchy.leaves
        if level:
            pairs = set(zip(hierarchy.codes[level - 1].tolist(), codes.tolist(), strict=True))
            assert len(pairs) == len(hierarchy.labels[level - 1])


def test_a_file_becomes_a_hierarchy_over_the_data(tmp_path: Path) -> None:
    """The data's codes index it; what only the file knows comes after, and counts for the loss."""
    path = a_file(tmp_path, "Ulm;South;*\nBonn;West;*\nKiel;North;*\nAalen;South;*\n")
    hierarchy = hierarchy_from_csv(path, "town", ["Aalen", "Bonn", "Ulm"])
    assert hierarchy.labels[0] == ("Aalen", "Bonn", "Ulm", "Kiel")
    assert hierarchy.labels[1] == ("South", "West", "North")
    assert hierarchy.codes.tolist() == [[0, 1, 2, 3], [0, 1, 0, 2], [0, 0, 0, 0]]
    assert hierarchy.loss_of_labels(0).tolist() == [0, 0, 0, 0]
    assert hierarchy.loss_of_labels(1).tolist() == [1 / 3, 0, 0]
    assert hierarchy.loss_of_labels(2).tolist() == [1]
    assert hierarchy.ends_in_one_label


def test_null_keeps_its_own_label_until_the_top(tmp_path: Path) -> None:
    """Null is a value: merged with others below the top it would be a guess."""
    path = a_file(tmp_path, "Ulm;South;*\nBonn;West;*\n")
    assert labels_of(hierarchy_from_csv(path, "town", ["Ulm", None]), None) == [None, None, "*"]
    told = a_file(tmp_path, "Ulm;South;*\n;nowhere;*\n")
    hierarchy = hierarchy_from_csv(told, "town", ["", "Ulm", None])
    assert labels_of(hierarchy, None) == [None, "nowhere", "*"]
    assert labels_of(hierarchy, "") == ["", "nowhere", "*"]
    for made in (
        suppression_only("town", ["1", None]),
        intervals("town", ["1", None]),
        prefix_masking("town", ["1", None]),
        date_truncation("town", ["2026-01-01", None]),
    ):
        assert set(labels_of(made, None)[:-1]) == {None}
        assert labels_of(made, None)[-1] == "*"


def test_a_top_of_several_labels_is_allowed_and_seen(tmp_path: Path) -> None:
    """Such a column is never wholly hidden, so who searches must be able to know."""
    path = a_file(tmp_path, "Ulm;South\nBonn;West\n")
    hierarchy = hierarchy_from_csv(path, "town", ["Bonn", None])
    assert not hierarchy.ends_in_one_label
    assert labels_of(hierarchy, None) == [None, None]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("Ulm;South;*\nBonn;*\nKiel;North;*;*\n", "the 3 fields of the first (lines 2, 3)"),
        ("Ulm,South\nBonn,West\n", "separate them with `;`"),
        ('Ulm;"South\n', "not `;`-separated text"),
        (b"Ulm;S\xfcd\n", "not UTF-8"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused(
    tmp_path: Path, text: str | bytes, told: str
) -> None:
    """What is no hierarchy file at all says why, by line."""
    with pytest.raises(UnreadableHierarchy) as refused:
        hierarchy_from_csv(a_file(tmp_path, text), "town", ["Ulm"])
    assert told in str(refused.value)
    assert "column 'town'" in str(refused.value)


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    """Nobody has to mend a file one error per run, and no value of the data is repeated."""
    text = "Ulm;South;a;*\nUlm;North;b;*\nKiel;North;c;*\nAalen;South;d;*\nJena;East;;*\n"
    domain = ["Ulm", "Secretville", "Hiddenham"]
    with pytest.raises(UnsoundHierarchy) as refused:
        hierarchy_from_csv(a_file(tmp_path, text), "town", domain)
    assert refused.value.violations == (
        "1 rows give a leaf other labels than an earlier row does (line 2)",
        "2 rows share a label at level 1 with an earlier row and not at level 2 (lines 3, 4)",
        "1 rows have an empty label at level 2 (line 5)",
        "x_hierarchy_town.csv misses 2 of the 3 values that the data holds; add a line for each",
    )
    assert "Secretville" not in str(refused.value)


def test_many_lines_are_counted_and_not_listed(tmp_path: Path) -> None:
    """A message stays readable however broken the file."""
    text = "Ulm;South;*\n" + "Bonn;*\n" * 50
    with pytest.raises(UnreadableHierarchy, match=r"lines 2, 3, 4, 5, 6 and 45 more"):
        hierarchy_from_csv(a_file(tmp_path, text), "town", [])


def test_a_leaf_twice_alike_a_byte_order_mark_and_blank_lines_are_no_errors(tmp_path: Path) -> None:
    """Spreadsheets write these, and they contradict nothing."""
    path = a_file(tmp_path, b"\xef\xbb\xbfUlm;South\r\n\r\nUlm;South\r\nBonn;South\r\n")
    assert hierarchy_from_csv(path, "town", ["Ulm"]).labels[0] == ("Ulm", "Bonn")


def test_the_file_of_a_column_is_found_by_its_ending(tmp_path: Path) -> None:
    """One file a column; none and two are both refused."""
    path = a_file(tmp_path, "Ulm;*\n")
    (tmp_path / "y_hierarchy_old-town.csv").write_text("Ulm;*\n")
    assert hierarchy_file_of(tmp_path, "town") == path
    with pytest.raises(UnreadableHierarchy, match="there is no file"):
        hierarchy_file_of(tmp_path, "city")
    (tmp_path / "hierarchy_town.csv").write_text("Ulm;*\n")
    with pytest.raises(UnreadableHierarchy, match="2 files could be it"):
        hierarchy_file_of(tmp_path, "town")
    with pytest.raises(UnreadableHierarchy, match="cannot be read"):
        hierarchy_from_csv(tmp_path / "gone.csv", "town", [])


def test_intervals_are_named_by_their_ends() -> None:
    """Whole numbers from zero up read as people write them, others as half-open intervals."""
    ages = intervals("age", ["0", "4", "23", "90"])
    assert labels_of(ages, "23") == ["23", "20-24", "20-29", "20-39", "*"]
    assert labels_of(ages, "4")[1] == "0-4"
    shifted = intervals("age", ["0", "23"], widths=(10,), origin=-5)
    assert labels_of(shifted, "23")[1] == "[15, 25)"
    years = intervals("n", ["2024", "2025"], widths=(1, 2))
    assert labels_of(years, "2025") == ["2025", "2025", "2024-2025", "*"]
    parts = intervals("p", ["-3", "0.5", "1e2"], widths=(Decimal("0.5"), 5))
    assert labels_of(parts, "-3") == ["-3", "[-3, -2.5)", "[-5, 0)", "*"]
    assert labels_of(parts, "1e2")[2] == "[100, 105)"


@pytest.mark.parametrize("widths", [(), (0,), (-5,), (5, 5), (10, 5), (5, 12), (Decimal("NaN"),)])
def test_widths_that_would_part_again_are_refused(widths: tuple[int | Decimal, ...]) -> None:
    """Intervals of 5 do not fit into intervals of 12."""
    with pytest.raises(UnsuitableDomain, match="multiple of the one before"):
        intervals("age", ["1"], widths)


def test_values_of_another_kind_are_counted_and_not_quoted() -> None:
    """NaN and infinity lie in no interval, words have no month."""
    with pytest.raises(UnsuitableDomain, match="5 values are no finite numbers") as refused:
        intervals("age", ["1", "nan", "inf", "-Infinity", "twelve", "1_000"])
    assert "twelve" not in str(refused.value)
    with pytest.raises(UnsuitableDomain, match="2 values do not begin with an ISO date"):
        date_truncation("day", ["2026-02-28", "2026-02-30", "28.2.2026"])
    with pytest.raises(UnsuitableDomain, match="1 values are listed twice"):
        suppression_only("day", ["a", "a"])
    with pytest.raises(UnsuitableDomain, match="finer to coarser"):
        date_truncation("day", [], (DatePart.YEAR, DatePart.MONTH))
    with pytest.raises(UnsuitableDomain, match="increase"):
        prefix_masking("zip", [], (2, 1))
    with pytest.raises(UnsoundHierarchy, match="level 1 is not total"):
        hierarchy_of("zip", ["a", "b"], [["x"]])
    with pytest.raises(UnsoundHierarchy, match="1 leaves part at level 2"):
        hierarchy_of("zip", ["a", "b"], [["x", "x"], ["y", "z"]])


def test_dates_are_truncated_and_prefixes_masked() -> None:
    """The two families that need no file."""
    days = date_truncation("day", ["2026-07-14", "2026-12-31 23:59:59+00"], tuple(DatePart))
    assert labels_of(days, "2026-07-14") == [
        "2026-07-14", "2026-07-14", "2026-07", "2026-Q3", "2026", "*",
    ]  # fmt: skip
    assert labels_of(days, "2026-12-31 23:59:59+00")[1:4] == ["2026-12-31", "2026-12", "2026-Q4"]
    codes = prefix_masking("zip", ["12345", "12399", "99", ""])
    assert labels_of(codes, "12345") == ["12345", "1234*", "123**", "12***", "*"]
    assert labels_of(codes, "99") == ["99", "9*", "**", "**", "*"]
    assert labels_of(codes, "") == ["", "", "", "", "*"]


@given(
    st.lists(st.one_of(st.none(), st.integers(-(10**20), 10**20).map(str)), unique=True),
    st.lists(st.integers(2, 9), min_size=1, max_size=3),
    st.integers(-50, 50),
)
def test_intervals_of_any_numbers_are_sound(
    domain: list[str | None], factors: list[int], origin: int
) -> None:
    """Each number lies in its interval, and intervals nest."""
    widths = [int(np.prod(factors[: place + 1])) for place in range(len(factors))]
    hierarchy = intervals("n", domain, widths, origin)
    assert_sound(hierarchy, domain)
    for level, width in enumerate(widths, start=1):
        for value in domain:
            if value is not None:
                label = labels_of(hierarchy, value)[level]
                assert label is not None
                low = label.strip("[").split(",")[0] if "[" in label else label.split("-")[0]
                assert int(low) <= int(value) < int(low) + width
                assert (int(low) - origin) % width == 0


@given(st.lists(st.one_of(st.none(), st.text(alphabet="ab*", max_size=4)), unique=True))
def test_prefixes_of_any_text_are_sound(domain: list[str | None]) -> None:
    """Stars in the values themselves do not break the nesting."""
    assert_sound(prefix_masking("zip", domain), domain)


@given(
    st.lists(st.dates().map(str), unique=True),
    st.sets(st.sampled_from(list(DatePart)), min_size=1),
)
def test_dates_of_any_kind_are_sound(domain: list[str | None], parts: set[DatePart]) -> None:
    """Months lie in quarters and these in years."""
    ordered = tuple(part for part in DatePart if part in parts)
    assert_sound(date_truncation("day", domain, ordered), domain)


@given(st.data())
def test_what_a_file_says_is_what_the_hierarchy_holds(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Accepted files are sound and read back as written; others are told apart exactly."""
    leaves = data.draw(st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1))
    label = st.sampled_from("xyz")
    levels = data.draw(st.integers(1, 3))
    rows = {leaf: [data.draw(label) for _ in range(levels)] for leaf in leaves}
    domain = data.draw(st.lists(st.sampled_from("abcdefgh"), unique=True))
    path = a_file(
        tmp_path_factory.mktemp("h"),
        "".join(";".join([leaf, *labels]) + "\n" for leaf, labels in rows.items()),
    )
    total = all(value in rows for value in domain)
    monotone = all(
        one[level + 1] == other[level + 1]
        for level in range(levels - 1)
        for one in rows.values()
        for other in rows.values()
        if one[level] == other[level]
    )
    if not (total and monotone):
        with pytest.raises(UnsoundHierarchy):
            hierarchy_from_csv(path, "town", list(domain))
        return
    hierarchy = hierarchy_from_csv(path, "town", list(domain))
    assert_sound(hierarchy, list(domain))
    assert hierarchy.leaves == len(leaves)
    for leaf, labels in rows.items():
        assert labels_of(hierarchy, leaf) == [leaf, *labels]


ADULT = {
    "age": [100, 20, 10, 5, 1],
    "education": [16, 5, 3, 1],
    "marital-status": [7, 2, 1],
    "native-country": [41, 5, 1],
    "occupation": [14, 3, 1],
    "race": [5, 1],
    "salary-class": [2, 1],
    "sex": [2, 1],
    "workclass": [8, 3, 1],
}


@pytest.mark.parametrize("column", ADULT)
def test_the_hierarchies_of_adult_cover_the_data(column: str) -> None:
    """Nine real files over the values that 30,162 real rows hold."""
    folder = SHARED_DATA / "adult"
    if not folder.is_dir():
        pytest.skip(f"the Adult data is not on this machine ({folder})")
    head, *rows = (line.split(";") for line in (folder / "adult.csv").read_text().splitlines())
    domain: list[str | None] = [*sorted({row[head.index(column)] for row in rows})]
    hierarchy = hierarchy_from_csv(hierarchy_file_of(folder, column), column, domain)
    assert_sound(hierarchy, domain)
    assert [len(labels) for labels in hierarchy.labels] == ADULT[column]


def test_a_million_distinct_values_take_seconds(tmp_path: Path) -> None:
    """CPU seconds, so that a busy machine does not fail it; about 4 and 8 were measured."""
    domain: list[str | None] = [str(number) for number in range(1_000_000)]
    begun = time.process_time()
    hierarchy = intervals("n", domain, (10, 100, 1000))
    assert time.process_time() - begun < 20
    assert [len(labels) for labels in hierarchy.labels] == [10**6, 10**5, 10**4, 10**3, 1]
    path = a_file(tmp_path, "".join(f"{n};{n // 10};{n // 1000};*\n" for n in range(1_000_000)))
    begun = time.process_time()
    assert hierarchy_from_csv(path, "town", domain).leaves == 10**6
    assert time.process_time() - begun < 40
