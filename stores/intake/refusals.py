"""What refuses a whole intake before any of its rows is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "BadMapping",
    "EmptyFile",
    "IntakeError",
    "MissingFile",
    "UnreadableFile",
    "WrongHeader",
    "refuse_if_any",
]


class IntakeError(Exception):
    """Base of what an intake refuses; raised itself where faults of several kinds meet.

    IntakeError
    ├── BadMapping
    ├── EmptyFile
    ├── MissingFile
    ├── UnreadableFile
    └── WrongHeader
    """


class MissingFile(IntakeError):
    """A file of the export is not there."""


class EmptyFile(IntakeError):
    """A file holds no header, or a header and no rows."""


class WrongHeader(IntakeError):
    """A file's first line does not name exactly the expected columns."""


class UnreadableFile(IntakeError):
    """A file is not UTF-8 text, cannot be opened, or its rows cannot be told apart."""


class BadMapping(IntakeError):
    """The assignment of sales agents to portcos and funds contradicts itself."""


def refuse_if_any(faults: Iterable[IntakeError]) -> None:
    """Raise one error that lists every fault, sorted; of their kind where they share one."""
    found = sorted(faults, key=str)
    if not found:
        return
    kinds = {type(fault) for fault in found}
    kind = kinds.pop() if len(kinds) == 1 else IntakeError
    message = "the export was refused:\n  " + "\n  ".join(str(fault) for fault in found)
    raise kind(message)
