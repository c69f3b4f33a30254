"""Splits a migration into its statements, with lines, without ever holding more than one of them.

Strings, quoted names, comments and the bodies of triggers are skipped over; what is not closed is an
error with its line.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["HeaderLine", "Statement", "Statements", "UnclosedText"]

_TOKEN = re.compile(
    rb"'[^']*+(?:''[^']*+)*+'|\"[^\"]*+\"|`[^`]*+`|\[[^\]\n]*+\]|--[^\n]*+|/\*.*?\*/"
    rb"|['\"`;]|/\*|\b(?:BEGIN|CASE|END|CREATE)\b",
    re.IGNORECASE | re.DOTALL,
)
_TRIGGER = re.compile(rb"CREATE\s+(?:TEMP(?:ORARY)?\s+)?TRIGGER\b", re.IGNORECASE)
_BLANK = re.compile(rb"\s*")
_MOST_SHOWN = 1_000_000
_BOM = b"\xef\xbb\xbf"


class UnclosedText(ValueError):
    """A string, a quoted name or a comment that never ends."""

    def __init__(self, line: int) -> None:
        super().__init__(f"a string, a quoted name or a comment does not end (line {line})")
        self.line = line


@dataclass(frozen=True, slots=True)
class HeaderLine:
    """One line of the comments before the first statement."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: where it begins, its text without the semicolon; none if it is too long."""

    line: int
    text: str | None
    start: str


class Statements:
    """The statements of one file, read once; its header's lines are known when they end."""

    def __init__(self, content: bytes | mmap.mmap) -> None:
        self._content = content
        self._counted = (0, 1)
        self.header: list[HeaderLine] = []

    def __iter__(self) -> Iterator[Statement]:
        """Every statement in order; `UnclosedText` where the rest cannot be told apart."""
        content = self._content
        position = 3 if content[:3] == _BOM else 0
        start, depth, in_trigger, begun = position, 0, False, False
        for match in _TOKEN.finditer(content, position):
            token = match.group()
            at = match.start()
            if not begun:
                lead = _BLANK.match(content, start)
                first = lead.end() if lead else start
                if (
                    token[:2] in {b"--", b"/*"}
                    and first == at
                    and len(token) > 1
                    and token != b"/*"
                ):
                    self._note_header(token, at)
                    start = match.end()
                    continue
                start, begun = first, first < len(content)
            if token in {b"'", b'"', b"`", b"/*"}:
                raise UnclosedText(self._line(at))
            if token == b";" and not depth:
                if at > start:
                    yield self._statement(start, at)
                start, begun, in_trigger = match.end(), False, False
            elif token[:1].isalpha():
                word = token.upper()
                if word == b"CREATE" and at == start:
                    in_trigger = _TRIGGER.match(content, at) is not None
                elif in_trigger:
                    depth += -1 if word == b"END" and depth else word in {b"BEGIN", b"CASE"}
        lead = _BLANK.match(content, start)
        rest = lead.end() if lead else start
        if rest < len(content):
            yield self._statement(rest, len(content))

    def _statement(self, start: int, end: int) -> Statement:
        self._opened = True
        line = self._line(start)
        beginning = self._content[start : min(end, start + 200)].decode("utf-8", "replace")
        if end - start > _MOST_SHOWN:
            return Statement(line, None, beginning)
        return Statement(line, self._content[start:end].decode("utf-8", "replace"), beginning)

    _opened = False

    def _note_header(self, token: bytes, at: int) -> None:
        if self._opened or len(token) > _MOST_SHOWN:
            return
        line = self._line(at)
        self.header += [
            HeaderLine(line + n, text)
            for n, text in enumerate(token.decode("utf-8", "replace").split("\n"))
        ]

    def _line(self, position: int) -> int:
        """The line of that place; asked in order, each part of the file is counted once."""
        known, line = self._counted
        step = 1 << 20
        while known < position:
            part = self._content[known : min(position, known + step)]
            line += part.count(b"\n")
            known += len(part)
        self._counted = (known, line)
        return line
