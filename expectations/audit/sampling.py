"""How much of a store is read, and what a sample that found nothing has shown."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CONFIDENCE", "Sampling", "detectable_share", "share_found"]

CONFIDENCE = 0.95
"""The probability for which a sample's finding power is stated."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """About how many rows of each store are read; all of them where it is None."""

    rows: int | None = 3_000

    def share_of(self, rows: int) -> float | None:
        """The probability with which each of a store's rows is read; None reads them all."""
        if self.rows is None or rows <= self.rows:
            return None
        return self.rows / rows


def detectable_share(rows_read: int, *, confidence: float = CONFIDENCE) -> float:
    """The smallest share of bad rows that a sample of so many finds with that probability.

    Of n rows drawn at random none is bad with probability (1 - share) ** n; solved for the share
    at which that is 1 - confidence. (For n over 100 about 3 / n at 95 %, the rule of three: Hanley
    and Lippman-Hand, JAMA 249, 1983.) 1.0 where nothing was read.
    """
    if rows_read <= 0:
        return 1.0
    return float(1 - (1 - confidence) ** (1 / rows_read))


def share_found(rows: int, rows_read: int) -> float:
    """The share of bad rows of a store that would have been found; 0 where every row was read."""
    return 0.0 if rows_read >= rows else detectable_share(rows_read)
