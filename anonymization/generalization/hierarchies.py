"""Value hierarchies: what each value of a quasi-identifier becomes at each level of coarseness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Hierarchy"]


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """One column's hierarchy over a domain of leaf values, from level 0 (as it is) to the top.

    ``labels[level]`` are that level's distinct labels, in first-leaf order; ``codes[level, leaf]``
    is the label's number. Level 0 is the identity. Built by this module's functions, which check
    that it is total (every leaf has a label at every level), functional (one label each) and
    monotone (leaves that share a label share it at every level above).
    """

    column: str
    labels: tuple[tuple[str | None, ...], ...]
    codes: npt.NDArray[np.int32]  # (levels, leaves)

    @property
    def levels(self) -> int:
        """How many levels there are, level 0 included."""
        return len(self.labels)
