"""The disclosure floors of the policy: a workflow may tighten them and never loosen them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from catalog.data_classes import DataClass

__all__ = ["FLOORS", "DisclosurePolicy", "LoosenedFloor", "floor_violations", "require_floors"]


class LoosenedFloor(ValueError):
    """A workflow's policy is looser than the floor of its target class."""


@dataclass(frozen=True, slots=True)
class DisclosurePolicy:
    """What a cell must satisfy before it may be released.

    ``k_tenants``: distinct tenants that contribute to a cell.
    ``k_after_leaving_out_a_fund``: distinct tenants left when any one fund's portcos are removed.
    ``k_funds``: distinct funds that contribute.
    ``max_share``: largest share of a cell's total that one tenant may hold, 0 < share <= 1
    ((n,k)-dominance with n = 1).
    ``p_percent``: p% rule; the total less its two largest contributions must reach p % of the
    largest (Federal Committee on Statistical Methodology, working paper 22).
    A value of 0 (or a share of 1) switches that rule off.
    """

    k_tenants: int
    k_after_leaving_out_a_fund: int = 0
    k_funds: int = 0
    max_share: Decimal = Decimal(1)
    p_percent: int = 0

    def as_parameters(self) -> dict[str, int | str]:
        """The policy as JSON-ready values, for keys, registrations and DataHub."""
        return {
            "k_tenants": self.k_tenants,
            "k_after_leaving_out_a_fund": self.k_after_leaving_out_a_fund,
            "k_funds": self.k_funds,
            "max_share": str(self.max_share),
            "p_percent": self.p_percent,
        }


_SHARE, _P_PERCENT = Decimal("0.60"), 10

FLOORS: Mapping[tuple[DataClass, DataClass], DisclosurePolicy] = MappingProxyType(
    {
        (DataClass.TENANT_PRIVATE, DataClass.ANONYMIZED_BENCHMARK): DisclosurePolicy(
            k_tenants=5, k_after_leaving_out_a_fund=5, max_share=_SHARE, p_percent=_P_PERCENT
        ),
        (DataClass.FUND_PRIVATE, DataClass.ANONYMIZED_BENCHMARK): DisclosurePolicy(
            k_tenants=5, k_funds=3, max_share=_SHARE, p_percent=_P_PERCENT
        ),
        (DataClass.TENANT_PRIVATE, DataClass.FUND_PRIVATE): DisclosurePolicy(
            k_tenants=3, max_share=_SHARE, p_percent=_P_PERCENT
        ),
        (DataClass.TENANT_PRIVATE, DataClass.ASCEND_PLATFORM_METRIC): DisclosurePolicy(k_tenants=1),
    }
)


def floor_violations(
    source: DataClass, target: DataClass, policy: DisclosurePolicy
) -> tuple[str, ...]:
    """Every rule of the floor that the policy is looser than, in words; empty when it holds."""
    floor = FLOORS.get((source, target))
    if floor is None:
        return (f"{source} -> {target}: no floor is set for this edge, so nothing may be released",)
    at_least = ("k_tenants", "k_after_leaving_out_a_fund", "k_funds", "p_percent")
    found = [
        f"{name} is {getattr(policy, name)}, the floor is {getattr(floor, name)}"
        for name in at_least
        if getattr(policy, name) < getattr(floor, name)
    ]
    if policy.max_share > floor.max_share or policy.max_share <= 0:
        found.append(f"max_share is {policy.max_share}, the floor is {floor.max_share}")
    return tuple(found)


def require_floors(source: DataClass, target: DataClass, policy: DisclosurePolicy) -> None:
    """Refuse a policy that is looser than its floor, naming every rule it breaks."""
    found = floor_violations(source, target, policy)
    if found:
        message = (
            f"{source} -> {target}: refused by the disclosure floors of catalog.floors: "
            f"{'; '.join(found)}; tighten the workflow's policy"
        )
        raise LoosenedFloor(message)
