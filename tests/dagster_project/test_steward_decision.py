"""In Dagster a steward decides only if the proxy says who they are, whatever the tags say."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from dagster import DagsterInstance, SkipReason, build_sensor_context
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.workspace.context import WorkspaceRequestContext
from joserfc import jwt
from joserfc.jwk import ECKey

from anonymization.promote import publish_candidate
from anonymization.source_digest import source_digest
from anonymization.workflows.agent_run_aggregates import AGENT_RUN_AGGREGATES
from dagster_project.dagster_home import ensure_dagster_home
from dagster_project.definitions import defs
from dagster_project.requester import (
    REQUESTED_BY_TAG,
    proven_decider,
    proven_requester,
    requester_tags,
    stamped_tags,
)
from dagster_project.run_coordinator import StampingRunCoordinator
from dagster_project.steward_decision import STEWARD_DECISION
from stores.boundary.steward_changes import change_steward
from stores.kept_credentials import keep_credential
from tests.desk import Desk, a_desk

pytestmark = pytest.mark.integration
ISSUER, AUDIENCE, HEADER = "https://proxy.example.com", "dagster", "Cf-Access-Jwt-Assertion"
WORKFLOW = AGENT_RUN_AGGREGATES


@dataclass
class Dagster:
    """A Dagster whose runs are stamped, and the proxy's key in front of it."""

    desk: Desk
    instance: DagsterInstance
    key: ECKey

    def assertion(self, subject: str = "42", **changes: object) -> str:
        """What the proxy says of whom it has authenticated."""
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 60}
        return jwt.encode({"alg": "ES256", "kid": "k1"}, claims | changes, self.key)

    def submitted(
        self, headers: dict[str, str], tags: dict[str, str] | None = None, **config: str
    ) -> Any:
        """A run of the job as the webserver submits it: with the request it came by."""
        run = self.instance.create_run_for_job(
            defs.resolve_job_def(STEWARD_DECISION),
            run_config=run_config(self.desk, **config),
            tags=tags or {},
        )
        workspace = WorkspaceRequestContext.__new__(WorkspaceRequestContext)
        workspace._source = SimpleNamespace(headers=headers)
        coordinator = self.instance.run_coordinator
        assert isinstance(coordinator, StampingRunCoordinator)
        # Queueing wants the code server that a run came from: a browser test has one.
        coordinator.stamp(SubmitRunContext(run, workspace))
        return self.instance.get_run_by_id(run.run_id)

    def executed(self, run: Any) -> Any:
        """That run, in this process, with the tags it was stamped with."""
        return defs.resolve_job_def(STEWARD_DECISION).execute_in_process(
            run_id=str(uuid4()) if run is None else run.run_id,
            run_config=run.run_config,
            tags=dict(run.tags),
            raise_on_error=False,
        )


def run_config(desk: Desk, **changes: str) -> dict[str, Any]:
    """What a steward fills in, and where the installation is."""
    said = {
        "workflow": WORKFLOW.name, "version": source_digest(WORKFLOW)[:12],
        "decision": "approved", "reason": "k and dominance hold",
    } | changes  # fmt: skip
    return {
        "ops": {"record_the_decision": {"config": said}},
        "resources": {
            "platform": {"config": {"home": str(desk.platform.home.root)}},
        },
    }


@pytest.fixture(scope="module")
def dagster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dagster]:
    """An installation whose steward the proxy knows as 42, and a candidate that waits."""
    key = ECKey.generate_key("P-256", {"kid": "k1"})
    folder: Path = tmp_path_factory.mktemp("proxy")
    (folder / "keys.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    with (
        a_desk(tmp_path_factory.mktemp("decision") / "home") as desk,
        pytest.MonkeyPatch.context() as patched,
    ):
        home = desk.platform.home
        for name, value in (
            ("ISSUER", ISSUER), ("AUDIENCE", AUDIENCE), ("KEYS", str(folder / "keys.json")),
        ):  # fmt: skip
            patched.setenv(f"CLASSLINE_PROXY_{name}", value)
        patched.setenv("CLASSLINE_HOME", str(home.root))
        keep_credential(home, desk.steward)
        change_steward(desk.platform, desk.steward.name, sign_ins=[f"{ISSUER}|42"])
        candidate = desk.candidate(WORKFLOW)
        publish_candidate(desk.platform, WORKFLOW, candidate.promotion_id)
        with DagsterInstance.from_config(str(ensure_dagster_home(home.root))) as instance:
            yield Dagster(desk, instance, key)


@pytest.fixture(autouse=True)
def _settings(dagster: Dagster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Other tests see no settings; these need the proxy's."""
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [dagster.key.as_dict(private=False)]}))
    for name, value in (
        ("PROXY_ISSUER", ISSUER), ("PROXY_AUDIENCE", AUDIENCE),
        ("PROXY_KEYS", str(tmp_path / "keys.json")),
        ("HOME", str(dagster.desk.platform.home.root)),
    ):  # fmt: skip
        monkeypatch.setenv(f"CLASSLINE_{name}", value)


def decisions(dagster: Dagster) -> list[str]:
    """Who decided, in order."""
    with dagster.desk.platform.platform_session("test") as session:
        rows = session.records_ascend_platform_metric("approvals")
    return [row["steward_name"] for row in rows]


def test_a_forged_tag_is_blanked(dagster: Dagster) -> None:
    """Who writes the tags of a run by hand, or copies another run's, is nobody."""
    key = dagster.desk.platform.keyring.control_key
    other = str(uuid4())
    for tags in (
        {REQUESTED_BY_TAG: dagster.desk.steward.name},
        requester_tags(key, dagster.desk.steward.name, other),
        stamped_tags(
            key, dagster.desk.steward.name, run_id=other, job_name=STEWARD_DECISION,
            run_config=run_config(dagster.desk),
        ),
    ):  # fmt: skip
        run = dagster.submitted({}, tags)
        assert run.tags[REQUESTED_BY_TAG] == ""
        before = decisions(dagster)
        result = dagster.executed(run)
        assert not result.success
        assert decisions(dagster) == before


@pytest.mark.parametrize("headers", [{}, {HEADER: ""}, {HEADER: "forged"}])
def test_without_the_proxys_assertion_nothing_is_decided(
    dagster: Dagster, headers: dict[str, str]
) -> None:
    """Whoever reaches the webserver past the proxy starts runs, and decides nothing."""
    before = decisions(dagster)
    result = dagster.executed(dagster.submitted(headers))
    assert not result.success
    (failure,) = [event for event in result.all_node_events if event.is_step_failure]
    assert "nobody is proven" in str(failure.event_specific_data)
    assert decisions(dagster) == before


def test_an_expired_assertion_decides_nothing(dagster: Dagster) -> None:
    """What was copied out of a browser yesterday is worth nothing today."""
    run = dagster.submitted({HEADER: dagster.assertion(exp=int(time.time()) - 3600)})
    assert run.tags[REQUESTED_BY_TAG] == ""


def test_somebody_who_is_no_steward_is_named_and_decides_nothing(dagster: Dagster) -> None:
    """A colleague may start runs, which carry who they are."""
    run = dagster.submitted({HEADER: dagster.assertion("43")})
    assert run.tags[REQUESTED_BY_TAG] == f"{ISSUER}|43"
    before = decisions(dagster)
    assert not dagster.executed(run).success
    assert decisions(dagster) == before


def test_a_proof_holds_for_one_run_with_one_configuration() -> None:
    """Deleted and made again with another decision, a run's tags prove nothing."""
    key = b"k" * 32
    config: dict[str, object] = {"decision": "rejected"}
    tags = stamped_tags(key, "sam", run_id="r", job_name="j", run_config=config)
    started = {"run_id": "r", "job_name": "j", "run_config": config}
    assert proven_decider(key, tags, **started) == "sam"  # type: ignore[arg-type]
    assert proven_requester(key, tags, "r") == "sam"
    for changed in (
        {"run_id": "s"}, {"job_name": "k"}, {"run_config": {"decision": "approved"}},
    ):  # fmt: skip
        assert proven_decider(key, tags, **(started | changed)) is None  # type: ignore[arg-type]
    assert proven_decider(key, requester_tags(key, "sam", "r"), **started) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "config",
    [
        {"version": "0" * 12}, {"version": ""}, {"version": "abc"}, {"reason": ""},
        {"workflow": "no_such"},
    ],
)  # fmt: skip
def test_a_decision_that_cannot_stand_fails_the_run(
    dagster: Dagster, config: dict[str, str]
) -> None:
    """A stale version, no reason, no such workflow: the run says why."""
    before = decisions(dagster)
    run = dagster.submitted({HEADER: dagster.assertion()}, **config)
    assert not dagster.executed(run).success
    assert decisions(dagster) == before


def test_a_steward_decides_and_a_sensor_publishes(dagster: Dagster) -> None:
    """The run is the steward's, the decision the steward's own login's; then what waits runs."""
    sensor = defs.resolve_sensor_def("publish_what_is_approved")
    waiting = sensor.evaluate_tick(build_sensor_context(instance=dagster.instance))
    assert not waiting.run_requests
    assert SkipReason("nothing that waits is approved").skip_message in str(waiting)
    run = dagster.submitted({HEADER: dagster.assertion()})
    assert run.tags[REQUESTED_BY_TAG] == dagster.desk.steward.name
    assert dagster.executed(run).success
    assert decisions(dagster)[-1] == dagster.desk.steward.name
    ready = sensor.evaluate_tick(build_sensor_context(instance=dagster.instance))
    assert [request.job_name for request in ready.run_requests or ()] == [WORKFLOW.name]
