"""Builders of what waits in the outbox, which the tests of its delivery share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text

from anonymization.registered import WORKFLOWS
from anonymization.registration import declaration
from anonymization.workflow import Workflow
from catalog.datahub_client import DataHubError, DataHubRefused
from catalog.datahub_labels import Held
from catalog.datahub_proposals import Proposal
from dagster_project.delivery import described_workflows
from lineage.outbox import queue_catalog
from stores.platform import Platform
from stores.sessions import Row

__all__ = [
    "BENCHMARK",
    "DESCRIBED",
    "DIGEST",
    "TOKEN",
    "Recording",
    "a_published_promotion",
    "a_registration",
    "emptied_outbox",
    "everything_waits",
    "rests",
    "waiting",
]

TOKEN = "a-token-that-only-tests-know"
DESCRIBED = described_workflows()
BENCHMARK = next(w for w in WORKFLOWS if w.name == "pipeline_benchmark")
DIGEST = "a" * 64


class Recording:
    """A DataHub that holds nothing, keeps what it is given, and refuses what mentions a word."""

    def __init__(self, refuse: str = "", error: type[DataHubError] = DataHubRefused) -> None:
        self.emitted: list[str] = []
        self.refuse = refuse
        self.attempts = 0
        self._error = error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def emit(self, proposals: Sequence[Proposal]) -> None:
        """Keep the proposals, or refuse them."""
        self.attempts += 1
        content = "\n".join(str(proposal.to_obj()) for proposal in proposals)
        if self.refuse and self.refuse in content:
            message = "refused for a test, with words of the content"
            raise self._error(message)
        self.emitted.append(content)

    def read(self, *_asked: object) -> Mapping[str, Held]:
        """It holds nothing."""
        return {}

    def dataset_urns(self, _platforms: Sequence[str]) -> list[str]:
        """It holds nothing."""
        return []


def emptied_outbox(platform: Platform) -> Platform:
    """The platform, with an empty outbox and no promotions."""
    with platform.admin_engine().begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        kept = ("check_results", "approvals", "promotion_transitions", "promotions")
        with unguarded(connection, *kept):
            for table in ("outbox", *kept, "workflow_runs"):
                connection.execute(text(f"DELETE FROM control.{table}"))
        connection.execute(text("DELETE FROM control.workflow_registrations"))
    return platform


@contextmanager
def unguarded(connection: Connection, *tables: str) -> Iterator[None]:
    """Rows written by hand: the guards of these tables sleep, and DataHub is told all the same."""
    guards = connection.execute(
        text(
            "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "WHERE c.relnamespace = 'control'::regnamespace AND c.relname = ANY(:tables) "
            "AND NOT t.tgisinternal "
            "AND t.tgname IN ('append_only', 'guarded', 'recorded', 'moving', 'whole')"
        ),
        {"tables": list(tables)},
    ).all()
    for table, name in guards:
        connection.execute(text(f"ALTER TABLE control.{table} DISABLE TRIGGER {name}"))
    yield
    for table, name in guards:
        connection.execute(text(f"ALTER TABLE control.{table} ENABLE ALWAYS TRIGGER {name}"))


def waiting(platform: Platform) -> list[Row]:
    with platform.platform_session("test") as session:
        return session.records_ascend_platform_metric("outbox", "delivered_at IS NULL")


def rests(platform: Platform) -> list[int]:
    """How many seconds each undelivered event rests from now, by the database's clock."""
    with platform.admin_engine().connect() as connection:
        rows = connection.execute(
            text(
                "SELECT extract(epoch FROM next_attempt_at - clock_timestamp()) FROM control.outbox"
                " WHERE delivered_at IS NULL ORDER BY event_id"
            )
        )
        return [round(row[0] or 0) for row in rows]


def a_registration(
    platform: Platform, digest: str = DIGEST, workflow: Workflow = BENCHMARK
) -> None:
    """Register a workflow, which queues an event."""
    with platform.platform_session("test") as session:
        session.register_workflow(
            declaration(workflow) | {"source_digest": digest, "requested_by": "test-engineer"}
        )


def a_published_promotion(
    platform: Platform,
    *,
    minutes_ago: int = 1,
    state: str = "published",
    workflow: Workflow = BENCHMARK,
) -> UUID:
    """Record a promotion as `control.publish` would leave it, which queues its event."""
    promotion = uuid4()
    with platform.platform_session("test") as session:
        run = session.start_run(workflow.name, DIGEST)
    with (
        platform.admin_engine().begin() as connection,
        unguarded(connection, "promotions"),
    ):
        connection.execute(
            text(
                "INSERT INTO control.promotions (promotion_id, idempotency_key, base_key, attempt,"
                " workflow, source_digest, run_id, from_class, to_class, sources, target, policy,"
                " snapshot_digest, candidate_digest, closed_before, rows_in, cells_in,"
                " cells_kept, suppressed,"
                " state, requested_by, approved_by, rows_published, cells_held, family, partition,"
                " cells_superseding, created_at, published_at) SELECT :id,"
                " CAST(:id AS text), 'base', 1, workflow, source_digest,"
                " :run, from_class, to_class, sources, target, policy, 's', 'c',"
                " '2026-07-01', 600, 40, 31,"
                " CAST(:suppressed AS jsonb), :state, 'test-engineer', 'test-steward', 31, 0,"
                " family, CAST(:partition AS jsonb), 0,"
                " clock_timestamp() - make_interval(mins => :ago),"
                " CASE WHEN :state = 'published' THEN"
                " clock_timestamp() - make_interval(mins => :ago) + interval '2 seconds' END"
                " FROM control.workflow_registrations"
                " WHERE source_digest = :digest AND workflow = :workflow"
            ),
            {
                "id": promotion,
                "run": run,
                "suppressed": Jsonb({"k_tenants": 9}),
                "partition": Jsonb(workflow.partition([0] * len(workflow.dimensions))),
                "ago": minutes_ago,
                "digest": DIGEST,
                "state": state,
                "workflow": workflow.name,
            },
        )
    return promotion


def everything_waits(platform: Platform) -> UUID:
    """A catalog, a workflow and a promotion, in the order in which they happen."""
    queue_catalog(platform)
    a_registration(platform)
    return a_published_promotion(platform)
