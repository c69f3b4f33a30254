"""Splits a migration into its statements, with lines, without ever holding more than one of them.

Strings, quoted names, comments and the bodies of triggers are skipped over; what is not closed is
an error with its line.
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
_UNCLOSED = frozenset({b"'", b'"', b"`", b"/*"})


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
        self._start = 3 if content[:3] == _BOM else 0
        self._begun = False
        self._in_trigger = False
        self._depth = 0
        self.header: list[HeaderLine] = []

    def __iter__(self) -> Iterator[Statement]:
        """Every statement in order; `UnclosedText` where the rest cannot be told apart."""
        for match in _TOKEN.finditer(self._content, self._start):
            token, at = match.group(), match.start()
            if self._is_leading_comment(token, at):
                self._note_header(token, at)
                self._start = match.end()
            elif token in _UNCLOSED:
                raise UnclosedText(self._line(at))
            elif token == b";" and not self._depth:
                if at > self._start:
                    yield self._statement(self._start, at)
                self._start, self._begun, self._in_trigger = match.end(), False, False
            elif token[:1].isalpha():
                self._follow(token.upper(), at)
        rest = self._start if self._begun else self._skip_blank(self._start)
        if rest < len(self._content):
            yield self._statement(rest, len(self._content))

    def _is_leading_comment(self, token: bytes, at: int) -> bool:
        """Whether it is a comment before a statement; else the statement has begun."""
        if self._begun:
            return False
        self._start = self._skip_blank(self._start)
        if self._start == at and token[:2] in {b"--", b"/*"} and token not in _UNCLOSED:
            return True
        self._begun = True
        return False

    def _follow(self, word: bytes, at: int) -> None:
        """Keep count of what BEGIN and CASE open inside a trigger, and END closes."""
        if word == b"CREATE" and at == self._start:
            self._in_trigger = _TRIGGER.match(self._content, at) is not None
        elif self._in_trigger and word in {b"BEGIN", b"CASE"}:
            self._depth += 1
        elif self._in_trigger and word == b"END":
            self._depth = max(0, self._depth - 1)

    def _skip_blank(self, position: int) -> int:
        blank = _BLANK.match(self._content, position)
        return blank.end() if blank else position

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
