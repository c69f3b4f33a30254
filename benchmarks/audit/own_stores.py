"""The audit of an installation with a thousand tables and namespaces: `classline audit`, as it is.

It must find nothing in a sound one, and everything that is planted afterwards.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.audit.grown_project import GrownProject, grown_project
from benchmarks.audit.watched import Watched, watched
from benchmarks.figures import Figure, Unit

__all__ = ["grown", "measure"]

SIZES = (100, 1_000)


def measure() -> list[Figure]:
    """Seconds, processor and memory of a sampled audit at both sizes; then what was planted."""
    return [figure for tables in SIZES for figure in _measured(tables)]


@contextmanager
def grown(tables: int) -> Iterator[GrownProject]:
    """A grown project that is up, filled, and told to DataHub; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="classline-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        project = grown_project(root, tables)
        project.run(project.classline("up"))
        try:
            project.run(project.command("-m", "benchmarks.audit.grown_rows"))
            project.run(project.classline("datahub", "sync"))
            yield project
        finally:
            project.run(project.classline("down"))


def _measured(tables: int) -> Iterator[Figure]:
    what = f"{tables:,} tables of 10 columns, {tables:,} namespaces, {10 * tables:,} prefixes"
    with grown(tables) as project:
        sound = watched(project, project.classline("audit", "--json"))
        _require(not _found(sound), f"a sound installation has findings: {_found(sound)}")
        yield Figure(what, sound.seconds)
        yield Figure("the same, processor of the audit", sound.cpu_seconds)
        yield Figure("the same, processor of the database", sound.server_cpu_seconds)
        yield _memory("the same, most memory of the audit", sound.peak_bytes)
        yield _memory("the same, most memory of a database process", sound.backend_bytes)
        planted = project.run(project.command("-m", "benchmarks.audit.planted"))
        expected = {(rule, place) for rule, place in json.loads(planted)}
        again = watched(project, project.classline("audit", "--json"))
        found = _found(again)
        _require(found == expected, f"missed {expected - found}, beyond them {found - expected}")
        print(f"{tables:,} tables: {len(expected)} places planted, all found, and no other")
        yield Figure(f"the same with {len(expected)} planted places, all found", again.seconds)


def _memory(what: str, size: int) -> Figure:
    return Figure(what, size / 1e9, unit=Unit.GIGABYTES)


def _found(audited: Watched) -> set[tuple[str, str]]:
    report = json.loads(audited.output)
    return {(finding["rule"], finding["file"]) for finding in report["findings"]}


def _require(holds: bool, message: str) -> None:  # noqa: FBT001 - an assertion
    if not holds:
        raise AssertionError(message)
