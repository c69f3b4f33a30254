"""Values shaped like personal data are recognised, however they were disguised."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from string import ascii_lowercase, ascii_uppercase, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymization.registered import WORKFLOWS
from expectations.identifiers import IdentifierKind as Kind
from expectations.text_scan import kinds_in
from stores.boundary.provisioning import opaque_id


def _a_web_token() -> str:
    """A JSON web token of no one's, made here so that none stands in the repository."""
    parts = (b'{"alg":"HS256"}', b'{"sub":"1"}', b"signature")
    return ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


ORDINARY = (
    "technology",
    "telecommunications",
    "other",
    "Engaging",
    "2017-Q3",
    "2017-01-01",
    "2017-01-01T10:30:00+00:00",
    "2017-01-01 - 2017-03-31",
    "10:30:00",
    "GTX Plus Basic",
    "GTK 500",
    "1-50 employees",
    "up to 999",
    "1,000-4,999",
    "500-4999",
    "1000000-4999999",
    "5,000 and more",
    "$1,000,000",
    "24/7 support",
    "v1.2.3",
    "C++",
    "email_drafter",
    "crm.lookup",
    "3f2b8c1a-9d4e-4f6a-8b7c-0d1e2f3a4b5c",
)

SHAPED = (
    ("jane@example.com", Kind.EMAIL),
    ("write to j.doe+crm@mail.example.co", Kind.EMAIL),
    ("jane\uff20example\uff0ecom", Kind.EMAIL),
    ("ja\u200bne@exa\u2060mple.com", Kind.EMAIL),
    ("jane\ufeff@\u00adexample.com", Kind.EMAIL),
    ("jane (at) example (dot) com", Kind.EMAIL),
    ("jane [at] example[.]com", Kind.EMAIL),
    ("jane @ example . com", Kind.EMAIL),
    ("https://example.test/a", Kind.URL),
    ("hxxp://example", Kind.URL),
    ("www.example.test", Kind.URL),
    ("Example.com", Kind.DOMAIN),
    ("+1 415 555 2671", Kind.PHONE),
    ("(415) 555-2671", Kind.PHONE),
    ("4155552671", Kind.PHONE),
    ("0171 2345678", Kind.PHONE),
    ("0049 171 2345678", Kind.PHONE),
    ("\uff0b\uff11 415 555 2671", Kind.PHONE),
    ("\u0664\u0661\u0665-\u0665\u0665\u0665-\u0662\u0666\u0667\u0661", Kind.PHONE),
    ("415\u2013555\u20132671", Kind.PHONE),
    ("192.168.1.20", Kind.IP),
    ("192[.]168[.]1[.]20", Kind.IP),
    ("fe80::1", Kind.IP),
    ("2001:db8::ff00:42:8329", Kind.IP),
    ("00:1B:44:11:3A:B7", Kind.MAC),
    ("001b.4411.3ab7", Kind.MAC),
    ("123-45-6789", Kind.SSN),
    ("\uff11\uff12\uff13\uff0d\uff14\uff15\uff0d\uff16\uff17\uff18\uff19", Kind.SSN),
    ("4111 1111 1111 1111", Kind.CREDIT_CARD),
    ("4111-1111-1111-1111", Kind.CREDIT_CARD),
    ("3782 822463 10005", Kind.CREDIT_CARD),
    ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", Kind.CREDIT_CARD),
    ("DE89 3704 0044 0532 0130 00", Kind.IBAN),
    ("iban gb82west12345698765432 of ours", Kind.IBAN),
    (_a_web_token(), Kind.SECRET),
    (f"ghp_{ascii_lowercase}{digits}", Kind.SECRET),
    (f"AKIA{ascii_uppercase[:16]}", Kind.SECRET),
    (hashlib.sha256(b"a token").hexdigest()[:32], Kind.SECRET),
    ("Authorization: Bearer abcdefghijklmnop", Kind.SECRET),
)


@pytest.mark.parametrize(("text", "shape"), SHAPED)
def test_a_shape_is_recognised_through_its_disguise(text: str, shape: Kind) -> None:
    """What a reader would recognise as personal data must not pass as a dimension."""
    assert shape in kinds_in(text)


@pytest.mark.parametrize("text", ORDINARY)
def test_an_ordinary_dimension_value_has_no_shape(text: str) -> None:
    """A benchmark that is refused for its own size bands would teach people to ignore the check."""
    assert kinds_in(text) == frozenset()


def test_no_registered_workflow_allows_a_value_with_a_shape() -> None:
    """A value that a workflow allows and the check refuses would stop every release."""
    allowed = {
        value
        for workflow in WORKFLOWS
        for values in workflow.allowed_values.values()
        for value in values
    }
    assert [value for value in allowed if kinds_in(value)] == []


@given(
    st.sampled_from(SHAPED),
    st.sampled_from("\u200b\u200c\u200d\u2060\ufeff\u00ad\u202e\u180e\u034f\ufe0f\u3164"),
    st.data(),
)
def test_an_invisible_character_hides_nothing(
    shaped: tuple[str, Kind], invisible: str, data: st.DataObject
) -> None:
    """Invisible characters may stand anywhere in a value and clear it of nothing."""
    text, kind = shaped
    place = data.draw(st.integers(0, len(text)))
    assert kind in kinds_in(text[:place] + invisible + text[place:])


@given(st.sampled_from([text for text, _ in SHAPED if text.isascii()]))
def test_wide_letters_hide_nothing(text: str) -> None:
    """A value typed in full-width letters is the same value."""
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    assert kinds_in(wide) == kinds_in(text)


def test_letters_that_only_fold_to_ascii_do_not_crash_the_check() -> None:
    """A dotless i matches a to z where case is ignored, and is no digit of base 36."""
    assert kinds_in("d\u013189 3704 0044 0532 0130 00") <= set(Kind)
    assert kinds_in("DE89 37\u01314 0044 0532 0130") <= set(Kind)


@given(st.text(max_size=200))
def test_any_text_can_be_looked_at(text: str) -> None:
    """No value may crash the check, for a crash could be mistaken for nothing found."""
    assert kinds_in(text) <= set(Kind)


def test_an_owners_opaque_id_is_never_pii_shaped() -> None:
    """A fund's rollup carries its id: an id like a card number would hold the release back."""
    assert [found for _ in range(20_000) if (found := opaque_id("fd")) and kinds_in(found)] == []
