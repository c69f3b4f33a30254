"""`publish()` of a million cells in one transaction, and their revocation, beside a bare INSERT."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text

from anonymization.decisions import decide
from anonymization.registration import register
from anonymization.workflows.agent_run_aggregates import AGENT_RUN_AGGREGATES as WORKFLOW
from benchmarks.figures import Figure
from lineage.reviews import Decision
from lineage.revocation import revoke
from stores.boundary.provisioning import add_steward, ensure_owners
from stores.home import Home
from stores.platform import Platform, open_platform
from stores.startup import bring_down, bring_up

CELLS = int(os.environ.get("CLASSLINE_BENCH_CELLS", "1000000"))
_TENANTS = 5
_NUMBERS = "generate_series(1, CAST(:n AS bigint)) AS n"
_CELL = (
    "jsonb_build_object('tool_name', 'tool ' || n, 'month', '2020-01-01', 'runs', 5,"
    " 'success_rate', 0.8, 'latency_p50_ms', 120, 'latency_p95_ms', 450, 'cost_per_run_usd', 0.05)"
)


def measure() -> list[Figure]:
    """Seconds to publish and to revoke; the peer writes and deletes the same rows, unguarded."""
    home = Home(Path(tempfile.mkdtemp(prefix="classline-bench-")))
    bring_up(home)
    try:
        with open_platform(home) as platform:
            return _measured(platform)
    finally:
        bring_down(home)
        shutil.rmtree(home.root)


def _measured(platform: Platform) -> list[Figure]:
    steward = add_steward(platform, "bench-steward")
    owners = ensure_owners(
        platform, {f"Portco {n}": f"Fund {n % 2}" for n in range(_TENANTS)}, reason="benchmark"
    )
    digest = register(platform, WORKFLOW, requested_by="benchmark")
    decide(platform, WORKFLOW, Decision.APPROVED, "for a benchmark", credential=steward)
    with platform.platform_session("benchmark") as opened:
        run = opened.start_run(WORKFLOW.name, digest)
    promotion = _filed(platform, digest, run, sorted(owners.tenants.values()))
    passed = [{"name": str(c), "passed": True, "observed": {}} for c in WORKFLOW.required_checks]
    with platform.anonymizer_session(WORKFLOW.name, run) as anonymizer:
        anonymizer.record_checks(promotion, "candidate", passed)
        anonymizer.record_checks(promotion, "publish", passed)

    def publish() -> None:
        with platform.anonymizer_session(WORKFLOW.name, run) as anonymizer:
            published = anonymizer.publish(promotion)
        if published["rows_published"] != CELLS:
            message = f"{published['rows_published']} of {CELLS} cells were published"
            raise RuntimeError(message)

    bare = (
        "INSERT INTO bare SELECT r.* FROM quarantine.candidate_cells c CROSS JOIN LATERAL"
        f" jsonb_populate_record(NULL::{WORKFLOW.target}, c.cell) r"
    )
    with platform.admin_engine().begin() as connection:
        connection.execute(
            text(
                f"CREATE UNLOGGED TABLE public.bare AS SELECT * FROM {WORKFLOW.target} LIMIT 0;"
                " ALTER TABLE public.bare SET LOGGED; ALTER TABLE public.bare ADD PRIMARY KEY"
                " (tool_name, month)"
            )
        )
    inserted = _seconds(lambda: _as_admin(platform, bare))
    deleted = _seconds(lambda: _as_admin(platform, "DELETE FROM public.bare"))
    with platform.admin_engine().begin() as connection:
        connection.execute(text("DROP TABLE public.bare"))
    return [
        Figure(f"publish, {CELLS:,} cells", _seconds(publish), inserted, "one INSERT"),
        Figure(
            f"revoke, {CELLS:,} cells",
            _seconds(lambda: revoke(platform, steward, promotion, "for a benchmark")),
            deleted,
            "one DELETE",
        ),
    ]


def _filed(platform: Platform, digest: str, run: UUID, tenants: list[str]) -> UUID:
    """A candidate as `file_candidate` leaves one, which the benchmark `filing` measures."""
    promotion = uuid4()
    with platform.admin_engine().begin() as connection:
        connection.execute(
            text(
                "INSERT INTO control.promotions (promotion_id, idempotency_key, base_key, attempt,"
                " workflow, source_digest, run_id, from_class, to_class, sources, target, policy,"
                " snapshot_digest, candidate_digest, closed_before, rows_in, cells_in, cells_kept,"
                " suppressed, state, requested_by, family, partition) SELECT :p, 'k', 'k', 1,"
                " workflow, source_digest, :run, from_class, to_class, sources, target, policy,"
                " 's', '', '2026-07-01', :n, :n, :n, '{}', 'drafted', 'benchmark', family,"
                " :partition FROM control.workflow_registrations WHERE source_digest = :d"
            ),
            {
                "p": promotion,
                "run": run,
                "n": CELLS,
                "partition": Jsonb(WORKFLOW.partition([0] * len(WORKFLOW.dimensions))),
                "d": digest,
            },
        )
        _fill(connection, promotion, tenants)
        connection.execute(
            text(
                "UPDATE control.promotions SET state = 'candidate',"
                " candidate_digest = control.candidate_digest(:p) WHERE promotion_id = :p"
            ),
            {"p": promotion},
        )
    return promotion


def _fill(connection: Connection, promotion: UUID, tenants: list[str]) -> None:
    values = {
        "p": promotion,
        "n": CELLS,
        "tenants": tenants,
        "measured": sorted({measure.measured for measure in WORKFLOW.measures}),
    }
    cells = f"INSERT INTO quarantine.candidate_cells SELECT :p, n, {_CELL} FROM {_NUMBERS}"
    contributors = (
        "INSERT INTO control.cell_contributors (promotion_id, cell_no, tenant_id, fund_id,"
        " row_count, amount, digest, row_digests) SELECT :p, n, m.tenant_id, m.fund_id, 1, 10, n,"
        f" ARRAY[n * 100 + t.place] FROM {_NUMBERS} CROSS JOIN unnest(CAST(:tenants AS text[]))"
        " WITH ORDINALITY AS t (tenant_id, place)"
        " JOIN control.portfolio_membership m USING (tenant_id)"
    )
    measures = (
        f"INSERT INTO control.measure_contributions SELECT :p, n, t, m, 1, 10, n FROM {_NUMBERS}"
        " CROSS JOIN unnest(CAST(:tenants AS text[])) AS t"
        " CROSS JOIN unnest(CAST(:measured AS text[])) AS m"
    )
    for statement in (cells, contributors, measures):
        connection.execute(text(statement), values)


def _as_admin(platform: Platform, statement: str) -> None:
    with platform.admin_engine().begin() as connection:
        connection.exec_driver_sql("SET LOCAL search_path = public")
        connection.exec_driver_sql(statement)


def _seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started
