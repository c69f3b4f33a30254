"""A world of 50 tenants in ten funds that have 1,000 identifiers, and texts to plant them in."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property

from anonymization.text.planted_identifiers import DISGUISES
from stores.intake.batches import TableBatch, TenantEntry

__all__ = ["FORMS", "OWN_SENTENCE", "Count", "PlantedWorld", "counted"]

_SYLLABLES = tuple(
    first + vowel + last for first in "bdgklmtvz" for vowel in "aeou" for last in "lnrsx"
)
# Half of the names are made of words and first names that ordinary prose holds, as real ones are.
_ADJECTIVES = (
    "Bright", "Silver", "Northern", "Golden", "Green", "Modern", "United", "Global", "Royal",
    "Rapid", "Summit", "Pacific", "Central", "Solid",
)  # fmt: skip
_NOUNS = (
    "Harbor", "Bridge", "River", "Forest", "Garden", "Castle", "Market", "Mountain", "Valley",
    "Window", "Bakery", "Engine", "Kitchen", "Island",
)  # fmt: skip
_FIRST_NAMES = (
    "James", "Maria", "Robert", "Linda", "Michael", "Susan", "David", "Karen", "Thomas", "Nancy",
    "Daniel", "Laura", "Kevin", "Emily",
)  # fmt: skip
_LAST_NAMES = (
    "Miller", "Wilson", "Taylor", "Anderson", "Jackson", "Martin", "Thompson", "Robinson", "Clark",
    "Walker", "Young", "Carter", "Parker", "Fisher",
)  # fmt: skip
FORMS: dict[str, Callable[[str], str]] = {
    name: DISGUISES[disguise].write
    for name, disguise in {
        "plain": "exact",
        "folded: capitals": "capitals",
        "folded: full width": "full_width",
        "folded: zero width": "zero_width",
        "folded: homoglyphs": "homoglyphs",
        "split over lines": "over_two_lines",
        "encoded: base64": "base64",
        "encoded: hex": "hex",
        "encoded: percent": "percent",
        "misspelled": "misspelled",
    }.items()
}
"""How an identifier is written where it is planted."""

_MARKS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth",
          "Tenth")  # fmt: skip
_ENDS = ("about reporting", "for the review", "this quarter", "before the renewal")
OWN_SENTENCE = "Only one says that"
"""How a sentence begins that no other tenant writes about the same identifier."""

_TENANTS, _FUNDS, _PER_TEXT, _SHARERS = 50, 10, 50, 6


@dataclass
class PlantedWorld:
    """An intake in which identifiers are planted in texts, by their owner and by others.

    Some texts stand in six tenants of six funds alike, so that only stripping keeps an identifier
    back; others stand in their owner's alone.
    """

    seed: int = 23

    @property
    def tenants(self) -> tuple[TenantEntry, ...]:
        """Fifty tenants, in turn of ten funds."""
        return tuple(
            TenantEntry(f"Portco {n:02}", f"Fund {n % _FUNDS:02}") for n in range(_TENANTS)
        )

    @cached_property
    def identifiers(self) -> dict[str, list[tuple[str, str]]]:
        """Of each tenant 20 pairs of kind and identifier; all differ, none is a word."""
        drawn = random.Random(self.seed)
        given: set[str] = set()

        def name(*syllables: int, written: str = "{} {}") -> str:
            while True:
                words = ["".join(drawn.choices(_SYLLABLES, k=n)).capitalize() for n in syllables]
                if (made := written.format(*words)) not in given:
                    given.add(made)
                    return made

        ordinary = {
            "account": iter(_pairs(_ADJECTIVES, _NOUNS)),
            "person": iter(_pairs(_FIRST_NAMES, _LAST_NAMES)),
        }
        return {
            entry.name: [
                *(("account", name(3, 2)) for _ in range(3)),
                *(("account", next(ordinary["account"])) for _ in range(3)),
                *(("account", name(4, written="{}")) for _ in range(2)),
                *(("person", name(2, 3)) for _ in range(3)),
                *(("person", next(ordinary["person"])) for _ in range(3)),
                *(("email", name(2, 3, 3, written="{}.{}@{}.example").lower()) for _ in range(6)),
            ]
            for entry in self.tenants
        }

    def tables(self) -> Iterator[TableBatch]:
        """Accounts and contacts that the identifiers are of, drafts and reviews that hold them."""
        accounts, contacts, drafts, reviews = [], [], [], []
        for tenant, pairs in self.identifiers.items():
            for n, (kind, identifier) in enumerate(pairs):
                named = identifier if kind == "account" else f"Plain account {n}"
                accounts.append((tenant, f"a{n}", named, "retail", 10, None, None, None, None))
                if kind != "account":
                    person = identifier if kind == "person" else f"Plain contact {n}"
                    email = identifier if kind == "email" else None
                    contacts.append((tenant, f"c{n}", f"a{n}", person, email, None, None))
        for number, (tenant, text) in enumerate(self.texts(every_form=True)):
            sent = datetime(2026, 2, 3, 9, tzinfo=UTC)
            drafts.append(
                (tenant, f"d{number}", "a0", "email", 1, sent, "Hello", text, False, False)
            )
        for number, (tenant, text) in enumerate(self.texts(every_form=False)):
            reviews.append((tenant, f"r{number}", date(2026, 2, 3), "Nobody", 1, text))
        yield TableBatch("tenant_private.crm_accounts", accounts)
        yield TableBatch("tenant_private.crm_contacts", contacts)
        yield TableBatch("tenant_private.sdr_drafts", drafts)
        yield TableBatch("tenant_private.pipeline_reviews", reviews)

    def texts(self, *, every_form: bool) -> Iterator[tuple[str, str]]:
        """Tenants and texts: first what six tenants share, then what is one tenant's own.

        Every identifier stands there in every form, or each in one of them, in turn.
        """
        everybody = [entry.name for entry in self.tenants]
        lines = [
            line for tenant in everybody for line in self._lines(tenant, every_form=every_form)
        ]
        for start in range(0, len(lines), _PER_TEXT):
            for tenant in everybody[:_SHARERS]:
                yield tenant, "\n".join(lines[start : start + _PER_TEXT])
        for tenant in everybody:
            yield tenant, "\n".join(self._lines(tenant, own=True))

    def _lines(self, tenant: str, *, own: bool = False, every_form: bool = False) -> list[str]:
        return [
            _carrier(turn, place, write(identifier), own=own)
            for place, (_, identifier) in enumerate(self.identifiers[tenant])
            for turn, write in enumerate(FORMS.values())
            if every_form or place % len(FORMS) == turn
        ]

    def planted(self, form: str, *, every_form: bool) -> list[str]:
        """The identifiers that are planted in that form."""
        turn = list(FORMS).index(form)
        return [
            identifier
            for pairs in self.identifiers.values()
            for place, (_, identifier) in enumerate(pairs)
            if every_form or place % len(FORMS) == turn
        ]


def _carrier(turn: int, place: int, planted: str, *, own: bool) -> str:
    """A sentence around a planted identifier, which tells by a word in which form it stands."""
    start = OWN_SENTENCE if own else "We work with"
    return f"{_MARKS[turn]} {start} {planted} {_ENDS[place % len(_ENDS)]}."


def _pairs(first: Iterable[str], second: Iterable[str]) -> list[str]:
    return [f"{one} {other}" for one in first for other in second]


@dataclass(frozen=True)
class Count:
    """Of so many planted identifiers, how many can be read whole and how many at least in part."""

    planted: int
    whole: int
    in_part: int


def _reached_whole(released: str, form: str, identifier: str) -> bool:
    written = FORMS[form](identifier)
    return any(squashed(each) in released for each in (identifier, written))


def _reached_in_part(words: set[str], form: str, identifier: str) -> bool:
    """Whether a word of it, four letters or longer, stands there: as it is, or as it is written."""
    parts = re.findall(r"[^\W_]{4,}", f"{identifier} {FORMS[form](identifier)}".casefold())
    return not words.isdisjoint(parts)


def squashed(text: str) -> str:
    """The text as who searches would compare it: letters and digits alone, in small letters."""
    return "".join(filter(str.isalnum, text.casefold()))


def counted(released: Iterable[str], world: PlantedWorld, *, every_form: bool) -> dict[str, Count]:
    """How many of the planted identifiers reached what was released, by form."""
    sentences = list(released)
    marks = dict(zip(FORMS, map(str.casefold, _MARKS), strict=True))
    carrying = set(re.findall(r"\w+", " ".join((OWN_SENTENCE, "We work with", *_ENDS)).casefold()))
    counts: dict[str, Count] = {}
    for form, mark in marks.items():
        # What bears no mark at all is a half of a sentence that was split over lines.
        told = [
            each
            for each in sentences
            if each.startswith(mark)
            or (form == "split over lines" and not each.startswith(tuple(marks.values())))
        ]
        whole = "\n".join(map(squashed, told))
        words = set(re.findall(r"[^\W_]+", " ".join(told).casefold())) - carrying
        planted = world.planted(form, every_form=every_form)
        counts[form] = Count(
            len(planted),
            sum(_reached_whole(whole, form, each) for each in planted),
            sum(_reached_in_part(words, form, each) for each in planted),
        )
    return counts
