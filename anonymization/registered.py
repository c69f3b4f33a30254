"""The workflows in force: a promotion is legal only through an object in this tuple."""

from __future__ import annotations

from anonymization.workflow import Workflow
from anonymization.workflows.agent_run_aggregates import AGENT_RUN_AGGREGATES
from anonymization.workflows.capability_index_by_tool import CAPABILITY_INDEX_BY_TOOL
from anonymization.workflows.fund_portfolio_rollup import FUND_PORTFOLIO_ROLLUP
from anonymization.workflows.op_partner_brief_patterns import OP_PARTNER_BRIEF_PATTERNS
from anonymization.workflows.pipeline_benchmark import PIPELINE_BENCHMARK
from anonymization.workflows.pipeline_reviewer_summaries import PIPELINE_REVIEWER_SUMMARIES
from anonymization.workflows.sdr_draft_to_pattern_bank import SDR_DRAFT_TO_PATTERN_BANK

__all__ = ["WORKFLOWS", "UnregisteredWorkflow", "registered_workflow"]

WORKFLOWS: tuple[Workflow, ...] = (
    FUND_PORTFOLIO_ROLLUP,
    PIPELINE_BENCHMARK,
    AGENT_RUN_AGGREGATES,
    CAPABILITY_INDEX_BY_TOOL,
    SDR_DRAFT_TO_PATTERN_BANK,
    PIPELINE_REVIEWER_SUMMARIES,
    OP_PARTNER_BRIEF_PATTERNS,
)


class UnregisteredWorkflow(LookupError):
    """No workflow of that name is in force."""


def registered_workflow(name: str) -> Workflow:
    """The workflow of that name, or a refusal that lists those in force."""
    for workflow in WORKFLOWS:
        if workflow.name == name:
            return workflow
    known = ", ".join(workflow.name for workflow in WORKFLOWS)
    message = (
        f"no workflow {name[:60]!r} is registered in anonymization.registered; in force: {known}"
    )
    raise UnregisteredWorkflow(message)
