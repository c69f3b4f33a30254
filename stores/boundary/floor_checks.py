"""Checks of the disclosure floors: publish judges by what the database holds of them."""

from __future__ import annotations

from collections.abc import Iterator

from catalog.data_classes import DataClass
from catalog.floors import FLOORS, DisclosurePolicy, floor_violations
from stores.boundary.inspection import Check, Inspected

__all__ = ["FLOOR_CHECKS"]


def _floors(seen: Inspected) -> Iterator[str]:
    kept = {
        (row.from_class, row.to_class): DisclosurePolicy(
            k_tenants=row.k_tenants,
            k_after_leaving_out_a_fund=row.k_after_leaving_out_a_fund,
            k_funds=row.k_funds,
            max_share=row.max_share,
            p_percent=row.p_percent,
        )
        for row in seen.rows(
            "SELECT from_class, to_class, k_tenants, k_after_leaving_out_a_fund, k_funds, "
            "max_share, p_percent FROM control.class_floors"
        )
    }
    declared = {(str(source), str(target)) for source, target in FLOORS}
    for source, target in sorted(declared - kept.keys()):
        yield f"{source} -> {target}: no floor in control.class_floors"
    for source, target in sorted(kept.keys() - declared):
        yield f"{source} -> {target}: no such edge in catalog/floors.py"
    for source, target in sorted(kept.keys() & declared):
        policy = kept[source, target]
        for loosened in floor_violations(DataClass(source), DataClass(target), policy):
            yield f"{source} -> {target}: {loosened}"


FLOOR_CHECKS = (
    Check(
        "floors.as_declared",
        "the floors that publish enforces are no looser than the policy's",
        "UPDATE control.class_floors to catalog/floors.py; kv_audit says who changed it, and when",
        _floors,
    ),
)
