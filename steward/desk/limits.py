"""How often somebody may ask: a bucket of tokens that fills at a steady rate."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

__all__ = ["RateLimit"]

_MOST_KEYS = 10_000


class RateLimit:
    """At most ``burst`` at once and ``per_second`` in the long run, by whoever asks."""

    def __init__(self, *, per_second: float, burst: int, now: Callable[[], float]) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._now = now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._changing = Lock()

    def wait(self, key: str) -> float:
        """Seconds to wait, 0 where it may be done now; asking in vain costs nothing."""
        now = self._now()
        with self._changing:
            tokens, filled = self._buckets.pop(key, (self._burst, now))
            tokens = min(self._burst, tokens + (now - filled) * self._per_second)
            enough = tokens >= 1
            self._buckets[key] = (tokens - 1 if enough else tokens, now)
            while len(self._buckets) > _MOST_KEYS:
                self._buckets.popitem(last=False)
        return 0.0 if enough else (1 - tokens) / self._per_second
