"""Disclosure models: what every class of a release must satisfy, each checked on all at once.

Model
├── KRows, KTenants, KTenantsWithoutAnyFund, KFunds        how many stand behind a class
├── DistinctDiversity, EntropyDiversity, RecursiveDiversity  how varied its sensitive values are
├── TCloseness                                             how like the whole table they are
└── Dominance, PPercent                                    how much of a sum one tenant holds
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from expectations.disclosure.classes import Classes

__all__ = ["BoolArray", "Model", "satisfied_by"]

BoolArray = npt.NDArray[np.bool_]


class Model(ABC):
    """One rule on classes.

    ``absorbing``: a class that satisfies it still does after any other class joins it. Every model
    here is at least closed under merging: two classes that both satisfy it do so together.
    """

    name: ClassVar[str]
    absorbing: ClassVar[bool]
    higher_is_safer: ClassVar[bool]

    @abstractmethod
    def measured(self, classes: Classes) -> npt.NDArray[np.float64]:
        """What the model measures of each class, (classes,)."""

    @abstractmethod
    def satisfied(self, classes: Classes) -> BoolArray:
        """Whether each class satisfies it, (classes,)."""


def satisfied_by(models: tuple[Model, ...], classes: Classes) -> BoolArray:
    """Whether each class satisfies every model, (classes,)."""
    held = np.ones(len(classes), dtype=np.bool_)
    for model in models:
        held &= model.satisfied(classes)
    return held
