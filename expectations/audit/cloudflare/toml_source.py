"""Reads wrangler.toml: tomlkit gives the values, the scan beside it their lines and comments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import tomlkit
from tomlkit.exceptions import ParseError, TOMLKitError

from expectations.audit.cloudflare.bindings import Block, Configuration, UnreadableConfiguration
from expectations.audit.cloudflare.labels import Comment

__all__ = ["read_toml"]

_TOKEN = re.compile(
    r'"""(?:[^\\]|\\.)*?"""|\'\'\'.*?\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\''
    r"|#[^\n]*|\n|[\[\]{}=,]|[^\s\[\]{}=,#\"']+|\S",
    re.DOTALL,
)


def read_toml(text: str) -> Configuration:
    """Every table of the file that could bind a store, with its comments."""
    text = text.replace("\r\n", "\n")
    try:
        values = tomlkit.parse(text).unwrap()
    except ParseError as error:
        raise UnreadableConfiguration(error.line, "it is no TOML") from None
    except (TOMLKitError, RecursionError, ValueError) as error:
        raise UnreadableConfiguration(1, f"it is no TOML ({type(error).__name__})") from None
    scan = _Scan()
    scan.run(text)
    blocks = [
        Block(section, fields, *_lines(scan.spans.get(section, []), entries, position))
        for section, entries in _sections(values, "")
        for position, fields in enumerate(entries)
    ]
    return Configuration(tuple(blocks), tuple(scan.comments))


def _sections(
    values: Mapping[str, object], above: str
) -> Iterator[tuple[str, Sequence[Mapping[str, object]]]]:
    """Every array of tables, by its dotted name."""
    for name, value in values.items():
        path = f"{above}{name}"
        if isinstance(value, Mapping):
            yield from _sections(value, f"{path}.")
            yield path, [value]
        elif isinstance(value, list) and value and all(isinstance(v, Mapping) for v in value):
            yield path, value


def _lines(
    spans: Sequence[tuple[int, int]], entries: Sequence[object], position: int
) -> tuple[int, int]:
    # Where the scan and the values disagree no comment is taken for a label: nothing is guessed.
    return spans[position] if len(spans) == len(entries) else (0, 0)


@dataclass
class _Scan:
    """Walks the tokens of a file that is known to be sound TOML."""

    spans: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)
    _header: str = ""
    _open: list[tuple[str, int]] = field(default_factory=list)
    _last_code: int = 0

    def run(self, text: str) -> None:
        line, start_of_line, depth, key = 1, True, 0, ""
        tokens = [(m.group(), m.start()) for m in _TOKEN.finditer(text)]
        braces: list[int] = []
        position = 0
        while position < len(tokens):
            token, _ = tokens[position]
            position += 1
            if token == "\n":
                line, start_of_line = line + 1, True
                continue
            if token.startswith("#"):
                self.comments.append(Comment(line, token, alone=start_of_line))
                continue
            if start_of_line and not depth:
                if token == "[":
                    position = self._begin(tokens, position, line)
                    start_of_line, self._last_code = False, line
                    continue
                key = _key(tokens, position - 1)
            start_of_line, self._last_code = False, line
            if token in {"[", "{"}:
                depth += 1
                if token == "{":
                    braces.append(line)
            elif token in {"]", "}"}:
                depth -= 1
                if token == "}" and braces:
                    self._note(key, braces.pop(), line)
            line += token.count("\n")
            self._last_code = line
        self._end()

    def _begin(self, tokens: list[tuple[str, int]], position: int, line: int) -> int:
        """A header: the block before it ends at its last line of code."""
        self._end()
        words = []
        while tokens[position][0] != "]":
            words.append(tokens[position][0])
            position += 1
        many = bool(words) and words[0] == "["
        self._header = "".join(_bare(word) for word in words if word != "[")
        self._open = [(self._header, line)]
        return position + (2 if many else 1)

    def _end(self) -> None:
        for section, first in self._open:
            self.spans.setdefault(section, []).append((first, max(first, self._last_code)))
        self._open = []

    def _note(self, key: str, first: int, last: int) -> None:
        section = f"{self._header}.{key}" if self._header else key
        self.spans.setdefault(section, []).append((first, last))


def _key(tokens: list[tuple[str, int]], position: int) -> str:
    words = []
    while position < len(tokens) and tokens[position][0] not in {"=", "\n"}:
        words.append(_bare(tokens[position][0]))
        position += 1
    return "".join(words)


def _bare(word: str) -> str:
    return word.strip("\"'")
