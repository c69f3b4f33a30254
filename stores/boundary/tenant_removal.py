"""Removes a tenant: its login, its candidates, its rows, its name; and what is left is looked for.

Each stage is one transaction that records itself, so that an interrupted removal goes on where it
stopped. Two things stay, since others depend on them: the cells that were released with its part in
them, and who stood behind those, under a pseudonym that nothing leads back from. Without them the
next correction of such a cell would reveal its part by subtraction.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, RowMapping, text

from catalog.data_classes import PrincipalKind
from catalog.declared import REGISTRY
from catalog.registry import Dataset
from stores.boundary.provisioning import audit, driver_of, give_reason, opaque_id
from stores.boundary.tenant_residue import Residue, files_naming, residue_of
from stores.errors import StoreError, UnknownOwner, translated_errors
from stores.keyring import forget_login
from stores.platform import Platform
from stores.reasons import unfit_reason
from stores.secret_files import exclusive
from stores.tables import physical_datasets

__all__ = ["Removal", "TenantResidue", "remove_tenant", "stores_of_tenants"]

_HELD = "a tenant that it rests on was removed: run the workflow again"
_PSEUDONYM = "xt"


class TenantResidue(StoreError):
    """Something of the tenant is left where nothing may be; the removal is not finished."""


@dataclass(frozen=True, slots=True)
class Removal:
    """What was erased, what was released with its part in it, and what the search found.

    ``released_cells`` names cells by promotion and number. ``residue`` is empty where the tenant
    had been removed before.
    """

    removed_before: bool
    rows_erased: Mapping[str, int]
    released_cells: Mapping[str, Sequence[int]]
    targets: Mapping[str, str]
    residue: Residue | None = None
    files: tuple[str, ...] = ()

    @property
    def nothing_left(self) -> bool:
        """Whether neither a name nor a file was found that a person must look at."""
        return not self.files and not (self.residue and self.residue.with_its_name)


def remove_tenant(platform: Platform, tenant_id: str, *, reason: str) -> Removal:
    """Erase the tenant, or go on with a removal that was interrupted; twice is told as such."""
    if unfit := unfit_reason(reason):
        message = f"{unfit}: nothing was removed; say why the tenant goes"
        raise StoreError(message)
    # Rotation makes a new login for everybody in the keyring: not for who is being removed.
    with exclusive(platform.home.root / ".rotation.lock"):
        digest = _digest_of(platform, tenant_id)
        run = _Run(platform, tenant_id, digest, reason)
        begun = run.stage(_begin)
        if begun["finished_at"] is not None:
            return Removal(
                removed_before=True,
                rows_erased=begun["rows_erased"],
                released_cells=begun["released_cells"],
                targets=run.read(lambda c: _targets(c, begun["released_cells"])),
            )
        run.stage(_close_logins)
        forget_login(platform.home, PrincipalKind.TENANT, tenant_id)
        run.stage(_erase_candidates)
        run.stage(_erase_rows)
        files = files_naming(platform.home, tenant_id)
        residue, done = run.stage(_finish)
        _vacuum(platform, done["rows_erased"])
        return Removal(
            removed_before=False,
            rows_erased=done["rows_erased"],
            released_cells=done["released_cells"],
            targets=run.read(lambda c: _targets(c, done["released_cells"])),
            residue=residue,
            files=files,
        )


def stores_of_tenants() -> tuple[Dataset, ...]:
    """Every table whose rows belong to a tenant, those that refer to others first."""
    left = {
        dataset.qualified_name: dataset
        for dataset in physical_datasets(REGISTRY)
        if dataset.owner_column == "tenant_id" and not dataset.internal
    }
    ordered: list[Dataset] = []
    while left:
        referred = {key.target for dataset in left.values() for key in dataset.foreign_keys}
        free = [name for name in left if name not in referred]
        ordered += [left.pop(name) for name in free]
    return tuple(ordered)


@dataclass(frozen=True, slots=True)
class _Run:
    """One removal under way."""

    platform: Platform
    tenant_id: str
    digest: str
    reason: str

    # Any: each stage has a result of its own.
    def stage(self, act: Callable[[Connection, _Run], Any]) -> Any:  # noqa: ANN401 - as above
        """Carry out one stage in a transaction of its own."""
        with translated_errors(), self.platform.admin_engine().begin() as connection:
            give_reason(connection, self.reason)
            return act(connection, self)

    def read(self, ask: Callable[[Connection], Any]) -> Any:  # noqa: ANN401 - as above
        """What a question to the database finds."""
        with translated_errors(), self.platform.admin_engine().connect() as connection:
            return ask(connection)

    def record(self, connection: Connection) -> RowMapping:
        """The record of this removal, locked."""
        return (
            connection.execute(
                text("SELECT * FROM control.tenant_removals WHERE tenant_digest = :d FOR UPDATE"),
                {"d": self.digest},
            )
            .mappings()
            .one()
        )

    def advance(self, connection: Connection, stage: str) -> None:
        """Record that the stage is done."""
        connection.execute(
            text("UPDATE control.tenant_removals SET stage = :s WHERE tenant_digest = :d"),
            {"s": stage, "d": self.digest},
        )


def _digest_of(platform: Platform, tenant_id: str) -> str:
    """Who knows the id can ask whether it was removed; from the record nobody learns the id."""
    key = platform.keyring.control_key
    return hmac.new(key, f"removed tenant {tenant_id}".encode(), hashlib.sha256).hexdigest()


def _begin(connection: Connection, run: _Run) -> RowMapping:
    connection.execute(
        text(
            "INSERT INTO control.tenant_removals (tenant_digest, tenant_id, pseudonym, stage,"
            " reason) SELECT :digest, t.tenant_id, :pseudonym, 'begun', :reason"
            " FROM control.tenants t WHERE t.tenant_id = :tenant ON CONFLICT DO NOTHING"
        ),
        {
            "digest": run.digest,
            "pseudonym": opaque_id(_PSEUDONYM),
            "reason": run.reason,
            "tenant": run.tenant_id,
        },
    )
    found = connection.execute(
        text("SELECT * FROM control.tenant_removals WHERE tenant_digest = :d"), {"d": run.digest}
    )
    row = found.mappings().one_or_none()
    if row is None:
        message = "no tenant has this id, nor had one that was removed; see `classline tenants`"
        raise UnknownOwner(message)
    return row


def _close_logins(connection: Connection, run: _Run) -> None:
    logins = connection.execute(
        text("SELECT login FROM control.logins WHERE tenant_id = :t"), {"t": run.tenant_id}
    )
    driver = driver_of(connection)
    for login in logins.scalars().all():
        role = sql.Identifier(login)
        driver.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(role))
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = :l"),
            {"l": login},
        )
        connection.execute(text("DELETE FROM control.logins WHERE login = :l"), {"l": login})
        driver.execute(sql.SQL("DROP ROLE {}").format(role))
    run.advance(connection, "login_closed")


def _erase_candidates(connection: Connection, run: _Run) -> None:
    who = {"t": run.tenant_id, "p": run.record(connection)["pseudonym"], "d": run.digest}
    connection.execute(
        text(
            "UPDATE control.promotions o SET state = 'held', state_reason = :why"
            " WHERE control.is_open(o.state) AND o.promotion_id IN ("
            " SELECT c.promotion_id FROM control.cell_contributors c WHERE c.tenant_id = :t)"
        ),
        who | {"why": _HELD},
    )
    connection.execute(
        text(
            "UPDATE control.tenant_removals r SET released_cells = r.released_cells ||"
            " COALESCE((SELECT jsonb_object_agg(c.promotion_id, c.cells) FROM ("
            "  SELECT c.promotion_id, jsonb_agg(DISTINCT c.cell_no ORDER BY c.cell_no) AS cells"
            "  FROM control.cell_contributors c JOIN control.judged_cells j"
            "  USING (promotion_id, cell_no) WHERE c.tenant_id = :t AND j.released"
            "  GROUP BY c.promotion_id) c), '{}') WHERE r.tenant_digest = :d"
        ),
        who,
    )
    connection.execute(
        text(
            "SELECT control.erase_candidate(c.promotion_id) FROM (SELECT DISTINCT promotion_id"
            " FROM control.cell_contributors WHERE tenant_id = :t) c"
        ),
        who,
    )
    for table, cleared in (
        ("cell_contributors", ", row_digests = '{}'"),
        ("measure_contributions", ""),
        ("former_owners", ""),
    ):
        connection.execute(
            text(f"UPDATE control.{table} SET tenant_id = :p{cleared} WHERE tenant_id = :t"),  # noqa: S608
            who,
        )
    run.advance(connection, "candidates_erased")


def _erase_rows(connection: Connection, run: _Run) -> None:
    erased: dict[str, int] = {}
    for dataset in stores_of_tenants():
        names = [dataset.qualified_name]
        if connection.execute(
            text("SELECT to_regclass(:staged) IS NOT NULL"),
            {"staged": f"staging.staged_{dataset.name}"},
        ).scalar_one():
            names.append(f"staging.staged_{dataset.name}")
        for name in names:
            gone = connection.execute(
                text(f"DELETE FROM {name} WHERE tenant_id = :t"),  # noqa: S608 - from the registry
                {"t": run.tenant_id},
            )
            if gone.rowcount:
                erased[name] = gone.rowcount
    before: Mapping[str, int] = run.record(connection)["rows_erased"]
    total = {name: before.get(name, 0) + erased.get(name, 0) for name in sorted({*before, *erased})}
    connection.execute(
        text("UPDATE control.tenant_removals SET rows_erased = :r WHERE tenant_digest = :d"),
        {"r": Jsonb(total), "d": run.digest},
    )
    run.advance(connection, "rows_erased")


def _finish(connection: Connection, run: _Run) -> tuple[Residue, RowMapping]:
    """What arrived meanwhile, who it was, and the search; undone whole where anything is left."""
    _erase_candidates(connection, run)
    _erase_rows(connection, run)
    name = connection.execute(
        text("SELECT external_name FROM control.tenants WHERE tenant_id = :t"),
        {"t": run.tenant_id},
    ).scalar_one_or_none()
    for table in ("portfolio_membership", "tenants"):
        connection.execute(
            text(f"DELETE FROM control.{table} WHERE tenant_id = :t"),  # noqa: S608
            {"t": run.tenant_id},
        )
    connection.execute(
        text(
            "UPDATE control.tenant_removals SET tenant_id = NULL, stage = 'finished',"
            " finished_at = clock_timestamp() WHERE tenant_digest = :d"
        ),
        {"d": run.digest},
    )
    _erase_audit_rows(connection, run.tenant_id)
    audit(connection, [("tenant removed", run.digest[:32], None, "removed")], run.reason)
    residue = residue_of(connection, run.tenant_id, name)
    left = sorted(residue.with_its_id)
    if left:
        message = (
            f"the tenant's id is still in {', '.join(left)}: the removal is not finished; end what "
            "writes there, then give the command again"
        )
        raise TenantResidue(message)
    return residue, run.record(connection)


def _erase_audit_rows(connection: Connection, tenant_id: str) -> None:
    """The audit's rows that name it, with their salts: the ledger keeps their leaves."""
    connection.execute(text("ALTER TABLE platform.kv_audit DISABLE TRIGGER append_only"))
    gone = connection.execute(
        text(
            "DELETE FROM platform.kv_audit a WHERE strpos(concat_ws(' ', a.subject, a.from_value,"
            " a.to_value, a.reason), :t) > 0 RETURNING CAST(a.entry_id AS text)"
        ),
        {"t": tenant_id},
    )
    keys = gone.scalars().all()
    connection.execute(text("ALTER TABLE platform.kv_audit ENABLE ALWAYS TRIGGER append_only"))
    connection.execute(
        text("SELECT control.erase_ledger_entries(ARRAY['kv_audit'], CAST(:keys AS text[]))"),
        {"keys": list(keys)},
    )


def _targets(connection: Connection, released: Mapping[str, object]) -> dict[str, str]:
    rows = connection.execute(
        text(
            "SELECT CAST(promotion_id AS text), target FROM control.promotions"
            " WHERE CAST(promotion_id AS text) = ANY(:ids)"
        ),
        {"ids": list(released)},
    )
    return {str(promotion): str(target) for promotion, target in rows}


def _vacuum(platform: Platform, tables: Mapping[str, int]) -> None:
    """A deleted row stays in its page, and what the planner sampled of it, until this is done."""
    engine = platform.admin_engine().execution_options(isolation_level="AUTOCOMMIT")
    sampled = ("tenants", "logins", "portfolio_membership", "cell_contributors")
    with translated_errors(), engine.connect() as connection:
        for name in [*tables, "quarantine.candidate_cells"]:
            connection.exec_driver_sql(f"VACUUM {name}")
        connection.exec_driver_sql("VACUUM (ANALYZE) platform.kv_audit")
        for name in (*sampled, "measure_contributions", "former_owners", "tenant_removals"):
            connection.exec_driver_sql(f"VACUUM (ANALYZE) control.{name}")
