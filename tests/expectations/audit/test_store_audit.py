"""The audit of our own stores finds what drifted, wherever it drifted, and shows no value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from catalog.data_classes import DataClass
from catalog.declared import REGISTRY
from catalog.registry import Registry

if TYPE_CHECKING:
    from expectations.audit.store_audit import StoreAudit
    from stores.platform import Platform

pytestmark = pytest.mark.integration

CANARY = "jane.canary@secret-portco.example"
ACCOUNTS = "tenant_private.crm_accounts"
OWN = "tenant_id = (SELECT control.tenant())"


@pytest.fixture(scope="module")
def populated(platform: Platform) -> Platform:
    """Two tenants of two funds, with an account each."""
    from stores.boundary.provisioning import ensure_owners

    ids = ensure_owners(platform, {"Portco A": "Fund One", "Portco B": "Fund Two"}, reason="test")
    for tenant in ids.tenants.values():
        with platform.tenant_session(tenant, "test") as session:
            session.write_tenant_private(
                "crm_accounts", [{"tenant_id": tenant, "account_id": "1", "name": CANARY}]
            )
    return platform


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a DataHub that has the whole catalog."""
    from catalog.datahub_client import DataHubSettings, connect
    from catalog.datahub_model import catalog_batches
    from catalog.embedded_datahub.server import EmbeddedDataHub

    with EmbeddedDataHub(tmp_path_factory.mktemp("hub") / "catalog.db", "t") as running:
        with connect(DataHubSettings(running.url, "t", embedded=True)) as connection:
            for batch in catalog_batches(REGISTRY, datetime(2026, 3, 2, tzinfo=UTC)):
                connection.emit(batch)
        yield running.url


@pytest.fixture
def audited(
    populated: Platform, hub: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], StoreAudit]:
    """Runs the audit, with DataHub at hand."""
    from expectations.audit.store_audit import audit_stores

    monkeypatch.setenv("DATAHUB_GMS_URL", hub)
    monkeypatch.setenv("DATAHUB_GMS_TOKEN", "t")
    return lambda: audit_stores(populated)


@contextmanager
def changed(platform: Platform, change: str, undo: str) -> Iterator[None]:
    """As an administrator would by hand, past every rule; undone afterwards."""
    for statements in (change, undo):
        with platform.admin_engine().begin() as connection:
            connection.execute(text(statements))
        if statements is change:
            try:
                yield
            except BaseException:
                with platform.admin_engine().begin() as connection:
                    connection.execute(text(undo))
                raise


def told(audit: StoreAudit) -> set[tuple[str, str]]:
    return {(finding.rule.rule_id, finding.place.name) for finding in audit.findings}


NO_FUND_ROWS = ("AUD602", "fund logins")


def test_a_sound_installation_has_one_note_of_what_could_not_be_probed(
    audited: Callable[[], StoreAudit],
) -> None:
    """No fund has aggregates yet, so that its probe proves nothing; everything else holds."""
    audit = audited()
    assert told(audit) == {NO_FUND_ROWS}
    assert audit.looked_at["stores"] == len(REGISTRY) == audit.looked_at["datasets in DataHub"]
    assert sum(audit.stores_by_class.values()) == len(REGISTRY)


def test_what_drifted_in_the_database_is_found_by_every_part_that_sees_it(
    populated: Platform, audited: Callable[[], StoreAudit]
) -> None:
    """An open policy by its rule and by the probe; a table that nobody declared; keys; content."""
    change = (
        f"ALTER POLICY own_rows ON {ACCOUNTS} USING (true);"
        "CREATE TABLE tenant_private.by_hand (a text);"
        "INSERT INTO platform.kv_entries (key, value)"
        " VALUES ('stranger:1', '1'), ('platform:x', '1');"
        "INSERT INTO anonymized.anonymized_playbooks VALUES"
        f" ('p', 'retail', 'ask {CANARY}', 'Call.', gen_random_uuid())"
    )
    undo = (
        f"ALTER POLICY own_rows ON {ACCOUNTS} USING ({OWN});"
        "DROP TABLE tenant_private.by_hand; DELETE FROM platform.kv_entries;"
        "DELETE FROM anonymized.anonymized_playbooks"
    )
    with changed(populated, change, undo):
        audit = audited()
    found = told(audit)
    assert found >= {
        ("AUD101", "boundary/policies.no_open_door"),
        ("AUD101", "boundary/tables.registered"),
        ("AUD401", "anonymized.anonymized_playbooks"),
        ("AUD501", "platform.kv_entries"),
        ("AUD601", ACCOUNTS),
    }
    counts = {finding.subject: dict(finding.counts) for finding in audit.findings}
    assert counts["keys"] == {"keys": 1, "of": 2}
    assert counts[f"tenant {ACCOUNTS}"] == {"rows": 1}
    assert CANARY not in repr(audit)
    assert told(audited()) == {NO_FUND_ROWS}


def test_what_drifted_in_datahub_is_found(hub: str, audited: Callable[[], StoreAudit]) -> None:
    """A label that somebody loosened, a store it lost, and one that nobody declared."""
    import datahub.metadata.schema_classes as models
    from datahub.emitter.mcp import MetadataChangeProposalWrapper

    from catalog.datahub_client import DataHubSettings, connect
    from catalog.datahub_model import catalog_batches
    from catalog.datahub_names import CLASS_PROPERTY, dataset_urn

    benchmark = models.StructuredPropertiesClass(
        [models.StructuredPropertyValueAssignmentClass(CLASS_PROPERTY, ["anonymized_benchmark"])]
    )
    accounts, drafts = (dataset_urn(REGISTRY.get(name)) for name in ("crm_accounts", "drafts"))
    stray = accounts.replace("crm_accounts", "by_hand")
    with connect(DataHubSettings(hub, "t", embedded=True)) as connection:
        connection.emit(
            [
                MetadataChangeProposalWrapper(entityUrn=accounts, aspect=benchmark),
                MetadataChangeProposalWrapper(
                    entityUrn=drafts, aspect=models.StatusClass(removed=True)
                ),
                MetadataChangeProposalWrapper(
                    entityUrn=stray, aspect=models.DatasetPropertiesClass(name="by_hand")
                ),
            ]
        )
        try:
            found = told(audited())
        finally:
            connection.emit(
                [
                    MetadataChangeProposalWrapper(
                        entityUrn=drafts, aspect=models.StatusClass(removed=False)
                    ),
                    MetadataChangeProposalWrapper(
                        entityUrn=stray, aspect=models.StatusClass(removed=True)
                    ),
                ]
            )
            for batch in catalog_batches(REGISTRY, datetime(2026, 3, 2, tzinfo=UTC)):
                connection.emit(batch)
    assert found == {
        NO_FUND_ROWS,
        ("AUD301", ACCOUNTS),
        ("AUD302", "tenant_private.drafts"),
        ("AUD303", "tenant_private.by_hand"),
    }


def test_a_datahub_that_is_down_is_told_and_the_rest_audited(populated: Platform) -> None:
    """Labels that were not compared must not read as labels that agree."""
    from expectations.audit.store_audit import audit_stores

    assert told(audit_stores(populated)) == {NO_FUND_ROWS, ("AUD304", "DataHub")}


def test_every_rule_is_in_the_manual() -> None:
    """What an auditor reads names each rule, and what to do."""
    from expectations.audit.rules import RULES

    manual = (Path(__file__).parents[3] / "docs" / "quarterly-audit.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| (AUD\d{3}) \| (.+?) \|", manual, re.MULTILINE))
    assert rows == {rule_id: rule.title for rule_id, rule in RULES.items()}


def test_a_column_that_no_migration_documents_is_found() -> None:
    """Nor one that a migration documents as something else."""
    from expectations.audit.store_audit import _migrations

    first, *others = REGISTRY
    column, *rest = first.columns
    name = first.qualified_name
    undocumented = replace(first, columns=(*first.columns, replace(column, name="added")))
    relabelled = replace(first, columns=(replace(column, data_class=DataClass.FUND_PRIVATE), *rest))
    assert list(_migrations(REGISTRY)) == []
    (one,) = _migrations(Registry([undocumented, *others]))
    (two,) = _migrations(Registry([relabelled, *others]))
    assert (one.rule.rule_id, one.subject) == ("AUD201", f"{name}.added")
    assert (two.rule.rule_id, two.subject) == ("AUD201", f"{name}.{column.name}")
    assert two.place.name.startswith("stores/migrations/versions/0")
