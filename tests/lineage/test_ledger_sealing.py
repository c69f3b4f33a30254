"""A seal signs only what continues what was signed, and takes it out of the database's reach."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lineage.ledger import ledger_protection, verify_installation
from lineage.ledger_keys import ledger_key
from lineage.ledger_notes import (
    SigningKey,
    VerifierKey,
    open_checkpoint,
    sealed_checkpoint,
    unverified_checkpoint,
)
from lineage.ledger_places import (
    FolderPlace,
    GitPlace,
    PlaceRefused,
    SlackPlace,
    local_place,
    notes_in,
    places_from,
)
from lineage.ledger_sealing import LedgerForked, seal, seal_line, told_places
from stores.platform import Platform
from stores.slack_webhook import SlackWebhook
from tests.slack_server import ASlack, a_slack

pytestmark = pytest.mark.integration

_KEY = SigningKey.fresh("classline/ledger-test")
_NOTE = sealed_checkpoint(_KEY, 7, b"r" * 32)


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[ASlack]:
    """A real HTTP server on a free port of this machine."""
    with a_slack(monkeypatch) as told:
        yield told


def write_something(platform: Platform) -> None:
    """One audited write."""
    with platform.admin_engine().begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO platform.kv_audit (actor, action, subject, reason) "
            "VALUES ('a', 'x', 'x', 'x')"
        )


@contextmanager
def changed(platform: Platform, table: str, change: str, back: str) -> Iterator[None]:
    """A committed change of the ledger by a superuser, taken back afterwards."""

    def run(statement: str) -> None:
        with platform.admin_engine().begin() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
            connection.exec_driver_sql(statement)
            connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only")

    run(change)
    try:
        yield
    finally:
        run(back)


def test_a_seal_covers_everything_and_a_second_adds_nothing(platform: Platform) -> None:
    """The checkpoint in the folder is that of the database, by the ledger's key."""
    write_something(platform)
    first, second = seal(platform), seal(platform)
    assert first.added > 0
    assert (second.added, second.size, second.note) == (0, first.size, first.note)
    (*_, newest) = local_place(platform.home).notes()
    assert open_checkpoint(newest, ledger_key(platform.home).verifier).size == first.size
    key_file = local_place(platform.home).folder / "ledger.key"
    assert VerifierKey.parse(key_file.read_text()) == ledger_key(platform.home).verifier
    assert (platform.home.secrets / "ledger-key.json").stat().st_mode & 0o777 == 0o600


def test_seals_at_once_give_one_history(platform: Platform) -> None:
    """Writers and sealers beside each other: every entry once, every checkpoint of one tree."""

    def work(turn: int) -> None:
        write_something(platform)
        if turn % 2:
            seal(platform)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(18)))
    seal(platform)
    report = verify_installation(platform, local_place(platform.home).notes())
    assert (report.findings, report.unprotected) == ((), 0)


def test_what_died_after_signing_is_taken_up(platform: Platform) -> None:
    """A checkpoint outside that the database does not know is one to continue."""
    write_something(platform)
    before = seal(platform)
    size = before.size
    with platform.admin_engine().begin() as connection:
        connection.exec_driver_sql(
            "ALTER TABLE control.ledger_checkpoints DISABLE TRIGGER append_only"
        )
        connection.exec_driver_sql(
            f"DELETE FROM control.ledger_checkpoints WHERE tree_size = {size}"
        )
        connection.exec_driver_sql(
            "ALTER TABLE control.ledger_checkpoints ENABLE ALWAYS TRIGGER append_only"
        )
    again = seal(platform)
    assert (again.size, again.note) == (size, before.note)
    write_something(platform)
    assert seal(platform).size == size + 1
    assert verify_installation(platform, local_place(platform.home).notes()).sound


def test_a_lost_frontier_is_counted_again(platform: Platform) -> None:
    """A stored frontier that does not lead to what was signed is not built upon."""
    write_something(platform)
    seal(platform)
    with changed(
        platform,
        "control.ledger_checkpoints",
        "UPDATE control.ledger_checkpoints SET frontier = sha256(frontier)",
        "SELECT 1",
    ):
        write_something(platform)
        seal(platform)
    assert verify_installation(platform, local_place(platform.home).notes()).sound


@pytest.mark.parametrize(
    ("change", "back"),
    [
        (
            "UPDATE control.ledger_leaves SET leaf = sha256(leaf) WHERE position = 2",
            (
                "UPDATE control.ledger_leaves l SET leaf = e.leaf FROM control.ledger_entries e "
                "WHERE e.entry_id = l.entry_id"
            ),
        ),
        (
            "UPDATE control.ledger_leaves SET position = position - 1000000 WHERE position > 40",
            "UPDATE control.ledger_leaves SET position = position + 1000000 WHERE position < 0",
        ),
    ],
)
def test_nothing_is_signed_over_a_changed_ledger(
    platform: Platform, change: str, back: str
) -> None:
    """A leaf that was signed and changed, leaves that are gone: the key must not bless it."""
    write_something(platform)
    sealed_size = seal(platform).size
    with (
        changed(platform, "control.ledger_leaves", change, back),
        changed(
            platform,
            "control.ledger_checkpoints",
            "CREATE TABLE public.kept AS SELECT * FROM control.ledger_checkpoints;"
            "DELETE FROM control.ledger_checkpoints",
            "INSERT INTO control.ledger_checkpoints SELECT * FROM public.kept;"
            "DROP TABLE public.kept",
        ),
    ):
        with pytest.raises(LedgerForked, match="nothing is signed"):
            seal(platform)
        assert "not sealed" in seal_line(platform)
    assert max(unverified_checkpoint(n).size for n in local_place(platform.home).notes()) == (
        sealed_size
    )
    seal(platform)


def test_another_key_signs_nothing(platform: Platform) -> None:
    """A key that was lost and made anew must not continue the old one's ledger in silence."""
    write_something(platform)
    seal(platform)
    path = platform.home.secrets / "ledger-key.json"
    kept = path.read_text()
    try:
        path.unlink()
        with pytest.raises(LedgerForked, match="restore secrets/ledger-key"):
            seal(platform)
    finally:
        path.write_text(kept)
    assert seal(platform).size


def test_a_ledger_that_waits_too_long_is_told(platform: Platform) -> None:
    """Its age is in the status; where it cannot be sealed, an alert is raised after an hour."""
    seal(platform)
    write_something(platform)
    protection = ledger_protection(platform, datetime.now(UTC) + timedelta(minutes=5))
    assert protection.unsealed == 1
    assert protection.oldest_unsealed_seconds is not None
    assert 299 < protection.oldest_unsealed_seconds < 400
    assert "no checkpoint is known to have left this machine" in protection.remark
    assert "1 entries are unsealed" in protection.remark
    aged = "UPDATE control.ledger_entries SET written_at = written_at - interval '2 hours' "
    path = platform.home.secrets / "ledger-key.json"
    kept = path.read_text()
    with platform.admin_engine().begin() as connection:
        connection.exec_driver_sql("ALTER TABLE control.ledger_entries DISABLE TRIGGER erased_only")
        connection.exec_driver_sql(
            aged + "WHERE entry_id = (SELECT max(entry_id) FROM control.ledger_entries)"
        )
        connection.exec_driver_sql(
            "ALTER TABLE control.ledger_entries ENABLE ALWAYS TRIGGER erased_only"
        )
    try:
        path.unlink()
        assert "not sealed" in seal_line(platform)
    finally:
        path.write_text(kept)
    with platform.platform_session("test") as session:
        kinds = {alert["kind"] for alert in session.alerts_ascend_platform_metric().all()}
    assert "ledger_unsealed" in kinds
    assert "1 leaves sealed" in seal_line(platform)


def _git(folder: Path, *arguments: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    return subprocess.run(
        ["git", "-C", str(folder), *arguments],  # noqa: S607
        check=True, capture_output=True, text=True, env=environment,
    ).stdout  # fmt: skip


@pytest.fixture
def repository(tmp_path: Path) -> tuple[Path, Path]:
    """A work tree and the repository it pushes to."""
    bare, tree = tmp_path / "bare.git", tmp_path / "tree"
    _git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    _git(tmp_path, "clone", "--quiet", str(bare), str(tree))
    return tree, bare


def test_a_git_repository_keeps_a_commit_for_each(
    platform: Platform,
    repository: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Committed and pushed; offered again to a place that did not take it."""
    tree, bare = repository
    monkeypatch.setenv("CLASSLINE_CHECKPOINTS", f"git:{tree}")
    write_something(platform)
    first = seal(platform)
    assert (first.kept, first.refused) == ((f"git:{tree}",), {})
    assert seal(platform).kept == ()
    subject = f"Checkpoint of {first.size} leaves"
    assert _git(bare, "log", "--format=%s", "main").splitlines() == [subject]
    assert notes_in(tree) == [first.note]
    bare.rename(bare.with_name("away"))
    write_something(platform)
    second = seal(platform)
    assert (second.kept, list(second.refused)) == ((), [f"git:{tree}"])
    assert "`git push` failed" in second.refused[f"git:{tree}"]
    bare.with_name("away").rename(bare)
    assert seal(platform).kept == (f"git:{tree}",)
    assert len(_git(bare, "log", "--format=%s", "main").splitlines()) == 2
    assert told_places(platform.home)[f"git:{tree}"] == second.size


def test_a_repository_elsewhere_is_outside_the_machine(repository: tuple[Path, Path]) -> None:
    """A remote that is a folder of this machine is not."""
    tree, _ = repository
    assert not GitPlace(tree).leaves_machine
    _git(tree, "remote", "set-url", "origin", "ssh://git@elsewhere.invalid/checkpoints")
    assert GitPlace(tree).leaves_machine
    assert not GitPlace(tree.parent / "nothing").leaves_machine


def test_slack_gets_the_checkpoint_and_the_key(
    platform: Platform,
    slack: ASlack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the channel keeps verifies by itself, and the status says that it left."""
    monkeypatch.setenv("CLASSLINE_SLACK_WEBHOOK", slack.url)
    monkeypatch.setenv("CLASSLINE_CHECKPOINTS", "slack")
    write_something(platform)
    report = seal(platform)
    assert report.kept == ("slack",)
    (message,) = slack.texts
    key = VerifierKey.parse(message.split("key ")[1].split("\n")[0])
    note = message.split("```\n")[1].removesuffix("```")
    assert open_checkpoint(note, key).size == report.size
    protection = ledger_protection(platform, datetime.now(UTC))
    assert (protection.outside, protection.remark) == (
        report.size, "every entry is under a checkpoint outside this machine",
    )  # fmt: skip
    write_something(platform)
    slack.answers.append((404, "no_service", {}))
    refused = seal(platform).refused
    assert list(refused) == ["slack"]
    assert slack.url not in json.dumps(refused)
    assert "1 sealed entries are not yet under" in (
        ledger_protection(platform, datetime.now(UTC)).remark
    )


def test_a_folder_keeps_what_it_has(tmp_path: Path) -> None:
    """The same again is nothing; another root for the same size is refused, not written over."""
    place = FolderPlace(tmp_path / "deep" / "folder")
    place.keep(_NOTE, _KEY.verifier)
    place.keep(_NOTE, _KEY.verifier)
    with pytest.raises(PlaceRefused, match="says something else of the first 7 leaves"):
        place.keep(sealed_checkpoint(_KEY, 7, b"s" * 32), _KEY.verifier)
    assert place.notes() == [_NOTE]
    (tmp_path / "file").write_text("x")
    with pytest.raises(PlaceRefused, match="did not take the checkpoint"):
        FolderPlace(tmp_path / "file").keep(_NOTE, _KEY.verifier)
    with pytest.raises(PlaceRefused, match="is no git work tree"):
        GitPlace(tmp_path).keep(_NOTE, _KEY.verifier)


@pytest.mark.parametrize(
    "setting", ["nowhere", "git:", "s3://bucket", "slack", "/ok,ftp:/x", "https://x.invalid"]
)
def test_a_setting_that_names_no_place_is_refused(setting: str) -> None:
    """Better no seal than one that is believed to be outside."""
    with pytest.raises(PlaceRefused, match="CLASSLINE_CHECKPOINTS"):
        places_from(setting)


def test_a_setting_may_name_several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In their order."""
    monkeypatch.setenv("CLASSLINE_SLACK_WEBHOOK", "https://hooks.slack.invalid/services/x")
    places = places_from(f"{tmp_path}, git:{tmp_path},slack,")
    assert places[:2] == (FolderPlace(tmp_path), GitPlace(tmp_path))
    assert isinstance(places[2], SlackPlace)
    assert isinstance(places[2].webhook, SlackWebhook)
    assert places_from(None) == places_from("") == ()


def test_a_setting_that_is_wrong_keeps_no_seal_from_the_folder(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said, in the seal's line and in the status."""
    write_something(platform)
    monkeypatch.setenv("CLASSLINE_CHECKPOINTS", "nowhere")
    line = seal_line(platform)
    assert "sealed" in line
    assert "CLASSLINE_CHECKPOINTS names a place of no known kind" in line
    protection = ledger_protection(platform, datetime.now(UTC))
    assert protection.unsealed == 0
    remark = protection.remark
    assert "CLASSLINE_CHECKPOINTS names a place of no known kind" in remark


def test_an_unwritable_row_count_is_not_guessed(platform: Platform) -> None:
    """A checkpoint over leaves that have no place is refused by the database as well."""
    from stores.errors import BoundaryRefused
    from stores.ledger_reads import StoredCheckpoint

    with platform.platform_session("test") as session:
        ledger = session.ledger_ascend_platform_metric()
        size = ledger.number_leaves()
        with pytest.raises(BoundaryRefused, match="CL033"):
            ledger.record_checkpoint(StoredCheckpoint(size + 1, b"x", b"x", "x"))
