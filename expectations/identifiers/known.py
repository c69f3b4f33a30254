"""Known identifiers: names, addresses and domains that tenants are known to use."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Self

from expectations.identifiers.kinds import IdentifierKind

__all__ = ["KnownIdentifiers"]

_WORD = re.compile(r"\w+")
_SHORTEST = 4


class KnownIdentifiers:
    """A set of identifiers to look for, built inside a run and gone with it."""

    def __init__(self, sought: dict[str, IdentifierKind]) -> None:
        self._sought = sought

    @classmethod
    def build(cls, identifiers: Iterable[tuple[IdentifierKind, str]]) -> Self:
        """Remember these: pairs of the kind to report and the text to look for."""
        sought: dict[str, IdentifierKind] = {}
        for kind, text in identifiers:
            key = "".join(_WORD.findall(text)).casefold()
            if len(key) >= _SHORTEST:
                sought.setdefault(key, kind)
        return cls(sought)

    def __len__(self) -> int:
        return len(self._sought)

    def kind_of(self, words: Iterable[str]) -> IdentifierKind | None:
        """The kind under which a run of words is known."""
        return self._sought.get("".join(words).casefold())
