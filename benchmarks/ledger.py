"""The ledger: audited writes with their entries, sealing, verifying, the size of a proof."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from statistics import median
from threading import Thread

import psycopg

from benchmarks.figures import Figure, Unit
from lineage.ledger import verify_installation
from lineage.ledger_entries import LedgerEntry, leaf_of
from lineage.ledger_files import LedgerProof, ProvenEntry, write_proof
from lineage.ledger_keys import ledger_key
from lineage.ledger_notes import SigningKey, sealed_checkpoint
from lineage.ledger_sealing import seal
from lineage.ledger_tree import MerkleTree, root_of
from lineage.ledger_verification import verify_ledger
from stores.home import Home
from stores.platform import Platform, open_platform
from stores.startup import bring_down, bring_up

WRITES = int(os.environ.get("CLASSLINE_BENCH_WRITES", "2000"))
SEALED = int(os.environ.get("CLASSLINE_BENCH_SEALED", "100000"))
VERIFIED = int(os.environ.get("CLASSLINE_BENCH_VERIFIED", "1000000"))
_ROUNDS = 15
_FIRST = 10
"""Writes of a connection before the clock starts: they compile a trigger, and plan it six times."""
_ROW = (
    "(actor, action, subject, reason) VALUES "
    "('someone (peer:somebody)', 'portfolio membership added', %s, 'a reason of usual length')"
)
_AUDITED = f"INSERT INTO platform.kv_audit {_ROW}"
_PLAIN = f"INSERT INTO public.plain_audit {_ROW}"
# What an entry holds, inserted as it stands: the peer that writes as much.
_BOTH = (
    f"WITH a AS ({_PLAIN}) INSERT INTO public.plain_entries (kind, row_key, leaf, salt, record) "
    "SELECT kind, row_key, leaf, salt, record FROM public.an_entry"
)


def measure() -> list[Figure]:
    """Audited writes beside plain ones, seals and verifications beside the bare hashing."""
    home = Home(Path(tempfile.mkdtemp(prefix="classline-bench-")))
    bring_up(home)
    try:
        with open_platform(home) as platform:
            return [*_appends(platform), *_sealing(platform), *_verification(platform)]
    finally:
        bring_down(home)
        shutil.rmtree(home.root)


def _connected(platform: Platform) -> psycopg.Connection:
    host = str(platform.home.socket_dir)
    return psycopg.connect(host=host, dbname="classline", user="postgres", autocommit=True)


def _appends(platform: Platform) -> list[Figure]:
    with _connected(platform) as setup:
        setup.execute(_AUDITED, ("tn_setup",))
        for table, like in (
            ("plain_audit", "platform.kv_audit"),
            ("plain_entries", "control.ledger_entries"),
        ):
            setup.execute(f"CREATE TABLE public.{table} (LIKE {like} INCLUDING ALL)")
        setup.execute(
            "CREATE TABLE public.an_entry AS SELECT * FROM control.ledger_entries "
            "WHERE kind = 'kv_audit' ORDER BY entry_id DESC LIMIT 1"
        )
    figures = []
    for writers in (1, 8):
        seconds: dict[str, list[float]] = {_AUDITED: [], _PLAIN: [], _BOTH: []}
        for _ in range(_ROUNDS):
            for statement, measured in seconds.items():
                measured.append(_written(platform, statement, writers))
        ours = median(seconds[_AUDITED])
        what = f"{WRITES:,} audited writes, {writers} at once ({WRITES / ours:,.0f}/s)"
        figures += [
            Figure(what, ours, median(seconds[_PLAIN]), "plain insert of the row alone"),
            Figure(what, ours, median(seconds[_BOTH]), "plain insert of row and entry"),
        ]
    return figures


def _written(platform: Platform, statement: str, writers: int) -> float:
    """Seconds for that many writes, a transaction each, on connections that wrote before."""
    connections = [_connected(platform) for _ in range(writers)]
    for connection in connections:
        for number in range(_FIRST):
            connection.execute(statement, (f"tn_{number}",))

    def write(connection: psycopg.Connection) -> None:
        for number in range(WRITES // writers):
            connection.execute(statement, (f"tn_{number}",))

    threads = [Thread(target=write, args=(connection,)) for connection in connections]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    for connection in connections:
        connection.close()
    return seconds


def _sealing(platform: Platform) -> list[Figure]:
    seal(platform)
    with _connected(platform) as connection:
        connection.execute(
            "INSERT INTO platform.kv_audit (actor, action, subject, reason) "
            "SELECT 'a', 'portfolio membership added', n::text, 'a reason of usual length' "
            "FROM generate_series(1, %s) n",
            (SEALED,),
        )
    sealed = _seconds(lambda: seal(platform))
    again = _seconds(lambda: seal(platform))
    verified = _seconds(lambda: verify_installation(platform, []))
    size = seal(platform).size
    return [
        Figure(f"seal {SEALED:,} new leaves", sealed, again, "seal of nothing new"),
        Figure(f"verify {size:,} leaves and their rows in the database", verified),
    ]


def _verification(platform: Platform) -> list[Figure]:
    with platform.platform_session("benchmark") as session:
        (*_, sample) = session.ledger_ascend_platform_metric().rows()
    record = sample.record or ""
    salts = [number.to_bytes(16, "big") for number in range(VERIFIED)]
    entries = [
        LedgerEntry(number, leaf_of(salt, record), salt, record)
        for number, salt in enumerate(salts)
    ]
    leaves = [entry.leaf for entry in entries]
    key = SigningKey.fresh(ledger_key(platform.home).name)
    note = sealed_checkpoint(key, VERIFIED, root_of(leaves))
    verified = _seconds(lambda: verify_ledger(entries, key.verifier, held=[note]))
    bare = _seconds(lambda: root_of(leaves))
    tree = MerkleTree(leaves)
    path = tuple(tree.inclusion_proof(VERIFIED // 3))
    out = StringIO()
    entry = entries[VERIFIED // 3]
    write_proof(out, LedgerProof(key.verifier, note, (ProvenEntry(entry, path),)))
    return [
        Figure(f"verify {VERIFIED:,} leaves in memory", verified, bare, "the tree's root alone"),
        Figure(
            f"proof of one of {VERIFIED:,} entries as a file",
            len(out.getvalue().encode()),
            sum(map(len, path)),
            "its path's hashes",
            unit=Unit.BYTES,
        ),
    ]


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
