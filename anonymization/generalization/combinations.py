"""The distinct combinations of a table's quasi-identifiers: all that a search needs of its rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from expectations.disclosure.classes import Classes

__all__ = ["Combinations"]


@dataclass(frozen=True, slots=True)
class Combinations:
    """What one pass over a table yields: each combination once, with who and what is in it.

    ``domains[c]`` lists the values of column c as text, in the order of their codes (numbers and
    dates by value, text by code point); None stands for null, which is a value of its own and
    comes last. ``codes[c, i]`` is the code of column c in combination i. ``classes`` describes
    the combinations as the finest classes. ``tenants`` and ``funds`` are not named here.
    """

    columns: tuple[str, ...]
    domains: tuple[tuple[str | None, ...], ...]
    codes: npt.NDArray[np.int32]  # (columns, combinations)
    classes: Classes
    tenant_count: int = 0
    amount_scale: int = 0
    sensitive_domain: tuple[str | None, ...] = ()

    def __len__(self) -> int:
        return len(self.classes)
