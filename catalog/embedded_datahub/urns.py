"""URNs: reading them, and telling which entity and which key they stand for."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from catalog.embedded_datahub.errors import InvalidUrn
from catalog.embedded_datahub.shapes import EnumShape

if TYPE_CHECKING:
    from catalog.embedded_datahub.json_values import JsonObject
    from catalog.embedded_datahub.schemas import MetadataModel

__all__ = ["Urn", "identifier_of", "key_of", "parse_urn"]

_URN = re.compile(r"urn:li:([A-Za-z][A-Za-z0-9]*):(.+)")
_LONGEST_URN = 512
# URNs of tags, terms, platforms and datasets come again in nearly every proposal.
_REMEMBERED = 16_384
# DataHub reserves this separator for keys inside patches and browse paths.
_TUPLE_MARK = re.compile("[(),]")
_FORBIDDEN = re.compile("[\x00-\x1f\x7f\u241f]")


@dataclass(frozen=True, slots=True)
class Urn:
    """A URN taken apart."""

    text: str
    entity_type: str
    identifier: str

    def parts(self) -> tuple[str, ...]:
        """The members of a tuple identifier, or the identifier itself."""
        if not (self.identifier.startswith("(") and self.identifier.endswith(")")):
            return (self.identifier,)
        return _split_tuple(self.identifier[1:-1])


@functools.lru_cache(maxsize=_REMEMBERED)
def parse_urn(text: str) -> Urn:
    """Take a URN apart; anything else is refused."""
    match = _URN.fullmatch(text)
    malformed = match is None or text != text.strip() or _FORBIDDEN.search(text) is not None
    if match is None or malformed or len(text.encode()) > _LONGEST_URN:
        message = (
            f"{text[:80]!r} is not a URN: write urn:li:<entity type>:<identifier>, "
            f"at most {_LONGEST_URN} bytes, without control characters"
        )
        raise InvalidUrn(message)
    return Urn(text, match.group(1), match.group(2))


def key_of(urn: Urn, model: MetadataModel) -> JsonObject:
    """The key aspect that a URN spells out; one that does not fit its entity type is refused."""
    return dict(_key_items(urn, model))


@functools.lru_cache(maxsize=_REMEMBERED)
def _key_items(urn: Urn, model: MetadataModel) -> tuple[tuple[str, str], ...]:
    if urn.entity_type not in model.entities:
        message = f"{urn.text!r}: entity type {urn.entity_type!r} is not in the metadata model"
        raise InvalidUrn(message)
    fields = model.aspect(model.entity(urn.entity_type).key_aspect).shape.fields
    parts = (urn.identifier,) if len(fields) == 1 else urn.parts()
    if len(parts) != len(fields) or not all(parts):
        message = f"{urn.text!r} does not fit its entity type: it needs {', '.join(fields)}"
        raise InvalidUrn(message)
    key = []
    for (name, field), part in zip(fields.items(), parts, strict=True):
        if isinstance(field.shape, EnumShape) and part not in field.shape.symbols:
            message = (
                f"{urn.text!r}: {name} must be one of {', '.join(sorted(field.shape.symbols))}"
            )
            raise InvalidUrn(message)
        if field.urn_type is not None and part.startswith("urn:"):
            _key_items(parse_urn(part), model)
            key.append((name, part))
        else:
            key.append((name, unquote(part)))
    return tuple(key)


def identifier_of(text: str) -> str:
    """The part of a URN that people chose, or the text itself if it is not a URN."""
    match = _URN.fullmatch(text)
    return match.group(2) if match else text


def _split_tuple(inner: str) -> tuple[str, ...]:
    parts, depth, start = [], 0, 0
    for mark in _TUPLE_MARK.finditer(inner):
        letter = mark.group()
        if letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
        elif depth == 0:
            parts.append(inner[start : mark.start()])
            start = mark.end()
    return (*parts, inner[start:])
