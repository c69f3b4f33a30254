"""The registry refuses declarations that contradict the policy, and forgets no label."""

from __future__ import annotations

from dataclasses import replace

import pytest

from catalog.data_classes import DataClass
from catalog.declared import REGISTRY
from catalog.registry import (
    Column,
    ColumnType,
    Dataset,
    ForeignKey,
    InconsistentRegistry,
    Registry,
    StoreKind,
    UnknownDataset,
)

SOUND = REGISTRY.get("tenant_private.crm_accounts")


def test_what_is_not_registered_is_tenant_private() -> None:
    """Rule 1: unlabelled means tenant_private."""
    assert REGISTRY.class_of("some_new_table") is DataClass.TENANT_PRIVATE
    assert REGISTRY.class_of("anonymized_playbooks") is DataClass.ANONYMIZED_BENCHMARK


def test_an_unknown_dataset_says_where_to_look() -> None:
    """The refusal names the declarations and the search."""
    with pytest.raises(UnknownDataset, match="catalog/datasets declares them"):
        REGISTRY.get("nope")
    with pytest.raises(UnknownDataset, match="declares no column"):
        SOUND.column("nope")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"schema": "anonymized"}, "may not live in schema anonymized"),
        ({"schema": "elsewhere"}, "no class of the policy lives in schema elsewhere"),
        ({"owner": ""}, "a description and an owner are required"),
        ({"description": ""}, "a description and an owner are required"),
        ({"primary_key": ("account_id",)}, "tenant_id must come first in the key"),
        ({"primary_key": ("tenant_id", "nope")}, "key column nope is unknown"),
        ({"unique": (("name",),)}, "tenant_id must come first in the key"),
        (
            {"foreign_keys": (ForeignKey(("account_id",), SOUND.qualified_name, ("account_id",)),)},
            "tenant_id must come first in the foreign key",
        ),
        (
            {"foreign_keys": (ForeignKey(("tenant_id",), "nowhere.x", ("tenant_id",)),)},
            "foreign key to unknown nowhere.x",
        ),
        ({"columns": (*SOUND.columns, SOUND.columns[-1])}, "a column is declared twice"),
        (
            {"columns": (*SOUND.columns, Column("extra", ColumnType.TEXT, ""))},
            "crm_accounts.extra: a description is required",
        ),
        ({"kind": StoreKind.KV_PREFIX}, "has a key pattern"),
        ({"key_pattern": "x:{y}"}, "has a key pattern"),
    ],
)
def test_a_declaration_against_the_policy_is_refused(changed: dict[str, object], told: str) -> None:
    """Keys without their owner first are oracles for other tenants' keys; labels are required."""
    broken = replace(SOUND, **changed)  # type: ignore[arg-type]
    with pytest.raises(InconsistentRegistry, match=told):
        Registry((broken,))


def test_a_dataset_is_declared_once() -> None:
    """Two declarations of one store could carry two classes."""
    with pytest.raises(InconsistentRegistry, match="declared twice"):
        Registry((SOUND, SOUND))


def test_a_tenant_id_in_platform_data_must_be_a_registered_reference() -> None:
    """Platform data names a tenant only in columns registered for it."""
    ledger = REGISTRY.get("error_ledger")
    columns = tuple(replace(column, tenant_reference=False) for column in ledger.columns)
    with pytest.raises(InconsistentRegistry, match="outside a tenant_reference column"):
        Registry((replace(ledger, columns=columns),))


def test_every_violation_is_reported_at_once() -> None:
    """Nobody should have to mend a registry one refusal at a time."""
    broken: Dataset = replace(SOUND, owner="", primary_key=("nope",))
    with pytest.raises(InconsistentRegistry) as refused:
        Registry((broken,))
    assert len(str(refused.value).splitlines()) == 4


@pytest.mark.parametrize(
    ("data_class", "names"),
    [
        (
            DataClass.TENANT_PRIVATE,
            """crm_accounts crm_contacts crm_opportunities calls emails prospects drafts
            conversations oauth_tokens agent_runs episodic_memories pipeline_reviews
            semantic_memories""",
        ),
        (
            DataClass.FUND_PRIVATE,
            "portfolio_metric_rollups cross_portco_views op_partner_briefs fund_patterns",
        ),
        (
            DataClass.ANONYMIZED_BENCHMARK,
            """anonymized_industry_benchmarks anonymized_playbooks anonymized_tactics
            pattern_bank capability_index""",
        ),
        (
            DataClass.ASCEND_PLATFORM_METRIC,
            "error_ledger decision_log kv_audit agent_run_aggregates capability_index_by_tool",
        ),
    ],
)
def test_the_stores_of_the_policy_are_registered(data_class: DataClass, names: str) -> None:
    """Every store that the policy names has its class."""
    registered = {dataset.name for dataset in REGISTRY.of_class(data_class)}
    assert set(names.split()) <= registered
