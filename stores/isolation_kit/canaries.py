"""Canaries: what only one owner's data holds, and how to see it in any disguise."""

from __future__ import annotations

import base64
import dataclasses
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from string import ascii_letters, ascii_lowercase, digits
from urllib.parse import unquote_plus

__all__ = ["Canary", "Sighting", "new_canary", "sightings"]

_MARK_LETTERS = 20
_PLACE_LETTERS = 3
_NUMBER_DIGITS = 8
_DEPTH_LIMIT = 12
_CONTAINERS = (Mapping, list, tuple, set, frozenset)
_UNKNOWN = "a place unknown"
_NOT_ALPHANUMERIC = bytes(set(range(256)) - set((ascii_letters + digits).encode()))
_NOT_LETTERS = bytes(set(range(256)) - set(ascii_lowercase.encode()))


@dataclass(frozen=True, slots=True)
class Sighting:
    """A canary that was seen: in which disguise, and where it had been planted."""

    disguise: str
    place: str

    def __str__(self) -> str:
        return f"{self.place} ({self.disguise})"


@dataclass(slots=True)
class Canary:
    """One owner's mark: letters in all its texts, digits in all its numbers."""

    mark: str
    number: str
    places: list[str] = field(default_factory=list)

    def text(self, place: str) -> str:
        """A text for that place, which no other place has."""
        index = len(self.places)
        self.places.append(place)
        code = ""
        for _ in range(_PLACE_LETTERS):
            index, letter = divmod(index, len(ascii_lowercase))
            code += ascii_lowercase[letter]
        return self.mark + code

    def integer(self, row: int) -> int:
        """A whole number that starts with the canary's digits."""
        return int(self.number) * 10 + row % 10

    def fraction(self) -> float:
        """A number below one whose digits are the canary's; exact enough for single precision."""
        return int(self.number[1:6] + "5") / 10**6

    def place_after(self, text: str) -> str:
        """Where the mark at the start of that text was planted."""
        index = 0
        for letter in reversed(text[len(self.mark) : len(self.mark) + _PLACE_LETTERS]):
            index = index * len(ascii_lowercase) + ascii_lowercase.find(letter)
        return self.places[index] if 0 <= index < len(self.places) else _UNKNOWN


def new_canary() -> Canary:
    """A fresh canary; its letters and digits occur nowhere else."""
    mark = "".join(secrets.choice(ascii_lowercase) for _ in range(_MARK_LETTERS))
    rest = "".join(secrets.choice("123456789") for _ in range(_NUMBER_DIGITS - 1))
    return Canary(mark, f"1{rest}")


def sightings(observed: object, *canaries: Canary) -> tuple[Sighting, ...]:
    """Where those canaries stand in what was observed: plain, encoded, reversed or split."""
    found: dict[Sighting, None] = {}
    for whole in _renderings(observed):
        text = _Text(whole)
        for canary in canaries:
            found |= dict.fromkeys(_in_text(canary, text))
    return tuple(found)


class _Text:
    """One text in the forms in which canaries are looked for."""

    def __init__(self, text: str) -> None:
        self.low = text.casefold()
        self.joined = _without(text, _NOT_ALPHANUMERIC)
        self.joined_low = self.joined.casefold()
        self.letters = _without(self.low, _NOT_LETTERS)
        self.grouped = re.sub(r"(?<=\d)[,_ ](?=\d)", "", self.low)
        self.unquoted = unquote_plus(self.low) if "%" in text else self.low


def _without(text: str, unwanted: bytes) -> str:
    return text.encode("ascii", "ignore").translate(None, unwanted).decode("ascii")


def _in_text(canary: Canary, text: _Text) -> Iterator[Sighting]:
    mark = canary.mark
    for disguise, where in (
        ("plain", text.low),
        ("url", text.unquoted),
        ("split", text.joined_low),
        ("split", text.letters),
    ):
        at = where.find(mark)
        if at >= 0:
            yield Sighting(disguise, canary.place_after(where[at:]))
            break
    if any(mark[::-1] in where for where in (text.low, text.letters)):
        yield Sighting("reversed", _UNKNOWN)
    if mark.encode().hex() in text.joined_low:
        yield Sighting("hex", _UNKNOWN)
    if any(core in text.joined for core in _base64_cores(mark)):
        yield Sighting("base64", _UNKNOWN)
    if canary.number in text.grouped or f"0.{canary.number[1:6]}" in text.low:
        yield Sighting("number", _UNKNOWN)


def _base64_cores(mark: str) -> Iterator[str]:
    """What every base64 of a text that holds the mark must hold, at each of three alignments."""
    for shift in range(3):
        padded = b"\0" * shift + mark.encode()
        whole = len(padded) - len(padded) % 3
        core = base64.b64encode(padded[:whole]).decode()
        yield core[4:] if shift else core


def _renderings(observed: object) -> Iterator[str]:
    """The observed values joined row by row, and tables of rows joined column by column too."""
    parts = list(_texts(observed, 0))
    yield "\n".join(parts)
    for table in _tables(observed, 0):
        for column in zip(*table, strict=True):
            yield "\n".join(text for value in column for text in _texts(value, 0))


def _tables(observed: object, depth: int) -> Iterator[list[Sequence[object]]]:
    if depth > _DEPTH_LIMIT:
        return
    children: Iterable[object] = ()
    if isinstance(observed, Mapping):
        children = observed.values()
    elif isinstance(observed, list | tuple):
        children = observed
        rows = [
            tuple(row.values()) if isinstance(row, Mapping) else row
            for row in observed
            if isinstance(row, Mapping | list | tuple)
        ]
        if len(rows) == len(observed) > 1 and len({len(row) for row in rows}) == 1:
            yield list(rows)
    for child in children:
        yield from _tables(child, depth + 1)


def _texts(value: object, depth: int) -> Iterator[str]:
    if depth > _DEPTH_LIMIT or value is None:
        return
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes | bytearray | memoryview):
        yield bytes(value).decode("latin-1")
    else:
        if not isinstance(value, _CONTAINERS):
            yield str(value)
        for part in _parts(value):
            yield from _texts(part, depth + 1)


def _parts(value: object) -> Iterable[object]:
    """What a value is made of, an error's causes and an object's attributes included."""
    if isinstance(value, Mapping):
        return chain.from_iterable(value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return value
    if isinstance(value, BaseException):
        noted = getattr(value, "__notes__", ())
        return (value.args, noted, _diagnostics(value), value.__cause__, value.__context__)
    if dataclasses.is_dataclass(value):
        return [getattr(value, part.name) for part in dataclasses.fields(value)]
    return list(getattr(value, "__dict__", {}).values())


def _diagnostics(error: BaseException) -> list[str]:
    diagnostics = getattr(error, "diag", None)
    names = ("message_primary", "message_detail", "message_hint", "context", "internal_query")
    return [str(getattr(diagnostics, name, "") or "") for name in names] if diagnostics else []
