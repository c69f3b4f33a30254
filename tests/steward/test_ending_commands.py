"""What ends a release or a tenant's stay, typed as a person types it, and what they then see."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from anonymization.promote import publish_candidate
from anonymization.workflow import Workflow
from anonymization.workflows.agent_run_aggregates import AGENT_RUN_AGGREGATES
from anonymization.workflows.fund_portfolio_rollup import FUND_PORTFOLIO_ROLLUP
from anonymization.workflows.pipeline_benchmark import PIPELINE_BENCHMARK
from catalog.data_classes import DataClass
from catalog.embedded_server import stop_embedded
from stores.boundary.provisioning import add_steward
from stores.steward_credentials import write_credential
from tests.desk import Desk, a_desk
from tests.steward.conftest import Call, Said

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """An installation with releases to withdraw and tenants to remove."""
    with a_desk(tmp_path_factory.mktemp("ending") / "home") as opened:
        yield opened
        stop_embedded(opened.platform.home.datahub)


@pytest.fixture(scope="module")
def cli_home(house: Desk) -> Path:
    """The commands are given there."""
    return house.platform.home.root


@pytest.fixture
def credential(house: Desk, tmp_path: Path) -> Path:
    """The steward's credential file."""
    path = tmp_path / "steward.credential"
    write_credential(path, house.steward)
    return path


def released(house: Desk, workflow: Workflow) -> str:
    """The id of a publication of that workflow."""
    candidate = house.candidate(workflow)
    house.decide(workflow, "approved", house.steward)
    assert publish_candidate(house.platform, workflow, candidate.promotion_id).rows_published
    return str(candidate.promotion_id)


def counted(house: Desk, table: str) -> int:
    """Rows of that table, whoever's they are."""
    with house.platform.admin_engine().connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def whole(classline: Call) -> int:
    """The ledger is whole; how many of its leaves nobody has sealed yet."""
    said = classline("ledger", "verify", "--json")
    report = json.loads(said.out)
    assert (said.code, report["sound"], report["findings"]) == (0, True, [])
    return int(report["unprotected"])


def refused(said: Said, code: int, told: str) -> None:
    """It ended with that code, said why, and showed no traceback."""
    assert (said.code, told in " ".join(said.err.split())) == (code, True), said.err
    assert "Traceback" not in said.err
    assert said.out == ""


BENCHMARKS = "anonymized.anonymized_industry_benchmarks"


def test_a_release_is_revoked_by_its_first_digits(
    house: Desk, classline: Call, credential: Path
) -> None:
    """The person sees what was withdrawn and what has ended; readers see nothing more."""
    promotion = released(house, PIPELINE_BENCHMARK)
    rows = counted(house, BENCHMARKS)
    assert rows
    revoke = ("promotions", "revoke", promotion[:8], "--reason", "a unit was wrong")
    said = classline(*revoke, "--credential", credential)
    assert said.code == 0, said.err
    assert (
        f"{house.steward.name} revoked promotion {promotion}: {rows:,} rows are withdrawn, "
        "and its workflow's approval has ended"
    ) in said.out
    assert "Built on it: none" in said.out
    assert "leaves sealed" in said.err
    assert "DataHub:" in said.err
    assert counted(house, BENCHMARKS) == 0
    history = json.loads(classline("promotions", "history", promotion, "--json").out)
    assert (history[-1]["to_state"], history[-1]["reason"]) == ("revoked", "a unit was wrong")
    versions = {
        each["workflow"]: each for each in json.loads(classline("review", "list", "--json").out)
    }
    assert versions[PIPELINE_BENCHMARK.name]["decision"] == "rejected"
    again = classline(*revoke, "--credential", credential, "--json")
    refused(again, 1, "a promotion that is revoked cannot be revoked")
    assert whole(classline) == 0


def test_a_revocation_that_cannot_stand_says_why(
    house: Desk, classline: Call, credential: Path, tmp_path: Path
) -> None:
    """Nothing is withdrawn, and what the person should do next is said."""
    promotion = released(house, FUND_PORTFOLIO_ROLLUP)
    rows = counted(house, "fund_private.portfolio_metric_rollups")
    waiting = str(house.candidate(AGENT_RUN_AGGREGATES).promotion_id)
    benchmarks = add_steward(house.platform, "ending-narrow", [DataClass.ANONYMIZED_BENCHMARK])
    narrow, forged, open_file = (tmp_path / name for name in ("narrow", "forged", "open"))
    write_credential(narrow, benchmarks)
    write_credential(forged, replace(house.steward, password="x" * 32))
    write_credential(open_file, house.steward)
    open_file.chmod(0o644)
    revoke = ("promotions", "revoke")
    with_reason = ("--reason", "on the wrong deals")
    for arguments, code, told in (
        ((promotion, *with_reason), 2, "needs a steward's credential"),
        ((promotion, "--credential", credential), 2, "Missing option"),
        ((promotion, "--reason", "", "--credential", credential), 1, "3 to 2000 characters"),
        ((promotion, "--reason", "x" * 2_001, "--credential", credential), 1, "3 to 2000"),
        ((promotion, *with_reason, "--credential", tmp_path / "gone"), 1, "gone"),
        ((promotion, *with_reason, "--credential", open_file), 1, "others"),
        ((promotion, *with_reason, "--credential", forged), 1, "refused"),
        ((promotion, *with_reason, "--credential", narrow), 1, "does not decide what becomes"),
        ((waiting, *with_reason, "--credential", credential), 1, "that is checked cannot be"),
        (("00000000", *with_reason, "--credential", credential), 1, "no promotion has an id"),
        ((promotion[:5], *with_reason, "--credential", credential), 1, "at least the first 8"),
        (("%' OR true --", *with_reason, "--credential", credential), 1, "is named by its id"),
    ):
        refused(classline(*revoke, *arguments), code, told)
    assert counted(house, "fund_private.portfolio_metric_rollups") == rows
    whole(classline)


def test_a_tenant_is_removed_and_the_removal_can_be_repeated(house: Desk, classline: Call) -> None:
    """The person sees rows by table and what stays; a second time that it was done."""
    tenants = json.loads(classline("tenants", "--json").out)
    gone = tenants[0]["tenant_id"]
    remove = ("tenant", "remove", gone, "--reason", "its contract has ended")
    said = classline(*remove, "--yes")
    assert said.out.startswith("removed\n"), said.out + said.err
    for part in ("Rows erased", "tenant_private.crm_opportunities", "its id is in none"):
        assert part in said.out
    assert gone not in said.out
    # Texts that name it are for a person to look at: told, with another exit code.
    assert said.code == int("look at" in said.out)
    assert "leaves sealed" in said.err
    left = json.loads(classline("tenants", "--json").out)
    assert {each["tenant_id"] for each in left} == {e["tenant_id"] for e in tenants} - {gone}
    with house.platform.admin_engine().connect() as connection:
        rows = connection.execute(
            text("SELECT count(*) FROM tenant_private.crm_opportunities WHERE tenant_id = :t"),
            {"t": gone},
        ).scalar_one()
    assert rows == 0
    again = classline(*remove, "--yes")
    assert (again.code, again.out.splitlines()[0]) == (
        0,
        "it was removed before; nothing was left to erase",
    )
    document = json.loads(classline(*remove, "--yes", "--json").out)
    assert (document["removed_before"], document["nothing_left"]) == (True, True)
    assert whole(classline) == 0


def test_a_removal_that_cannot_stand_says_why(
    house: Desk, classline: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unknown ids, empty reasons, and whoever does not say yes."""
    tenants = json.loads(classline("tenants", "--json").out)
    stays = tenants[-1]["tenant_id"]
    rows = counted(house, "tenant_private.crm_opportunities")
    for arguments, code, told in (
        (("tn_aaaaaaaaaaaaaaaa", "--reason", "unknown", "--yes"), 1, "no tenant has this id"),
        (("' OR true --", "--reason", "unknown", "--yes"), 1, "no tenant has this id"),
        ((stays, "--reason", " ", "--yes"), 1, "a reason has 3 to 2,000"),
        ((stays, "--reason", "x" * 2_001, "--yes"), 1, "a reason has 3 to 2,000"),
        ((stays, "--yes"), 2, "Missing option"),
    ):
        refused(classline("tenant", "remove", *arguments), code, told)
    monkeypatch.setattr("typer.confirm", lambda _: False)
    said = classline("tenant", "remove", stays, "--reason", "second thoughts")
    refused(said, 2, "nothing was erased")
    assert json.loads(classline("tenants", "--json").out) == tenants
    assert counted(house, "tenant_private.crm_opportunities") == rows
    assert whole(classline) == 0


def test_a_finding_is_acknowledged_and_an_audit_signed_off(
    classline: Call, credential: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on the desk: an open finding stands for a while, a report is signed once."""
    monkeypatch.setenv("DATAHUB_GMS_URL", "http://127.0.0.1:1")
    report = json.loads(classline("audit", "--daily", "--json").out)
    (finding,) = [each["id"] for each in report["findings"] if each["rule"] == "AUD404"]
    stand = ("audit", "acknowledge", finding, "--days", 9, "--credential", credential)
    refused(classline(*stand, "--reason", ""), 1, "3 to 2,000 characters")
    refused(classline(*stand, "--reason", "x" * 2_001), 1, "3 to 2,000 characters")
    unknown = ("audit", "acknowledge", "0" * 16, "--reason", "known", "--credential", credential)
    refused(classline(*unknown), 1, "no audit on record found that")
    said = classline(*stand, "--reason", "DataHub is being moved")
    assert (said.code, f"{finding} stands until" in said.out) == (0, True)
    assert "leaves sealed" in said.err
    sign = ("audit", "sign-off", report["audit"], "--note", "read it", "--credential", credential)
    refused(classline(*sign, "--digest", "0" * 64), 1, "no report of that audit has this digest")
    said = classline(*sign, "--digest", report["digest"])
    assert (said.code, said.out) == (0, f"audit {report['audit']} is signed off\n")
    refused(classline(*sign, "--digest", report["digest"]), 1, "signed off already")
    assert whole(classline) == 0
