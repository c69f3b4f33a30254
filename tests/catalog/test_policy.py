"""The policy as data must say what the architecture's tables say, and refuse what they do not."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.data_classes import (
    LEGAL_EDGES,
    POLICIES,
    DataClass,
    FlowRule,
    PrincipalKind,
    UnknownDataClass,
    flow_rule,
    may_flow,
    may_read,
    parse_data_class,
)
from catalog.floors import FLOORS, DisclosurePolicy, LoosenedFloor, floor_violations, require_floors

T, F, A, P = (
    DataClass.TENANT_PRIVATE,
    DataClass.FUND_PRIVATE,
    DataClass.ANONYMIZED_BENCHMARK,
    DataClass.ASCEND_PLATFORM_METRIC,
)


@pytest.mark.parametrize("name", ["", "TENANT_PRIVATE", "tenant", "public", "tenant_private "])
def test_a_class_that_does_not_exist_is_refused(name: str) -> None:
    """There are four classes; nothing is guessed from a name that is nearly one."""
    with pytest.raises(UnknownDataClass, match="the policy knows tenant_private, fund_private"):
        parse_data_class(name)


def test_every_pair_of_classes_has_a_rule() -> None:
    """No edge is legal because somebody forgot to write it down."""
    assert set(LEGAL_EDGES) == set(product(DataClass, DataClass))
    assert set(POLICIES) == set(DataClass)


@pytest.mark.parametrize(("source", "target"), [(F, T), (F, P), (P, T), (P, F), (P, A)])
def test_a_forbidden_edge_stays_forbidden(source: DataClass, target: DataClass) -> None:
    """No condition opens what the table says never."""
    assert flow_rule(source, target) is FlowRule.NEVER
    assert not may_flow(source, target, same_owner=True, in_workflow=True, counts_funds=True)


@pytest.mark.parametrize("target", [F, A, P])
def test_a_tenants_data_crosses_in_a_workflow_alone(target: DataClass) -> None:
    """The same owner is no way across."""
    assert not may_flow(T, target, same_owner=True)
    assert may_flow(T, target, in_workflow=True)


def test_fund_data_crosses_only_by_counting_funds() -> None:
    """A benchmark of fund data that counts tenants would show a fund."""
    assert not may_flow(F, A, in_workflow=True)
    assert may_flow(F, A, in_workflow=True, counts_funds=True)


@pytest.mark.parametrize("data_class", [T, F])
def test_within_a_class_the_owner_must_be_the_same(data_class: DataClass) -> None:
    """One tenant's data never flows to another tenant."""
    assert not may_flow(data_class, data_class, in_workflow=True)
    assert may_flow(data_class, data_class, same_owner=True)


def test_readers_are_those_of_the_policy() -> None:
    """A fund never reads tenant data, the platform neither; benchmarks are for everyone."""
    assert [kind for kind in PrincipalKind if may_read(kind, T)] == [PrincipalKind.TENANT]
    assert [kind for kind in PrincipalKind if may_read(kind, F)] == [PrincipalKind.FUND]
    assert [kind for kind in PrincipalKind if may_read(kind, P)] == [PrincipalKind.PLATFORM]
    assert may_read(PrincipalKind.ANONYMIZER, T, inside_run=True)
    assert not may_read(PrincipalKind.ANONYMIZER, T)
    assert not may_read(PrincipalKind.LOADER, A)


@pytest.mark.parametrize("edge", FLOORS, ids="->".join)
def test_a_policy_at_its_floor_is_accepted(edge: tuple[DataClass, DataClass]) -> None:
    """The floor itself is allowed; so is anything tighter."""
    require_floors(*edge, FLOORS[edge])


@pytest.mark.parametrize(
    "loosened",
    [
        {"k_tenants": 4},
        {"k_after_leaving_out_a_fund": 4},
        {"max_share": Decimal("0.61")},
        {"max_share": Decimal(0)},
        {"p_percent": 9},
    ],
)
def test_a_loosened_floor_is_refused_by_name(loosened: dict[str, object]) -> None:
    """Each rule of the floor holds by itself, and the refusal says which one was broken."""
    policy = replace(FLOORS[T, A], **loosened)  # type: ignore[arg-type]
    with pytest.raises(LoosenedFloor, match=next(iter(loosened))):
        require_floors(T, A, policy)


def test_an_edge_without_a_floor_releases_nothing() -> None:
    """What nobody thought of is refused, however tight its policy."""
    assert floor_violations(P, A, DisclosurePolicy(k_tenants=10_000, k_funds=100, p_percent=100))


@given(k=st.integers(0, 12), without=st.integers(0, 12), p=st.integers(0, 30))
def test_tightening_never_breaks_a_floor(k: int, without: int, p: int) -> None:
    """If a policy holds, every tighter one holds too."""
    policy = DisclosurePolicy(k, without, 0, Decimal("0.6"), p)
    if not floor_violations(T, A, policy):
        tighter = DisclosurePolicy(k + 1, without + 1, 1, Decimal("0.5"), p + 1)
        assert not floor_violations(T, A, tighter)
