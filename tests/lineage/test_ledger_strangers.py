"""A checkpoint of a stranger's key protects nothing: proofs, the status and the watch know ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from lineage.ledger import export_ledger, ledger_protection, prove_promotion, verify_installation
from lineage.ledger_keys import ledger_key
from lineage.ledger_notes import SigningKey
from lineage.ledger_places import local_place
from lineage.ledger_proofs import NothingToProve, verify_proof
from lineage.ledger_rotation import rotate_key
from lineage.ledger_sealing import seal, seal_line
from lineage.ledger_succession import LedgerForked
from stores.errors import BoundaryRefused
from stores.platform import Platform
from tests.lineage.ledger_attacks import PROMOTION, record_something
from tests.lineage.test_ledger_garbage import _found, _handover, _head, _record
from tests.lineage.test_ledger_sealing import changed, write_something

pytestmark = pytest.mark.integration

_HANDOVERS = "control.ledger_handovers"
_WHY = "that no key of this ledger signed, which protects nothing"


@pytest.fixture(autouse=True)
def something(platform: Platform) -> Iterator[None]:
    """An entry that a seal would take; afterwards nothing waits."""
    if not _a_promotion(platform):
        record_something(platform)
    write_something(platform)
    yield
    write_something(platform)
    seal(platform)


def _a_promotion(platform: Platform) -> bool:
    with platform.admin_engine().connect() as connection:
        found = connection.exec_driver_sql("SELECT count(*) FROM control.promotions")
        return bool(found.scalar_one())


def _a_stranger_signs(platform: Platform) -> int:
    """Over all leaves, the root right, by a key that takes our key's name; returns their count."""
    made = _head(platform, SigningKey.fresh(ledger_key(platform.home).name))
    _record(platform, made)
    return made.size


def _kinds(platform: Platform) -> list[str]:
    with platform.platform_session("test") as session:
        return [alert["kind"] for alert in session.alerts_ascend_platform_metric().all()]


def test_what_was_sealed_is_proven_whoever_signed_it_first(platform: Platform) -> None:
    """The database never had a checkpoint of ours over it: the folder has."""
    size = _a_stranger_signs(platform)
    report = seal(platform)
    assert (report.size, "another checkpoint" in report.refused["database"]) == (size, True)
    proof = prove_promotion(platform, UUID(PROMOTION), None)
    assert proof.checkpoint == report.note
    assert verify_proof(proof, ledger_key(platform.home).verifier).sound


def test_a_place_outside_has_it_where_the_folder_was_lost(
    platform: Platform, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest of the configured places counts too."""
    place = tmp_path_factory.mktemp("outside") / "kept"
    monkeypatch.setenv("CLASSLINE_CHECKPOINTS", str(place))
    _a_stranger_signs(platform)
    report = seal(platform)
    folder = local_place(platform.home).folder
    (here,) = [file for file in folder.glob("*.checkpoint") if report.note == file.read_text()]
    content = here.read_text()
    here.unlink()
    try:
        assert prove_promotion(platform, UUID(PROMOTION), None).checkpoint == report.note
        assert ledger_protection(platform, datetime.now(UTC)).unsealed == 0
    finally:
        here.write_text(content)


def test_a_proof_is_refused_where_the_leaves_are_not_those_signed(platform: Platform) -> None:
    """It would not verify: it says what to do instead."""
    size = seal(platform).size
    with (
        changed(
            platform,
            "control.ledger_leaves",
            f"UPDATE control.ledger_leaves SET leaf = sha256(leaf) WHERE position = {size - 1}",
            "UPDATE control.ledger_leaves l SET leaf = e.leaf FROM control.ledger_entries e "
            f"WHERE e.entry_id = l.entry_id AND position = {size - 1}",
        ),
        pytest.raises(NothingToProve, match="not those that were signed"),
    ):
        prove_promotion(platform, UUID(PROMOTION), None)


def test_the_status_counts_a_strangers_leaves_as_unsealed(platform: Platform) -> None:
    """Before the seal they are unprotected, and it says why; after it they are sealed."""
    sealed = seal(platform).size
    write_something(platform)
    size = _a_stranger_signs(platform)
    protection = ledger_protection(platform, datetime.now(UTC))
    assert (protection.sealed, protection.unsealed) == (sealed, size - sealed)
    assert protection.oldest_unsealed_seconds is not None
    assert f"{size - sealed} of them are only under a checkpoint" in protection.remark
    assert _WHY in protection.remark
    assert verify_installation(platform, ()).unprotected == size - sealed
    seal(platform)
    protection = ledger_protection(platform, datetime.now(UTC))
    assert (protection.sealed, protection.unsealed) == (size, 0)
    assert _WHY not in protection.remark


def test_a_strangers_checkpoint_silences_no_alert(platform: Platform) -> None:
    """What waits for two hours, under a checkpoint of nobody's, where sealing fails."""
    seal(platform)
    write_something(platform)
    before = _kinds(platform).count("ledger_unsealed")
    _a_stranger_signs(platform)
    entries = "control.ledger_entries"
    newest = f"WHERE entry_id = (SELECT max(entry_id) FROM {entries})"
    with platform.admin_engine().begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {entries} DISABLE TRIGGER erased_only")
        connection.exec_driver_sql(
            f"UPDATE {entries} SET written_at = written_at - interval '2 hours' {newest}"
        )
        connection.exec_driver_sql(f"ALTER TABLE {entries} ENABLE ALWAYS TRIGGER erased_only")
    unreadable = local_place(platform.home).folder / "999999999999.checkpoint"
    unreadable.write_text("no checkpoint")
    try:
        assert "not sealed" in seal_line(platform)
    finally:
        unreadable.unlink()
    assert _kinds(platform).count("ledger_unsealed") == before + 1


def test_a_key_that_is_damaged_seals_nothing_and_is_told(platform: Platform) -> None:
    """Nobody knows then whose the checkpoints are: all counts as unsealed."""
    seal(platform)
    path = platform.home.secrets / "ledger-key.json"
    kept = path.read_text()
    try:
        path.write_text("{}")
        protection = ledger_protection(platform, datetime.now(UTC))
    finally:
        path.write_text(kept)
    assert (protection.sealed, protection.unsealed) == (0, protection.entries)
    assert _WHY in protection.remark


def test_an_export_has_what_is_sealed_with_our_checkpoint(
    platform: Platform, tmp_path: Path
) -> None:
    """The newest checkpoint is the folder's, where the database kept a stranger's."""
    size = _a_stranger_signs(platform)
    report = seal(platform)
    path = tmp_path / "bundle"
    with path.open("w", encoding="utf-8") as out:
        assert export_ledger(platform, out) == size
    assert report.note in json.loads(path.read_text(encoding="utf-8").split("\n")[0])["checkpoints"]


def _removed_by_a_superuser(platform: Platform, new_key: str) -> None:
    """What docs/ledger.md tells an operator to do with a handover that stops the sealer."""
    with platform.admin_engine().begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {_HANDOVERS} DISABLE TRIGGER append_only")
        connection.execute(text(f"DELETE FROM {_HANDOVERS} WHERE new_key = :k"), {"k": new_key})
        connection.exec_driver_sql(f"ALTER TABLE {_HANDOVERS} ENABLE ALWAYS TRIGGER append_only")


def test_what_a_copy_of_an_old_key_can_do_with_the_platforms_login(platform: Platform) -> None:
    """Not hand the ledger on again; hand it to the first key, late: sealing stops until it goes.

    Proofs and the status go on: the chain is followed from the key that signs now.
    """
    old = ledger_key(platform.home)
    thief = SigningKey.fresh(old.name)
    seal(platform)
    rotate_key(platform, "the year is over")
    with pytest.raises(BoundaryRefused, match="another handover of this key"):
        _record(platform, _handover(platform, old, thief))
    write_something(platform)
    _record(platform, _handover(platform, thief, old))
    try:
        with pytest.raises(LedgerForked, match="smaller tree than the one before it"):
            seal(platform)
        assert "not sealed" in seal_line(platform)
        assert "out_of_turn" in _found(platform)
        proof = prove_promotion(platform, UUID(PROMOTION), None)
        assert verify_proof(proof, ledger_key(platform.home).verifier).sound
    finally:
        _removed_by_a_superuser(platform, str(old.verifier))
    assert seal(platform).added > 0
    assert "not_handed_over" in _found(platform)
