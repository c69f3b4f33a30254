"""Typed sessions: the only way to data. Each runs one transaction under its own login and claim.

Errors carry the rule that refused, never a statement, a value or another owner's name.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine, func, insert, select, text

from catalog.data_classes import DataClass, PrincipalKind, may_read, parse_data_class
from catalog.declared import REGISTRY
from catalog.registry import Dataset
from stores.alert_records import PlatformAlerts
from stores.audit_records import PlatformAudits, StewardAudits
from stores.boundary.claims import Claim, signed
from stores.candidate_filing import CandidateFiling
from stores.errors import ClassRefused, translated_errors
from stores.invocation import OpenSession
from stores.keyring import Keyring
from stores.kv import PlatformKeyValues, TenantKeyValues
from stores.labelled_reads import (
    AnonymizedBenchmarkReads,
    AscendPlatformMetricReads,
    FundPrivateReads,
    TenantPrivateReads,
    require_one_class,
)
from stores.ledger_reads import PlatformLedger
from stores.live_probes import ForeignDataProbes
from stores.outbox_records import PlatformOutbox
from stores.tables import metadata_of
from stores.vectors import AnonymizedVectors, FundVectors, TenantVectors

__all__ = [
    "AnonymizerSession",
    "AuditorSession",
    "FundSession",
    "Ingested",
    "LoaderSession",
    "PlatformSession",
    "PublishedCells",
    "Row",
    "Session",
    "StewardSession",
    "TenantSession",
    "opened",
]

Row = Mapping[str, Any]
"""One row by column name; values have the types of their columns."""

_TABLES = metadata_of(REGISTRY).tables
_SessionT = TypeVar("_SessionT", bound="Session")
_Counted = TypeVar("_Counted")
_CELLS = "SELECT cell, contributor, contributor_fund, row_count FROM control.audit_cells(%s)"
_CELLS_AT_ONCE = 5000
_STREAM = {"stream_results": True, "max_row_buffer": 2000}
_TEXTS_AT_ONCE = 5000
_NEXT_TEXTS = f"FETCH FORWARD {_TEXTS_AT_ONCE} FROM audited_texts"


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of one table's rows in a load."""

    dataset: str
    inserted: int
    updated: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class PublishedCells:
    """Columns of equal length, an entry a cell and contributor, by numbers that mean nothing.

    A fund of -1 is none.
    """

    cells: Sequence[int]
    contributors: Sequence[int]
    funds: Sequence[int]
    row_counts: Sequence[int]


class Session:
    """One transaction of one principal."""

    kind: PrincipalKind

    def __init__(self, connection: Connection) -> None:
        self._open = OpenSession(connection)

    @property
    def _connection(self) -> Connection:
        return self._open.held()

    def close(self) -> None:
        """Refuse all further use; `opened` calls it when the block ends."""
        self._open.end()

    def wait_for_locks(self, seconds: int) -> None:
        """Give up on a table that somebody else holds locked for longer."""
        self._call("SELECT set_config('lock_timeout', :t, true)", t=f"{seconds}s")

    def _rows(self, statement: str, **parameters: object) -> list[Row]:
        with translated_errors():
            rows = self._connection.execute(text(statement), parameters).mappings()
            return [dict(row) for row in rows]

    def _one(self, statement: str, **parameters: object) -> Row:
        (row,) = self._rows(statement, **parameters)
        return row

    def _streamed(self, statement: str, **parameters: object) -> Iterator[Row]:
        """Rows as they are asked for, while the session is open: some are in memory at a time."""
        with translated_errors():
            rows = self._connection.execute(text(statement), parameters, execution_options=_STREAM)
            for row in rows.mappings():
                yield dict(row)

    def _call(self, statement: str, **parameters: object) -> None:
        with translated_errors():
            self._connection.execute(text(statement), parameters)

    def _driver(self) -> psycopg.Connection[Any]:
        return cast("psycopg.Connection[Any]", self._connection.connection.driver_connection)

    def _require_class(self, what: str, data_class: DataClass, named: DataClass) -> None:
        if named is not data_class:
            message = (
                f"{what} [{data_class}] used as {named} by a {self.kind} session: refused, since "
                "who reads or writes says which class it expects; name the data's own class"
            )
            raise ClassRefused(message)

    def _require_readable(self, dataset: Dataset, data_class: DataClass) -> None:
        if dataset.data_class is not data_class or not may_read(self.kind, data_class):
            message = (
                f"{dataset.qualified_name} [{dataset.data_class}] read as {data_class} by a "
                f"{self.kind} session: refused by the policy's table of readers; name the "
                "dataset's own class, in a session that may read it"
            )
            raise ClassRefused(message)

    def read(
        self, data_class: DataClass, dataset_name: str, *, limit: int | None = None
    ) -> list[Row]:
        """Rows of one dataset, in order of its key; the caller says which class it expects."""
        dataset = REGISTRY.get(dataset_name)
        self._require_readable(dataset, data_class)
        require_one_class(dataset)
        table = _TABLES[dataset.qualified_name]
        query = select(table).order_by(*table.primary_key.columns).limit(limit)
        with translated_errors():
            return [dict(row) for row in self._connection.execute(query).mappings()]

    def count(self, data_class: DataClass, dataset_name: str) -> int:
        """Number of rows of one dataset that this session may see."""
        dataset = REGISTRY.get(dataset_name)
        self._require_readable(dataset, data_class)
        query = select(func.count()).select_from(_TABLES[dataset.qualified_name])
        with translated_errors():
            return int(self._connection.execute(query).scalar_one())


class TenantSession(
    ForeignDataProbes,
    TenantKeyValues,
    TenantVectors,
    AnonymizedVectors,
    TenantPrivateReads,
    AnonymizedBenchmarkReads,
    Session,
):
    """One tenant's session: its own rows, and what everyone may read."""

    kind = PrincipalKind.TENANT

    def write_tenant_private(self, dataset_name: str, rows: Iterable[Row]) -> int:
        """Insert rows of this tenant; each must carry the tenant's own id. Returns how many."""
        dataset = REGISTRY.get(dataset_name)
        self._require_readable(dataset, DataClass.TENANT_PRIVATE)
        batch = list(rows)
        if not batch:
            return 0
        for name in {name for row in batch for name in row}:
            dataset.column(name)
        with translated_errors():
            self._connection.execute(
                insert(_TABLES[dataset.qualified_name]), [dict(row) for row in batch]
            )
        return len(batch)


class FundSession(
    ForeignDataProbes,
    FundVectors,
    AnonymizedVectors,
    FundPrivateReads,
    AnonymizedBenchmarkReads,
    Session,
):
    """One fund's session: its own aggregates, and what everyone may read. It writes nothing."""

    kind = PrincipalKind.FUND


class PlatformSession(
    PlatformKeyValues,
    AnonymizedVectors,
    AscendPlatformMetricReads,
    AnonymizedBenchmarkReads,
    PlatformAlerts,
    PlatformAudits,
    PlatformOutbox,
    PlatformLedger,
    Session,
):
    """The platform's session: operating data, registrations and the outbox."""

    kind = PrincipalKind.PLATFORM

    def records_ascend_platform_metric(
        self, dataset_name: str, where: str = "true", **parameters: object
    ) -> list[Row]:
        """Rows of a control dataset of class ascend_platform_metric, in order of its key."""
        dataset = REGISTRY.get(dataset_name)
        self._require_readable(dataset, DataClass.ASCEND_PLATFORM_METRIC)
        order = ", ".join(dataset.primary_key)
        return self._rows(
            f"SELECT * FROM {dataset.qualified_name} WHERE {where} ORDER BY {order}",  # noqa: S608
            **parameters,
        )

    def register_workflow(self, registration: Mapping[str, object]) -> None:
        """Record a version of a workflow; the same digest with other contents is refused."""
        self._call(
            "SELECT control.register_workflow(CAST(:p AS jsonb))", p=Jsonb(dict(registration))
        )

    def record_provenance(self, provenance: Mapping[str, object]) -> int:
        """Record of which texts a version consists and who wrote them; returns its number."""
        row = self._one(
            "SELECT control.record_provenance(CAST(:p AS jsonb)) AS id", p=Jsonb(dict(provenance))
        )
        return int(row["id"])

    def cell_figures_ascend_platform_metric(self, promotion_id: UUID) -> Row:
        """Counts of a candidate's cells: how many tenants and rows stand behind them."""
        row = self._one("SELECT control.cell_figures(:p) AS figures", p=promotion_id)
        return cast("Row", row["figures"])

    def start_run(self, workflow: str, source_digest: str, *, minutes: int = 120) -> UUID:
        """Open a run, inside which the anonymizer may read the workflow's sources."""
        row = self._one(
            "SELECT control.start_run(:w, :d, :m) AS run", w=workflow, d=source_digest, m=minutes
        )
        return cast("UUID", row["run"])

    def erase_old_candidates(self, *, days: int) -> int:
        """End what has waited longer, and erase every candidate that old; returns their cells."""
        row = self._one("SELECT cells FROM control.erase_old_candidates(:d)", d=days)
        return int(row["cells"])

    def finish_run(self, run: UUID) -> None:
        """Close a run: its claims read nothing more."""
        self._call("SELECT control.finish_run(:run)", run=run)

    def revoke_claim(self, jti: str, reason: str) -> bool:
        """End a claim before its time; True when it was not revoked before."""
        row = self._one("SELECT control.revoke_claim(:j, :r) AS revoked", j=jti, r=reason)
        return bool(row["revoked"])

    def start_audit(self, reason: str, *, minutes: int = 60) -> UUID:
        """Open an audit run, inside which the auditor may count."""
        row = self._one("SELECT control.start_audit(:r, :m) AS run", r=reason, m=minutes)
        return cast("UUID", row["run"])

    def finish_audit(self, run: UUID) -> None:
        """Close an audit run."""
        self._call("SELECT control.finish_audit(:run)", run=run)

    def note_errors(self, component: str, error_code: str, how_many: int) -> None:
        """Count errors in the error ledger."""
        self._call("SELECT control.note_errors(:c, :e, :n)", c=component, e=error_code, n=how_many)

    def catalog_changed(self, digest: str) -> None:
        """Queue the catalog for DataHub unless this very catalog was queued before."""
        self._call("SELECT control.catalog_changed(:d)", d=digest)


class AnonymizerSession(CandidateFiling, AnonymizedVectors, AnonymizedBenchmarkReads, Session):
    """The anonymizer inside one open run: its workflow's sources, and that run's candidate."""

    kind = PrincipalKind.ANONYMIZER

    def __init__(self, connection: Connection, before_reading: Callable[[], None]) -> None:
        super().__init__(connection)
        self._before_reading = before_reading

    def query_tenant_private(self, statement: str, **parameters: object) -> list[Row]:
        """Run a workflow's own SELECT; row-level security admits its declared sources alone."""
        self._before_reading()
        return self._rows(statement, **parameters)

    def query_fund_private(self, statement: str, **parameters: object) -> list[Row]:
        """Run a workflow's own SELECT over a fund's data, in a session opened to read it."""
        self._before_reading()
        return self._rows(statement, **parameters)

    def query_sources(
        self, data_class: DataClass, statement: str, **parameters: object
    ) -> list[Row]:
        """Run a workflow's own SELECT over sources of that class; no other class is a source."""
        self._require_source(data_class)
        if data_class is DataClass.FUND_PRIVATE:
            return self.query_fund_private(statement, **parameters)
        return self.query_tenant_private(statement, **parameters)

    def _require_source(self, data_class: DataClass) -> None:
        if data_class not in {DataClass.TENANT_PRIVATE, DataClass.FUND_PRIVATE}:
            message = (
                f"{data_class} read as a source by a workflow: refused, a workflow reads "
                "tenant_private or fund_private; declare a source of one of them"
            )
            raise ClassRefused(message)

    def stream_sources(
        self, data_class: DataClass, statement: str, **parameters: object
    ) -> Iterator[Row]:
        """As `query_sources`, for results of any size: rows come as they are asked for."""
        self._require_source(data_class)
        self._before_reading()
        # The planner would prepare for the first tenth of the rows; all are read.
        self._call("SELECT set_config('cursor_tuple_fraction', '1', true)")
        return self._streamed(statement, **parameters)

    def known_identifiers_tenant_private(self) -> list[Row]:
        """What all tenants are known by, as kind and identifier; only a run that looks may ask."""
        self._before_reading()
        return self._rows("SELECT kind, identifier FROM control.known_identifiers()")

    def ended_attempts(self, base_key: str) -> int:
        """How many earlier attempts at this release were held or rejected."""
        return int(self._one("SELECT control.ended_attempts(:b) AS n", b=base_key)["n"])

    def frozen_partition(self) -> Sequence[Mapping[str, Any]] | None:
        """The partition that releases of this run must keep; None before the first one."""
        row = self._one("SELECT control.frozen_partition() AS partition")
        return cast("Sequence[Mapping[str, Any]] | None", row["partition"])

    def promotion_ascend_platform_metric(self, promotion_id: UUID) -> Row:
        """The promotion's record, locked until this session ends."""
        return self._one("SELECT * FROM control.read_promotion(:p)", p=promotion_id)

    def _require_candidate(self, promotion_id: UUID, named: DataClass) -> None:
        """Refuse a candidate of another class than named, or of another run's workflow."""
        record = self.promotion_ascend_platform_metric(promotion_id)
        self._require_class("a candidate", parse_data_class(record["from_class"]), named)

    def candidate_cells(self, data_class: DataClass, promotion_id: UUID) -> list[Row]:
        """The candidate's cells with the number of distinct tenants behind each.

        A candidate keeps the class of its sources: ``data_class`` names it.
        """
        self._require_candidate(promotion_id, data_class)
        self._call("SELECT set_config('classline.promotion', :p, true)", p=str(promotion_id))
        return self._rows(
            "SELECT q.cell, (SELECT count(DISTINCT c.tenant_id) FROM control.cell_contributors c "
            "WHERE c.promotion_id = q.promotion_id AND c.cell_no = q.cell_no) AS tenants "
            "FROM quarantine.candidate_cells q WHERE q.promotion_id = :p ORDER BY q.cell_no",
            p=promotion_id,
        )

    def record_checks(
        self, promotion_id: UUID, phase: str, results: Sequence[Mapping[str, object]]
    ) -> None:
        """Store what the checks saw, bound to the digest of the cells as they are now."""
        self._call(
            "SELECT control.record_checks(:p, :phase, CAST(:r AS jsonb))",
            p=promotion_id,
            phase=phase,
            r=Jsonb(list(results)),
        )

    def attacked_cells_ascend_platform_metric(self, promotion_id: UUID) -> dict[str, int]:
        """Counts of where attacks on the candidate's cells came off, and what the guard holds."""
        row = self._one("SELECT control.attack_cells(:p) AS counts", p=promotion_id)
        return {name: int(count) for name, count in row["counts"].items()}

    def await_review(self, promotion_id: UUID, reason: str) -> None:
        """Leave the candidate for a steward."""
        self._call("SELECT control.await_review(:p, :r)", p=promotion_id, r=reason)

    def hold(self, promotion_id: UUID, reason: str) -> None:
        """End this attempt without a release."""
        self._call("SELECT control.hold(:p, :r)", p=promotion_id, r=reason)

    def publish(self, promotion_id: UUID) -> Row:
        """Release the candidate, if everything that must hold does, in this transaction."""
        return self._one("SELECT * FROM control.publish(:p)", p=promotion_id)


class AuditorSession(Session):
    """The auditor inside one open audit run: it holds no grant on any table, and counts.

    Who asks says which class it expects, and is refused where the dataset has another.
    """

    kind = PrincipalKind.AUDITOR

    def _audited(self, data_class: DataClass, dataset_name: str) -> Dataset:
        dataset = REGISTRY.get(dataset_name)
        self._require_class(dataset.qualified_name, dataset.data_class, data_class)
        return dataset

    def count_rows(self, data_class: DataClass, dataset_name: str) -> int:
        """Number of rows over all owners."""
        dataset = self._audited(data_class, dataset_name)
        return int(self._one("SELECT control.audit_count(:d) AS n", d=dataset.qualified_name)["n"])

    def count_nulls(self, data_class: DataClass, dataset_name: str, column: str) -> tuple[int, int]:
        """Rows over all owners, and those in which that column is null."""
        dataset = self._audited(data_class, dataset_name)
        row = self._one(
            "SELECT * FROM control.audit_nulls(:d, :c)",
            d=dataset.qualified_name,
            c=dataset.column(column).name,
        )
        return int(row["rows_"]), int(row["nulls"])

    def column_labels(self, data_class: DataClass, dataset_name: str) -> dict[str, str | None]:
        """The class that each column's comment says in the database, None where it says none."""
        dataset = self._audited(data_class, dataset_name)
        rows = self._rows("SELECT * FROM control.audit_labels(:d)", d=dataset.qualified_name)
        return {str(row["column_name"]): row["label"] for row in rows}

    def count_keys(self, data_class: DataClass, dataset_name: str) -> dict[str, int]:
        """How many keys each prefix has in that key-value table."""
        dataset = self._audited(data_class, dataset_name)
        rows = self._rows("SELECT * FROM control.audit_prefixes(:d)", d=dataset.qualified_name)
        return {str(row["prefix"]): int(row["keys"]) for row in rows}

    def published_cells(self, data_class: DataClass, dataset_name: str) -> PublishedCells:
        """Who stands behind each published cell of that store; streamed into columns of numbers."""
        dataset = self._audited(data_class, dataset_name)
        columns = (array("q"), array("q"), array("q"), array("q"))
        with translated_errors(), self._driver().cursor() as cursor:
            cells = cursor.stream(_CELLS, [dataset.qualified_name], size=_CELLS_AT_ONCE)
            for entry in cells:
                for column, number in zip(columns, entry, strict=True):
                    column.append(number)
        return PublishedCells(*columns)

    def count_in_texts(
        self,
        data_class: DataClass,
        dataset_name: str,
        columns: Sequence[str],
        count: Callable[[Iterator[Sequence[Sequence[str | None]]]], _Counted],
        *,
        share: float | None = None,
    ) -> _Counted:
        """What ``count`` makes of the texts, which it gets in batches of columns.

        Texts are streamed and end with this call; only counts may leave it. With ``share``, 0 to
        1, each row is read with that probability.
        """
        dataset = self._audited(data_class, dataset_name)
        names = [dataset.column(name).name for name in columns]
        read = {"d": dataset.qualified_name, "c": names}
        if share is None:
            self._call("SELECT control.audit_texts(:d, CAST(:c AS text[]))", **read)
        else:
            sample = "SELECT control.audit_sample(:d, CAST(:c AS text[]), :p)"
            self._call(sample, p=100 * share, **read)
        with closing(self._audited_batches()) as batches:
            counted = count(batches)
        self._call("CLOSE audited_texts")
        return counted

    def _audited_batches(  # classline: CLS101 - count_in_texts named the class
        self,
    ) -> Generator[Sequence[Sequence[str | None]]]:
        with translated_errors(), self._driver().cursor() as cursor:
            while rows := cursor.execute(_NEXT_TEXTS).fetchall():
                yield list(zip(*rows, strict=True))
                if len(rows) < _TEXTS_AT_ONCE:
                    return


class StewardSession(StewardAudits, AnonymizedVectors, AnonymizedBenchmarkReads, Session):
    """A steward's session: it decides about workflows and reads what everyone may read."""

    kind = PrincipalKind.STEWARD

    def name(self) -> str:
        """The steward's name, as the database knows this login."""
        return str(self._one("SELECT control.steward_name() AS name")["name"])

    def decide(self, workflow: str, source_digest: str, decision: str, reason: str) -> int:
        """Approve or reject a workflow's source digest; returns the decision's number."""
        row = self._one(
            "SELECT control.decide(:w, :d, :x, :r) AS id",
            w=workflow,
            d=source_digest,
            x=decision,
            r=reason,
        )
        return int(row["id"])

    def releases_built_on(self, promotion_id: UUID) -> list[Row]:
        """Releases and candidates made of what that promotion released, at whatever distance."""
        return self._rows("SELECT * FROM control.releases_built_on(:p)", p=promotion_id)

    def revoke_promotion(self, promotion_id: UUID, reason: str) -> int:
        """Withdraw a release from every reader; returns how many rows were shown of it."""
        row = self._one("SELECT control.revoke_promotion(:p, :r) AS n", p=promotion_id, r=reason)
        return int(row["n"])

    def require_last_decision(self, workflow: str, source_digest: str, seen: int | None) -> None:
        """Refuse unless the last decision about that version is still the one that was seen.

        Until this session ends nobody else decides about it.
        """
        self._call(
            "SELECT control.require_last_decision(:w, :d, :s)", w=workflow, d=source_digest, s=seen
        )

    def sample_candidate_cells(
        self, data_class: DataClass, promotion_id: UUID, how_many: int
    ) -> list[Row]:
        """Some cells of a candidate that passed every check and waits; no row of a tenant.

        A candidate keeps the class of its sources: ``data_class`` names it.
        """
        rows = self._rows(
            "SELECT cell FROM control.review_cells(:p, :c, :n)",
            p=promotion_id,
            c=str(data_class),
            n=how_many,
        )
        return [row["cell"] for row in rows]


class LoaderSession(Session):
    """The loader's session: writes staging blind, and asks for its rows to be moved."""

    kind = PrincipalKind.LOADER

    def stage_tenant_private(
        self, dataset: Dataset, load: UUID, rows: Iterable[Sequence[object]]
    ) -> int:
        """COPY rows of one tenant table, in the order of its columns; returns how many."""
        names = ["load_id", *(column.name for column in dataset.columns)]
        statement = sql.SQL("COPY staging.{} ({}) FROM STDIN").format(
            sql.Identifier(f"staged_{dataset.name}"),
            sql.SQL(", ").join(map(sql.Identifier, names)),
        )
        staged = 0
        with (
            translated_errors(),
            self._driver().cursor() as cursor,
            cursor.copy(statement) as copy,
        ):
            for row in rows:
                copy.write_row((load, *row))
                staged += 1
        return staged

    def ingest_tenant_private(self, dataset: Dataset, load: UUID) -> Ingested:
        """Move the staged rows to their table: new ones in, changed ones over."""
        row = self._one("SELECT * FROM control.ingest(:d, :l)", d=dataset.name, l=load)
        return Ingested(
            dataset.qualified_name, int(row["inserted"]), int(row["updated"]), int(row["unchanged"])
        )


def _backend_pid(connection: Connection) -> int:
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    return driver.info.backend_pid


@contextmanager
def opened(
    engine: Engine,
    keyring: Keyring,
    claim: Claim,
    kind: Callable[[Connection], _SessionT],
    *,
    one_snapshot: bool = False,
) -> Iterator[_SessionT]:
    """A session in one transaction: committed when the block ends, undone when it raises."""
    with translated_errors():
        connection = engine.connect()
    with connection:
        if one_snapshot:
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with translated_errors():
            transaction = connection.begin()
            bound = replace(claim, backend_pid=_backend_pid(connection))
            connection.execute(
                text("SELECT set_config('classline.claim', :claim, true)"),
                {"claim": signed(bound, kid=keyring.kid, key=keyring.signing_key)},
            )
        session = kind(connection)
        try:
            yield session
        except BaseException:
            transaction.rollback()
            raise
        finally:
            session.close()
        with translated_errors():
            transaction.commit()
