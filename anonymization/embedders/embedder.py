"""What an embedder is, and which one is in force: it counts in the digest a steward approves.

An embedder is a plug-in: an object that a package names in the entry point group
``classline.embedders``; ``CLASSLINE_EMBEDDER`` chooses it by that name.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Protocol, runtime_checkable

from anonymization.embedders.feature_hashing import FEATURE_HASHING

__all__ = [
    "DIMENSIONS",
    "Embedder",
    "EmbedderRefused",
    "embedder_in_force",
    "written_embeddings",
]

DIMENSIONS = 384
_GROUP, _SETTING = "classline.embedders", "CLASSLINE_EMBEDDER"
_SHORTEST_DIGEST = 32


class EmbedderRefused(ValueError):
    """No embedder of that name, or one that is not what it should be."""


@runtime_checkable
class Embedder(Protocol):
    """Embeds texts, the same text always to the same vector.

    ``digest`` changes whenever a vector could: it names code and weights.
    """

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def digest(self) -> str:
        """A digest of its code and its weights."""

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """One vector of 384 numbers for each text."""


def embedder_in_force() -> Embedder:
    """The embedder that the setting names, feature hashing without one."""
    wanted = os.environ.get(_SETTING, "") or FEATURE_HASHING.name
    if wanted == FEATURE_HASHING.name:
        return FEATURE_HASHING
    found = entry_points(group=_GROUP, name=wanted)
    if len(found) != 1:
        known = ", ".join(sorted({FEATURE_HASHING.name, *entry_points(group=_GROUP).names}))
        message = (
            f"{_SETTING} names {wanted[:60]!r}: refused, {len(found)} installed packages offer an "
            f"embedder of that name; take one of {known}"
        )
        raise EmbedderRefused(message)
    loaded = next(iter(found)).load()
    if not isinstance(loaded, Embedder) or len(loaded.digest) < _SHORTEST_DIGEST:
        message = (
            f"embedder {wanted[:60]!r}: refused, it has no name, no digest of "
            f"{_SHORTEST_DIGEST} characters or no embed(); correct the package"
        )
        raise EmbedderRefused(message)
    return loaded


def written_embeddings(embedder: Embedder, texts: Sequence[str]) -> list[str]:
    """The vectors as a vector column reads them, six digits kept; others than 384 are refused."""
    vectors = embedder.embed(texts) if texts else []
    if len(vectors) != len(texts) or not all(map(_is_sound, vectors)):
        message = (
            f"embedder {embedder.name[:60]!r}: refused, a text has no vector of {DIMENSIONS} "
            "finite numbers with a direction; correct the embedder"
        )
        raise EmbedderRefused(message)
    return [f"[{','.join(f'{number:.6g}' for number in vector)}]" for vector in vectors]


def _is_sound(vector: Sequence[float]) -> bool:
    return len(vector) == DIMENSIONS and all(map(math.isfinite, vector)) and any(vector)
