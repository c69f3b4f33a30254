"""What the boundary costs: the same tables with login, claim and policy, and without any."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median

import psycopg

from benchmarks.figures import Figure
from catalog.data_classes import DataClass, PrincipalKind
from stores.boundary.claims import Claim, signed
from stores.boundary.provisioning import ensure_owners
from stores.home import Home
from stores.intake.bulk_load import load_intake
from stores.intake.sample import SampleIntake
from stores.platform import Platform, open_platform
from stores.startup import bring_down, bring_up

TENANTS = int(os.environ.get("CLASSLINE_BENCH_TENANTS", "1000"))
ROWS = int(os.environ.get("CLASSLINE_BENCH_ROWS", "1000000"))
NEW_TENANTS = int(os.environ.get("CLASSLINE_BENCH_NEW_TENANTS", "10000"))
_POINT = "SELECT * FROM {} WHERE tenant_id = %s AND opportunity_id = %s"
_SCAN = "SELECT count(*), sum(close_value) FROM {}"


def _timed(work: Callable[[], object], repeats: int) -> float:
    """Median seconds of that many repeats."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return median(seconds)


def measure() -> list[Figure]:
    """Point read, scan, transaction, connection and provisioning beside a table without policy."""
    home = Home(Path(tempfile.mkdtemp(prefix="classline-bench-")))
    bring_up(home)
    try:
        with open_platform(home) as platform:
            load_intake(
                platform, SampleIntake(TENANTS, ROWS, 7, until=date(2026, 7, 1)), reason="benchmark"
            )
            return _measure(platform)
    finally:
        bring_down(home)
        shutil.rmtree(home.root)


def _measure(platform: Platform) -> list[Figure]:
    tenant = next(o for k, o in platform.keyring.logins if k is PrincipalKind.TENANT)
    secret = platform.keyring.login(PrincipalKind.TENANT, tenant)
    host = str(platform.home.socket_dir)

    def connect() -> psycopg.Connection:
        return psycopg.connect(
            host=host, dbname="classline", user=secret.login, password=secret.password
        )

    def admin() -> psycopg.Connection:
        return psycopg.connect(host=host, dbname="classline", user="postgres")

    ours, theirs = "tenant_private.crm_opportunities", "public.plain"
    with admin() as setup:
        setup.execute(f"CREATE TABLE {theirs} (LIKE {ours} INCLUDING INDEXES)")
        setup.execute(f"INSERT INTO {theirs} SELECT * FROM {ours}")
        row = setup.execute(f"SELECT opportunity_id FROM {ours} WHERE tenant_id = %s", (tenant,))
        key = (tenant, row.fetchone()[0])
        setup.commit()
        setup.autocommit = True
        setup.execute(f"VACUUM ANALYZE {theirs}")
        setup.execute(f"VACUUM ANALYZE {ours}")

    keyring = platform.keyring
    claim = Claim(secret.login, (DataClass.TENANT_PRIVATE,), "benchmark", tenant=tenant)
    token = signed(claim, kid=keyring.kid, key=keyring.signing_key)
    with connect() as guarded, admin() as plain:
        guarded.execute("SELECT set_config('classline.claim', %s, false)", (token,))
        point = (
            _timed(lambda: guarded.execute(_POINT.format(ours), key).fetchall(), 2000),
            _timed(lambda: plain.execute(_POINT.format(theirs), key).fetchall(), 2000),
        )
        where = " WHERE tenant_id = %s"
        own = (
            _timed(lambda: guarded.execute(_SCAN.format(ours)).fetchall(), 50),
            _timed(lambda: plain.execute(_SCAN.format(theirs) + where, (tenant,)).fetchall(), 50),
        )
    with platform.platform_session("benchmark") as session:
        session.note_errors("benchmark", "none", 1)
    transaction = _timed(lambda: _one_session(platform, tenant), 300)
    with admin() as plain:
        plain.autocommit = True

        def bare() -> None:
            with plain.transaction():
                plain.execute("SELECT 1")

        peer = _timed(bare, 300)
    connected = (_timed(lambda: connect().close(), 50), _timed(lambda: admin().close(), 50))
    scan = _whole_table(platform)
    started = time.perf_counter()
    ensure_owners(
        platform,
        {f"new tenant {n}": f"new fund {n % 100}" for n in range(NEW_TENANTS)},
        reason="benchmark",
    )
    provisioned = time.perf_counter() - started
    return [
        Figure(f"scan of all {ROWS:,} rows through the policy", *scan, "no policy"),
        Figure(f"scan of one of {TENANTS:,} tenants", *own, "no policy, WHERE tenant_id"),
        Figure("point read", *point, "no policy"),
        Figure("session: claim, transaction, one count", transaction, peer, "bare transaction"),
        Figure("connect with a password", *connected, "peer, no password"),
        Figure(f"{NEW_TENANTS:,} tenants with roles created", provisioned),
    ]


def _one_session(platform: Platform, tenant: str) -> None:
    with platform.tenant_session(tenant, "benchmark") as session:
        session.count(DataClass.TENANT_PRIVATE, "oauth_tokens")


def _whole_table(platform: Platform) -> tuple[float, float]:
    """One tenant that owns every row: the policy is evaluated on each of them."""
    tenant = next(o for k, o in platform.keyring.logins if k is PrincipalKind.TENANT)
    secret = platform.keyring.login(PrincipalKind.TENANT, tenant)
    keyring = platform.keyring
    claim = Claim(secret.login, (DataClass.TENANT_PRIVATE,), "benchmark", tenant=tenant)
    host = str(platform.home.socket_dir)
    with psycopg.connect(host=host, dbname="classline", user="postgres") as setup:
        setup.execute("CREATE TABLE tenant_private.whole (LIKE tenant_private.crm_opportunities)")
        setup.execute(
            "INSERT INTO tenant_private.whole SELECT %s, opportunity_id, account_id, agent_name,"
            " product, product_series, deal_stage, engaged_on, closed_on, close_value"
            " FROM public.plain",
            (tenant,),
        )
        setup.execute("ALTER TABLE tenant_private.whole OWNER TO cl_owner")
        setup.execute("ALTER TABLE tenant_private.whole ENABLE ROW LEVEL SECURITY")
        setup.execute("ALTER TABLE tenant_private.whole FORCE ROW LEVEL SECURITY")
        setup.execute(
            "CREATE POLICY own_rows ON tenant_private.whole TO tenant_rw"
            " USING (tenant_id = (SELECT control.tenant()))"
        )
        setup.execute("GRANT SELECT ON tenant_private.whole TO tenant_rw")
        setup.commit()
        setup.autocommit = True
        setup.execute("VACUUM ANALYZE tenant_private.whole")
        with psycopg.connect(
            host=host, dbname="classline", user=secret.login, password=secret.password
        ) as guarded:
            token = signed(claim, kid=keyring.kid, key=keyring.signing_key)
            guarded.execute("SELECT set_config('classline.claim', %s, false)", (token,))
            query = _SCAN.format("tenant_private.whole")
            ours = _timed(lambda: guarded.execute(query).fetchall(), 7)
        peer = _timed(lambda: setup.execute(query).fetchall(), 7)
        setup.execute("DROP TABLE tenant_private.whole")
    return ours, peer
