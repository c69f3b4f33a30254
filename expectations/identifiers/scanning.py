"""One scan of a folded buffer for the anchors of every kind, and the close look at each.

Hyperscan reads the buffer once for all anchors, in time that grows with its length alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from threading import Lock

import hyperscan

from expectations.identifiers import (
    bank_accounts,
    contacts,
    credentials,
    national_numbers,
    networks,
    numbers,
    places,
)
from expectations.identifiers.anchors import Anchor, AnchorGroup, Span
from expectations.identifiers.kinds import IdentifierKind

__all__ = ["Scanned", "scan"]


@dataclass(slots=True)
class Scanned:
    """What is identified, by bytes from and to, and runs that may stand for something else."""

    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    kinds: list[IdentifierKind] = field(default_factory=list)
    encoded: list[tuple[int, int]] = field(default_factory=list)
    escaped: list[tuple[int, int]] = field(default_factory=list)
    spaced: list[tuple[int, int]] = field(default_factory=list)

    def keep(self, span: Span) -> None:
        """One more that is identified."""
        start, end, kind = span
        self.starts.append(start)
        self.ends.append(end)
        self.kinds.append(kind)


_ANCHOR_BITS = 8  # a match is one number, since a million tuples would keep the collector busy
_ANCHOR_MASK = (1 << _ANCHOR_BITS) - 1


def scan(buffer: bytes) -> Scanned:
    """Every identifier of the buffer by its shape, and every run worth decoding."""
    scanned = Scanned()
    settled = looked = 0
    for match in _matches(buffer):
        end = match >> _ANCHOR_BITS
        if end <= settled:
            continue
        anchor = match & _ANCHOR_MASK
        if anchor >= _RUNS:
            _NOTE_RUN[anchor - _RUNS](scanned, buffer, end)
            continue
        if anchor in _LOOKING_BACK:
            span = _CONFIRMS[anchor](buffer, end, max(settled, looked))
            looked = end if span is None else span[1]
        else:
            span = _CONFIRMS[anchor](buffer, end, settled)
        if span is not None:
            scanned.keep(span)
            settled = max(settled, span[1])
    return scanned


# An engine's working memory serves one scan; another thread's would be refused.
_ONE_AT_A_TIME = Lock()


def _matches(buffer: bytes) -> list[int]:
    """Where anchors end, in order, each with its anchor in the lowest bits."""
    matches: list[int] = []
    found = matches.append

    def note(anchor: int, _start: int, end: int, _flags: int, _context: object) -> None:
        found(end << _ANCHOR_BITS | anchor)

    with _ONE_AT_A_TIME:
        for database in _databases():
            database.scan(buffer, match_event_handler=note)
    matches.sort()
    return matches


_TENANT_ID = re.compile(rb"tn_[a-z]{16}(?![a-z])")


def _tenant_id(buffer: bytes, at: int, _settled: int) -> Span | None:
    found = _TENANT_ID.match(buffer, at - 19)
    return (at - 19, at, IdentifierKind.TENANT_ID) if found else None


_ANCHORS: tuple[Anchor, ...] = (
    *contacts.ANCHORS,
    *networks.ANCHORS,
    *bank_accounts.ANCHORS,
    *numbers.ANCHORS,
    *national_numbers.ANCHORS,
    *credentials.ANCHORS,
    *places.ANCHORS,
    Anchor(rb"[^0-9a-z_]tn_[a-z]{16}", _tenant_id, in_any_case=False),
)
_CONFIRMS = tuple(anchor.confirm for anchor in _ANCHORS)
_LOOKING_BACK = {place for place, anchor in enumerate(_ANCHORS) if anchor.looks_back}
_RUNS = len(_ANCHORS)

_IN_RUN = rb"[0-9A-Za-z+/_=-]"
# Inside a run a capital or a digit, and seven more: base64 of eight characters has it.
_RUN = _IN_RUN + rb"[0-9A-Z]" + _IN_RUN + rb"{7}"
_ESCAPE = rb"%[0-9A-Fa-f]{2}|&(?:#|commat|period)|\\u00[0-9A-Fa-f]{2}|\\x[0-9A-Fa-f]{2}"
_LETTERS_APART = rb"[ \n\x00\"'(](?:[!-~\xff][ ]){4}"


@cache
def _databases() -> tuple[hyperscan.Database, ...]:
    expressions: dict[AnchorGroup, list[tuple[bytes, int, int]]] = {}
    for place, anchor in enumerate(_ANCHORS):
        flags = hyperscan.HS_FLAG_CASELESS if anchor.in_any_case else 0
        expressions.setdefault(anchor.group, []).append((anchor.expression, place, flags))
    expressions[AnchorGroup.NAMES].append((_RUN, _RUNS, 0))
    expressions[AnchorGroup.WORDS].append((_ESCAPE, _RUNS + 1, 0))
    expressions[AnchorGroup.APART] = [(_LETTERS_APART, _RUNS + 2, 0)]
    return tuple(_compiled(group) for group in expressions.values())


def _compiled(anchors: list[tuple[bytes, int, int]]) -> hyperscan.Database:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    expressions, places, flags = zip(*anchors, strict=True)
    database.compile(
        expressions=list(expressions), ids=list(places), elements=len(anchors), flags=list(flags)
    )
    return database


_LONGEST_RUN = 16_384
_SHORTEST_RUN = 12
_WRAPPED_LINE = 60  # from that length, lines that follow each other are one text
_BACKWARDS = re.compile(rb"[0-9A-Za-z+/_=-]+")
_WRAPPED = re.compile(rb"[0-9A-Za-z+/_=-]{1,16384}(?:\r?\n[0-9A-Za-z+/_=-]{4,128}){1,256}")
_UNSPACED = re.compile(rb"[^\s\x00]{1,4096}")
_APART = re.compile(rb"(?:[!-~\xff][ ]{1,3}){4,256}[!-~\xff](?![0-9A-Za-z])")


def _note_encoded(scanned: Scanned, buffer: bytes, end: int) -> None:
    """A run to decode; a long random one is a secret whatever it stands for."""
    if scanned.encoded and end <= scanned.encoded[-1][1]:
        return
    before = _BACKWARDS.match(buffer[max(end - 512, 0) : end][::-1])
    start = end - (before.end() if before else 0)
    found = credentials.RUN.match(buffer, start, start + _LONGEST_RUN)
    if found is None or found.end() - start < _SHORTEST_RUN:
        return
    if credentials.is_random(buffer, start, found.end()):
        scanned.keep((start, found.end(), IdentifierKind.SECRET))
    scanned.encoded.append((start, found.end()))
    if found.end() - start >= _WRAPPED_LINE and (wrapped := _WRAPPED.match(buffer, start)):
        scanned.encoded.append((start, wrapped.end()))


def _note_escaped(scanned: Scanned, buffer: bytes, end: int) -> None:
    if scanned.escaped and end <= scanned.escaped[-1][1]:
        return
    before = _UNSPACED.match(buffer[max(end - 512, 0) : end][::-1])
    start = end - (before.end() if before else 0)
    if found := _UNSPACED.match(buffer, start):
        scanned.escaped.append((start, found.end()))


def _note_apart(scanned: Scanned, buffer: bytes, end: int) -> None:
    if scanned.spaced and end <= scanned.spaced[-1][1]:
        return
    if found := _APART.match(buffer, end - 8):
        scanned.spaced.append((end - 8, found.end()))


_NOTE_RUN = (_note_encoded, _note_escaped, _note_apart)
