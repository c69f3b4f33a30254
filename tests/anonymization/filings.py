"""Candidates that are filed by hand: their parts are sent as the code sends them, or otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import text

from anonymization.registration import register
from anonymization.workflows.agent_run_aggregates import AGENT_RUN_AGGREGATES
from stores.boundary.provisioning import ensure_owners
from stores.candidate_filing import CellCounts, FiledCell, FiledContribution, SentParts
from stores.platform import Platform
from stores.sessions import AnonymizerSession

__all__ = [
    "WORKFLOW",
    "Filing",
    "a_cell",
    "a_filing",
    "add",
    "begun",
    "complete",
    "counted",
    "rows_of",
]

WORKFLOW = AGENT_RUN_AGGREGATES
_MEASURED = ("", *sorted({measure.measured for measure in WORKFLOW.measures}))
_ADD = (
    "SELECT control.add_to_candidate(:p, :part, :cells, :cell_nos, :tenants, :measured,"
    " :row_counts, :amounts, :digests, :rows)"
)
_TABLES = (
    "control.promotions",
    "control.promotion_transitions",
    "control.open_filings",
    "control.ledger_entries",
    "quarantine.candidate_cells",
    "control.cell_contributors",
    "control.measure_contributions",
)


@dataclass(frozen=True)
class Filing:
    """Somebody who may file candidates of one workflow, and the tenants there are."""

    platform: Platform
    digest: str
    run: UUID
    tenants: Sequence[str]

    @contextmanager
    def session(self, run: UUID | None = None) -> Iterator[AnonymizerSession]:
        """The anonymizer's session in that run."""
        with self.platform.anonymizer_session(WORKFLOW.name, run or self.run) as session:
            yield session

    def another_run(self) -> UUID:
        """Of the same version."""
        with self.platform.platform_session("test") as session:
            return session.start_run(WORKFLOW.name, self.digest)

    def header(self, key: str) -> dict[str, object]:
        """What a candidate begins with."""
        return {
            "idempotency_key": key, "base_key": key, "attempt": 1, "snapshot_digest": "s",
            "closed_before": "2026-07-01", "rows_in": 5, "requested_by": "somebody",
            "partition": WORKFLOW.partition([0] * len(WORKFLOW.dimensions)),
        }  # fmt: skip

    def cells(self, *numbers: int) -> list[FiledCell]:
        """Those cells, each of five tenants with all measures."""
        return [
            FiledCell(
                a_cell(number),
                [
                    FiledContribution(
                        tenant, name, 1, Decimal(10), number, () if name else (10 * number + n,)
                    )
                    for name in _MEASURED
                    for n, tenant in enumerate(self.tenants[:5])
                ],
            )
            for number in numbers
        ]


def a_filing(platform: Platform) -> Filing:
    """Six tenants of two funds, and an open run."""
    owners = ensure_owners(
        platform, {f"Portco {n}": f"Fund {n % 2}" for n in range(6)}, reason="test"
    )
    digest = register(platform, WORKFLOW, requested_by="somebody")
    with platform.platform_session("test") as session:
        run = session.start_run(WORKFLOW.name, digest)
    return Filing(platform, digest, run, sorted(owners.tenants.values()))


def begun(session: AnonymizerSession, header: dict[str, object]) -> UUID:
    """A candidate that is not complete."""
    row = session._one("SELECT * FROM control.begin_candidate(CAST(:p AS jsonb))", p=Jsonb(header))
    assert not row["already_recorded"]
    promotion: UUID = row["promotion_id"]
    return promotion


def add(
    session: AnonymizerSession,
    promotion: UUID,
    sent: SentParts,
    some: Iterable[FiledCell],
    **otherwise: object,
) -> None:
    """One part, as it is sent but for what is given otherwise."""
    columns: dict[str, object] = {**sent.add(list(some))}
    session._call(_ADD, p=promotion, **({"part": sent.parts} | columns | otherwise))


def complete(
    session: AnonymizerSession, promotion: UUID, sent: SentParts, **otherwise: object
) -> None:
    """Say what was sent, but for what is given otherwise."""
    said = sent.total(counted()) | otherwise
    session._call(
        "SELECT control.complete_candidate(:p, CAST(:sent AS jsonb))", p=promotion, sent=Jsonb(said)
    )


def a_cell(number: int) -> dict[str, object]:
    """A cell of the workflow's target."""
    return {
        "tool_name": f"tool {number}", "month": "2020-01-01", "runs": 5, "success_rate": 0.8,
        "latency_p50_ms": 120, "latency_p95_ms": 450, "cost_per_run_usd": 0.05,
    }  # fmt: skip


def counted() -> CellCounts:
    """Counts of cells, as a draft tells them in the end."""
    return CellCounts(7, {"k_tenants": 2})


def rows_of(platform: Platform) -> dict[str, int]:
    """How many rows there are wherever a filing writes."""
    with platform.admin_engine().connect() as connection:
        return {
            table: int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
            for table in _TABLES
        }
