"""An outsider with a bundle or a proof, a checkpoint of before and no database finds any change."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from lineage.ledger_entries import EntryKind, LedgerEntry, leaf_of
from lineage.ledger_files import (
    Bundle,
    LedgerProof,
    NotALedgerFile,
    read_ledger_file,
    write_bundle,
    write_proof,
)
from lineage.ledger_handovers import KeyChain
from lineage.ledger_notes import (
    Checkpoint,
    CheckpointRefused,
    SigningKey,
    open_checkpoint,
    sealed_checkpoint,
)
from lineage.ledger_proofs import NothingToProve, prove, verify_proof
from lineage.ledger_tree import root_of
from lineage.ledger_verification import LedgerReport, verify_ledger

_KEY = SigningKey.fresh("classline/ledger-test")
_CHAIN = KeyChain((_KEY.verifier,))


def _entry(position: int, content: str = "as it was") -> LedgerEntry:
    record = json.dumps({"kind": "promotion", "key": str(position), "row": {"state": content}})
    salt = position.to_bytes(16, "big")
    return LedgerEntry(position, leaf_of(salt, record), salt, record)


_ENTRIES = [_entry(position) for position in range(20)]


def _sealed(size: int, entries: list[LedgerEntry] = _ENTRIES, key: SigningKey = _KEY) -> str:
    return sealed_checkpoint(key, size, root_of(entry.leaf for entry in entries[:size]))


_HELD = _sealed(12)


def _bundle(
    entries: list[LedgerEntry] = _ENTRIES,
    key: SigningKey = _KEY,
    checkpoints: tuple[str, ...] | None = None,
) -> str:
    out = StringIO()
    notes = checkpoints or (_sealed(12, entries, key), _sealed(len(entries), entries, key))
    write_bundle(out, key.verifier, notes, entries)
    return out.getvalue()


def _verified(path: Path, held: str = _HELD) -> LedgerReport:
    found = read_ledger_file(path)
    assert isinstance(found, Bundle)
    return verify_ledger(found.entries(), found.key, stored=found.notes, held=[held])


def test_a_bundle_as_it_was_written_is_whole(tmp_path: Path) -> None:
    """The positive control, and which leaves rest on what."""
    path = tmp_path / "bundle"
    path.write_text(_bundle())
    report = _verified(path)
    assert report.findings == ()
    assert (report.leaves, report.covered, report.signed_only, report.unprotected) == (20, 12, 8, 0)


def _edited(lines: list[str]) -> list[str]:
    return [*lines[:5], lines[5].replace("as it was", "as it is"), *lines[6:]]


def _refitted(lines: list[str]) -> list[str]:
    """The whole bundle made anew over a changed entry, with the service's own key."""
    entries = [*_ENTRIES[:4], _entry(4, "as it is"), *_ENTRIES[5:]]
    assert lines
    return _bundle(entries).splitlines(keepends=True)


def _by_another_key(lines: list[str]) -> list[str]:
    entries = [*_ENTRIES[:4], _entry(4, "as it is"), *_ENTRIES[5:]]
    assert lines
    return _bundle(entries, SigningKey.fresh(_KEY.name)).splitlines(keepends=True)


def _without_record(lines: list[str]) -> list[str]:
    entry = json.loads(lines[5])
    del entry["salt"], entry["record"]
    return [*lines[:5], json.dumps(entry) + "\n", *lines[6:]]


def _forged_erasure(lines: list[str]) -> list[str]:
    """An erasure that the tree does not have, named by another kind of entry."""
    hidden = json.loads(lines[5])
    text = json.dumps({"kind": EntryKind.KV_AUDIT, "row": {"leaves": [hidden["leaf"]]}})
    entry = json.loads(lines[6])
    entry["record"] = text
    return [*_without_record(lines)[:6], json.dumps(entry) + "\n", *lines[7:]]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (_edited, "entry_changed"),
        (_refitted, "rewritten"),
        (_by_another_key, "other_key"),
        (_without_record, "erased_unseen"),
        (_forged_erasure, "entry_changed"),
        (lambda lines: [*lines[:5], *lines[6:]], "misplaced"),
        (lambda lines: [*lines[:5], lines[6], lines[5], *lines[7:]], "misplaced"),
        (lambda lines: [*lines[:6], lines[5], *lines[6:]], "repeated"),
        (lambda lines: lines[:-1], "shortened"),
        (lambda lines: lines[:11], "shortened"),
        (lambda lines: [lines[0]], "shortened"),
        (lambda lines: [lines[0].replace("\\n20\\n", "\\n19\\n"), *lines[1:]], "other_key"),
        (lambda lines: [lines[0].replace('"checkpoints":["', '"checkpoints":["x'), *lines[1:]],
         "other_key"),
    ],
)  # fmt: skip
def test_a_changed_bundle_is_found(
    tmp_path: Path, change: Callable[[list[str]], list[str]], found: str
) -> None:
    """Edit, refit, sign again, hide, delete, reorder, replay, cut, a changed head."""
    path = tmp_path / "bundle"
    path.write_text("".join(change(_bundle().splitlines(keepends=True))))
    assert found in {str(finding.kind) for finding in _verified(path).findings}


def test_a_bundle_that_lost_its_checkpoints_still_answers_to_the_held_one(tmp_path: Path) -> None:
    """Nothing after the held checkpoint is protected then, and it says so."""
    out = StringIO()
    write_bundle(out, _KEY.verifier, [], _ENTRIES)
    path = tmp_path / "bundle"
    path.write_text(out.getvalue())
    report = _verified(path)
    assert (report.sound, report.covered, report.unprotected) == (True, 12, 8)


def test_another_ledgers_checkpoint_is_found(tmp_path: Path) -> None:
    """Who is handed the checkpoint of another ledger must not be reassured by it."""
    path = tmp_path / "bundle"
    path.write_text(_bundle())
    other = _sealed(12, key=SigningKey.fresh("classline/another"))
    assert [str(f.kind) for f in _verified(path, other).findings] == ["other_key"]


def test_an_erasure_on_record_is_no_finding(tmp_path: Path) -> None:
    """What was erased is counted, and whole as long as the ledger says so itself."""
    hidden = replace(_ENTRIES[3], salt=None, record=None)
    record = json.dumps(
        {"kind": "erasure", "row": {"leaves": [hidden.leaf.hex()]}}, separators=(",", ":")
    )
    erasure = LedgerEntry(20, leaf_of(b"s" * 16, record), b"s" * 16, record)
    path = tmp_path / "bundle"
    path.write_text(_bundle([*_ENTRIES[:3], hidden, *_ENTRIES[4:], erasure]))
    report = _verified(path)
    assert (report.findings, report.erased) == ((), 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda _: "",
        lambda _: "nonsense",
        lambda _: "[1]\n",
        lambda _: "{}\n",
        lambda text: text[:-1],
        lambda text: text[:-40],
        lambda text: text.replace("bundle-1", "bundle-2"),
        lambda text: text.replace('"position":3', '"position":"3"'),
        lambda text: text.replace('"leaf":"', '"leaf":"!', 1),
        lambda text: text.replace('"salt"', '"sult"', 1),
        lambda text: text.replace("\n", "\n\n"),
        lambda text: text.replace("classline/ledger-test+", "classline/ledger+", 1),
        lambda _: '{"a":' * 100_000,
    ],
)
def test_a_malformed_file_is_refused_by_line(tmp_path: Path, change: Callable[[str], str]) -> None:
    """Bad input ends in a refusal of ours."""
    path = tmp_path / "bundle"
    path.write_text(change(_bundle()))
    with pytest.raises((NotALedgerFile, CheckpointRefused)):
        _verified(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """By its name."""
    with pytest.raises(NotALedgerFile, match="cannot be read"):
        read_ledger_file(tmp_path / "nothing")


def _proof(since: str | None = _HELD, positions: tuple[int, ...] = (3, 15)) -> LedgerProof:
    earlier = open_checkpoint(since, _KEY.verifier) if since else None
    return prove(
        [_ENTRIES[position] for position in positions],
        [entry.leaf for entry in _ENTRIES],
        _sealed(20),
        _CHAIN,
        since=earlier,
    )


def _written(proof: LedgerProof, path: Path) -> dict[str, Any]:
    with path.open("w") as out:
        write_proof(out, proof)
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def test_a_proof_survives_its_file_and_holds(tmp_path: Path) -> None:
    """Against the checkpoint held before, and against the one it was made for."""
    path = tmp_path / "proof"
    _written(_proof(), path)
    read = read_ledger_file(path)
    assert read == _proof()
    assert isinstance(read, LedgerProof)
    for held in (_HELD, _sealed(20)):
        report = verify_proof(read, read.key, held=[held])
        assert (report.findings, report.covered, report.signed_only) == ((), 2, 0)
    alone = verify_proof(read, _KEY.verifier)
    assert (alone.sound, alone.covered, alone.signed_only) == (True, 0, 2)
    assert verify_proof(read, read.key, held=[_sealed(5), _HELD]).covered == 2


def _set(content: dict[str, Any], *path: Any, to: Any) -> None:
    for step in path[:-1]:
        content = content[step]
    content[path[-1]] = to


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda c: _set(c, "entries", 0, "record", to=_ENTRIES[4].record), "entry_changed"),
        (lambda c: _set(c, "entries", 0, "position", to=4), "not_proven"),
        (lambda c: c["entries"][0]["path"].pop(), "not_proven"),
        (lambda c: c["entries"][0]["path"].reverse(), "not_proven"),
        (lambda c: c["entries"].clear(), "not_proven"),
        (lambda c: c["consistency"].pop(), "rewritten"),
        (lambda c: _set(c, "since", to=11), "not_proven"),
        (lambda c: c.pop("since"), "not_proven"),
        (lambda c: [c["entries"][0].pop("salt"), c["entries"][0].pop("record")], "entry_changed"),
        (lambda c: _set(c, "checkpoint", to=_sealed(19)), "not_proven"),
        (lambda c: _set(c, "checkpoint", to=_sealed(20, key=SigningKey.fresh(_KEY.name))),
         "other_key"),
    ],
)  # fmt: skip
def test_a_changed_proof_is_found(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], found: str
) -> None:
    """Another record, place, path, history, checkpoint or key."""
    path = tmp_path / "proof"
    content = _written(_proof(), path)
    change(content)
    path.write_text(json.dumps(content, indent=1))
    read = read_ledger_file(path)
    assert isinstance(read, LedgerProof)
    report = verify_proof(read, read.key, held=[_HELD])
    assert found in {str(finding.kind) for finding in report.findings}
    assert (report.covered, report.unprotected) == (0, report.leaves)


def test_a_proof_from_a_forked_history_is_found() -> None:
    """Two histories signed by one key: whoever holds a checkpoint of one refuses the other."""
    other = [*_ENTRIES[:4], _entry(4, "as it is"), *_ENTRIES[5:]]
    leaves = [entry.leaf for entry in other]
    earlier = Checkpoint(_KEY.name, 12, root_of(leaves[:12]))
    for since, held, found in (
        (earlier, _HELD, "rewritten"),
        (None, _sealed(20), "forked"),
    ):
        proof = prove([other[4]], leaves, _sealed(20, other), _CHAIN, since=since)
        report = verify_proof(proof, _KEY.verifier, held=[held])
        assert found in {str(finding.kind) for finding in report.findings}


def test_what_is_not_sealed_cannot_be_proven() -> None:
    """An entry beyond the checkpoint, and a checkpoint beyond the tree."""
    leaves = [entry.leaf for entry in _ENTRIES]
    with pytest.raises(NothingToProve):
        prove([_ENTRIES[15]], leaves[:12], _HELD, _CHAIN)
    with pytest.raises(NothingToProve):
        prove([_ENTRIES[3]], leaves[:12], _HELD, _CHAIN,
              since=Checkpoint(_KEY.name, 20, b"x" * 32))  # fmt: skip


def test_a_proof_is_small(tmp_path: Path) -> None:
    """A path has a hash per level of the tree: 5 for 20 leaves, 20 for a million."""
    content = _written(_proof(None, (3,)), tmp_path / "proof")
    assert len(content["entries"][0]["path"]) == 5
