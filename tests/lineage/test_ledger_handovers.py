"""Whoever holds a checkpoint or a key of before follows the handovers, and finds any other."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path

import pytest

from lineage.ledger_entries import EntryKind, LedgerEntry, leaf_of
from lineage.ledger_files import (
    Bundle,
    LedgerProof,
    ProvenHandover,
    read_ledger_file,
    write_bundle,
    write_proof,
)
from lineage.ledger_handovers import (
    Handover,
    KeyChain,
    chain_of,
    is_handover,
    open_handover,
    signed_handover,
)
from lineage.ledger_notes import (
    Checkpoint,
    CheckpointRefused,
    NotACheckpoint,
    SigningKey,
    VerifierKey,
    sealed_checkpoint,
    signed_note,
)
from lineage.ledger_proofs import prove, verify_proof
from lineage.ledger_tree import root_of
from lineage.ledger_verification import LedgerReport, verify_ledger

_NAME = "classline/ledger-test"
_FIRST, _SECOND, _THIRD, _OTHER = (SigningKey.fresh(_NAME) for _ in range(4))
_SIZE = 18


def _entry(position: int, kind: EntryKind, row: dict[str, str]) -> LedgerEntry:
    record = json.dumps({"kind": kind, "row": row}, separators=(",", ":"))
    salt = position.to_bytes(16, "big")
    return LedgerEntry(position, leaf_of(salt, record), salt, record)


def _plain(position: int) -> LedgerEntry:
    return _entry(position, EntryKind.PROMOTION, {"state": "held"})


@dataclass
class _Ledger:
    """A ledger as somebody hands it out: three keys, handed over at 6 and at 12 leaves."""

    entries: list[LedgerEntry] = field(default_factory=list)
    handovers: list[str] = field(default_factory=list)
    checkpoints: list[str] = field(default_factory=list)
    key: SigningKey = _THIRD

    def head(self, size: int) -> Checkpoint:
        return Checkpoint(_NAME, size, root_of(e.leaf for e in self.entries[:size]))

    def sealed(self, key: SigningKey, size: int) -> str:
        return sealed_checkpoint(key, size, self.head(size).root)

    def replace(self, position: int, entry: LedgerEntry) -> None:
        self.entries[position] = replace(entry, position=position)

    def hand(self, old: SigningKey, new: SigningKey) -> str:
        note = signed_handover(old, new, self.head(len(self.entries)))
        self.entries.append(_entry(len(self.entries), EntryKind.HANDOVER, {"note": note}))
        self.handovers.append(note)
        return note

    def grow(self, size: int) -> None:
        self.entries += [_plain(position) for position in range(len(self.entries), size)]

    def verified(
        self, key: VerifierKey, held: list[str], tmp_path: Path | None = None
    ) -> LedgerReport:
        if tmp_path is None:
            return verify_ledger(
                self.entries, key, stored=[*self.checkpoints, *self.handovers], held=held,
                present=self.key.verifier,
            )  # fmt: skip
        out = StringIO()
        write_bundle(
            out, self.key.verifier, self.checkpoints, self.entries, handovers=self.handovers
        )
        (tmp_path / "bundle").write_text(out.getvalue())
        bundle = read_ledger_file(tmp_path / "bundle")
        assert isinstance(bundle, Bundle)
        return verify_ledger(
            bundle.entries(), key, stored=bundle.notes, held=held, present=bundle.key
        )


def _ledger() -> _Ledger:
    made = _Ledger()
    for size, old, new in ((6, _FIRST, _SECOND), (12, _SECOND, _THIRD)):
        made.grow(size)
        made.checkpoints += [made.sealed(old, size - 2), made.sealed(old, size)]
        made.hand(old, new)
    made.grow(_SIZE)
    made.checkpoints.append(made.sealed(_THIRD, _SIZE))
    return made


_WHOLE = _ledger()
_HELD = _WHOLE.sealed(_FIRST, 4)


@pytest.mark.parametrize("trusted", [_FIRST, _SECOND, _THIRD])
@pytest.mark.parametrize(
    ("held", "covered"),
    [
        ([], 0),
        ([_HELD], 4),
        ([_WHOLE.sealed(_FIRST, 6)], 6),
        ([_WHOLE.sealed(_SECOND, 7)], 7),
        ([_WHOLE.sealed(_SECOND, 12)], 12),
        ([_WHOLE.sealed(_THIRD, 13), _HELD], 13),
        ([_WHOLE.handovers[1]], 12),
        ([*_WHOLE.handovers, _HELD], 12),
    ],
)
def test_a_ledger_is_whole_from_any_of_its_keys(
    tmp_path: Path, trusted: SigningKey, held: list[str], covered: int
) -> None:
    """The positive control: from the oldest key on, and from the newest back."""
    report = _ledger().verified(trusted.verifier, held, tmp_path)
    assert (report.findings, report.covered, report.handovers) == ((), covered, 2)
    assert report.covered + report.signed_only == _SIZE


def _no_handover(ledger: _Ledger) -> None:
    ledger.handovers.pop()
    ledger.replace(12, _plain(12))
    ledger.checkpoints[-1] = ledger.sealed(_THIRD, _SIZE)


def _hidden(ledger: _Ledger) -> None:
    """The first key goes on as if nothing had been handed over; the entries tell."""
    ledger.handovers.clear()
    ledger.checkpoints = [ledger.sealed(_FIRST, 6), ledger.sealed(_FIRST, _SIZE)]
    ledger.key = _FIRST


def _forged(ledger: _Ledger) -> None:
    """Signed in the old key's name by somebody who has not got it."""
    text = Handover(ledger.head(12), _SECOND.verifier, _THIRD.verifier).text
    as_signed = base64.b64encode(_SECOND.verifier.key_id + _SECOND.sign(text)).decode()
    as_forged = base64.b64encode(_SECOND.verifier.key_id + _OTHER.sign(text)).decode()
    ledger.handovers[1] = signed_note(text, _SECOND, _THIRD).replace(as_signed, as_forged)
    ledger.replace(12, _entry(12, EntryKind.HANDOVER, {"note": ledger.handovers[1]}))


def _by_another(ledger: _Ledger) -> None:
    ledger.entries = ledger.entries[:12]
    ledger.handovers.pop()
    ledger.hand(_OTHER, _THIRD)
    ledger.grow(_SIZE)
    ledger.checkpoints[-1] = ledger.sealed(_THIRD, _SIZE)


def _unwilling(*signers: SigningKey) -> Callable[[_Ledger], None]:
    def change(ledger: _Ledger) -> None:
        text = Handover(ledger.head(12), _SECOND.verifier, _THIRD.verifier).text
        ledger.handovers[1] = signed_note(text, *signers)

    return change


def _other_tree(ledger: _Ledger) -> None:
    """A fork: both keys sign a handover of leaves that are not there."""
    head = replace(ledger.head(12), root=b"x" * 32)
    ledger.handovers[1] = signed_handover(_SECOND, _THIRD, head)
    ledger.replace(12, _entry(12, EntryKind.HANDOVER, {"note": ledger.handovers[1]}))
    ledger.checkpoints[-1] = ledger.sealed(_THIRD, _SIZE)


def _replayed(ledger: _Ledger) -> None:
    """The handover of before again, so that the key it names may go on."""
    ledger.entries = ledger.entries[:12]
    ledger.handovers[1] = ledger.handovers[0]
    ledger.entries.append(_entry(12, EntryKind.HANDOVER, {"note": ledger.handovers[0]}))
    ledger.grow(_SIZE)
    ledger.checkpoints[-1] = ledger.sealed(_THIRD, _SIZE)


def _second_goes_on(ledger: _Ledger) -> None:
    ledger.checkpoints.append(ledger.sealed(_SECOND, 15))


def _first_goes_on(ledger: _Ledger) -> None:
    ledger.checkpoints.append(ledger.sealed(_FIRST, 7))


def _third_too_early(ledger: _Ledger) -> None:
    ledger.checkpoints.append(ledger.sealed(_THIRD, 12))


def _handed_twice(ledger: _Ledger) -> None:
    ledger.handovers.append(signed_handover(_SECOND, _OTHER, ledger.head(14)))


def _taken_twice(ledger: _Ledger) -> None:
    ledger.handovers.append(signed_handover(_OTHER, _THIRD, ledger.head(12)))


def _handed_back(ledger: _Ledger) -> None:
    ledger.hand(_THIRD, _FIRST)
    ledger.checkpoints.append(ledger.sealed(_FIRST, len(ledger.entries)))


def _out_of_order(ledger: _Ledger) -> None:
    ledger.handovers[1] = signed_handover(_SECOND, _THIRD, ledger.head(5))


def _not_an_entry(ledger: _Ledger) -> None:
    ledger.replace(12, _plain(12))
    ledger.checkpoints[-1] = ledger.sealed(_THIRD, _SIZE)


def _entry_too_late(ledger: _Ledger) -> None:
    ledger.replace(15, ledger.entries[12])
    ledger.replace(12, _plain(12))
    ledger.checkpoints[-1:] = [ledger.sealed(_THIRD, 14), ledger.sealed(_THIRD, _SIZE)]


def _of_another_ledger(ledger: _Ledger) -> None:
    old, new = (SigningKey("classline/another", key.seed) for key in (_SECOND, _THIRD))
    head = replace(ledger.head(12), origin="classline/another")
    ledger.handovers[1] = signed_handover(old, new, head)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (_no_handover, "not_handed_over other_key"),
        (_hidden, "not_handed_over"),
        (_forged, "not_handed_over other_key"),
        (_by_another, "not_handed_over other_key"),
        (_unwilling(_SECOND), "not_handed_over"),
        (_unwilling(_THIRD), "not_handed_over"),
        (_unwilling(_THIRD, _OTHER), "not_handed_over"),
        (_other_tree, "rewritten forked"),
        (_replayed, "not_handed_over other_key"),
        (_first_goes_on, "out_of_turn"),
        (_second_goes_on, "out_of_turn"),
        (_third_too_early, "out_of_turn"),
        (_handed_twice, "out_of_turn"),
        (_taken_twice, "out_of_turn"),
        (_handed_back, "out_of_turn"),
        (_out_of_order, "out_of_turn"),
        (_not_an_entry, "not_handed_over"),
        (_entry_too_late, "not_handed_over"),
        (_of_another_ledger, "not_handed_over"),
    ],
)
def test_what_is_no_succession_is_found(
    tmp_path: Path, change: Callable[[_Ledger], None], found: str
) -> None:
    """By whoever trusts the first key, and holds one checkpoint of its time."""
    ledger = _ledger()
    change(ledger)
    report = ledger.verified(_FIRST.verifier, [_HELD], tmp_path)
    assert {str(finding.kind) for finding in report.findings} >= set(found.split())


def test_a_key_that_was_kept_cannot_go_on_beside_the_handover_that_somebody_holds() -> None:
    """Another ledger from the old key's end on, without a trace of the new key in it."""
    forked = _Ledger(key=_FIRST)
    forked.grow(_SIZE)
    forked.checkpoints = [forked.sealed(_FIRST, _SIZE)]
    assert forked.verified(_FIRST.verifier, [_HELD]).sound  # nothing held knows better
    report = forked.verified(_FIRST.verifier, [_HELD, _WHOLE.handovers[0]])
    assert [str(finding.kind) for finding in report.findings] == ["out_of_turn"]


def test_a_handover_says_what_it_is() -> None:
    """It reads back, a checkpoint is none, and a malformed one is refused by name."""
    note = _WHOLE.handovers[0]
    assert is_handover(note)
    assert not is_handover(_HELD)
    assert not is_handover("nonsense")
    opened = open_handover(note)
    assert (opened.head.size, opened.old, opened.new) == (6, _FIRST.verifier, _SECOND.verifier)
    for wrong in (
        _HELD,
        note.replace("handed to", "given to"),
        note.replace(str(_SECOND.verifier), "nobody"),
        note.replace(str(_SECOND.verifier), str(_FIRST.verifier)),
        note.replace("\n6\n", "\n7\n"),
        signed_note(opened.text + "and more\n", _FIRST, _SECOND),
    ):
        with pytest.raises(CheckpointRefused):
            open_handover(wrong)
    with pytest.raises(NotACheckpoint, match="names one key twice"):
        open_handover(signed_handover(_FIRST, _FIRST, opened.head))


def _chain() -> KeyChain:
    complaints: list[CheckpointRefused] = []
    chain = chain_of(_THIRD.verifier, _WHOLE.handovers, complaints.append)
    assert complaints == []
    return chain


def _proof(since: int | None = 4) -> LedgerProof:
    return prove(
        [_WHOLE.entries[3], _WHOLE.entries[15]],
        [entry.leaf for entry in _WHOLE.entries],
        _WHOLE.checkpoints[-1],
        _chain(),
        since=_WHOLE.head(since) if since else None,
    )


@pytest.mark.parametrize("trusted", [_FIRST, _SECOND, _THIRD])
def test_a_proof_follows_the_handovers(tmp_path: Path, trusted: SigningKey) -> None:
    """Out of its file, against a checkpoint that a key of before signed."""
    with (tmp_path / "proof").open("w") as out:
        write_proof(out, _proof())
    read = read_ledger_file(tmp_path / "proof")
    assert read == _proof()
    assert isinstance(read, LedgerProof)
    report = verify_proof(read, trusted.verifier, held=[_HELD])
    assert (report.findings, report.covered, report.handovers) == ((), 2, 2)
    with_handover = verify_proof(read, trusted.verifier, held=[_HELD, _WHOLE.handovers[1]])
    assert with_handover.sound


def _without_last(proof: LedgerProof) -> LedgerProof:
    return replace(proof, handovers=proof.handovers[:1])


def _without_path(proof: LedgerProof) -> LedgerProof:
    first, second = proof.handovers
    return replace(proof, handovers=(first, replace(second, path=second.path[:-1])))


def _to_another_tree(proof: LedgerProof) -> LedgerProof:
    head = replace(_WHOLE.head(12), root=b"x" * 32)
    note = signed_handover(_SECOND, _THIRD, head)
    first, second = proof.handovers
    return replace(proof, handovers=(first, ProvenHandover(note, second.path)))


def _signed_by_the_first(proof: LedgerProof) -> LedgerProof:
    return replace(proof, checkpoint=_WHOLE.sealed(_FIRST, _SIZE))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (_without_last, "other_key not_handed_over"),
        (_without_path, "rewritten"),
        (_to_another_tree, "rewritten"),
        (_signed_by_the_first, "out_of_turn"),
    ],
)
def test_a_proof_without_its_handovers_is_refused(
    change: Callable[[LedgerProof], LedgerProof], found: str
) -> None:
    """Left out, of another tree, or signed by the key that had handed the ledger on."""
    report = verify_proof(change(_proof()), _FIRST.verifier, held=[_HELD])
    assert {str(finding.kind) for finding in report.findings} >= set(found.split())
    assert report.covered == 0
