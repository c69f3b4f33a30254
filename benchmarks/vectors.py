"""A tenant's nearest neighbours among everyone's vectors, against the same tables with no policy.

`CLASSLINE_BENCH_VECTORS` (default 1,000,000: under two minutes on two cores) vectors of 384
dimensions, in 1,000 tenants, whose rows lie interleaved on disk; one more tenant holds a twentieth.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import psycopg
from numpy.typing import NDArray

from benchmarks.figures import Figure
from stores.boundary.provisioning import ensure_owners
from stores.home import Home
from stores.platform import Platform, open_platform
from stores.startup import bring_down, bring_up

VECTORS = int(os.environ.get("CLASSLINE_BENCH_VECTORS", "1000000"))
TENANTS = 1_000
QUERIES = 500
LARGE_QUERIES = 40
K = 10
DIMENSIONS = 384
MEANINGS = 32
_TABLE = "tenant_private.semantic_memories"
_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = b"\xff\xff"

Vectors = NDArray[np.float32]


def measure() -> list[Figure]:
    """Seconds for many top-10 searches, with their p50, p99 and recall."""
    home = Home(Path(tempfile.mkdtemp(prefix="classline-bench-")))
    bring_up(home)
    try:
        with open_platform(home) as platform:
            names = {f"tenant {n:05}": f"fund {n % 20}" for n in range(TENANTS + 1)}
            ids = ensure_owners(platform, names, reason="benchmark").tenants
            *tenants, large = [ids[name] for name in names]
            each = VECTORS // TENANTS
            with psycopg.connect(_admin(platform)) as connection:
                _fill(connection, tenants, each)
                _fill_one(connection, large, VECTORS // 20)
                connection.commit()
                connection.autocommit = True
                connection.execute(f"CREATE TABLE public.plain (LIKE {_TABLE} INCLUDING INDEXES)")
                connection.execute(f"INSERT INTO public.plain SELECT * FROM {_TABLE}")
                connection.execute("VACUUM ANALYZE public.plain")
                connection.execute(f"VACUUM {_TABLE}")
                few = [tenants[n % 50] for n in range(QUERIES)]
                return [
                    _figure(platform, connection, few, f"{each:,} of {VECTORS:,}"),
                    _figure(
                        platform, connection, [large] * LARGE_QUERIES, f"{VECTORS // 20:,} of all"
                    ),
                    *_shared(platform, connection, VECTORS // 100),
                ]
    finally:
        bring_down(home)
        shutil.rmtree(home.root)


def _admin(platform: Platform) -> str:
    url = platform.database.admin_url()
    return f"host={url.query['host']} dbname={url.database} user={url.username}"


def _unit(count: int, seed: int) -> Vectors:
    """Unit vectors that vary in few directions and a little in all, as embedded texts do."""
    source = np.random.default_rng(seed)
    meanings = source.standard_normal((count, MEANINGS), dtype=np.float32)
    noise = source.standard_normal((count, DIMENSIONS), dtype=np.float32)
    spread = np.random.default_rng(0).standard_normal((MEANINGS, DIMENSIONS), dtype=np.float32)
    drawn = meanings @ spread + noise
    units: Vectors = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return units


def _copied(owners: Sequence[str], first: int, vectors: Vectors) -> bytes:
    """Rows in PostgreSQL's binary COPY format, written at once: text would take minutes."""
    kinds = [("fields", ">i2")]
    for name, kind in (("tenant", "S19"), ("item", "S9"), ("content", "S80")):
        kinds += [(f"{name}_length", ">i4"), (name, kind)]
    kinds += [("embedding_length", ">i4"), ("dimensions", ">i2"), ("unused", ">i2")]
    kinds += [("embedding", f"({DIMENSIONS},)>f4"), ("created_length", ">i4"), ("created", ">i8")]
    rows = np.zeros(len(vectors), dtype=kinds)
    rows["fields"] = 5
    for name, length in (("tenant", 19), ("item", 9), ("content", 80), ("created", 8)):
        rows[f"{name}_length"] = length
    rows["tenant"] = np.array(owners, dtype="S19")
    rows["item"] = [b"%09d" % n for n in range(first, first + len(vectors))]
    rows["content"] = (
        b"a memory of eighty characters, as long as a short sentence in a note is ......  "
    )
    rows["embedding_length"], rows["dimensions"] = 4 + 4 * DIMENSIONS, DIMENSIONS
    rows["embedding"] = vectors
    return rows.tobytes()


def _fill(connection: psycopg.Connection, tenants: Sequence[str], each: int) -> None:
    with connection.cursor().copy(f"COPY {_TABLE} FROM STDIN (FORMAT binary)") as copy:
        copy.write(_COPY_HEADER)
        for n in range(each):
            copy.write(_copied(tenants, n * len(tenants), _unit(len(tenants), n)))
        copy.write(_COPY_END)


def _fill_one(connection: psycopg.Connection, tenant: str, count: int) -> None:
    with connection.cursor().copy(f"COPY {_TABLE} FROM STDIN (FORMAT binary)") as copy:
        copy.write(_COPY_HEADER)
        copy.write(_copied([tenant] * count, 0, _unit(count, 2**20)))
        copy.write(_COPY_END)


def _figure(
    platform: Platform, connection: psycopg.Connection, tenants: Sequence[str], size: str
) -> Figure:
    """Searches of these tenants, timed inside their sessions, and with no policy."""
    queries = _unit(len(tenants), 2**21)
    ours, found = [], []
    for tenant, query in zip(tenants, queries, strict=True):
        with platform.tenant_session(tenant, "benchmark") as session:
            namespace = session.vectors_tenant_private()
            vector = query.tolist()
            started = time.perf_counter()
            nearest = namespace.query(vector, K)
            ours.append(time.perf_counter() - started)
            found.append({neighbour.item_id for neighbour in nearest})
    peer, true = [], []
    for tenant, query in zip(tenants, queries, strict=True):
        vector = str(query.tolist())
        started = time.perf_counter()
        rows = connection.execute(
            "WITH every AS MATERIALIZED (SELECT item_id, content, embedding <=> %s::vector AS d"
            " FROM public.plain WHERE tenant_id = %s) SELECT * FROM every ORDER BY d LIMIT 10",
            (vector, tenant),
        ).fetchall()
        peer.append(time.perf_counter() - started)
        true.append({row[0] for row in rows})
    return Figure(
        f"{len(tenants)} top-{K} of a tenant with {size} vectors: {_said(ours, found, true)}",
        sum(ours),
        sum(peer),
        f"no policy, {_said(peer)}",
    )


def _said(
    seconds: Sequence[float],
    found: Sequence[set[str]] | None = None,
    true: Sequence[set[str]] | None = None,
) -> str:
    p50, p99 = np.percentile(seconds, (50, 99)) * 1000
    said = f"p50 {p50:.2f} ms, p99 {p99:.2f} ms"
    if found is not None and true is not None:
        hits = sum(len(ours & theirs) for ours, theirs in zip(found, true, strict=True))
        said += f", recall {hits / sum(map(len, true)):.4f}"
    return said


def _shared(platform: Platform, connection: psycopg.Connection, count: int) -> Iterator[Figure]:
    """The namespace that all share: its index, beside an exact search."""
    connection.execute(
        "INSERT INTO anonymized.pattern_bank SELECT item_id, content, embedding, gen_random_uuid(),"
        " 'email', '*', item_id, 'brief', '2026-Q1', 5, 0.1, 0.1"
        f" FROM public.plain WHERE item_id < '{count:09}' ON CONFLICT DO NOTHING"
    )
    held = connection.execute("SELECT count(*) FROM anonymized.pattern_bank").fetchone()
    queries = _unit(200, 2**22)
    with platform.platform_session("benchmark") as session:
        namespace = session.vectors_anonymized_benchmark()
        ours, found = _timed(
            lambda vector: {n.item_id for n in namespace.query(vector, K)}, queries
        )
    peer, true = _timed(lambda vector: _exactly(connection, vector), queries)
    yield Figure(
        f"{len(queries)} top-{K} of pattern_bank with {held[0] if held else 0:,} vectors, "
        f"{_said(ours, found, true)}",
        sum(ours),
        sum(peer),
        f"exact, {_said(peer)}",
    )


def _timed(
    search: Callable[[list[float]], set[str]], queries: Vectors
) -> tuple[list[float], list[set[str]]]:
    seconds, found = [], []
    for query in queries:
        vector = query.tolist()
        started = time.perf_counter()
        found.append(search(vector))
        seconds.append(time.perf_counter() - started)
    return seconds, found


def _exactly(connection: psycopg.Connection, vector: list[float]) -> set[str]:
    rows = connection.execute(
        "WITH every AS MATERIALIZED (SELECT item_id, embedding <=> %s::vector AS d"
        " FROM anonymized.pattern_bank) SELECT item_id FROM every ORDER BY d LIMIT 10",
        (str(vector),),
    ).fetchall()
    return {row[0] for row in rows}
