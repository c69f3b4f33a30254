"""Each kind is found as many countries write it, and what only resembles it is left alone."""

from __future__ import annotations

import random
import string
import uuid
from itertools import pairwise

import pytest

from expectations.identifiers import IdentifierKind as Kind
from expectations.identifiers import find_identifiers

FOUND = {
    Kind.EMAIL: (
        "jane.o'neil+crm@mail.acme.co.uk",
        "JANE@ACME.COM",
        "jan@müller.example",
        "jane@acme.museum",
        "jane (at) acme (dot) org",
        "jane at acme dot com",
    ),
    Kind.PHONE: (
        "+49 30 901820",
        "+44 (0)20 7946 0958",
        "0049 171 2345678",
        "+33 1 42 68 53 00",
        "+81-3-1234-5678",
        "+55 11 91234-5678",
        "(415) 555-2671",
        "415.555.2671 x459",
        "01.84.17.61.18",
        "call 467 3395",
        "reach me at 0393 1144137",
    ),
    Kind.URL: ("https://crm.acme.io/deals/77?x=1", "www.acme.fr", "ftp://files.acme.com/a"),
    Kind.DOMAIN: ("acme.co.uk", "see portal.acme-rockets.com for it", "acme.de/preise"),
    Kind.IP: ("192.168.1.20", "2001:db8::ff00:42:8329", "::1", "10[.]0[.]0[.]1"),
    Kind.MAC: ("00:1B:44:11:3A:B7", "00-1b-44-11-3a-b7", "001b.4411.3ab7"),
    Kind.SSN: ("123-45-6789", "SSN 123 45 6789", "ssn: 123456789"),
    Kind.CREDIT_CARD: (
        "4111 1111 1111 1111",
        "5500-0000-0000-0004",
        "378282246310005",
        "3782 822463 10005",
        "6011000990139424",
        "3530111333300000",
        "4222222222222",
    ),
    Kind.IBAN: (
        "DE89 3704 0044 0532 0130 00",
        "GB29NWBK60161331926819",
        "FR14 2004 1010 0505 0001 3M02 606",
        "NO93 8601 1117 947",
        "mt84 malt 0110 0001 2345 mtlc ast0 01s",
        "CH93-0076-2011-6238-5295-7",
    ),
    Kind.NATIONAL_ID: (
        "AB 12 34 56 C",  # United Kingdom
        "12345678Z",  # Spain
        "RSSMRA85T10A562S",  # Italy
        "529.982.247-25",  # Brazil
        "756.9217.0769.85",  # Switzerland
        "131052-308T",  # Finland
        "passport number X1234567",
    ),
    Kind.ADDRESS: (
        "221B Baker Street, London",
        "1600 Pennsylvania Ave NW, Washington, DC 20500",
        "Hauptstraße 12, 10115 Berlin",
        "12 rue de la Paix",
        "Via Roma 4",
        "Calle Mayor 12",
        "Kungsgatan 5",
        "P.O. Box 1234",
        "London SW1A 1AA",
    ),
    Kind.DATE_OF_BIRTH: ("born on 12 March 1980", "DOB: 03/15/1989", "date of birth 1990-01-31"),
    Kind.TENANT_ID: ("of tn_abcdefghijklmnop there",),
}
LEFT_ALONE = (
    "It works e.g. with v1.2.3 of GTX Plus Basic, as of 2026-01-31.",
    "Raise it to 1,250,000 or 1.250.000 by Q3; 24/7 support and a 99.95 % target.",
    "From 2019 to 2024 the team grew from 12 to 250.",
    "The meeting is at 10:30:00, room 4.12.",
    "Open the file README.md, then setup.py and run.sh.",
    "We use Node.js and ASP.NET here.",
    "That was the end.It began again.",
    "Part number: 555-123-4567-A",
    "Order 123456789 has shipped, invoice 2024-0012345 follows.",
    "Trace id 550e8400-e29b-41d4-a716-446655440000",
    "The book ISBN is 978-3-16-148410-0",
    "SSN 000-12-3456 and 666-12-3456 were never issued",
    "Card 4111 1111 1111 111 is too short, 1234567890123456 has no issuer",
    "Ask for the password before the call; the secret is trust, the token is optional.",
    "set password: required and token: optional",
    "commit 3f786850e387550fdab836ed7e6dc881de23001b fixed it",
    "We met in the street and took the road to the court.",
    "The way to go is a place to drive.",
    "See the drive-through at the square, 3 of 5.",
    "They were born ready in a time of change.",
    "Ratio 3.14159265 and epoch 1700000000000 are numbers.",
    "meet me @ noon. so we can talk",
)


def kinds(text: str) -> set[Kind]:
    (found,) = find_identifiers([text])
    return {each.kind for each in found}


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in FOUND.items() for text in texts]
)
@pytest.mark.parametrize("sentence", ["{}", "We wrote to {} last week.", "({}), then\n{}\n"])
def test_a_kind_is_found_as_it_is_written(kind: Kind, text: str, sentence: str) -> None:
    """Alone, in a sentence and in brackets: what stands around it must not hide it."""
    assert kind in kinds(sentence.format(text, text))


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_what_only_resembles_an_identifier_is_left_alone(text: str) -> None:
    """A detector that flags ordinary prose is switched off by those who must read it."""
    assert kinds(text) == set()


def test_offsets_are_those_of_the_text_as_given() -> None:
    """Whoever strips a text cuts where it was found, folded or not."""
    texts = [
        "mail jane@acme.com now",
        "\u200b\u200bmail ja\u200bne@acme.com now",
        "ﬁ ﬁ ™ mail jane@acme.com now",
        "日本 ja\u0301ne@acme.com",
        "x " * 300_000 + "jane@acme.com",
    ]
    for text, found in zip(texts, find_identifiers(texts), strict=True):
        (email,) = [each for each in found if each.kind is Kind.EMAIL]
        written = text[email.start : email.end].replace("\u200b", "").replace("\u0301", "")
        assert written == "jane@acme.com"


def test_one_find_never_overlaps_another() -> None:
    """Placeholders are put where finds are: two at one place would garble the text."""
    text = "https://jane:pw1234@acme.com/?mail=jane@acme.com&ip=10.0.0.1 +1 415 555 2671 x2 " * 40
    (found,) = find_identifiers([text])
    assert all(one.end <= other.start for one, other in pairwise(found))


# Secrets are made here, at random with a seed: none that looks real stands in the repository.

_RANDOM = random.Random(20)


def letters(length: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(_RANDOM.choice(alphabet) for _ in range(length))


def secrets_of_many_makers() -> list[str]:
    hexadecimal = "0123456789abcdef"
    capitals = string.ascii_uppercase + string.digits
    return [
        f"ghp_{letters(36)}",
        f"github_pat_{letters(22)}_{letters(59)}",
        f"glpat-{letters(20)}",
        f"xoxb-{letters(12, string.digits)}-{letters(24)}",
        f"AKIA{letters(16, capitals)}",
        f"sk_live_{letters(24)}",
        f"sk-proj-{letters(48)}",
        f"AIza{letters(35)}",
        f"SG.{letters(22)}.{letters(43)}",
        f"npm_{letters(36)}",
        f"hf_{letters(34)}",
        f"shpat_{letters(32, hexadecimal)}",
        f"ya29.{letters(60)}",
        f"eyJ{letters(20)}.eyJ{letters(40)}.{letters(43)}",
        f"Authorization: Bearer {letters(40)}",
        f"password = '{letters(12)}'",
        f'"client_secret": "{letters(32)}"',
        f"export API_KEY={letters(32)}",
        f"DB_PASSWORD: {letters(10)}!9",
        f"https://user:{letters(12)}@db.acme.com/main",
        f"token {letters(40, hexadecimal)}",
        letters(64, string.ascii_letters + string.digits + "+/"),
        f"-----BEGIN PRIVATE KEY-----\n{letters(64)}\n{letters(64)}\n-----END PRIVATE KEY-----",
    ]


def no_secrets() -> list[str]:
    return [
        str(uuid.UUID(int=_RANDOM.getrandbits(128))),
        f"commit {letters(40, '0123456789abcdef')}",
        f"sha256: {letters(64, '0123456789abcdef')}",
        "password: ********",
        "password=${DB_PASSWORD}",
        "the password is the one you chose",
        "token: optional, secret: required",
        "api_key = os.environ['API_KEY']",
        "internationalization-and-localization-of-applications",
        "src/main/java/com/example/project/ApplicationController.java",
        "OpenWithTheQuestionThatTheLastCallEndedOn",
        "our secret sauce is a basic understanding of bearer bonds",
    ]


def test_secrets_of_many_makers_are_found() -> None:
    """Recall of at least 0.85, precision of at least 0.90, on secrets made at random."""
    secret = [f"use {each} here" for _ in range(20) for each in secrets_of_many_makers()]
    harmless = [f"use {each} here" for _ in range(20) for each in no_secrets()]

    def flagged(texts: list[str]) -> int:
        return sum(
            any(each.kind is Kind.SECRET for each in found) for found in find_identifiers(texts)
        )

    hits, false = flagged(secret), flagged(harmless)
    print(f"recall {hits / len(secret):.3f}, precision {hits / (hits + false):.3f}")
    assert hits / len(secret) >= 0.85
    assert hits / (hits + false) >= 0.90
