"""`classline audit --full` over a million rows of text, beside the scanner alone on the same."""

from __future__ import annotations

import json
from collections.abc import Iterator

from benchmarks.audit.many_texts import STORE
from benchmarks.audit.own_stores import grown
from benchmarks.audit.watched import Watched, watched
from benchmarks.figures import Figure, Unit

__all__ = ["measure"]

_FEW, _MANY = 100_000, 1_000_000


def measure() -> list[Figure]:
    """Seconds and memory at both sizes; what the rows between them cost beside a bare scan."""
    return list(_figures())


def _figures() -> Iterator[Figure]:
    with grown(10) as project:
        fill = project.command("-m", "benchmarks.audit.many_texts", "fill")
        audit = project.classline("audit", "--full", "--json")
        few_bytes = json.loads(project.run([*fill, str(_FEW)]))
        few = watched(project, audit)
        many_bytes = json.loads(project.run([*fill, str(_MANY)]))
        many = watched(project, audit)
        bare = project.run(project.command("-m", "benchmarks.audit.many_texts", "scan"))
    size, seconds = json.loads(bare)
    _require_read(few, _FEW)
    _require_read(many, _MANY)
    read = many_bytes - few_bytes
    scanning = seconds * read / size
    print(
        f"{read / 1e6:.0f} MB: {read / 1e6 / (many.seconds - few.seconds):.1f} MB/s, "
        f"{read / 1e6 / (many.cpu_seconds - few.cpu_seconds):.1f} MB/s of its processor; "
        f"the scanner alone {size / 1e6 / seconds:.1f} MB/s"
    )
    alone = "the scanner alone, processor"
    yield Figure(f"full audit, {_FEW:,} rows, {few_bytes / 1e6:.0f} MB of text", few.seconds)
    yield Figure(f"full audit, {_MANY:,} rows, {many_bytes / 1e6:.0f} MB of text", many.seconds)
    yield Figure(f"{read / 1e6:.0f} MB more", many.seconds - few.seconds, scanning, alone)
    yield Figure(
        f"{read / 1e6:.0f} MB more, processor of the audit",
        many.cpu_seconds - few.cpu_seconds,
        scanning,
        alone,
    )
    for rows, run in ((_FEW, few), (_MANY, many)):
        what = f"most memory at {rows:,} rows"
        yield Figure(what, run.peak_bytes / 1e9, unit=Unit.GIGABYTES)
        yield Figure(f"{what}, a database process", run.backend_bytes / 1e9, unit=Unit.GIGABYTES)


def _require_read(run: Watched, least: int) -> None:
    (store,) = (each for each in json.loads(run.output)["stores"] if each["store"] == STORE)
    if not least <= store["rows_read"] == store["rows"]:
        message = f"{store['rows_read']} of {store['rows']} rows were read"
        raise AssertionError(message)
