"""Reads wrangler.jsonc and wrangler.json: JSON with comments and trailing commas, line by line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from expectations.audit.cloudflare.bindings import Block, Configuration, UnreadableConfiguration
from expectations.audit.cloudflare.labels import Comment

__all__ = ["read_jsonc"]

_TOKEN = re.compile(
    r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/|\n|[\[\]{}:,]|[^\s\[\]{}:,"/]+|\S', re.DOTALL
)
_DEEPEST = 64


@dataclass(slots=True)
class _Object:
    """A JSON object with the lines it stands on."""

    fields: dict[str, object] = field(default_factory=dict)
    first: int = 0
    last: int = 0


def read_jsonc(text: str) -> Configuration:
    """Every object of the file that could bind a store, with its comments."""
    reader = _Reader(text.replace("\r\n", "\n"))
    value = reader.whole()
    if not isinstance(value, _Object):
        raise UnreadableConfiguration(1, "it is no JSON object")
    return Configuration(tuple(_blocks(value, "")), tuple(reader.comments))


def _blocks(value: _Object, above: str) -> Iterator[Block]:
    for name, child in value.fields.items():
        path = f"{above}{name}"
        if isinstance(child, _Object):
            yield from _blocks(child, f"{path}.")
            yield Block(path, _plain(child), child.first, child.last)
        elif isinstance(child, list):
            for entry in child:
                if isinstance(entry, _Object):
                    yield Block(path, _plain(entry), entry.first, entry.last)


def _plain(value: _Object) -> Mapping[str, object]:
    return {name: _bare(child) for name, child in value.fields.items()}


def _bare(value: object) -> object:
    if isinstance(value, _Object):
        return _plain(value)
    return [_bare(each) for each in value] if isinstance(value, list) else value


class _Reader:
    """Reads values off the tokens; comments are kept aside."""

    def __init__(self, text: str) -> None:
        self.comments: list[Comment] = []
        self._tokens: list[tuple[str, int]] = []
        self._at = 0
        line, fresh = 1, True
        for match in _TOKEN.finditer(text):
            token = match.group()
            if token == "\n":
                line, fresh = line + 1, True
                continue
            if token.startswith(("//", "/*")):
                self.comments.extend(
                    Comment(line + n, part, alone=fresh) for n, part in enumerate(token.split("\n"))
                )
            else:
                self._tokens.append((token, line))
                fresh = False
            line += token.count("\n")

    def whole(self) -> object:
        """The one value of the file."""
        value = self._value(0)
        if self._at < len(self._tokens):
            raise self._wrong("something follows the end of the object")
        return value

    def _value(self, depth: int) -> object:
        if depth > _DEEPEST:
            raise self._wrong("it nests too deep")
        token, line = self._next()
        if token == "{":
            return self._object(depth, line)
        if token == "[":
            return self._array(depth)
        try:
            return json.loads(token)
        except ValueError:
            raise self._wrong("a value is none of JSON's") from None

    def _object(self, depth: int, first: int) -> _Object:
        made = _Object(first=first)
        while True:
            token, line = self._next()
            if token == "}":
                made.last = line
                return made
            if not token.startswith('"'):
                raise self._wrong("a name stands in double quotes")
            name = str(json.loads(token))
            if self._next()[0] != ":":
                raise self._wrong("a colon follows a name")
            if name in made.fields:
                raise self._wrong("a name stands twice in one object")
            made.fields[name] = self._value(depth + 1)
            self._comma("}")

    def _array(self, depth: int) -> list[object]:
        made: list[object] = []
        while True:
            if self._peek() == "]":
                self._next()
                return made
            made.append(self._value(depth + 1))
            self._comma("]")

    def _comma(self, end: str) -> None:
        if self._peek() == ",":
            self._next()
        elif self._peek() != end:
            raise self._wrong("a comma is missing", ahead=1)

    def _peek(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""

    def _next(self) -> tuple[str, int]:
        if self._at >= len(self._tokens):
            raise self._wrong("it ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _wrong(self, why: str, ahead: int = 0) -> UnreadableConfiguration:
        place = min(max(self._at - 1 + ahead, 0), len(self._tokens) - 1)
        line = self._tokens[place][1] if self._tokens else 1
        return UnreadableConfiguration(line, f"it is no JSON: {why}")
