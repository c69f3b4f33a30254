"""A load is whole or absent, may be repeated, and its login reads nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from catalog.data_classes import DataClass
from stores.boundary.provisioning import OwnedElsewhere, ensure_owners
from stores.errors import BoundaryRefused, UnknownOwner
from stores.intake.batches import TableBatch, TenantEntry
from stores.intake.bulk_load import LoadedElsewhere, load_intake, tenant_private_deals_of_others
from stores.intake.crm_export import read_crm_export
from stores.platform import Platform

pytestmark = pytest.mark.integration

ACCOUNTS = "tenant_private.crm_accounts"
CONTACTS = "tenant_private.crm_contacts"
DEALS = "tenant_private.crm_opportunities"


class Planted:
    """An intake of rows given by a test."""

    def __init__(
        self, tenants: dict[str, str], *batches: tuple[str, list[tuple[object, ...]]]
    ) -> None:
        self.tenants = tuple(TenantEntry(name, fund) for name, fund in tenants.items())
        self._batches = batches

    def tables(self) -> Iterator[TableBatch]:
        """The planted batches."""
        return (TableBatch(name, rows) for name, rows in self._batches)


def account(tenant: str, key: str, name: str) -> tuple[object, ...]:
    """A row of crm_accounts."""
    return (tenant, key, name, "retail", 10, None, None, None, None)


def counts(platform: Platform) -> dict[str, int]:
    """Rows of the tables a test loads, staging included."""
    with platform.admin_engine().connect() as connection:
        return {
            name: int(connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one())
            for name in (ACCOUNTS, CONTACTS, "staging.staged_crm_accounts")
        }


def test_a_load_is_repeated_without_effect_and_updates_what_changed(platform: Platform) -> None:
    """New rows in, changed ones over, the same ones left alone."""
    tenants = {"repeat a": "fund r", "repeat b": "fund r"}
    rows = [account("repeat a", "1", "x"), account("repeat b", "1", "y")]
    first = load_intake(platform, Planted(tenants, (ACCOUNTS, rows)), reason="test")
    assert (first.tenants_added, first.tables[0].inserted) == (2, 2)
    again = load_intake(platform, Planted(tenants, (ACCOUNTS, rows)), reason="test")
    assert (again.tenants_added, again.tables[0].unchanged) == (0, 2)
    rows[0] = account("repeat a", "1", "renamed")
    changed = load_intake(platform, Planted(tenants, (ACCOUNTS, rows)), reason="test")
    assert (changed.tables[0].updated, changed.tables[0].unchanged) == (1, 1)
    assert counts(platform)["staging.staged_crm_accounts"] == 0


@pytest.mark.parametrize(
    "contact",
    [
        ("whole a", "1", "no-such-account", "canary person", None, None, None),
        ("whole a", "1", "1", None, None, None, None),
        ("whole a", "1", "1", "canary person\0", None, None, None),
    ],
)
def test_a_load_that_fails_leaves_nothing(platform: Platform, contact: tuple[object, ...]) -> None:
    """A row that the database refuses undoes the whole load; the error shows no value."""
    before = counts(platform)
    intake = Planted(
        {"whole a": "fund w"},
        (ACCOUNTS, [account("whole a", "1", "x")]),
        (CONTACTS, [contact]),
    )
    with pytest.raises(BoundaryRefused) as refused:
        load_intake(platform, intake, reason="test")
    assert counts(platform) == before
    assert "canary" not in str(refused.value)


def test_a_row_of_an_unregistered_tenant_is_refused(platform: Platform) -> None:
    """A row whose owner is not of the load cannot land anywhere."""
    intake = Planted({"known": "fund k"}, (ACCOUNTS, [account("unknown", "1", "x")]))
    before = counts(platform)
    with pytest.raises(UnknownOwner):
        load_intake(platform, intake, reason="test")
    assert counts(platform) == before


def test_a_portco_does_not_change_its_fund_by_a_load(platform: Platform) -> None:
    """Moving a portco changes which fund sees it; a load under another mapping is refused."""
    ensure_owners(platform, {"moving": "first fund"}, reason="test")
    with pytest.raises(OwnedElsewhere, match="1 of 1 portfolio companies") as refused:
        load_intake(platform, Planted({"moving": "second fund"}), reason="test")
    assert "moving" not in str(refused.value).replace("moving one", "")


def deal(portco: str, deal_id: str) -> tuple[object, ...]:
    """A row of crm_opportunities, open and without an account."""
    return (portco, deal_id, None, portco, "GTX Pro", "GTX", "Prospecting", None, None, None)


def test_a_deal_counts_for_one_portco(platform: Platform) -> None:
    """A deal that changed hands would stand under two portcos, and a cell would look safer."""
    tenants = {"seller a": "fund s", "seller b": "fund s"}
    rows = [deal("seller a", "kept"), deal("seller a", "handed over")]
    load_intake(platform, Planted(tenants, (DEALS, rows)), reason="test")
    now = {"kept": "seller a", "handed over": "seller b", "new": "seller b"}
    assert tenant_private_deals_of_others(platform, Planted(tenants), now) == {"handed over"}


def test_a_deal_of_a_portco_that_left_is_no_other_mapping(platform: Platform) -> None:
    """An export that still knows its own deals is read as it was before."""
    loaded = [deal("stays", "stays 1"), deal("leaves", "leaves 1")]
    portfolio = {"stays": "fund l", "leaves": "fund l"}
    load_intake(platform, Planted(portfolio, (DEALS, loaded)), reason="test")
    later = {"stays 1": "stays", "leaves 1": "stays"}
    assert tenant_private_deals_of_others(platform, Planted({"stays": "fund l"}), later) == {
        "leaves 1"
    }


def test_another_mapping_is_refused_whole(platform: Platform) -> None:
    """No known deal is where the export says: every deal would be counted twice."""
    load_intake(
        platform, Planted({"agent": "fund m"}, (DEALS, [deal("agent", "m1")])), reason="test"
    )
    with pytest.raises(LoadedElsewhere, match="1 of 2 deals"):
        tenant_private_deals_of_others(
            platform, Planted({"manager": "region"}), {"m1": "manager", "m2": "manager"}
        )


def test_a_membership_leaves_a_row_in_the_audit(platform: Platform) -> None:
    """Rule 7: adding a portco to a fund is an admin write across a class boundary."""
    owners = ensure_owners(platform, {"audited": "audited fund"}, reason="for the audit")
    with platform.platform_session("test") as session:
        entries = session.read(DataClass.ASCEND_PLATFORM_METRIC, "kv_audit")
    (entry,) = [e for e in entries if e["subject"] == owners.tenants["audited"]]
    assert entry["action"] == "portfolio membership added"
    assert entry["to_value"] == owners.funds["audited fund"]
    assert entry["reason"] == "for the audit"


def test_the_real_export_loads_whole(platform: Platform, crm_export_folder: Path) -> None:
    """8,800 deals of 35 agents under 6 managers, none rejected."""
    export = read_crm_export(crm_export_folder)
    report = load_intake(platform, export, reason="test")
    assert (report.tenants, report.funds, len(export.rejections)) == (35, 6, 0)
    assert {t.dataset: t.inserted for t in report.tables} == {
        "tenant_private.crm_accounts": 1259,
        "tenant_private.crm_opportunities": 8800,
    }
