"""One line of a benchmark's table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Figure", "Unit"]

_CLEARLY_FASTER = 0.5  # below it a ratio is said the other way round


class Unit(StrEnum):
    """What a figure counts."""

    SECONDS = "s"
    GIGABYTES = "GB"
    BYTES = "bytes"


@dataclass(frozen=True)
class Figure:
    """Ours, and the peer's where there is one; `at_least` where that was stopped before its end."""

    what: str
    ours: float
    peer: float | None = None
    peer_name: str = ""
    at_least: bool = False
    unit: Unit = Unit.SECONDS

    @property
    def ours_said(self) -> str:
        """Our figure in a fitting unit."""
        return _said(self.ours, self.unit)

    @property
    def peer_said(self) -> str:
        """The peer's figure and what it is."""
        if self.peer is None:
            return self.peer_name or "-"
        bound = "more than " if self.at_least else ""
        return f"{bound}{_said(self.peer, self.unit)} ({self.peer_name})"

    @property
    def ratio_said(self) -> str:
        """Ours over the peer's, or how many times faster ours is."""
        if self.peer is None:
            return "-"
        if self.ours < _CLEARLY_FASTER * self.peer:
            bound = "more than " if self.at_least else ""
            return f"{bound}{self.peer / self.ours:,.0f}x faster"
        return f"{self.ours / self.peer:.1f}x"


def _said(value: float, unit: Unit) -> str:
    if unit is Unit.GIGABYTES:
        return f"{value:.2f} GB"
    if unit is Unit.BYTES:
        return f"{value:,.0f} bytes"
    for name, least in (("s", 1.0), ("ms", 1e-3)):
        if value >= least:
            return f"{value / least:,.2f} {name}"
    return f"{value * 1e6:.0f} us"
