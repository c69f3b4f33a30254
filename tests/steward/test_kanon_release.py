"""`classline kanon release` writes safe cells, whole or not at all, and no row of the file."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from anonymization.kanon.output import write_all
from tests.kanon_files import HEADER, a_file, a_table_of_deals, hierarchies_of_deals
from tests.steward.conftest import Call


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def contents_of(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_cells_are_released_with_a_report_and_a_picture(kanon: Call, tmp_path: Path) -> None:
    """The cells add up to the file, the report to the cells, and the picture is there."""
    table = a_table_of_deals(tmp_path / "deals.csv")
    folder = hierarchies_of_deals(tmp_path / "h")
    out, report, picture = (tmp_path / name for name in ("cells.csv", "report.json", "cells.svg"))
    said = kanon("release", table, "--qi", "town,age", "--tenant", "tenant", "--measure", "value",
                 "--hierarchies", folder, "--out", out, "--report", report, "--rate",
                 "stage=won", "--picture", picture, "--json")  # fmt: skip
    assert said.code == 0, said.err
    cells = rows_of(out)
    assert list(cells[0]) == [
        "town", "age", "cell_rows", "cell_tenants", "sum_value", "p25_value", "p50_value",
        "p75_value", "rate_stage_won",
    ]  # fmt: skip
    told = json.loads(report.read_text())
    assert told == said.json
    assert (told["rows"], told["cells"], told["mode"]) == (400, len(cells), "lattice")
    assert sum(int(cell["cell_rows"]) for cell in cells) == 400 - told["suppressed_rows"]
    assert told["models"] == {
        "k_tenants": 5, "dominance": "0.60", "dominance_of_rows": "0.60", "p_percent": "10",
    }  # fmt: skip
    assert [each["kind"] for each in told["measures"]] == [
        "count", "sum", "quantile", "quantile", "quantile", "rate",
    ]  # fmt: skip
    assert [each["k"] for each in told["utility_by_k"]] == [2, 5, 10, 20, 50]
    assert told["utility_by_k"][-1] == {"k": 50, "utility": 0.0, "suppressed_share": 1.0}
    assert picture.read_text().startswith("<?xml")


@pytest.mark.parametrize("mode", ["lattice", "partition"])
def test_every_cell_is_safe_and_its_sum_is_rounded(kanon: Call, tmp_path: Path, mode: str) -> None:
    """Counted again here from the rows themselves: tenants, shares and sums."""
    table = a_table_of_deals(tmp_path / "deals.csv", rows=2000)
    folder = hierarchies_of_deals(tmp_path / "h")
    out = tmp_path / "cells.parquet"
    said = kanon("release", table, "--qi", "town", "--tenant", "tenant", "--fund", "fund",
                 "--measure", "value", "--hierarchies", folder, "--k", 8, "--dominance", "0.3",
                 "--mode", mode, "--out", out, "--json")  # fmt: skip
    assert said.code == 0, said.err
    assert said.json["models"]["k_without_fund"] == 8
    amounts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    with table.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter=";"):
            amounts[row["town"]][row["tenant"]] += int(row["value"])
    cells = pq.read_table(out).to_pylist()
    assert sorted(cell["town"] for cell in cells) == ["Aalen", "Bonn", "Köln", "Ulm"]
    for cell in cells:
        held = amounts[cell["town"]]
        assert cell["cell_tenants"] == len(held) >= 8
        assert max(held.values()) <= 0.3 * sum(held.values())
        assert cell["sum_value"] != sum(held.values())
        assert abs(int(cell["sum_value"]) - sum(held.values())) <= 500


def test_a_measure_is_withheld_where_its_own_rows_are_too_few(kanon: Call, tmp_path: Path) -> None:
    """Six tenants stand behind the cell and three behind its sum, so the sum is null."""
    rows = [("Ulm", 30, f"t{n % 6}", "f", "won", 7 if n % 6 < 3 else "") for n in range(24)]
    table = a_file(tmp_path / "deals.csv", HEADER, rows, ";")
    out = tmp_path / "cells.csv"
    said = kanon("release", table, "--qi", "town", "--tenant", "tenant", "--measure", "value",
                 "--mode", "partition", "--out", out, "--json")  # fmt: skip
    assert said.code == 0, said.err
    assert said.json["withheld"]["sum_value"] == 1
    (cell,) = rows_of(out)
    assert (cell["cell_rows"], cell["sum_value"], cell["p50_value"]) == ("24", "", "")


def test_a_report_measures_no_cell(kanon: Call, tmp_path: Path) -> None:
    """An exact share times a published sum would be the largest tenant's own amount."""
    table = a_table_of_deals(tmp_path / "deals.csv")
    said = kanon("release", table, "--qi", "town", "--tenant", "tenant", "--measure", "value",
                 "--mode", "partition", "--out", tmp_path / "cells.csv", "--json")  # fmt: skip
    assert set(said.json["models"].values()) == {5, "0.60", "10"}
    shown = kanon("release", table, "--qi", "town", "--tenant", "tenant", "--measure", "value",
                  "--mode", "partition", "--out", tmp_path / "cells.csv")  # fmt: skip
    assert "every cell keeps k_tenants 5, dominance 0.60, dominance_of_rows 0.60" in shown.out


def test_the_same_file_gives_the_same_bytes(kanon: Call, tmp_path: Path) -> None:
    """A release can be made again and compared, picture included."""
    table = a_table_of_deals(tmp_path / "deals.csv")
    folder = hierarchies_of_deals(tmp_path / "h")
    for turn in ("a", "b"):
        (tmp_path / turn).mkdir()
        files = {
            f"--{flag}": tmp_path / turn / name
            for flag, name in (("out", "c.parquet"), ("report", "r.json"), ("picture", "p.svg"))
        }
        options = [each for pair in files.items() for each in pair]
        said = kanon("release", table, "--qi", "town,age", "--hierarchies", folder, *options)
        assert said.code == 0, said.err
    for name in ("c.parquet", "r.json", "p.svg"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("tenants", [1, 4])
@pytest.mark.parametrize("mode", ["lattice", "partition"])
def test_too_few_tenants_release_nothing(
    kanon: Call, tmp_path: Path, tenants: int, mode: str
) -> None:
    """Said with the number of tenants, exit 1, and no file written."""
    table = a_table_of_deals(tmp_path / "deals.csv", tenants=tenants)
    folder = hierarchies_of_deals(tmp_path / "h")
    before = contents_of(tmp_path)
    said = kanon("release", table, "--qi", "town", "--tenant", "tenant", "--hierarchies", folder,
                 "--mode", mode, "--out", tmp_path / "cells.csv")  # fmt: skip
    assert said.code == 1
    assert "nothing" in said.err
    assert f"{tenants} tenants" in said.err
    assert contents_of(tmp_path) == before


@pytest.mark.parametrize("amount", ["-5", "nan", "inf"])
def test_amounts_that_cannot_be_summed_release_nothing(
    kanon: Call, tmp_path: Path, amount: str
) -> None:
    """Negative amounts hide who dominates; NaN and infinity are no amounts."""
    rows = [("Ulm", 30, f"t{n}", "f", "won", amount if n == 3 else 7) for n in range(9)]
    table = a_file(tmp_path / "deals.csv", HEADER, rows, ";")
    said = kanon("release", table, "--qi", "town", "--tenant", "tenant", "--measure", "value",
                 "--mode", "partition", "--out", tmp_path / "cells.csv")  # fmt: skip
    assert said.code == 1
    assert contents_of(tmp_path) == {"deals.csv"}


def test_places_that_cannot_be_written_are_named(kanon: Call, tmp_path: Path) -> None:
    """A person corrects a path; nobody can do that with the name of an error."""
    table = a_table_of_deals(tmp_path / "deals.csv")
    (tmp_path / "cells.csv").mkdir()
    asked = ("release", table, "--qi", "town", "--mode", "partition", "--out")
    folder = kanon(*asked, tmp_path / "cells.csv")
    assert (folder.code, "is a folder, not a file" in folder.err) == (2, True)
    closed = kanon(*asked, tmp_path / "c.csv", "--report", "/proc/report.json")
    assert (closed.code, "/proc/report.json cannot be written" in closed.err) == (1, True)
    assert contents_of(tmp_path) == {"deals.csv", "cells.csv"}


def test_null_stays_apart_in_a_release(kanon: Call, tmp_path: Path) -> None:
    """An empty field of the release is null, and only where the file had null."""
    rows = [(town, 30, f"t{n % 6}", "f", "won", 1) for town in ("", "Ulm") for n in range(12)]
    table = a_file(tmp_path / "deals.csv", HEADER, rows, ";")
    out = tmp_path / "cells.parquet"
    said = kanon("release", table, "--qi", "town", "--tenant", "tenant", "--mode", "partition",
                 "--out", out)  # fmt: skip
    assert said.code == 0, said.err
    assert pq.read_table(out).column("town").to_pylist() == ["Ulm", None]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--out", "cells.xlsx"], "--out ends in .parquet or .csv"),
        (["--out", "deals.csv"], "none is the source"),
        (["--out", "no/such/cells.csv"], "there is no folder"),
        (["--out", "c.csv", "--picture", "c.pdf"], "--picture ends in .svg or .png"),
        (["--out", "c.csv", "--report", "c.csv"], "are three files"),
        (["--out", "c.csv", "--mode", "lattice"], "give --hierarchies DIR, or --mode partition"),
        (["--out", "c.csv", "--measure", "value"], "--measure needs --tenant COL"),
        (["--out", "c.csv", "--rate", "stage"], "--rate is COLUMN=VALUE"),
        (["--out", "c.csv", "--rate", "stge=won"], "no column stge"),
        (["--out", "c.csv", "--digits", "0"], "Invalid value for '--digits'"),
    ],
)
def test_releases_that_mean_nothing_are_bad_usage(
    kanon: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    """Nothing is read, and nothing overwritten, before the call makes sense."""
    monkeypatch.chdir(tmp_path)
    table = a_table_of_deals(Path("deals.csv"))
    mode = [] if "--mode" in arguments else ["--mode", "partition"]
    said = kanon("release", table, "--qi", "town", *mode, *arguments)
    assert said.code == 2
    assert told in said.err
    assert contents_of(tmp_path) == {"deals.csv"}


def test_names_that_a_release_needs_are_taken(kanon: Call, tmp_path: Path) -> None:
    """Two columns of one name would be told apart by nobody."""
    table = a_file(tmp_path / "t.csv", ("cell_rows",), [("a",)] * 9, ",")
    said = kanon("release", table, "--qi", "cell_rows", "--mode", "partition", "--out",
                 tmp_path / "c.csv")  # fmt: skip
    assert said.code == 2
    assert "two columns of the release would be called cell_rows" in said.err


def test_files_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """A failure in the last writer leaves every earlier release in its place."""
    (tmp_path / "a.csv").write_text("earlier")

    def fails(path: Path) -> None:
        path.write_text("half")
        raise KeyboardInterrupt

    def succeeds(path: Path) -> None:
        path.write_text("new")

    with pytest.raises(KeyboardInterrupt):
        write_all({tmp_path / "a.csv": succeeds, tmp_path / "b.csv": fails})
    assert contents_of(tmp_path) == {"a.csv"}
    assert (tmp_path / "a.csv").read_text() == "earlier"


def test_a_killed_run_leaves_no_half_written_output(tmp_path: Path) -> None:
    """Killed at any moment: either the release is whole, or it is not there."""
    table = a_table_of_deals(tmp_path / "deals.csv", rows=20_000)
    folder = hierarchies_of_deals(tmp_path / "h")
    out, report = tmp_path / "cells.csv", tmp_path / "report.json"
    command = [sys.executable, "-c", "from steward.command_line import main; main()", "kanon",
               "release", table, "--qi", "town,age", "--hierarchies", folder, "--out", out,
               "--report", report, "--picture", tmp_path / "cells.png"]  # fmt: skip
    began = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    took = time.monotonic() - began
    whole = out.read_bytes()
    for share in (0.4, 0.6, 0.7):
        out.unlink(missing_ok=True)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            with suppress(subprocess.TimeoutExpired):
                run.wait(took * share)
            run.send_signal(signal.SIGKILL)
        assert not out.exists() or out.read_bytes() == whole
