"""Attacks a candidate's cells as their readers could: counts of where that comes off, no value."""

from __future__ import annotations

from uuid import UUID

from anonymization.workflow import Workflow
from catalog.data_classes import DataClass
from expectations.suites import CheckName, CheckResult
from stores.sessions import AnonymizerSession

__all__ = ["HELD", "SUCCEEDED", "attack_cells"]

HELD = "held_"
"""Before a rule of the release guard: cells that it would hold."""

SUCCEEDED = ("guessed", "singled_out", "telling_released")
"""Counts that must be zero: a part guessed within a tenth, a tenant or all but one subtracted away,
and a released difference to an earlier release that tells of too few tenants."""


def attack_cells(session: AnonymizerSession, workflow: Workflow, promotion_id: UUID) -> CheckResult:
    """Attack the candidate; what comes off fails it, but where the platform alone reads the cells.

    The platform reads everything that its workflows write, and contributes to none of it.
    """
    observed = session.attacked_cells_ascend_platform_metric(promotion_id)
    read_by_contributors = workflow.to_class is not DataClass.ASCEND_PLATFORM_METRIC
    return CheckResult(
        CheckName.RED_TEAM_CELLS,
        passed=not (read_by_contributors and any(observed[name] for name in SUCCEEDED)),
        observed=observed,
    )
