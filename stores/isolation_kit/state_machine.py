"""A Hypothesis state machine: with connections, pools, claims and runs, A never sees B.

Hypothesis is imported with this module alone, so that the kit works without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from uuid import UUID

import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from catalog.data_classes import DataClass, PrincipalKind
from stores.boundary.claims import padded_key_blocks
from stores.databases import engine_for
from stores.isolation_kit.planting import Owner, owned_tables
from stores.isolation_kit.world import World, leaks

__all__ = ["isolation_machine"]

_TABLES = tuple(dataset.qualified_name for dataset in owned_tables(DataClass.TENANT_PRIVATE))
_CLAIMS = ("own", "expired", "of b", "for b", "of a run", "none")
_SOURCE = "tenant_private.crm_accounts"
_CELLS = (
    "quarantine.candidate_cells",
    "control.cell_contributors",
    "control.measure_contributions",
    "control.judged_cells",
)
_WORKFLOW = "isolation_kit"
_DIGEST = "0" * 64
_REGISTRATION = {
    "workflow": _WORKFLOW,
    "source_digest": _DIGEST,
    "sources": [_SOURCE],
    "target": "platform.agent_run_aggregates",
    "from_class": str(DataClass.TENANT_PRIVATE),
    "to_class": str(DataClass.ASCEND_PLATFORM_METRIC),
    "policy": {
        "k_tenants": 5,
        "k_after_leaving_out_a_fund": 5,
        "k_funds": 3,
        "max_share": 0.5,
        "p_percent": 20,
    },
    "required_checks": ["output_schema", "no_pii_shaped_value", "k_distinct_tenants"],
    "publish_mode": "once",
    "family": _WORKFLOW,
    "measures": {"accounts": [f"{_SOURCE}.account_id"]},
    "dimensions": [{"column": "sector", "expression": "sector", "levels": 1}],
    "requested_by": _WORKFLOW,
}


def isolation_machine(world: World) -> type[RuleBasedStateMachine]:
    """The machine's class, bound to that world."""

    class IsolationMachine(_Machine):
        pass

    IsolationMachine.world = world
    return IsolationMachine


class _Machine(RuleBasedStateMachine):
    world: World

    def __init__(self) -> None:
        super().__init__()
        self.undo = ExitStack()
        self.seen: list[object] = []
        self.run: UUID | None = None

    @initialize()
    def connect(self) -> None:
        world = self.world
        self.bare = self.undo.enter_context(
            world.connected(PrincipalKind.TENANT, world.a.tenant, world.token(world.a))
        )
        self.pools = {side: self._pool(owner) for side, owner in (("a", world.a), ("b", world.b))}

    @rule(kind=st.sampled_from(_CLAIMS))
    def take_claim(self, kind: str) -> None:
        self._bare("SELECT set_config('classline.claim', %s, false) IS NULL", self._claim(kind))

    @rule(table=st.sampled_from(_TABLES))
    def read(self, table: str) -> None:
        self._bare(f"TABLE {table}")

    @rule(table=st.sampled_from(_TABLES))
    def prepare(self, table: str) -> None:
        self._bare("DEALLOCATE ALL")
        self._bare(f"PREPARE kept AS TABLE {table}")

    @rule()
    def execute_prepared(self) -> None:
        self._bare("EXECUTE kept")

    @rule()
    def reconnect(self) -> None:
        self.bare.close()
        self.bare = self.undo.enter_context(
            self.world.connected(PrincipalKind.TENANT, self.world.a.tenant, None)
        )

    @rule(side=st.sampled_from("ab"), local=st.booleans(), kind=st.sampled_from(_CLAIMS))
    def use_pool(self, side: str, kind: str, *, local: bool) -> None:
        """Each tenant's pool is its own; a claim may be left behind in it."""
        claim = self.world.token(self.world.b) if side == "b" else self._claim(kind)
        try:
            with self.pools[side].begin() as connection:
                rows = self._pooled(connection, claim, local=local)
        except SQLAlchemyError as error:
            rows = [error]
        if side == "a":
            self.seen.append(rows)

    @rule(table=st.sampled_from(_TABLES))
    def use_session(self, table: str) -> None:
        name = table.partition(".")[2]
        self.seen.append(self.world.session_call(lambda s: s.read(DataClass.TENANT_PRIVATE, name)))

    @rule()
    def change_b(self) -> None:
        self.world.restore()
        self.world.change_b()

    @rule()
    def rotate(self) -> None:
        """Sign with a new key from now on; the old one keeps verifying, as in the overlap."""
        platform = self.world.platform
        kid, key = f"k{len(self.seen):08x}", bytes([len(self.seen) % 256]) * 32
        ipad, opad = padded_key_blocks(key)
        with self.world.administered() as admin:
            admin.execute(
                "INSERT INTO control.signing_keys (kid, ipad, opad, not_after)"
                " VALUES (%s, %s, %s, 'infinity')"
                " ON CONFLICT (kid) DO UPDATE SET ipad = excluded.ipad, opad = excluded.opad",
                (kid, ipad, opad),
            )
        self.world.sign_with(replace(platform.keyring, kid=kid, signing_key=key))

    @rule(table=st.sampled_from(_TABLES))
    def promote(self, table: str) -> None:
        """Open a run in which the anonymizer reads both, while A tries to read along."""
        platform = self.world.platform
        with platform.platform_session("isolation kit") as session:
            session.register_workflow(_REGISTRATION)
            self.run = session.start_run(_WORKFLOW, _DIGEST)
        with platform.anonymizer_session(_WORKFLOW, self.run) as session:
            rows = session.query_tenant_private(f"SELECT * FROM {_SOURCE}")  # noqa: S608 - a constant
            assert leaks(self.world, rows)  # noqa: S101 - or the run read nothing of B's
            self._bare(f"TABLE {table}")
            self._bare("SELECT set_config('classline.claim', %s, false)", self._claim("of a run"))
            for reached in (_SOURCE, *_CELLS):
                self._bare(f"TABLE {reached}")

    @rule()
    def finish(self) -> None:
        """End the run; what it could read, nobody can now."""
        if self.run is not None:
            with self.world.platform.platform_session("isolation kit") as session:
                session.finish_run(self.run)

    @invariant()
    def a_never_sees_b(self) -> None:
        self.world.require_no_leak("the state machine", self.seen[-1:])

    def teardown(self) -> None:
        for pool in getattr(self, "pools", {}).values():
            pool.dispose()
        self.undo.close()
        assert not leaks(self.world, self.seen)  # noqa: S101 - of the whole run, joined

    def _bare(self, statement: str, *values: object) -> None:
        try:
            cursor = self.bare.execute(statement.encode(), values or None)
            self.seen.append(cursor.fetchall() if cursor.description else cursor.statusmessage)
        except psycopg.Error as error:
            self.seen.append(error)

    def _pool(self, owner: Owner) -> Engine:
        secret = self.world.platform.keyring.login(PrincipalKind.TENANT, owner.tenant)
        return engine_for(self.world.platform.database.login_url(secret))

    def _pooled(self, connection: Connection, claim: str, *, local: bool) -> list[object]:
        connection.execute(
            text("SELECT set_config('classline.claim', :claim, :local)"),
            {"claim": claim, "local": local},
        )
        return list(connection.execute(text("SELECT * FROM tenant_private.crm_accounts")))

    def _claim(self, kind: str) -> str:
        world = self.world
        claims: Mapping[str, str] = {
            "own": world.token(world.a),
            "expired": world.token(world.a, lifetime_seconds=-60),
            "of b": world.token(world.b),
            "for b": world.token(world.b, login=world.a.login),
            "of a run": world.token(world.a, workflow=_WORKFLOW, run=self.run),
            "none": "",
        }
        return claims[kind]
