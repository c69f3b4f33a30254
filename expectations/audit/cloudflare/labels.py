"""Labels in comments: what class a comment gives, in whatever language the rest of it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from catalog.data_classes import DataClass

__all__ = ["Comment", "classes_in", "known_class", "promotions_in", "written_near"]

_CLASS = re.compile(r"\b(?:data_)?class\s*[:\uff1a=]\s*([\w-]+)", re.IGNORECASE)
_PROMOTES = re.compile(
    r"\bpromotes\s*[:\uff1a]\s*(nothing|([\w-]+)\s*(?:->|→|to)\s*([\w-]+))", re.IGNORECASE
)
_CLASSES = {str(each): each for each in DataClass}


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment of a configuration file; ``alone`` where nothing else stands on its line."""

    line: int
    text: str
    alone: bool


def known_class(name: str) -> DataClass | None:
    """The class of that name, written as the policy writes it."""
    return _CLASSES.get(name)


def classes_in(comments: Iterable[Comment]) -> list[tuple[str, int]]:
    """Every word that a comment gives as a class, with its line."""
    return [(word, comment.line) for comment in comments for word in _CLASS.findall(comment.text)]


def promotions_in(comments: Iterable[Comment]) -> list[tuple[str, str, int]]:
    """Every promotion that a comment declares, with its line; two empty words for `nothing`."""
    return [
        (found[1], found[2], comment.line)
        for comment in comments
        for found in _PROMOTES.findall(comment.text)
    ]


def written_near(comments: Sequence[Comment], first: int, last: int) -> list[Comment]:
    """The comments on lines ``first`` to ``last``, and those alone on the lines just above."""
    alone = {comment.line for comment in comments if comment.alone}
    top = first
    while top - 1 in alone:
        top -= 1
    return [comment for comment in comments if top <= comment.line <= last]
