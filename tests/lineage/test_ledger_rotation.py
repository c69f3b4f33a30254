"""The key is replaced for good: whatever dies in between is taken up, and nothing forks."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, event, text

from lineage import ledger_keys
from lineage.ledger import export_ledger, prove_promotion, verify_installation
from lineage.ledger_files import Bundle, read_ledger_file
from lineage.ledger_handovers import open_handover, signed_handover
from lineage.ledger_keys import ledger_key, make_next_key, pending_key
from lineage.ledger_notes import Checkpoint, SigningKey, VerifierKey, open_checkpoint
from lineage.ledger_places import FolderPlace, local_place
from lineage.ledger_proofs import verify_proof
from lineage.ledger_rotation import RotationRefused, rotate_key
from lineage.ledger_sealing import LedgerForked, seal, seal_line
from lineage.ledger_verification import verify_ledger
from stores.home import Home
from stores.platform import Platform, open_platform
from stores.secret_files import write_secret_json
from tests.lineage.ledger_attacks import PROMOTION, Attacker, attacked, record_something, verified
from tests.lineage.test_ledger_sealing import write_something

pytestmark = pytest.mark.integration

_REASON = "the year is over"
_HANDOVERS = "control.ledger_handovers"


@pytest.fixture(scope="module")
def first(platform: Platform) -> str:
    """A checkpoint of before every rotation, taken outside, with its key gone since."""
    record_something(platform)
    seal(platform)
    held = local_place(platform.home).notes()[-1]
    rotate_key(platform, _REASON)
    return held


def _rows(platform: Platform, query: str) -> list[Any]:
    with platform.admin_engine().connect() as connection:
        return list(connection.execute(text(query)).all())


def _require_sound(platform: Platform, *held: str) -> None:
    notes = [*held, *local_place(platform.home).notes()]
    assert verify_installation(platform, notes).findings == ()


def _key_files(home: Home) -> list[str]:
    return sorted(path.name for path in home.secrets.glob("*ledger-key*"))


def test_a_rotation_leaves_one_key_and_a_handover_everywhere(
    platform: Platform, first: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the folder, in a place outside, in the database and in the ledger itself."""
    outside = FolderPlace(tmp_path / "outside")
    monkeypatch.setenv("CLASSLINE_CHECKPOINTS", str(outside.folder))
    home, old = platform.home, ledger_key(platform.home)
    write_something(platform)
    report = rotate_key(platform, _REASON)
    new = ledger_key(home)
    assert (report.key, report.resumed) == (new.verifier, False)
    assert new.name == old.name
    assert new.verifier != old.verifier
    assert _key_files(home) == ["ledger-key.json"]
    assert old.seed.hex() not in "".join(p.read_text() for p in home.secrets.glob("*"))
    assert (home.secrets / "ledger-key.json").stat().st_mode & 0o777 == 0o600
    note = local_place(home).handovers()[-1]
    handover = open_handover(note)
    assert (handover.old, handover.new) == (old.verifier, new.verifier)
    assert outside.handovers()[-1] == note
    assert outside.handovers() == local_place(home).handovers()
    assert outside.newest() == report.sealed.note
    key_file = outside.folder / "ledger.key"
    assert VerifierKey.parse(key_file.read_text()) == new.verifier
    (row,) = _rows(platform, f"SELECT * FROM {_HANDOVERS} ORDER BY handed_at DESC LIMIT 1")
    assert (row.note, row.reason, row.tree_size) == (note, _REASON, handover.head.size)
    (entry,) = _rows(
        platform,
        "SELECT record FROM control.ledger_entries WHERE kind = 'handover' "
        "ORDER BY entry_id DESC LIMIT 1",
    )
    recorded = json.loads(entry.record)["row"]
    assert (recorded["note"], recorded["new_key"]) == (note, str(new.verifier))
    assert recorded["reason"].startswith("~")
    assert open_checkpoint(report.sealed.note or "", new.verifier).size == handover.head.size + 1
    _require_sound(platform, first)
    assert seal(platform).kept == ()


def test_what_was_signed_before_is_verified_without_the_database(
    platform: Platform, first: str, tmp_path: Path
) -> None:
    """A bundle and a proof of today, by who holds the first key's checkpoint, or its key."""
    oldest = open_handover(local_place(platform.home).handovers()[0]).old
    with (tmp_path / "bundle").open("w") as out:
        export_ledger(platform, out)
    bundle = read_ledger_file(tmp_path / "bundle")
    assert isinstance(bundle, Bundle)
    proof = prove_promotion(platform, UUID(PROMOTION), first)
    for key in (oldest, bundle.key):
        report = verify_ledger(
            bundle.entries(), key, stored=bundle.notes, held=[first], present=bundle.key
        )
        assert (report.findings, report.unprotected) == ((), 0)
        assert report.handovers == len(local_place(platform.home).handovers())
        proven = verify_proof(proof, key, held=[first])
        assert (proven.findings, proven.covered) == ((), len(proof.entries))
    stranger = SigningKey.fresh(oldest.name).verifier
    kinds = {str(f.kind) for f in verify_proof(proof, stranger, held=[first]).findings}
    assert kinds >= {"not_handed_over", "other_key"}


@pytest.mark.parametrize("reason", ["", "  x ", "x" * 2_001])
def test_a_rotation_needs_a_reason(platform: Platform, first: str, reason: str) -> None:
    """Asked for before anything is signed."""
    before = ledger_key(platform.home)
    with pytest.raises(RotationRefused, match="a reason has 3 to 2,000"):
        rotate_key(platform, reason)
    assert (ledger_key(platform.home), pending_key(platform.home)) == (before, None)
    assert first


def test_the_old_key_put_back_signs_nothing(platform: Platform, first: str) -> None:
    """A backup of the secrets from before the rotation."""
    path = platform.home.secrets / "ledger-key.json"
    kept = path.read_text()
    rotate_key(platform, _REASON)
    newer = path.read_text()
    path.write_text(kept)
    try:
        write_something(platform)
        with pytest.raises(LedgerForked, match="handed the ledger on and signs no more"):
            seal(platform)
        with pytest.raises(LedgerForked, match="handed the ledger on"):
            rotate_key(platform, _REASON)
        assert "not sealed" in seal_line(platform)
    finally:
        path.write_text(newer)
        pending = platform.home.secrets / "ledger-key.next.json"
        assert not pending.exists()
    seal(platform)
    _require_sound(platform, first)


def _edited(a: Attacker) -> None:
    a.with_no_trigger(_HANDOVERS, f"UPDATE {_HANDOVERS} SET note = replace(note, 'to', 'from')")


def _deleted(a: Attacker) -> None:
    a.with_no_trigger(_HANDOVERS, f"DELETE FROM {_HANDOVERS}")


def _put_in(a: Attacker) -> None:
    """Somebody with the database's superuser names a key of theirs, in a handover of their own."""
    old, new = (SigningKey.fresh(a.own_key().name) for _ in range(2))
    size = a.one("SELECT max(tree_size) FROM control.ledger_checkpoints")
    root = bytes(a.one("SELECT root FROM control.ledger_checkpoints ORDER BY 1 DESC LIMIT 1"))
    note = signed_handover(old, new, Checkpoint(old.name, size, root))
    a.connection.execute(
        text(f"INSERT INTO {_HANDOVERS} VALUES (:n, :o, :s, :note, 'as always')"),
        {"n": str(new.verifier), "o": str(old.verifier), "s": size, "note": note},
    )


def _signed_by_the_thief(a: Attacker) -> None:
    """The present key is replaced by hand, and everything is signed again by the new one."""
    a.sign_again(SigningKey.fresh(a.own_key().name))


def _handed_to_the_thief(a: Attacker) -> None:
    """With the present key: a second handover of it, which the ledger does not record."""
    thief = SigningKey.fresh(a.own_key().name)
    size = a.one("SELECT max(tree_size) FROM control.ledger_checkpoints")
    root = bytes(a.one("SELECT root FROM control.ledger_checkpoints ORDER BY 1 DESC LIMIT 1"))
    note = signed_handover(a.own_key(), thief, Checkpoint(thief.name, size, root))
    a.with_no_trigger(
        _HANDOVERS,
        f"INSERT INTO {_HANDOVERS} VALUES ('{thief.verifier}', '{a.own_key().verifier}', {size}, "
        f"'{note}', 'as always')",
    )
    a.run("INSERT INTO platform.kv_audit (actor, action, subject, reason) "
          "VALUES ('a', 'x', 'x', 'x')", "SELECT control.number_leaves()")  # fmt: skip
    a.sign_again(thief, keep=True)


@pytest.mark.parametrize(
    ("attack", "found"),
    [
        (_edited, "row_differs not_handed_over"),
        (_deleted, "row_differs"),
        (_put_in, "not_handed_over"),
        (_signed_by_the_thief, "other_key"),
        (_handed_to_the_thief, "not_handed_over row_differs"),
    ],
)
def test_an_attack_on_the_succession_is_found(
    platform: Platform, first: str, attack: Callable[[Attacker], None], found: str
) -> None:
    """By a superuser of the database; given one checkpoint of the first key, from outside."""
    seal(platform)
    with attacked(platform, attack) as ledger:
        report = verified(platform, ledger, [first])
    assert {str(finding.kind) for finding in report.findings} >= set(found.split())


def test_the_database_keeps_one_handover_of_a_key(platform: Platform, first: str) -> None:
    """Another note for the same key is refused, and so is one of leaves that are not there."""
    from stores.errors import BoundaryRefused
    from stores.ledger_reads import StoredHandover

    assert first
    (row,) = _rows(platform, f"SELECT * FROM {_HANDOVERS} ORDER BY handed_at DESC LIMIT 1")
    other = row.note[:-6] + ("B" if row.note[-6] == "A" else "A") + row.note[-5:]
    for size, note in ((row.tree_size, other), (10**9, row.note)):
        with (
            platform.platform_session("test") as session,
            pytest.raises(BoundaryRefused, match="CL033"),
        ):
            session.ledger_ascend_platform_metric().record_handover(
                StoredHandover(size, row.old_key, row.new_key, note, _REASON)
            )
    with platform.admin_engine().begin() as connection:
        erased = connection.execute(
            text("SELECT control.erase_ledger_entries('{handover}', ARRAY[CAST(:k AS text)])"),
            {"k": row.new_key},
        )
        assert erased.scalar_one() == 0


def test_a_key_that_was_made_and_never_handed_anything_is_dropped(
    platform: Platform, first: str
) -> None:
    """A rotation that died before its handover: the present key goes on."""
    before = ledger_key(platform.home)
    left = make_next_key(platform.home, before.name, "never")
    write_something(platform)
    assert seal(platform).added == 1
    assert ledger_key(platform.home) == before
    assert rotate_key(platform, _REASON).key != left.verifier
    assert _key_files(platform.home) == ["ledger-key.json"]
    _require_sound(platform, first)


def test_a_key_that_went_is_overwritten_and_never_the_present_one(tmp_path: Path) -> None:
    """Also where the files were left as a crash left them: linked, or linked and replaced."""
    home = Home(tmp_path)
    home.secrets.mkdir()
    old = ledger_key(home)
    new = make_next_key(home, old.name, _REASON)
    present, retired = (home.secrets / f"ledger-key{end}.json" for end in ("", ".retired"))
    os.link(present, retired)
    (tmp_path / "watched").hardlink_to(present)
    ledger_keys.finish_key_change(home)
    assert ledger_key(home) == new
    assert set((tmp_path / "watched").read_bytes()) == {0}
    os.link(present, retired)
    ledger_keys.finish_key_change(home)
    assert ledger_key(home) == new
    write_secret_json(retired, {"name": old.name, "seed": old.seed.hex()})
    ledger_keys.finish_key_change(home)
    assert ledger_key(home) == new
    assert _key_files(home) == ["ledger-key.json"]


def _killed_at(home: Home, step: int) -> bool:
    """A rotation in a process that is killed before its step of that number; whether it was."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    try:
        left = step

        def count(*_: object) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        for name in ("fsync", "replace", "link", "unlink"):
            setattr(os, name, _counted(getattr(os, name), count))
        event.listen(Engine, "commit", count)
        with open_platform(home.root) as platform:
            rotate_key(platform, _REASON)
        os._exit(0)
    finally:
        os._exit(1)


def _counted(operation: Callable[..., object], count: Callable[..., None]) -> Callable[..., object]:
    def run(*arguments: Any, **options: Any) -> object:
        count()
        return operation(*arguments, **options)

    return run


def test_a_rotation_that_is_killed_at_any_step_is_taken_up(platform: Platform, first: str) -> None:
    """Killed before every write to the disk and every commit, one after the other."""
    home = platform.home
    step, killed, taken_up, begun_anew = 0, True, 0, 0
    while killed:
        step += 1
        write_something(platform)
        seal(platform)
        old = ledger_key(home)
        already = len(_rows(platform, f"SELECT FROM {_HANDOVERS}"))
        killed = _killed_at(home, step)
        _require_sound(platform, first)
        write_something(platform)
        seal(platform)
        _require_sound(platform, first)
        if ledger_key(home) == old:
            begun_anew += 1
            assert not rotate_key(platform, _REASON).resumed
        else:
            taken_up += killed
        _require_sound(platform, first)
        assert len(_rows(platform, f"SELECT FROM {_HANDOVERS}")) == already + 1
        assert _key_files(home) == ["ledger-key.json"]
        assert ledger_key(home) != old
        assert old.seed.hex() not in "".join(p.read_text() for p in home.secrets.glob("*"))
    assert step > 15
    assert begun_anew > 3
    assert taken_up > 5
