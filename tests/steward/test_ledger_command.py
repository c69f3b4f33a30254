"""The ledger from the command line: sealed by the service, checked by anyone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from anonymization.promote import publish_candidate
from anonymization.registered import registered_workflow
from steward import command_line
from tests.desk import Desk, a_desk
from tests.steward.conftest import Call, Said

pytestmark = pytest.mark.integration

_SCRIPT = Path(__file__).parents[2] / "docs" / "ledger.md"


@pytest.fixture(scope="module")
def promoted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, str]]:
    """An installation with one real promotion, from its candidate to its release."""
    workflow = registered_workflow("capability_index_by_tool")
    with a_desk(tmp_path_factory.mktemp("desk")) as desk:
        candidate = desk.candidate(workflow)
        desk.decide(workflow, "approved", desk.steward)
        publication = publish_candidate(desk.platform, workflow, candidate.promotion_id)
        assert publication.rows_published
        yield desk, str(candidate.promotion_id)


@pytest.fixture
def ledger(
    promoted: tuple[Desk, str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Call:
    """Calls `classline ledger` in that installation."""
    monkeypatch.setenv("CLASSLINE_HOME", str(promoted[0].platform.home.root))

    def call(*arguments: object) -> Said:
        monkeypatch.setattr("sys.argv", ["classline", "ledger", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            command_line.main()
        out, err = capfd.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    return call


@pytest.fixture
def held(ledger: Call, tmp_path: Path) -> Path:
    """A checkpoint that an outsider took away."""
    said = ledger("seal", "--json")
    assert said.code == 0
    path = tmp_path / "held.checkpoint"
    path.write_text(said.json["checkpoint"])
    return path


def test_a_seal_and_its_verification(ledger: Call, held: Path) -> None:
    """Nothing is left unsealed, and nothing is found."""
    said = ledger("verify", "--checkpoint", held, "--json")
    assert said.code == 0
    report = said.json
    assert (report["sound"], report["unprotected"], report["findings"]) == (True, 0, [])
    assert report["covered"] == report["leaves"] > 100
    told = ledger("verify").out
    assert "the ledger is whole" in told
    assert "give one that you hold" in told


def test_a_promotion_is_proven_without_the_database(
    ledger: Call,
    held: Path,
    promoted: tuple[Desk, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its steps as they happened, under the checkpoint held before, in a folder with nothing."""
    desk, promotion = promoted
    proof, bundle = tmp_path / "proof.json", tmp_path / "bundle.jsonl"
    assert ledger("prove", promotion, "--checkpoint", held, "--out", proof).code == 0
    assert ledger("export", "--out", bundle).code == 0
    records = [json.loads(entry["record"]) for entry in json.loads(proof.read_text())["entries"]]
    states = [record["row"]["state"] for record in records if record["kind"] == "promotion"]
    assert states[-1] == "published"
    steps = [r["row"] for r in records if r["kind"] == "transition"]
    assert [step["to_state"] for step in steps][:2] == ["drafted", "candidate"]
    assert steps[-1]["to_state"] == "published"
    assert all(step["actor"].startswith("~") for step in steps)
    assert {record["row"]["promotion_id"] for record in records} == {promotion}
    (*_, last) = (record["row"] for record in records if record["kind"] == "promotion")
    assert last["approved_by"].startswith("~")
    assert last["approved_by"] != last["requested_by"]
    names = (desk.engineer.name, desk.steward.name, "for a test", *_owners(desk))
    text = proof.read_text() + bundle.read_text()
    assert [name for name in names if name in text] == []
    monkeypatch.setenv("CLASSLINE_HOME", str(tmp_path / "nothing-here"))
    for file in (proof, bundle):
        for option in (("--checkpoint", held), ("--checkpoint", held.parent)):
            said = ledger("verify", "--offline", file, *option, "--json")
            assert (said.code, said.json["sound"]) == (0, True)
    bundle.write_text(bundle.read_text().replace("published", "held", 1))
    said = ledger("verify", "--offline", bundle, "--checkpoint", held)
    assert said.code == 1
    assert "entry_changed" in said.out


def _owners(desk: Desk) -> set[str]:
    logins = desk.platform.keyring.logins.values()
    return {s.owner for s in logins if s.owner != "service"} | {s.login for s in logins}


def test_the_key_alone_verifies_a_bundle(
    ledger: Call, held: Path, promoted: tuple[Desk, str], tmp_path: Path
) -> None:
    """Who holds the key finds a bundle signed by another; who holds nothing is told so."""
    bundle, key = tmp_path / "bundle.jsonl", tmp_path / "ledger.key"
    ledger("export", "--out", bundle)
    key.write_text((promoted[0].platform.home.root / "checkpoints" / "ledger.key").read_text())
    assert held.exists()
    said = ledger("verify", "--offline", bundle, "--key", key, "--json")
    assert (said.code, said.json["covered"], said.json["signed_only"] > 100) == (0, 0, True)
    head, _, rest = bundle.read_text().partition("\n")
    key.write_text("nonsense")
    assert ledger("verify", "--offline", bundle, "--key", key).code == 1
    assert head
    assert rest


def test_a_replaced_key_is_followed_from_the_one_that_is_held(
    ledger: Call, held: Path, promoted: tuple[Desk, str], tmp_path: Path
) -> None:
    """The key and the checkpoint of before still verify; a stranger's key does not."""
    home = promoted[0].platform.home
    bundle, proof, key = tmp_path / "bundle.jsonl", tmp_path / "proof.json", tmp_path / "ledger.key"
    key.write_text((home.root / "checkpoints" / "ledger.key").read_text())
    said = ledger("rotate-key", "--reason", "whoever had it is gone", "--json")
    assert (said.code, said.json["resumed"], said.json["refused"]) == (0, False, {})
    assert said.json["key"] != key.read_text().strip()
    assert said.json["key"] == (home.root / "checkpoints" / "ledger.key").read_text().strip()
    assert ledger("verify", "--checkpoint", held).code == 0
    assert ledger("export", "--out", bundle).code == 0
    assert ledger("prove", promoted[1], "--checkpoint", held, "--out", proof).code == 0
    for file in (bundle, proof):
        for trust in (("--checkpoint", held), ("--key", key), ("--checkpoint", held, "--key", key)):
            said = ledger("verify", "--offline", file, *trust, "--json")
            assert (said.code, said.json["findings"], said.json["handovers"]) == (0, [], 1)
    folder = home.root / "checkpoints"
    assert ledger("verify", "--offline", bundle, "--checkpoint", folder).code == 0
    told = ledger("verify", "--offline", bundle, "--checkpoint", held).out
    assert "its key was replaced 1 times" in told
    head, _, rest = bundle.read_text().partition("\n")
    cut = json.loads(head)
    del cut["handovers"]
    bundle.write_text(json.dumps(cut) + "\n" + rest)
    said = ledger("verify", "--offline", bundle, "--key", key)
    assert said.code == 1
    assert "not_handed_over" in said.out
    assert "destroyed" in ledger("rotate-key", "--reason", "once more").out


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("verify", "--offline", "BUNDLE"), 2, "a bundle always agrees with itself"),
        (("verify", "--key", "BUNDLE"), 2, "--key is for --offline"),
        (("verify", "--checkpoint", "EMPTY"), 2, "no checkpoint is in the files"),
        (("verify", "--checkpoint", "/no/such/file"), 1, "cannot be read as a checkpoint"),
        (("verify", "--offline", "/no/such/file", "--checkpoint", "HELD"), 1, "cannot be read"),
        (("verify", "--offline", "HELD", "--checkpoint", "HELD"), 1, "is no JSON object"),
        (("prove", "no-uuid"), 2, "UUID"),
        (("prove", "11111111-1111-4111-8111-111111111111"), 1, "no sealed entry is about"),
        (("export", "--out", "/no/such/folder/x"), 2, "cannot be written"),
        (("rotate-key",), 2, "--reason"),
        (("rotate-key", "--reason", " "), 1, "a reason has 3 to 2,000"),
        (("prove", "PROMOTION", "--checkpoint", "OTHER"), 1, "another ledger than the key"),
    ],
)
def test_bad_input_is_told_what_to_do(
    ledger: Call,
    held: Path,
    promoted: tuple[Desk, str],
    tmp_path: Path,
    arguments: tuple[str, ...],
    code: int,
    told: str,
) -> None:
    """Refused by name, never by a traceback."""
    from lineage.ledger_notes import SigningKey, sealed_checkpoint

    empty, other = tmp_path / "empty", tmp_path / "other"
    empty.write_text("")
    other.write_text(sealed_checkpoint(SigningKey.fresh("classline/other"), 3, b"x" * 32))
    names = {"BUNDLE": empty, "EMPTY": empty, "HELD": held, "OTHER": other,
             "PROMOTION": promoted[1]}  # fmt: skip
    said = ledger(*(names.get(argument, argument) for argument in arguments))
    assert said.code == code, said.err
    assert told in " ".join(said.err.replace("│", " ").split())


def test_a_changed_row_is_found_and_an_alert_raised(
    ledger: Call, held: Path, promoted: tuple[Desk, str]
) -> None:
    """Exit 1, the row by its number, and somebody is told."""
    platform = promoted[0].platform
    switch = "ALTER TABLE platform.kv_audit {} TRIGGER {}"
    edit = "UPDATE platform.kv_audit SET reason = {} WHERE entry_id = 1"

    def change(reason: str) -> None:
        with platform.admin_engine().begin() as connection:
            for name in ("append_only", "ledger"):
                connection.exec_driver_sql(switch.format("DISABLE", name))
            connection.exec_driver_sql(edit.format(reason))
            for name in ("append_only", "ledger"):
                connection.exec_driver_sql(switch.format("ENABLE ALWAYS", name))

    change("reason || 'x'")
    said = ledger("verify", "--checkpoint", held)
    change("left(reason, -1)")
    assert said.code == 1
    assert "row_differs: kv_audit 1 is not what was recorded" in said.out
    with platform.platform_session("test") as session:
        kinds = {alert["kind"] for alert in session.alerts_ascend_platform_metric().all()}
    assert "ledger_changed" in kinds
    assert ledger("verify", "--checkpoint", held).code == 0


def test_the_manuals_own_script_comes_to_the_same(
    ledger: Call, held: Path, promoted: tuple[Desk, str], tmp_path: Path
) -> None:
    """An outsider who trusts none of our code checks a bundle with the page's script."""
    script, bundle = tmp_path / "check.py", tmp_path / "bundle.jsonl"
    script.write_text(_SCRIPT.read_text().split("```python\n")[1].split("```")[0])
    key = promoted[0].platform.home.root / "checkpoints" / "ledger.key"
    ledger("export", "--out", bundle)

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", script, bundle, held, key],
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    said = run()
    assert said.returncode == 0, said.stderr
    assert "the ledger is whole" in said.stdout
    bundle.write_text(bundle.read_text().replace("published", "held", 1))
    assert run().returncode == 1
