"""One line of a benchmark's table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """Seconds of ours, and of the peer where there is one."""

    what: str
    ours: float
    peer: float | None = None
    peer_name: str = ""

    @property
    def ours_said(self) -> str:
        """Our figure in a fitting unit."""
        return _said(self.ours)

    @property
    def peer_said(self) -> str:
        """The peer's figure and what it is."""
        return "-" if self.peer is None else f"{_said(self.peer)} ({self.peer_name})"

    @property
    def ratio_said(self) -> str:
        """Ours over the peer's."""
        return "-" if self.peer is None else f"{self.ours / self.peer:.1f}x"


def _said(seconds: float) -> str:
    for unit, least in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= least:
            return f"{seconds / least:.2f} {unit}"
    return f"{seconds * 1e6:.0f} us"
