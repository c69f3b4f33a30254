"""What a platform login can put among the ledger's notes: little, and it stops no seal."""

# ruff: noqa: E501 - an attack reads best on one line

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from sqlalchemy import text

from lineage import ledger_rotation
from lineage.ledger import prove_promotion, verify_installation
from lineage.ledger_handovers import signed_handover
from lineage.ledger_keys import ledger_key, pending_key
from lineage.ledger_notes import Checkpoint, SigningKey, sealed_checkpoint
from lineage.ledger_places import local_place
from lineage.ledger_proofs import verify_proof
from lineage.ledger_rotation import rotate_key
from lineage.ledger_sealing import SealReport, seal
from lineage.ledger_succession import LedgerForked, own_chain
from lineage.ledger_tree import Frontier
from stores.errors import BoundaryRefused
from stores.home import Home
from stores.ledger_reads import AscendPlatformMetricLedger, StoredCheckpoint, StoredHandover
from stores.platform import Platform
from tests.lineage.ledger_attacks import PROMOTION, record_something
from tests.lineage.test_ledger_sealing import write_something

pytestmark = pytest.mark.integration

_REASON = "the year is over"
_ORIGIN = "classline/ledger-of-nobody"


@pytest.fixture(scope="module")
def sealed(platform: Platform) -> SealReport:
    """A ledger of which an early part was sealed, and then all."""
    record_something(platform)
    seal(platform)
    write_something(platform)
    return seal(platform)


@pytest.fixture
def growing(platform: Platform, sealed: SealReport) -> Iterator[Platform]:
    """The platform with something to seal; afterwards everything is sealed as ever."""
    write_something(platform)
    yield platform
    write_something(platform)
    report = seal(platform)
    assert (report.added > 0, report.refused) == (True, {})
    assert report.size > sealed.size


def _leaves(platform: Platform) -> list[bytes]:
    with platform.platform_session("test") as session:
        ledger = session.ledger_ascend_platform_metric()
        ledger.number_leaves()
        return list(ledger.leaves())


def _head(platform: Platform, key: SigningKey, size: int | None = None) -> StoredCheckpoint:
    """The checkpoint that the platform's login can make of the ledger as it is, by any key."""
    frontier = Frontier()
    for leaf in _leaves(platform)[:size]:
        frontier.append(leaf)
    root = frontier.root()
    note = sealed_checkpoint(key, frontier.size, root)
    return StoredCheckpoint(frontier.size, root, frontier.to_bytes(), note)


def _record(platform: Platform, what: StoredCheckpoint | StoredHandover) -> None:
    with platform.platform_session("test") as session:
        ledger = session.ledger_ascend_platform_metric()
        if isinstance(what, StoredCheckpoint):
            ledger.record_checkpoint(what)
        else:
            ledger.record_handover(what)


def _handover(platform: Platform, old: SigningKey, new: SigningKey) -> StoredHandover:
    made = _head(platform, old)
    note = signed_handover(old, new, Checkpoint(old.name, made.size, made.root))
    return StoredHandover(made.size, str(old.verifier), str(new.verifier), note, _REASON)


def _by_hand(platform: Platform, table: str, *values: object) -> None:
    """A row as the database took it before it looked."""
    with platform.admin_engine().begin() as connection:
        marks = ", ".join(f":v{number}" for number in range(len(values)))
        connection.execute(
            text(f"INSERT INTO {table} VALUES ({marks})"),
            {f"v{number}": value for number, value in enumerate(values)},
        )


def _found(platform: Platform) -> set[str]:
    report = verify_installation(platform, local_place(platform.home).notes())
    return {str(finding.kind) for finding in report.findings}


_Head = StoredCheckpoint


def _signed(head: _Head, name: str, content: bytes) -> _Head:
    line = f"\N{EM DASH} {name} {base64.b64encode(content).decode()}\n"
    return replace(head, note=head.note.rpartition("\n\n")[0] + "\n\n" + line)


def _other_root(head: _Head) -> _Head:
    root = bytes(32)
    return replace(head, root=root, note=sealed_checkpoint(_KEY, head.size, root))


_KEY = SigningKey.fresh(_ORIGIN)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda h: replace(h, note="all is well"), id="words"),
        pytest.param(lambda h: replace(h, note=""), id="nothing"),
        pytest.param(_other_root, id="another root, signed"),
        pytest.param(lambda h: replace(h, root=bytes(32)), id="another root, not signed"),
        pytest.param(lambda h: replace(h, root=b"short"), id="no root"),
        pytest.param(lambda h: replace(h, frontier=h.frontier[:-1] + b"x"), id="another frontier"),
        pytest.param(lambda h: replace(h, frontier=b""), id="no frontier"),
        pytest.param(lambda h: replace(h, size=0), id="no leaves"),
        pytest.param(lambda h: replace(h, size=-1), id="less than none"),
        pytest.param(lambda h: replace(h, size=h.size + 1), id="leaves that are not there"),
        pytest.param(lambda h: replace(h, size=h.size - 1), id="a leaf fewer"),
        pytest.param(
            lambda h: replace(h, note=sealed_checkpoint(_KEY, h.size - 1, h.root)), id="another size"
        ),
        pytest.param(lambda h: replace(h, note=h.note.replace("\n", "\n0", 1)), id="0 before it"),
        pytest.param(lambda h: replace(h, note=h.note[:-1]), id="an end cut off"),
        pytest.param(lambda h: replace(h, note=h.note + "and more\n"), id="words after it"),
        pytest.param(lambda h: replace(h, note=h.note + "\n"), id="an empty line after it"),
        pytest.param(lambda h: replace(h, note=h.note.replace("=\n\n", "=\nx\n\n")), id="a line more"),
        pytest.param(lambda h: replace(h, note=h.note.partition("\n\n")[0] + "\n\n"), id="unsigned"),
        pytest.param(lambda h: replace(h, note="\a" + h.note), id="a bell"),
        pytest.param(lambda h: replace(h, note="a b" + h.note), id="a blank in the origin"),
        pytest.param(lambda h: replace(h, note=h.note + h.note.split("\n\n")[1] * 64), id="65 times"),
        pytest.param(lambda h: _signed(h, _ORIGIN, b"1234" + bytes(63)), id="a byte short"),
        pytest.param(lambda h: _signed(h, _ORIGIN, b"1234"), id="an id alone"),
        pytest.param(lambda h: _signed(h, "another", b"1234" + bytes(64)), id="by another name"),
        pytest.param(lambda h: _signed(h, "x " * 40_000, b"1234" + bytes(64)), id="too long"),
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_of_the_ledger_is_refused(
    platform: Platform, sealed: SealReport, change: Callable[[_Head], _Head]
) -> None:
    """By form, size, root and frontier: the database has the leaves."""
    write_something(platform)
    with pytest.raises(BoundaryRefused, match=r"CL03[34]") as refused:
        _record(platform, change(_head(platform, _KEY)))
    assert "all is well" not in str(refused.value)
    assert seal(platform).size > sealed.size


def test_no_checkpoint_is_kept_behind_the_newest(platform: Platform, sealed: SealReport) -> None:
    """The head of an earlier size, right in everything, whoever signed it."""
    with pytest.raises(BoundaryRefused, match="a larger checkpoint is recorded"):
        _record(platform, _head(platform, ledger_key(platform.home), sealed.size - 1))


def test_the_database_builds_the_same_tree(platform: Platform, sealed: SealReport) -> None:
    """From nothing and from every smaller tree; none where a leaf is missing."""
    assert sealed.size > 40
    leaves = _leaves(platform)[:40]
    frontiers = [Frontier() for _ in range(41)]
    for size, frontier in enumerate(frontiers):
        for leaf in leaves[:size]:
            frontier.append(leaf)
    with platform.admin_engine().connect() as connection:
        for start in range(40):
            rows = connection.execute(
                text(
                    "SELECT f, control.frontier_root(f) FROM generate_series(:start + 1, 40) n, "
                    "control.grown_frontier(:start, :frontier, n) f ORDER BY n"
                ),
                {"start": start, "frontier": frontiers[start].to_bytes()},
            )
            grown = [(bytes(f), bytes(root)) for f, root in rows]
            assert grown == [(f.to_bytes(), f.root()) for f in frontiers[start + 1 :]]
        beyond = text("SELECT control.grown_frontier(0, '', 1000000000)")
        assert connection.execute(beyond).scalar() is None


def test_a_checkpoint_that_another_key_signed_stops_no_seal(growing: Platform) -> None:
    """The database verifies no signature; the sealer goes on, and tells that it is not kept."""
    own = ledger_key(growing.home)
    _record(growing, _head(growing, SigningKey.fresh(own.name)))
    report = seal(growing)
    assert report.added > 0
    assert "another checkpoint is kept there" in report.refused["database"]
    assert report.note in local_place(growing.home).notes()
    assert "other_key" in _found(growing)
    proof = prove_promotion(growing, UUID(PROMOTION), None)
    assert verify_proof(proof, own.verifier).sound


@pytest.mark.parametrize("frontier", [b"", b"x", bytes(32)])
def test_garbage_that_was_kept_before_stops_no_seal(growing: Platform, frontier: bytes) -> None:
    """Words in a checkpoint's place, of the newest size: they are found, and passed over."""
    size = len(_leaves(growing))
    _by_hand(growing, "control.ledger_checkpoints", size, frontier or b"x", frontier, "all is well")
    report = seal(growing)
    assert report.size == size
    assert "database" in report.refused
    assert "not_a_checkpoint" in _found(growing)
    proof = prove_promotion(growing, UUID(PROMOTION), None)
    assert verify_proof(proof, ledger_key(growing.home).verifier).sound


def test_a_tree_that_was_made_up_is_not_built_upon(growing: Platform) -> None:
    """A kept frontier that fits its own root and no leaf: they are counted from the first."""
    size = len(_leaves(growing))
    made_up = Frontier()
    for number in range(size):
        made_up.append(b"made up %d" % number)
    note = sealed_checkpoint(SigningKey.fresh(_ORIGIN), size, made_up.root())
    _by_hand(growing, "control.ledger_checkpoints", size, made_up.root(), made_up.to_bytes(), note)
    write_something(growing)
    assert seal(growing).refused == {}


_Handed = StoredHandover


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda h: replace(h, note="all is well"), id="words"),
        pytest.param(lambda h: replace(h, note=h.note.replace("handed to", "given to")), id="no handover"),
        pytest.param(lambda h: replace(h, old_key=h.new_key, new_key=h.old_key), id="keys exchanged"),
        pytest.param(lambda h: replace(h, old_key=h.new_key), id="one key twice"),
        pytest.param(lambda h: replace(h, new_key="x"), id="no key"),
        pytest.param(lambda h: replace(h, new_key=h.new_key[:-1] + "A"), id="not its id"),
        pytest.param(lambda h: replace(h, size=h.size - 1), id="another size"),
        pytest.param(lambda h: replace(h, size=10**9), id="leaves that are not there"),
        pytest.param(lambda h: replace(h, note="\n".join(h.note.split("\n")[:-2]) + "\n"), id="signed by one"),
        pytest.param(lambda h: replace(h, note=h.note.replace(h.note.split("\n")[2], base64.b64encode(bytes(32)).decode())), id="another root"),
        pytest.param(lambda h: replace(h, note=h.note.replace(h.note.split("\n")[2], "root")), id="no root"),
        pytest.param(lambda h: replace(h, reason="a \u202enosaer"), id="a reason turned round"),
    ],
)  # fmt: skip
def test_what_is_no_handover_of_the_ledger_is_refused(
    platform: Platform, sealed: SealReport, change: Callable[[_Handed], _Handed]
) -> None:
    """By form, keys, size and root; a handover stays in the ledger for good."""
    assert sealed
    made = _handover(platform, _KEY, SigningKey.fresh(_ORIGIN))
    with pytest.raises(BoundaryRefused, match=r"CL03[34]|CL055"):
        _record(platform, change(made))


def test_a_handover_between_strangers_stops_no_seal_and_no_rotation(growing: Platform) -> None:
    """Right in its form and signed, by keys that nobody handed this ledger."""
    own = ledger_key(growing.home)
    _record(growing, _handover(growing, SigningKey.fresh(own.name), SigningKey.fresh(own.name)))
    assert seal(growing).refused == {}
    assert rotate_key(growing, _REASON).key != own.verifier
    assert "not_handed_over" in _found(growing)


def test_a_handover_that_was_words_stops_no_seal(growing: Platform) -> None:
    """As the database took it before it looked."""
    size = len(_leaves(growing))
    _by_hand(growing, "control.ledger_handovers", "a key", "a key", size, "all is well", "as ever")
    assert seal(growing).refused == {}
    assert rotate_key(growing, _REASON).sealed.refused == {}
    assert "not_handed_over" in _found(growing)


def test_a_handover_that_is_taken_first_stops_no_rotation(
    growing: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who reads the folder records it with signatures of zeros before the sealer does."""
    with monkeypatch.context() as patched:
        patched.setattr(ledger_rotation, "finish_rotation", lambda _platform: False)
        with pytest.raises(LedgerForked):  # it dies here, once the handover is in the folder
            rotate_key(growing, _REASON)
    pending = pending_key(growing.home)
    assert pending is not None
    old, new = ledger_key(growing.home), pending.key
    note = local_place(growing.home).handovers()[-1]
    body, _, _ = note.rpartition("\n\n")
    zeros = "".join(
        f"\N{EM DASH} {key.name} {base64.b64encode(key.verifier.key_id + bytes(64)).decode()}\n"
        for key in (old, new)
    )
    size = int(note.split("\n")[1])
    _record(
        growing,
        StoredHandover(
            size, str(old.verifier), str(new.verifier), f"{body}\n\n{zeros}", "taken first"
        ),
    )
    assert seal(growing).size
    assert (ledger_key(growing.home), pending_key(growing.home)) == (new, None)
    assert "not_handed_over" in _found(growing)


class _Kept:
    """A ledger that keeps these handovers."""

    def __init__(self, *notes: str) -> None:
        self._notes = notes

    def handovers(self) -> list[str]:
        return list(self._notes)


def test_what_our_own_key_signed_stops_the_sealer(tmp_path: Path) -> None:
    """A handover that only the database has, to or from a key of this ledger: it is no garbage."""
    home = Home(tmp_path)
    home.secrets.mkdir()
    own = ledger_key(home)
    thief, other, root = SigningKey.fresh(own.name), SigningKey.fresh(own.name), bytes(32)

    def chain(*pairs: tuple[SigningKey, SigningKey]) -> Any:
        notes = [signed_handover(a, b, Checkpoint(own.name, 7, root)) for a, b in pairs]
        return own_chain(home, cast("AscendPlatformMetricLedger", _Kept(*notes)), own)

    assert chain((thief, other)).keys == (own.verifier,)
    assert chain((thief, own)).keys == (thief.verifier, own.verifier)
    with pytest.raises(LedgerForked, match="handed the ledger on"):
        chain((own, thief))
    with pytest.raises(LedgerForked, match="two different handovers"):
        chain((thief, own), (other, own))
