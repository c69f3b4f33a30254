"""The default embedder: counted features in hashed places, without a model and without a network.

Words, pairs of neighbours and three-letter pieces of words each add to one of 384 places with a
sign, both decided by a hash of the feature; the vector is scaled to length 1. Texts that share
words or parts of words lie close (Weinberger et al., Feature Hashing for Large Scale Multitask
Learning, ICML 2009). It knows no meaning: synonyms are far apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b, sha256
from itertools import pairwise
from math import sqrt

__all__ = ["FEATURE_HASHING", "FeatureHashing"]

_DIMENSIONS = 384
_WORD = re.compile(r"\w+")
_PIECE = 3
_WORD_WEIGHT, _PAIR_WEIGHT, _PIECE_WEIGHT = 1.0, 0.7, 0.3
_VERSION = "feature-hashing 1: words 1.0, pairs 0.7, pieces of three 0.3, blake2b, 384 places"


@dataclass(frozen=True, slots=True)
class FeatureHashing:
    """Embeds by hashing."""

    name: str = "feature-hashing"

    @property
    def digest(self) -> str:
        """Of its version alone: its code is in the source digest as a module."""
        return sha256(_VERSION.encode()).hexdigest()

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector of length 1 for each text."""
        return [_embedded(text) for text in texts]


FEATURE_HASHING = FeatureHashing()


def _embedded(text: str) -> list[float]:
    vector = [0.0] * _DIMENSIONS
    for feature, weight in _features(text):
        place, sign = _place_of(feature)
        vector[place] += sign * weight
    length = sqrt(sum(value * value for value in vector))
    if not length:
        place, _ = _place_of(text)
        vector[place] = length = 1.0
    return [value / length for value in vector]


def _features(text: str) -> Iterator[tuple[str, float]]:
    words = _WORD.findall(text.casefold())
    for word in words:
        yield word, _WORD_WEIGHT
        marked = f"#{word}#"
        for start in range(len(marked) - _PIECE + 1):
            yield f"piece {marked[start : start + _PIECE]}", _PIECE_WEIGHT
    for pair in pairwise(words):
        yield " ".join(pair), _PAIR_WEIGHT


@lru_cache(maxsize=65_536)
def _place_of(feature: str) -> tuple[int, float]:
    hashed = int.from_bytes(blake2b(feature.encode(), digest_size=8).digest())
    return hashed % _DIMENSIONS, 1.0 if hashed >> 63 else -1.0
