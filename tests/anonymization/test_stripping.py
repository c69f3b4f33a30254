"""Identifiers leave a text, or the text is dropped."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymization import stripping
from anonymization.stripping import DropReason, drop_counts, strip_texts
from expectations.identifiers import IdentifierKind, KnownIdentifiers, find_identifiers

KNOWN = KnownIdentifiers.build(
    [(IdentifierKind.ACCOUNT_NAME, "Acme Rockets"), (IdentifierKind.PERSON_NAME, "Jane Doering")]
)


def test_identifiers_become_placeholders_of_their_kind() -> None:
    """The same identifier is the same placeholder, so a template keeps its sense."""
    (stripped,) = strip_texts(
        ["Jane Doering of Acme Rockets: jane@acme.example, JANE@acme.example, x@y.example"], KNOWN
    )
    assert stripped.text == "<PERSON_NAME_1> of <ACCOUNT_NAME_1>: <EMAIL_1>, <EMAIL_1>, <EMAIL_2>"
    assert stripped.removed[IdentifierKind.EMAIL] == 3


def test_stripping_what_was_stripped_changes_nothing() -> None:
    """A text may pass twice, and a placeholder is no identifier."""
    texts = ["a@example.com then b@example.com", "call +1 415 555 2671", None, ""]
    once = [each.text for each in strip_texts(texts, KNOWN)]
    assert [each.text for each in strip_texts(once, KNOWN)] == once


def test_a_text_that_is_no_text_is_dropped_and_counted() -> None:
    """A lone surrogate cannot be written, so nobody can read what it would say."""
    stripped = strip_texts(["fine", "bad \ud800"], KNOWN)
    assert [each.text for each in stripped] == ["fine", None]
    assert drop_counts(stripped) == {DropReason.UNREADABLE: 1}


PIECES = st.sampled_from(
    [
        *(
            "Jane Doering",
            "Acme Rockets",
            "jane@acme.example",
            "415-555-2671",
            "4111 1111 1111 1111",
        ),
        *("https://acme.com/x", "10.0.0.1", "born ", "12 March 1980", "<EMAIL_1>", "<EMAIL_7>"),
        *("password: ", "Ab1!xyz9", "123-45-", "6789", "@", ".com", "acme", " at ", "\u200b"),
        *(
            " ",
            "\n",
            "(",
            ")",
            "-",
            "we met ",
            "cGFzc3dvcmQ6IGphbmVAYWNtZS5jb20=",
            "%40",
            "a b c d e",
        ),
        *("221B Baker Street", "DE89 3704 0044 0532 0130 00", "+49 30 901820", "SSN ", "x459"),
    ]
)


@settings(max_examples=300)
@given(st.lists(st.lists(PIECES, max_size=12).map("".join), max_size=4))
def test_what_is_returned_is_clean_and_stays_as_it_is(texts: list[str]) -> None:
    """Whatever stood beside whatever: nothing is found in it, and stripping changes nothing."""
    stripped = strip_texts(texts, KNOWN)
    kept = [each.text for each in stripped]
    assert not any(find_identifiers(kept, KNOWN))
    assert [each.text for each in strip_texts(kept, KNOWN)] == kept
    assert all((each.text is None) == (each.dropped is not None) for each in stripped)


def test_a_placeholder_that_was_there_keeps_its_number() -> None:
    """Otherwise one number would stand for two identifiers."""
    (stripped,) = strip_texts(["<EMAIL_4> asked a@example.com, not b@example.com"], KNOWN)
    assert stripped.text == "<EMAIL_4> asked <EMAIL_5>, not <EMAIL_6>"


def test_what_is_found_however_often_it_is_stripped_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A text that cannot be proven clean is not kept, whatever is left of it."""

    def finding(texts: list[str | None], _known: object) -> list[list[object]]:
        return [
            [stripping.Occurrence(0, 1, IdentifierKind.SECRET)] if text and "odd" in text else []
            for text in texts
        ]

    monkeypatch.setattr(stripping, "find_identifiers", finding)
    stripped = strip_texts(["an odd text", "fine"], KNOWN)
    assert [each.text for each in stripped] == [None, "fine"]
    assert drop_counts(stripped) == {DropReason.STILL_IDENTIFYING: 1}
    assert stripped[0].removed[IdentifierKind.SECRET] >= 1


@pytest.mark.parametrize("odd", ["\ud800", "\ue000", "\U000e1fff", "\U000f0000"])
def test_characters_that_nobody_can_read_drop_the_text(odd: str) -> None:
    """A private character may stand for a name, and nobody could tell."""
    (stripped,) = strip_texts([f"we met {odd} there"], KNOWN)
    assert (stripped.text, stripped.dropped) == (None, DropReason.UNREADABLE)
