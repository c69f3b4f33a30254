"""The linter over 100,000 lines: our own packages, repeated, beside flake8's pyflakes."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.figures import Figure

LINES = 100_000
_PACKAGES = (
    "anonymization",
    "catalog",
    "dagster_project",
    "expectations",
    "lineage",
    "steward",
    "stores",
)


def measure() -> list[Figure]:
    """CPU seconds of both programs from start to end, over the same files; the best of three."""
    with tempfile.TemporaryDirectory(prefix="classline-bench-") as folder:
        files, lines = _copied(Path(folder))
        ours = min(_seconds(["-m", "expectations.lint", "."], folder) for _ in range(3))
        peer = min(_seconds(["-m", "pyflakes", "."], folder) for _ in range(3))
    return [Figure(f"lint {lines:,} lines in {files:,} files, CPU time", ours, peer, "pyflakes")]


def _copied(folder: Path) -> tuple[int, int]:
    root = Path(__file__).parents[2]
    sources = sorted(f for name in _PACKAGES for f in (root / name).rglob("*.py"))
    (folder / "pyproject.toml").write_bytes((root / "pyproject.toml").read_bytes())
    files = lines = turn = 0
    while lines < LINES:
        for source in sources:
            target = folder / f"copy_{turn}" / source.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            content = source.read_bytes()
            target.write_bytes(content)
            files, lines = files + 1, lines + content.count(b"\n")
            if lines >= LINES:
                break
        turn += 1
    return files, lines


def _seconds(arguments: list[str], folder: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
