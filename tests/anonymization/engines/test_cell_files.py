"""A file of cells is complete or not there, and the same cells are the same bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymization.engines.cells import write_cells
from anonymization.engines.errors import UnwritableFile

LINES = pa.table(
    {
        "label": pa.array(["a,b", 'say "x"', "", None, "two\nlines", "é"]),
        "rows": pa.array([1, 2, 3, 4, 5, None]),
        "sum": pa.array(
            [Decimal("1.50"), Decimal(-100), Decimal(0), None, Decimal("0.05"), Decimal(7)],
            pa.decimal128(38, 2),
        ),
    }
)


class SomeCells:
    """Cells as they come: quotes, nulls, nothing, line breaks."""

    lines = LINES


class InterruptedCells:
    """Cells whose lines end in the middle, like a full disk or a stop."""

    @property
    def lines(self) -> pa.Table:
        raise KeyboardInterrupt


def test_csv_is_written_in_one_way(tmp_path: Path) -> None:
    """Null is empty and an empty text is quoted; no trailing zeros, no exponent, LF."""
    write_cells(SomeCells(), tmp_path / "cells.csv")
    assert (tmp_path / "cells.csv").read_bytes().decode() == (
        'label,rows,sum\n"a,b",1,1.5\n"say ""x""",2,-100\n"",3,0\n,4,\n"two\nlines",5,0.05\né,,7\n'
    )


def test_parquet_holds_the_same_lines(tmp_path: Path) -> None:
    """And twice the same bytes."""
    for name in ("one.parquet", "two.parquet"):
        write_cells(SomeCells(), tmp_path / name)
    assert pq.read_table(tmp_path / "one.parquet").equals(LINES)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


@pytest.mark.parametrize("name", ["cells.json", "cells", "cells.csv.gz"])
def test_another_kind_of_file_is_refused(tmp_path: Path, name: str) -> None:
    """Nothing is written under a name that says something else."""
    with pytest.raises(UnwritableFile, match=r"written as .parquet or .csv"):
        write_cells(SomeCells(), tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_an_interrupted_run_leaves_the_earlier_file(tmp_path: Path, suffix: str) -> None:
    """Half a release under the whole one's name would be taken for it."""
    target = tmp_path / f"cells{suffix}"
    write_cells(SomeCells(), target)
    earlier = target.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        write_cells(InterruptedCells(), target)
    assert target.read_bytes() == earlier
    assert [each.name for each in tmp_path.iterdir()] == [target.name]


WRITER = """
import sys
from pathlib import Path
import pyarrow as pa
from anonymization.engines import cell_files

class Cells:
    lines = pa.table({"n": list(range(100_000))})

def stalling(lines, written=cell_files._csv_lines):
    for number, line in enumerate(written(lines)):
        if number == 50_000:
            print("half way", flush=True)
            sys.stdin.read()
        yield line

cell_files._csv_lines = stalling
cell_files.write_cells(Cells(), Path(sys.argv[1]))
"""


@pytest.fixture
def half_way(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", WRITER, str(tmp_path / "cells.csv")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "half way\n"
        yield writer
        writer.kill()


@pytest.mark.parametrize("earlier", [None, b"n\n1\n"])
def test_a_killed_run_leaves_no_half_written_file(
    tmp_path: Path, half_way: subprocess.Popen[str], earlier: bytes | None
) -> None:
    """Killed half way, nothing has the name, or what had it before still does."""
    target = tmp_path / "cells.csv"
    if earlier is not None:
        target.write_bytes(earlier)
    os.kill(half_way.pid, signal.SIGKILL)
    assert half_way.wait() == -signal.SIGKILL
    assert (target.read_bytes() if target.exists() else None) == earlier
