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
    def peer_said(self) -> str:
        """The peer's figure and what it is."""
        return "-" if self.peer is None else f"{self.peer:.2f} s ({self.peer_name})"

    @property
    def ratio_said(self) -> str:
        """Ours over the peer's."""
        return "-" if self.peer is None else f"{self.ours / self.peer:.1f}x"
