"""The four data classes and the policy over them, as data with pure predicates.

Nothing here knows a database or a framework. What is not written in these tables is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

__all__ = [
    "LEGAL_EDGES",
    "POLICIES",
    "ClassPolicy",
    "DataClass",
    "FlowRule",
    "PrincipalKind",
    "UnknownDataClass",
    "flow_rule",
    "may_flow",
    "may_read",
    "parse_data_class",
]


class UnknownDataClass(ValueError):
    """A class name that the policy does not know."""


class DataClass(StrEnum):
    """The class of a datum: it governs storage, readers and reuse."""

    TENANT_PRIVATE = "tenant_private"
    FUND_PRIVATE = "fund_private"
    ANONYMIZED_BENCHMARK = "anonymized_benchmark"
    ASCEND_PLATFORM_METRIC = "ascend_platform_metric"


class PrincipalKind(StrEnum):
    """Who can hold a login on the platform's database."""

    TENANT = "tenant"
    FUND = "fund"
    PLATFORM = "platform"
    STEWARD = "steward"
    LOADER = "loader"
    ANONYMIZER = "anonymizer"
    AUDITOR = "auditor"


class FlowRule(StrEnum):
    """On what condition data of one class may flow into a store of another."""

    NEVER = "never"
    FREE = "free"
    SAME_TENANT = "same tenant"
    SAME_FUND = "same fund"
    WORKFLOW = "workflow"
    WORKFLOW_COUNTING_FUNDS = "workflow, counting funds"


@dataclass(frozen=True, slots=True)
class ClassPolicy:
    """What one class means, in the words that stewards and the catalog show."""

    data_class: DataClass
    title: str
    definition: str
    lives_in: str
    readers: frozenset[PrincipalKind]
    readers_inside_a_run: frozenset[PrincipalKind]
    reuse: str
    schema: str


_T, _F, _A, _P = (
    DataClass.TENANT_PRIVATE,
    DataClass.FUND_PRIVATE,
    DataClass.ANONYMIZED_BENCHMARK,
    DataClass.ASCEND_PLATFORM_METRIC,
)
_NOBODY: frozenset[PrincipalKind] = frozenset()

POLICIES: Mapping[DataClass, ClassPolicy] = MappingProxyType(
    {
        _T: ClassPolicy(
            data_class=_T,
            title="Tenant private",
            definition=(
                "One portfolio company's own data: CRM rows, calls, emails, prospects, drafts, "
                "conversations, OAuth tokens, agent run history, memories."
            ),
            lives_in="schema tenant_private, one KV prefix and one vector namespace per tenant",
            readers=frozenset({PrincipalKind.TENANT}),
            readers_inside_a_run=frozenset({PrincipalKind.ANONYMIZER, PrincipalKind.AUDITOR}),
            reuse="Never copied to another tenant; never trains a model that others share.",
            schema="tenant_private",
        ),
        _F: ClassPolicy(
            data_class=_F,
            title="Fund private",
            definition=(
                "One fund's aggregates over its own portfolio: metric rollups, views across "
                "portfolio companies, fund-internal patterns."
            ),
            lives_in="schema fund_private, one vector namespace per fund",
            readers=frozenset({PrincipalKind.FUND}),
            readers_inside_a_run=frozenset({PrincipalKind.ANONYMIZER, PrincipalKind.AUDITOR}),
            reuse="Aggregated and anonymized before the fund can read it; trains nothing shared.",
            schema="fund_private",
        ),
        _A: ClassPolicy(
            data_class=_A,
            title="Anonymized benchmark",
            definition=(
                "Patterns across tenants that point at none of them: industry benchmarks, "
                "playbook libraries, tactic banks, capability priors."
            ),
            lives_in="schema anonymized, vector namespaces pattern_bank and capability_index",
            readers=frozenset(PrincipalKind) - {PrincipalKind.LOADER},
            readers_inside_a_run=_NOBODY,
            reuse="No identifier that maps back; the only class that may train shared models.",
            schema="anonymized",
        ),
        _P: ClassPolicy(
            data_class=_P,
            title="Ascend platform metric",
            definition=(
                "Platform operating data: latency, error counts, agent run counts, cost per run, "
                "workflow durations, evaluation scores."
            ),
            lives_in="schema platform, KV prefix capability_index:{tool_name}",
            readers=frozenset({PrincipalKind.PLATFORM}),
            readers_inside_a_run=frozenset({PrincipalKind.ANONYMIZER, PrincipalKind.AUDITOR}),
            reuse="Shown as aggregates; never returned to a tenant with another's identity.",
            schema="platform",
        ),
    }
)

LEGAL_EDGES: Mapping[tuple[DataClass, DataClass], FlowRule] = MappingProxyType(
    {
        (_T, _T): FlowRule.SAME_TENANT,
        (_T, _F): FlowRule.WORKFLOW,
        (_T, _A): FlowRule.WORKFLOW,
        (_T, _P): FlowRule.WORKFLOW,
        (_F, _T): FlowRule.NEVER,
        (_F, _F): FlowRule.SAME_FUND,
        (_F, _A): FlowRule.WORKFLOW_COUNTING_FUNDS,
        (_F, _P): FlowRule.NEVER,
        (_A, _T): FlowRule.FREE,
        (_A, _F): FlowRule.FREE,
        (_A, _A): FlowRule.FREE,
        (_A, _P): FlowRule.FREE,
        (_P, _T): FlowRule.NEVER,
        (_P, _F): FlowRule.NEVER,
        (_P, _A): FlowRule.NEVER,
        (_P, _P): FlowRule.FREE,
    }
)


def parse_data_class(name: str) -> DataClass:
    """The class of that name, or a refusal that lists the four there are."""
    try:
        return DataClass(name)
    except ValueError:
        known = ", ".join(DataClass)
        message = f"there is no data class {name[:60]!r}: the policy knows {known}; use one of them"
        raise UnknownDataClass(message) from None


def flow_rule(source: DataClass, target: DataClass) -> FlowRule:
    """The condition on an edge from a store of one class into a store of another."""
    return LEGAL_EDGES.get((source, target), FlowRule.NEVER)


def may_flow(
    source: DataClass,
    target: DataClass,
    *,
    same_owner: bool = False,
    in_workflow: bool = False,
    counts_funds: bool = False,
) -> bool:
    """Whether that edge is legal under the given conditions; each condition must be proven."""
    match flow_rule(source, target):
        case FlowRule.FREE:
            return True
        case FlowRule.SAME_TENANT | FlowRule.SAME_FUND:
            return same_owner
        case FlowRule.WORKFLOW:
            return in_workflow
        case FlowRule.WORKFLOW_COUNTING_FUNDS:
            return in_workflow and counts_funds
        case FlowRule.NEVER:
            return False


def may_read(kind: PrincipalKind, data_class: DataClass, *, inside_run: bool = False) -> bool:
    """Whether a principal of that kind may read that class (its own rows, where rows are owned)."""
    policy = POLICIES[data_class]
    return kind in policy.readers or (inside_run and kind in policy.readers_inside_a_run)
