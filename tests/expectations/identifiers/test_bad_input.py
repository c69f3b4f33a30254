"""Input made to hide, to hang or to crash a scan does none of these."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.identifiers import IdentifierKind as Kind
from expectations.identifiers import KnownIdentifiers, Occurrence, find_identifiers
from expectations.identifiers.scanning import scan

KNOWN = KnownIdentifiers.build([(Kind.ACCOUNT_NAME, "Acme Rockets")])


def kinds(text: str) -> set[Kind]:
    (found,) = find_identifiers([text], KNOWN)
    return {each.kind for each in found}


@settings(max_examples=400)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=30),
            st.sampled_from(
                [
                    "jane@acme.com",
                    "\x00",
                    "\ud800",
                    "Acme Rockets",
                    "@",
                    "://",
                    "%41",
                    "eyJ",
                    "-----BEGIN ",
                    "password=",
                    "4111 1111 1111 1111",
                    "\u200b",
                    "\u202e",
                    "ﬁ",
                    "a b c d e f",
                ]
            ),
            st.none(),
        ),
        max_size=6,
    ),
    st.data(),
)
def test_every_find_lies_within_its_text(texts: list[str | None], data: st.DataObject) -> None:
    """No text crashes the scan, and what it says holds of the text that was given."""
    del data
    for text, found in zip(texts, find_identifiers(texts, KNOWN), strict=True):
        for each in found:
            assert isinstance(each, Occurrence)
            assert text is not None
            assert 0 <= each.start < each.end <= len(text)


@given(st.binary(max_size=400))
def test_any_bytes_can_be_scanned(data: bytes) -> None:
    """Every confirmation holds for windows at the edges of the buffer."""
    scan(b"\x00" + data + b"\x00")


def test_texts_do_not_run_into_each_other() -> None:
    """An identifier is one text's own; two neighbours make none together."""
    found = find_identifiers(
        ["mail jane@", "acme.com", "Acme", "Rockets", "415-555-", "2671"], KNOWN
    )
    assert [[each.kind for each in one] for one in found] == [[], [Kind.DOMAIN], [], [], [], []]


def test_nulls_and_empty_texts_hold_nothing() -> None:
    """A null is no text."""
    assert find_identifiers([None, "", None], KNOWN) == [[], [], []]
    assert find_identifiers([], KNOWN) == []


@pytest.mark.parametrize(
    "text",
    [
        "שלום jane@acme.com שלום",
        "\u202emoc.emca@enaj\u202c or jane@acme.com",
        "مرحبا \u0664\u0661\u0665-\u0665\u0665\u0665-\u0662\u0666\u0667\u0661",
        "z̸̡̛a̶l̷g̸o̵ j̸a̵n̷e̶@acme.com",
        "a\x00jane@acme.com\x00b",
    ],
)
def test_writing_direction_and_marks_hide_nothing(text: str) -> None:
    """Right to left, with marks on every letter, with zero bytes: it is still there."""
    assert kinds(text) & {Kind.EMAIL, Kind.PHONE}


# Texts on which an expression that backtracks takes longer than anyone waits.
CATASTROPHES = {
    "at signs": "@" * 20_000,
    "dots": "a." * 10_000,
    "digits": "1" * 20_000,
    "digits apart": "1 " * 10_000,
    "brackets": "(" * 20_000,
    "percent": "%41" * 7_000,
    "colons": "a:" * 10_000,
    "base64": "QUJD" * 5_000,
    "streets": "1 a street" * 2_000,
    "assignments": "password=" * 2_000,
    "zero width": "a\u200b" * 10_000,
    "letters apart": "a " * 10_000,
    "local part": "a" * 20_000 + "@",
    "host": "a@" + "a-" * 10_000,
    "keys": "-----BEGIN " * 2_000,
    "names": "Acme " * 4_000,
    "ligatures": "\ufdfa" * 2_000,
}


@pytest.mark.parametrize("name", CATASTROPHES)
def test_no_text_takes_more_than_its_length(name: str) -> None:
    """The work done is counted, not timed: each anchor looks at a bounded window, once."""
    text = CATASTROPHES[name]
    find_identifiers([text, text[: len(text) // 2]], KNOWN)


def test_a_hundred_megabytes_in_one_cell_are_read_to_the_end() -> None:
    """Piece by piece, so that memory does not grow with the cell; what spans a seam is found."""
    size = 100_000_000
    filler = "plain words without end, "
    cell = (filler * (size // len(filler)))[: size - 20] + " jane@acme.com"
    seam = 1 << 19
    cell = cell[: seam - 6] + " Acme Rockets " + cell[seam + 8 :]
    (found,) = find_identifiers([cell], KNOWN)
    assert [(cell[each.start : each.end], each.kind) for each in found] == [
        ("Acme Rockets", Kind.ACCOUNT_NAME),
        ("jane@acme.com", Kind.EMAIL),
    ]


def test_threads_may_scan_at_the_same_time() -> None:
    """A server answers several people at once; each gets the whole of what is there."""
    texts = ["mail jane@acme.com or call 415-555-2671 now"] * 2_000
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: find_identifiers(texts, KNOWN), range(8)))
    assert all(each == found[0] for each in found)
    assert all(len(each) == 2 for each in found[0])
