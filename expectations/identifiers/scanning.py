"""One scan of a folded buffer for the anchors of every kind, and the close look at each.

Hyperscan reads the buffer once for all anchors, in time that grows with its length alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

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
from expectations.identifiers.anchors import Anchor, Span
from expectations.identifiers.kinds import IdentifierKind

__all__ = ["Scanned", "scan"]


@dataclass(slots=True)
class Scanned:
    """What is identified, and runs of bytes that may stand for something else."""

    spans: list[Span] = field(default_factory=list)
    encoded: list[tuple[int, int]] = field(default_factory=list)
    escaped: list[tuple[int, int]] = field(default_factory=list)
    spaced: list[tuple[int, int]] = field(default_factory=list)


def scan(buffer: bytes) -> Scanned:
    """Every identifier of the buffer by its shape, and every run worth decoding."""
    matches: list[tuple[int, int]] = []
    found = matches.append

    def note(anchor: int, _start: int, end: int, _flags: int, _context: object) -> None:
        found((end, anchor))

    _database().scan(buffer, match_event_handler=note)
    matches.sort()
    scanned = Scanned()
    keep = scanned.spans.append
    confirms = _CONFIRMS
    settled = 0
    for end, anchor in matches:
        if end <= settled:
            continue
        if anchor < _RUNS:
            span = confirms[anchor](buffer, end, settled)
            if span is not None:
                keep(span)
                settled = max(settled, span[1])
        else:
            _note_run(scanned, buffer, end, anchor)
    return scanned


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
_RUNS = len(_ANCHORS)

_IN_RUN = rb"[0-9A-Za-z+/_=-]"
_SHORTEST_RUN = 11
# A run with a capital or a digit after its first letter; one match a run, since all end together.
_RUN_START = rb"[^0-9A-Za-z+/_=-](?:" + b"|".join(
    _IN_RUN * before + b"[0-9A-Z]" + _IN_RUN * (_SHORTEST_RUN - before - 1)
    for before in range(1, _SHORTEST_RUN)
) + b")"
_ESCAPE = rb"%[0-9A-Fa-f]{2}|&(?:#|commat|period)|\\u00[0-9A-Fa-f]{2}|\\x[0-9A-Fa-f]{2}"
_LETTERS_APART = rb"[^0-9A-Za-z](?:[0-9A-Za-z@.][ ._*|-]){4}[0-9A-Za-z@.][^0-9A-Za-z]"


@cache
def _database() -> hyperscan.Database:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    expressions = [anchor.expression for anchor in _ANCHORS]
    caseless = hyperscan.HS_FLAG_CASELESS
    flags = [caseless if anchor.in_any_case else 0 for anchor in _ANCHORS]
    expressions += [_RUN_START, _ESCAPE, _LETTERS_APART]
    flags += [0, 0, 0]
    database.compile(
        expressions=expressions,
        ids=list(range(len(expressions))),
        elements=len(expressions),
        flags=flags,
    )
    return database


_LONGEST_RUN = 16_384
_WRAPPED = re.compile(rb"[0-9A-Za-z+/_=-]{1,16384}(?:\r?\n[0-9A-Za-z+/_=-]{4,128}){0,256}")
_UNSPACED = re.compile(rb"[^\s\x00]{1,4096}")
_APART = re.compile(rb"(?:[0-9A-Za-z@.][ ._*|-]{1,3}){4,256}[0-9A-Za-z@.](?![0-9A-Za-z])")


def _note_run(scanned: Scanned, buffer: bytes, end: int, anchor: int) -> None:
    """Remember a run to decode; a long random one is a secret whatever it stands for."""
    kind = anchor - _RUNS
    if kind == 0:
        start = end - _SHORTEST_RUN - 1 + 1
        found = credentials.RUN.match(buffer, start, start + _LONGEST_RUN)
        if found is None:
            return
        if credentials.is_random(buffer, start, found.end()):
            scanned.spans.append((start, found.end(), IdentifierKind.SECRET))
        scanned.encoded.append((start, found.end()))
        if found.end() - start >= 60:  # lines of 60 to 76 characters are one text
            wrapped = _WRAPPED.match(buffer, start)
            if wrapped and wrapped.end() > found.end():
                scanned.encoded.append((start, wrapped.end()))
        return
    runs, pattern, back = (
        (scanned.escaped, _UNSPACED, 512) if kind == 1 else (scanned.spaced, _APART, 0)
    )
    if runs and end <= runs[-1][1]:
        return
    if kind == 1:
        before = _UNSPACED.match(buffer[max(end - back, 0) : end][::-1])
        start = end - (before.end() if before else 0)
    else:
        start = end - 10
    found = pattern.match(buffer, start)
    if found:
        runs.append((start, found.end()))
