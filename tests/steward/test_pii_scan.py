"""`classline pii scan` says where and what, never the value, and all of it or nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from steward import command_line
from tests.steward.conftest import Call, Said

CANARY = "canary-5e1d"
EMAIL = f"{CANARY}@acme.com"
ROWS = [
    {"name": "fine", "note": f"mail {EMAIL} today"},
    {"name": None, "note": "nothing"},
    {"name": "Acme Rockets", "note": f"call +1 415 555 2671 or {EMAIL}"},
]


@pytest.fixture
def pii(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    """Calls `classline pii scan` as the entry point does; it needs no installation."""

    def call(*arguments: object) -> Said:
        monkeypatch.setattr("sys.argv", ["classline", "pii", "scan", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            command_line.main()
        out, err = capfd.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    return call


def a_csv(folder: Path) -> Path:
    file = folder / "rows.csv"
    lines = [f'"{row["name"] or ""}","{row["note"]}"\r\n' for row in ROWS]
    file.write_text("\ufeffname,note\r\n" + "".join(lines), encoding="utf-8")
    return file


def a_parquet(folder: Path) -> Path:
    file = folder / "rows.parquet"
    pq.write_table(pa.Table.from_pylist(ROWS), file)
    return file


def json_lines(folder: Path) -> Path:
    file = folder / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, ROWS)) + "\n", encoding="utf-8")
    return file


@pytest.mark.parametrize("written", [a_csv, a_parquet, json_lines])
def test_it_says_where_and_what_in_every_format(
    pii: Call, tmp_path: Path, written: Callable[[Path], Path]
) -> None:
    """Rows from zero, offsets of characters, kinds: the same of the same table."""
    said = pii(written(tmp_path), "--json")
    assert said.code == 0, said.err
    report = said.json
    assert report["rows_flagged"] == 2
    assert report["findings"] == [
        {"row": 0, "column": "note", "start": 5, "end": 5 + len(EMAIL), "kind": "EMAIL"},
        {"row": 2, "column": "note", "start": 5, "end": 20, "kind": "PHONE"},
        {"row": 2, "column": "note", "start": 24, "end": 24 + len(EMAIL), "kind": "EMAIL"},
    ]


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_no_value_is_said(pii: Call, tmp_path: Path, options: tuple[str, ...]) -> None:
    """What it found it does not repeat: its output may be kept where the file may not."""
    said = pii(a_csv(tmp_path), *options)
    assert said.code == 0
    assert CANARY not in said.out + said.err


def test_values_are_shown_on_a_terminal_only(pii: Call, tmp_path: Path) -> None:
    """A pipe or a file would keep them."""
    for options in (("--show",), ("--show", "--json")):
        said = pii(a_csv(tmp_path), *options)
        assert said.code == 2
        assert "terminal" in said.err
        assert CANARY not in said.out + said.err


def test_values_are_shown_to_a_person_who_asks(tmp_path: Path) -> None:
    """At a real terminal, with --show and not without."""
    import pty

    def at_a_terminal(*options: str) -> str:
        parent, child = pty.openpty()
        command = [sys.executable, "-c", "from steward.command_line import main; main()"]
        command += ["pii", "scan", str(a_csv(tmp_path)), *options]
        with subprocess.Popen(command, stdout=child, stderr=child) as process:
            os.close(child)
            said = b""
            try:
                while part := os.read(parent, 4096):
                    said += part
            except OSError:  # the terminal is gone when the command has ended
                pass
            process.wait()
        os.close(parent)
        return said.decode()

    assert CANARY in at_a_terminal("--show")
    assert CANARY not in at_a_terminal()


def test_one_column_alone_can_be_scanned(pii: Call, tmp_path: Path) -> None:
    """And a column that is not there is an error, never a clean result."""
    assert pii(a_csv(tmp_path), "--column", "name", "--json").json["findings"] == []
    said = pii(a_csv(tmp_path), "--column", "nome")
    assert said.code == 1
    assert "could not check" in said.err


def test_the_callers_own_names_are_found(pii: Call, tmp_path: Path) -> None:
    """Read from a file, one name a line, and gone with the command."""
    names = tmp_path / "names.txt"
    names.write_text("Acme Rockets, Inc.\n\nZoomzone\n", encoding="utf-8")
    findings = pii(a_csv(tmp_path), "--identifiers", names, "--json").json["findings"]
    known = [each for each in findings if each.get("known")]
    assert known == [
        {
            "row": 2,
            "column": "name",
            "start": 0,
            "end": 12,
            "kind": "KNOWN_IDENTIFIER",
            "known": True,
        }
    ]


@pytest.mark.parametrize("content", [b"", b"\n \n", b"--\n", b"\xff\xfe\x00"])
def test_a_list_that_names_nobody_is_refused(pii: Call, tmp_path: Path, content: bytes) -> None:
    """It would clear every file."""
    names = tmp_path / "names.txt"
    names.write_bytes(content)
    said = pii(a_csv(tmp_path), "--identifiers", names)
    assert said.code == 1
    assert "could not check" in said.err or "not a readable file" in said.err


def test_nested_values_are_looked_into(pii: Call, tmp_path: Path) -> None:
    """Keys and leaves at any depth, and numbers as they are written."""
    file = tmp_path / "rows.jsonl"
    rows = [{"a": {"b": [1, {"to": EMAIL}]}}, {"a": {EMAIL: None}}, {"a": 4155552671}, {"a": None}]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    found = [(each["row"], each["kind"]) for each in pii(file, "--json").json["findings"]]
    assert found == [(0, "EMAIL"), (1, "EMAIL"), (2, "PHONE")]


def test_a_column_named_after_a_person_is_found_and_not_said(pii: Call, tmp_path: Path) -> None:
    """A name of a column is printed: one that is an identifier is shown by its place."""
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({"fine": "x", EMAIL: "y"}), encoding="utf-8")
    said = pii(file, "--json")
    assert [(each["row"], each["kind"]) for each in said.json["findings"]] == [(0, "EMAIL")]
    assert CANARY not in said.out


def test_a_file_without_a_header_loses_no_row(pii: Call, tmp_path: Path) -> None:
    """A first row that holds an identifier is data, whatever it was meant to be."""
    file = tmp_path / "rows.csv"
    file.write_text(f"{EMAIL},x\nfine,y\n", encoding="utf-8")
    said = pii(file, "--json")
    assert [(each["row"], each["column"]) for each in said.json["findings"]] == [(0, "column_1")]
    assert CANARY not in said.out


def test_a_text_file_is_read_line_by_line(pii: Call, tmp_path: Path) -> None:
    """Its commas and quotes are its own."""
    file = tmp_path / "notes.txt"
    file.write_text(f'fine, "so\nwe met\n{EMAIL} "there", it said\n', encoding="utf-8")
    assert pii(file, "--json").json["findings"] == [
        {"row": 2, "column": "line", "start": 0, "end": len(EMAIL), "kind": "EMAIL"}
    ]


def test_a_row_longer_than_its_header_is_read_to_its_end(pii: Call, tmp_path: Path) -> None:
    """What stands beyond the last column is still in the file."""
    file = tmp_path / "rows.csv"
    file.write_text(f"a,b\n1,2,{EMAIL}\n", encoding="utf-8")
    assert pii(file, "--json").json["findings"][0]["column"] == "column_3"


BROKEN = {
    "not_utf8.csv": b"a,b\n1,\xff\xfe\n",
    "open_quote.csv": b'a,b\n1,"2\n3,4\n',
    "not.parquet": b"PAR1 and then nothing",
    "cut.jsonl": b'{"a": 1}\n{"a": ',
    "deep.jsonl": b"[" * 200_000 + b"]" * 200_000,
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_cannot_be_read_is_refused_whole(pii: Call, tmp_path: Path, name: str) -> None:
    """Half a file that is clean proves nothing of the other half."""
    file = tmp_path / name
    file.write_bytes(BROKEN[name])
    said = pii(file, "--json")
    assert said.code == 1
    assert said.out == ""
    assert "could not check" in said.err
    assert pii(tmp_path / "missing.csv").code == 1


def test_names_of_columns_raise_suspicion(pii: Call, tmp_path: Path) -> None:
    """They clear no column and flag no row; they say where to look."""
    file = tmp_path / "rows.csv"
    file.write_text("contactEmail,home_phone,amount\nnone,none,5\n", encoding="utf-8")
    report = pii(file, "--json").json
    assert report["suspected_columns"] == {"contactEmail": "EMAIL", "home_phone": "PHONE"}
    assert report["rows_flagged"] == 0


def test_a_scan_that_is_killed_leaves_nothing_behind(tmp_path: Path) -> None:
    """No half of a result is said, and no file is written."""
    command = [sys.executable, "-c", "from steward.command_line import main; main()"]
    with subprocess.Popen(
        [*command, "pii", "scan", "-", "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=os.environ | {"TMPDIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
    ) as process:
        assert process.stdin is not None
        process.stdin.write(b"note\n" + f"mail {EMAIL} now\n".encode() * 100_000)
        process.stdin.flush()  # it has read most of it, and waits for the end
        process.send_signal(signal.SIGKILL)
        out, _ = process.communicate()
    assert out == b""
    assert list(tmp_path.iterdir()) == []
