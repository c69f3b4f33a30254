"""Seeded random draws in bulk; the only place where the sample touches numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy import float64, int64
    from numpy.typing import NDArray

__all__ = ["Draws", "chunks"]

_CHUNK = 50_000


class Draws:
    """One stream of draws: the same seed and stream name always give the same draws."""

    def __init__(self, seed: int, stream: str) -> None:
        # numpy costs 0.2 s to import, which the command line should pay only when it draws.
        import numpy  # noqa: PLC0415, ICN001

        self._numpy = numpy
        self._generator = numpy.random.default_rng([seed, crc32(stream.encode())])

    def below(self, limit: int | NDArray[int64], size: int) -> NDArray[int64]:
        """Whole numbers from 0 to below the limit, evenly."""
        return self._generator.integers(0, limit, size)

    def weighted(self, weights: Sequence[float], size: int) -> NDArray[int64]:
        """Positions in the weights, each as often as its weight says."""
        edges = self._numpy.asarray(weights, dtype=float).cumsum()
        found: NDArray[int64] = edges.searchsorted(
            self._generator.random(size) * edges[-1], side="right"
        ).clip(0, len(weights) - 1)
        return found

    def uniform(self, size: int) -> NDArray[float64]:
        """Numbers from 0 to below 1."""
        return self._generator.random(size)

    def normal(self, size: int) -> NDArray[float64]:
        """Standard normal numbers."""
        return self._generator.standard_normal(size)

    def lognormal(self, medians: NDArray[float64] | float, sigma: float, size: int) -> list[int]:
        """Whole numbers of at least 1 around the medians, with a long tail to the right."""
        drawn = medians * self._numpy.exp(sigma * self._generator.standard_normal(size))
        whole: list[int] = drawn.clip(1, 2_000_000_000).astype(int).tolist()
        return whole

    def counted(self, numbers: range) -> NDArray[int64]:
        """The numbers themselves, to calculate with."""
        return self._numpy.arange(numbers.start, numbers.stop)

    def shuffled(self, size: int) -> list[int]:
        """The numbers from 0 to below the size, in random order."""
        order: list[int] = self._generator.permutation(size).tolist()
        return order

    def token(self) -> str:
        """Forty random hexadecimal digits."""
        return self._generator.bytes(20).hex()

    def taken(self, values: Sequence[float], positions: NDArray[int64]) -> NDArray[float64]:
        """The values at the positions."""
        return self._numpy.asarray(values, dtype=float)[positions]


def chunks(total: int) -> Iterator[range]:
    """The numbers below the total in ranges small enough to hold in memory."""
    for first in range(0, total, _CHUNK):
        yield range(first, min(first + _CHUNK, total))
