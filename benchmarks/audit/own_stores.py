"""The audit of an installation with a thousand tables and namespaces: `classline audit`, as it is.

It must find nothing in a sound one, and everything that is planted afterwards.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.audit.grown_project import GrownProject, grown_project
from benchmarks.audit.watched import Watched, watched
from benchmarks.figures import Figure, Unit

__all__ = ["grown", "measure"]

SIZES = (100, 1_000)
Told = Sequence[str]
"""A finding's rule, place and message; or what a finding must say of something planted."""


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
        planted = json.loads(project.run(project.command("-m", "benchmarks.audit.planted")))
        again = watched(project, project.classline("audit", "--json"))
        _require_found(planted, _found(again))
        print(f"{tables:,} tables: {len(planted)} signs of what was planted, and no other")
        yield Figure(f"the same with {len(planted)} signs of defects, all found", again.seconds)


def _require_found(planted: Sequence[Told], found: Sequence[Told]) -> None:
    """Each sign of what was planted is told by a finding, and each finding tells of one."""
    missed = [sign for sign in planted if not any(_tells(each, sign) for each in found)]
    beyond = [each for each in found if not any(_tells(each, sign) for sign in planted)]
    _require(not missed, f"missed: {missed}")
    _require(not beyond, f"beyond what was planted: {beyond}")


def _tells(finding: Told, sign: Told) -> bool:
    rule, place, message = finding
    return [rule, place] == [*sign[:2]] and sign[2] in message


def _memory(what: str, size: int) -> Figure:
    return Figure(what, size / 1e9, unit=Unit.GIGABYTES)


def _found(audited: Watched) -> list[Told]:
    report = json.loads(audited.output)
    return [(each["rule"], each["file"], each["message"]) for each in report["findings"]]


def _require(holds: bool, message: str) -> None:  # noqa: FBT001 - an assertion
    if not holds:
        raise AssertionError(message)
