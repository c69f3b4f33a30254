"""Embeds a text by feature hashing: no model, only counted words in hashed places.

Every word and every pair of neighbours adds 1 or -1 at one of 384 places, both decided by a hash
of it; the vector is then scaled to length 1. Texts that share words lie close together, which is
all that a sample needs (Weinberger et al., Feature Hashing for Large Scale Multitask Learning).
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise
from math import sqrt

__all__ = ["DIMENSIONS", "hashed_embedding"]

DIMENSIONS = 384

_WORD = re.compile(r"\w+")


def hashed_embedding(text: str) -> list[float]:
    """The text's vector: 384 numbers of length 1, the same on every machine."""
    words = _WORD.findall(text.lower()) or [""]
    vector = [0.0] * DIMENSIONS
    for feature in (*words, *map(" ".join, pairwise(words))):
        place, sign = _place_of(feature)
        vector[place] += sign
    # n words have n - 1 pairs: an odd number of ones never adds up to nothing everywhere.
    length = sqrt(sum(value * value for value in vector))
    return [value / length for value in vector]


@lru_cache(maxsize=65_536)
def _place_of(feature: str) -> tuple[int, float]:
    hashed = int.from_bytes(blake2b(feature.encode(), digest_size=8).digest())
    return hashed % DIMENSIONS, 1.0 if hashed >> 63 else -1.0
