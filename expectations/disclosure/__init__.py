"""Decides whether cells may be released: one cell exactly, or all classes of a table at once."""

from __future__ import annotations

from expectations.disclosure.cells import (
    Contribution,
    DisclosureRule,
    PartitionedCells,
    broken_rules,
    distinct_funds,
    distinct_tenants,
    distinct_tenants_without_any_one_fund,
    largest_share,
    p_percent_margin,
    partition_cells,
)

__all__ = [
    "Contribution",
    "DisclosureRule",
    "PartitionedCells",
    "broken_rules",
    "distinct_funds",
    "distinct_tenants",
    "distinct_tenants_without_any_one_fund",
    "largest_share",
    "p_percent_margin",
    "partition_cells",
]
