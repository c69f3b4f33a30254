"""A tenant that is removed is nowhere any more, and nobody else loses anything by it."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from anonymization.promote import publish_candidate
from anonymization.workflows.agent_run_aggregates import AGENT_RUN_AGGREGATES
from anonymization.workflows.fund_portfolio_rollup import FUND_PORTFOLIO_ROLLUP
from anonymization.workflows.pipeline_benchmark import PIPELINE_BENCHMARK
from catalog.data_classes import DataClass, PrincipalKind
from catalog.declared import REGISTRY
from lineage.promotions import PromotionState, read_promotions
from stores.boundary.tenant_removal import Removal, TenantResidue, remove_tenant, stores_of_tenants
from stores.boundary.verification import verify
from stores.errors import BoundaryRefused, StoreError, UnknownOwner
from stores.keyring import LoginSecret
from stores.startup import portfolio
from tests.desk import Desk, a_desk

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Two releases that everybody contributed to, and a candidate that waits."""
    with a_desk(tmp_path_factory.mktemp("removal") / "home") as opened:
        for workflow in (FUND_PORTFOLIO_ROLLUP, PIPELINE_BENCHMARK):
            candidate = opened.candidate(workflow)
            opened.decide(workflow, "approved", opened.steward)
            publish_candidate(opened.platform, workflow, candidate.promotion_id)
        opened.candidate(AGENT_RUN_AGGREGATES)
        yield opened


def rows_of_all(desk: Desk) -> dict[str, dict[str, int]]:
    """By table: how many rows each tenant has."""
    found = {}
    with desk.platform.admin_engine().connect() as connection:
        for dataset in stores_of_tenants():
            rows = connection.execute(
                text(f"SELECT tenant_id, count(*) FROM {dataset.qualified_name} GROUP BY 1")
            )
            found[dataset.qualified_name] = {str(tenant): int(count) for tenant, count in rows}
    return found


def released_rows(desk: Desk) -> dict[str, list[object]]:
    with desk.platform.admin_engine().connect() as connection:
        return {
            table: sorted(str(row) for row in connection.execute(text(f"SELECT * FROM {table}")))
            for table in (
                "fund_private.portfolio_metric_rollups",
                "anonymized.anonymized_industry_benchmarks",
            )
        }


def contributors(desk: Desk) -> dict[tuple[str, int], int]:
    """How many tenants stand behind each released cell."""
    with desk.platform.admin_engine().connect() as connection:
        rows = connection.execute(
            text(
                "SELECT CAST(c.promotion_id AS text), c.cell_no, count(*)"
                " FROM control.cell_contributors c JOIN control.judged_cells j"
                " USING (promotion_id, cell_no) WHERE j.released GROUP BY 1, 2"
            )
        )
        return {(promotion, cell): int(count) for promotion, cell, count in rows}


@pytest.fixture(scope="module")
def before(desk: Desk) -> dict[str, object]:
    """What there was, and who is removed: a tenant with a key, a vector and a load under way."""
    tenant = portfolio(desk.platform)[3][0]
    with desk.platform.tenant_session(tenant, "test") as session:
        session.kv_tenant_private().put("tenant:step", {"of": "work"})
    with desk.platform.loader_session("test") as session:
        accounts = REGISTRY.get("crm_accounts")
        filler = [None] * (len(accounts.columns) - 3)
        session.stage_tenant_private(accounts, uuid4(), [(tenant, "a-left", "Left", *filler)])
    with desk.platform.admin_engine().connect() as connection:
        name = connection.execute(
            text("SELECT external_name FROM control.tenants WHERE tenant_id = :t"), {"t": tenant}
        ).scalar_one()
    return {
        "tenant": tenant,
        "name": name,
        "secret": desk.platform.keyring.login(PrincipalKind.TENANT, tenant),
        "rows": rows_of_all(desk),
        "released": released_rows(desk),
        "contributors": contributors(desk),
    }


@pytest.fixture(scope="module")
def removal(desk: Desk, before: dict[str, object]) -> Removal:
    return remove_tenant(desk.platform, str(before["tenant"]), reason="its contract has ended")


def test_its_rows_are_gone_and_nobody_elses(
    desk: Desk, before: dict[str, object], removal: Removal
) -> None:
    """Rows, keys, vectors and what a load had staged: all of one, none of another."""
    tenant, rows = str(before["tenant"]), before["rows"]
    assert isinstance(rows, dict)
    expected = {
        table: {owner: count for owner, count in owners.items() if owner != tenant}
        for table, owners in rows.items()
    }
    assert rows_of_all(desk) == expected
    for table, owners in rows.items():
        assert removal.rows_erased.get(table, 0) == owners.get(tenant, 0), table
    assert removal.rows_erased["tenant_private.tenant_kv_entries"] == 1
    assert removal.rows_erased["tenant_private.semantic_memories"] > 0
    assert removal.rows_erased["staging.staged_crm_accounts"] == 1


def test_its_id_and_its_name_are_nowhere(
    desk: Desk, before: dict[str, object], removal: Removal
) -> None:
    """Told apart from the search: a dump of every table is looked through as text."""
    with desk.platform.admin_engine().connect() as connection:
        tables = connection.execute(
            text(
                "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname NOT IN"
                " ('pg_catalog', 'information_schema')"
            )
        ).scalars()
        found = {
            table
            for table in tables
            for row in connection.execute(text(f"SELECT CAST(t AS text) FROM {table} t"))
            if str(before["tenant"]) in row[0]
        }
        sampled = connection.execute(
            text(
                "SELECT schemaname || '.' || tablename FROM pg_stats WHERE strpos(concat("
                "CAST(most_common_vals AS text), CAST(histogram_bounds AS text)), :t) > 0"
            ),
            {"t": before["tenant"]},
        )
        samples = set(sampled.scalars())
    assert found == set()
    assert samples == set()
    assert removal.nothing_left
    assert removal.residue is not None
    assert removal.residue.tables_searched > 40
    assert removal.files == ()


def test_the_ledger_is_whole_without_it(desk: Desk, removal: Removal) -> None:
    """What the audit said of it is erased with its salts; no row differs from its leaf."""
    assert removal.nothing_left
    with desk.platform.platform_session("test") as session:
        assert session._rows("SELECT * FROM control.ledger_differences()") == []
        erased = session.records_ascend_platform_metric("ledger_entries", "kind = 'erasure'")
    assert len(erased) == 1


def test_its_login_is_gone(desk: Desk, before: dict[str, object], removal: Removal) -> None:
    """No role, no password in the keyring, and the old password opens nothing."""
    assert not removal.removed_before
    secret = before["secret"]
    assert isinstance(secret, LoginSecret)
    with pytest.raises(UnknownOwner):
        desk.platform.keyring.login(PrincipalKind.TENANT, str(before["tenant"]))
    with desk.platform.admin_engine().connect() as connection:
        roles = connection.execute(
            text("SELECT count(*) FROM pg_roles WHERE rolname = :r"), {"r": secret.login}
        )
        assert roles.scalar_one() == 0
    # First the connection it had open, then one made anew.
    for _ in range(2):
        with (
            desk.platform._login_engine(secret) as engine,
            pytest.raises(DBAPIError),
            engine.connect() as connection,
        ):
            connection.execute(text("SELECT 1"))


def test_what_was_released_stays_and_is_named(
    desk: Desk, before: dict[str, object], removal: Removal
) -> None:
    """Everyone's benchmark stands, with as many tenants behind each cell as there were."""
    assert released_rows(desk) == before["released"]
    assert contributors(desk) == before["contributors"]
    assert set(removal.targets.values()) == {
        "fund_private.portfolio_metric_rollups",
        "anonymized.anonymized_industry_benchmarks",
    }
    named = {
        (promotion, cell) for promotion, cells in removal.released_cells.items() for cell in cells
    }
    assert named
    assert named < set(contributors(desk))


def test_a_candidate_that_rests_on_it_is_ended(desk: Desk, removal: Removal) -> None:
    """Its cells are erased, with the part of the tenant in them."""
    assert removal.rows_erased
    (ended,) = [
        r for r in read_promotions(desk.platform) if r.workflow == AGENT_RUN_AGGREGATES.name
    ]
    assert ended.state is PromotionState.HELD
    assert "was removed" in str(ended.state_reason)
    with desk.platform.admin_engine().connect() as connection:
        for table in ("quarantine.candidate_cells", "control.cell_contributors"):
            left = connection.execute(
                text(f"SELECT count(*) FROM {table} WHERE promotion_id = :p"),
                {"p": ended.promotion_id},
            )
            assert left.scalar_one() == 0


def test_the_next_release_does_not_reveal_it(desk: Desk, removal: Removal) -> None:
    """Without its rows each of its cells differs by it alone: the guard remembers it."""
    candidate = desk.candidate(FUND_PORTFOLIO_ROLLUP)
    outcome = publish_candidate(desk.platform, FUND_PORTFOLIO_ROLLUP, candidate.promotion_id)
    assert outcome.state is PromotionState.PUBLISHED
    assert outcome.rows_published == 0
    of_its_fund = [
        cells
        for promotion, cells in removal.released_cells.items()
        if removal.targets[promotion] == "fund_private.portfolio_metric_rollups"
    ]
    assert 0 < outcome.held["k_tenants"] <= sum(map(len, of_its_fund))


def test_a_second_removal_says_that_it_was_done(
    desk: Desk, before: dict[str, object], removal: Removal
) -> None:
    """By the id, which nobody could read from the record of it."""
    again = remove_tenant(desk.platform, str(before["tenant"]), reason="once more")
    assert again.removed_before
    assert again.released_cells == removal.released_cells
    with desk.platform.admin_engine().connect() as connection:
        (record,) = connection.execute(text("SELECT * FROM control.tenant_removals")).mappings()
    assert record["tenant_id"] is None
    assert str(before["tenant"]) not in str(dict(record))


def test_the_boundary_is_sound_afterwards(desk: Desk, removal: Removal) -> None:
    """Nothing was opened on the way."""
    assert removal.nothing_left
    assert [v for result in verify(desk.platform) for v in result.violations] == []


def test_a_load_that_still_names_it_is_refused_whole(
    desk: Desk, before: dict[str, object], removal: Removal
) -> None:
    """Rows staged before it was removed do not come back after it."""
    assert removal.nothing_left
    accounts, load = REGISTRY.get("crm_accounts"), uuid4()
    filler = [None] * (len(accounts.columns) - 3)
    rows = [(str(before["tenant"]), "a-late", "Late", *filler)]

    def loaded() -> None:
        with desk.platform.loader_session("test") as session:
            session.stage_tenant_private(accounts, load, rows)
            session.ingest_tenant_private(accounts, load)

    with pytest.raises(BoundaryRefused, match="belongs to no registered tenant"):
        loaded()


@pytest.mark.parametrize("tenant", ["tn_nobody", "", "'; DROP TABLE x; --", "x" * 100_000])
def test_an_unknown_tenant_is_refused(desk: Desk, tenant: str) -> None:
    """Nothing is erased of anybody."""
    rows = rows_of_all(desk)
    with pytest.raises(UnknownOwner, match="no tenant has this id"):
        remove_tenant(desk.platform, tenant, reason="its contract has ended")
    assert rows_of_all(desk) == rows


@pytest.mark.parametrize("reason", ["", "  ", "x" * 1_000_000])
def test_a_removal_says_why(desk: Desk, reason: str) -> None:
    """Neither nothing nor a megabyte is a reason."""
    with pytest.raises(StoreError, match="a reason has 3 to 2,000"):
        remove_tenant(desk.platform, portfolio(desk.platform)[0][0], reason=reason)


def test_a_removal_that_leaves_something_is_not_finished(desk: Desk) -> None:
    """An id in a place that nobody thought of is found by the search, and told by table."""
    tenant = portfolio(desk.platform)[0][0]
    with desk.platform.platform_session("test") as session:
        session.note_errors("load", f"rows of {tenant}", 1)
    with pytest.raises(TenantResidue, match=r"platform\.error_ledger") as refused:
        remove_tenant(desk.platform, tenant, reason="its contract has ended")
    assert tenant not in str(refused.value)
    with desk.platform.admin_engine().begin() as connection:
        connection.execute(text("DELETE FROM platform.error_ledger"))
    done = remove_tenant(desk.platform, tenant, reason="its contract has ended")
    assert done.nothing_left
    assert not done.removed_before
    with desk.platform.platform_session("test") as session:
        assert session.count(DataClass.ASCEND_PLATFORM_METRIC, "error_ledger") == 0
