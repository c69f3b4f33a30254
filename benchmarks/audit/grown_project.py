"""A copy of this project that has grown, as a team's would: more declarations, one more revision.

Nothing of the copy knows that it is a benchmark: its commands are those of every installation.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.audit.grown_datasets import SIZE_SETTING
from stores.schema import newest_revision

__all__ = ["GrownProject", "grown_project"]

_OURS = Path(__file__).parents[2]
_PACKAGES = (
    "anonymization",
    "benchmarks",
    "catalog",
    "dagster_project",
    "docs",
    "expectations",
    "lineage",
    "steward",
    "stores",
)
_DECLARATION = "\nfrom benchmarks.audit.grown_datasets import DATASETS\n"
_REVISION = '''\
"""What the benchmark adds. The class of every column:

CLASSES"""

from alembic import op

from benchmarks.audit.grown_schema import create

revision = "9000"
down_revision = "NEWEST"


def upgrade() -> None:
    create(op.get_bind())
'''
_COLUMN_CLASSES = """
from benchmarks.audit.grown_datasets import DATASETS
for dataset in DATASETS:
    for column in dataset.columns if dataset.physical is None else ():
        print(f"{dataset.qualified_name}.{column.name}: {dataset.class_of(column)}")
"""


@dataclass(frozen=True, slots=True)
class GrownProject:
    """The folder of the copy, its installation's home, and the environment its commands need."""

    folder: Path
    home: Path
    environment: Mapping[str, str]

    def command(self, *arguments: str) -> list[str]:
        """A command line of the copy's Python."""
        return [sys.executable, *arguments]

    def classline(self, *arguments: str) -> list[str]:
        """The command `classline` of the copy, as its entry point runs it."""
        return self.command("-c", "from steward.command_line import main; main()", *arguments)

    def run(self, command: list[str]) -> str:
        """Run it to its end; what it printed."""
        ran = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            message = f"{command[-2:]} ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}"
            raise RuntimeError(message)
        return ran.stdout


def grown_project(root: Path, tables: int) -> GrownProject:
    """Copy this project there and let it grow by that many tables."""
    folder, home = root / "project", root / "home"
    for package in _PACKAGES:
        shutil.copytree(
            _OURS / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    declared = folder / "catalog" / "declared.py"
    source = declared.read_text()
    source = source.replace("\n__all__", f"{_DECLARATION}\n__all__", 1)
    declared.write_text(
        source.replace("(\n        *tenant", "(\n        *DATASETS,\n        *tenant", 1)
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DATAHUB_")}
    grown = GrownProject(
        folder,
        home,
        kept | {"PYTHONPATH": str(folder), "CLASSLINE_HOME": str(home), SIZE_SETTING: str(tables)},
    )
    classes = grown.run(grown.command("-c", _COLUMN_CLASSES))
    revision = _REVISION.replace("CLASSES", classes).replace("NEWEST", str(newest_revision()))
    (folder / "stores" / "migrations" / "versions" / "9000_grown.py").write_text(revision)
    return grown
