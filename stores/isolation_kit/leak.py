"""One leak that the kit found."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Leak"]


@dataclass(frozen=True, slots=True)
class Leak:
    """Which probe found it, in which family, and what it did; never a value."""

    probe: str
    family: str
    what: str

    def __str__(self) -> str:
        return f"{self.family} {self.probe}: {self.what}"
