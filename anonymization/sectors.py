"""The sectors that accounts are grouped by, and what they become where they must be coarser."""

from __future__ import annotations

from collections.abc import Mapping

from anonymization.dimensions import HIDDEN, Dimension

__all__ = ["SECTORS", "sector_dimension"]

_GROUPS: Mapping[str, str] = {
    "employment": "business services",
    "entertainment": "consumer",
    "finance": "finance and health",
    "marketing": "business services",
    "medical": "finance and health",
    "other": "other",
    "retail": "consumer",
    "services": "business services",
    "software": "digital",
    "technology": "digital",
    "telecommunications": "digital",
}
_NAMED = ", ".join(f"'{sector}'" for sector in sorted(_GROUPS.keys() - {"other"}))

SECTORS = frozenset({*_GROUPS, *_GROUPS.values(), HIDDEN})
"""Every value a released sector may have."""


def sector_dimension(column: str, made_of: tuple[str, ...]) -> Dimension:
    """The sector that a column of the rows names; what we do not know is `other`."""
    return Dimension(
        "sector",
        f"CASE WHEN lower({column}) IN ({_NAMED}) THEN lower({column}) ELSE 'other' END",
        made_of,
        coarser=(_GROUPS,),
        may_be_hidden=True,
    )
