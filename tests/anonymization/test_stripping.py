"""Identifiers leave a text, or the text is dropped."""

from __future__ import annotations

from anonymization.stripping import DropReason, drop_counts, strip_texts
from expectations.identifiers import IdentifierKind, KnownIdentifiers

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
