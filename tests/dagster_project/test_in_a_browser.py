"""Dagster as a person meets it: its own webserver, daemon and code server, in a real browser."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import quote

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import text

from anonymization.source_digest import source_digest
from anonymization.workflows.agent_run_aggregates import AGENT_RUN_AGGREGATES
from dagster_project.dagster_home import ensure_dagster_home
from stores.boundary.steward_changes import change_steward
from stores.kept_credentials import keep_credential
from tests.browser import a_browser
from tests.desk import Desk, a_desk

pytestmark = pytest.mark.integration
NAME = AGENT_RUN_AGGREGATES.name
HEADER, ISSUER = "Cf-Access-Jwt-Assertion", "https://proxy.example.com"
PATIENCE_SECONDS = 400


@contextmanager
def running(desk: Desk, folder: Path, keys: Path) -> Iterator[str]:
    """Code server, daemon and webserver of that installation; the webserver's address."""
    home = desk.platform.home.root
    code, web = free_port(), free_port()
    workspace = folder / "workspace.yaml"
    workspace.write_text(
        "load_from:\n  - grpc_server:\n"
        f"      {{host: 127.0.0.1, port: {code}, location_name: classline}}\n"
    )
    environment = os.environ | {
        "CLASSLINE_HOME": str(home),
        "DAGSTER_HOME": str(ensure_dagster_home(home)),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "CLASSLINE_PROXY_ISSUER": ISSUER,
        "CLASSLINE_PROXY_AUDIENCE": "dagster",
        "CLASSLINE_PROXY_KEYS": str(keys),
    }
    programs = Path(sys.executable).parent
    commands = (
        ["dagster", "code-server", "start", "-h", "127.0.0.1", "-p", str(code),
         "-m", "dagster_project.definitions"],
        ["dagster-daemon", "run", "-w", str(workspace)],
        ["dagster-webserver", "-h", "127.0.0.1", "-p", str(web), "-w", str(workspace)],
    )  # fmt: skip
    started = []
    try:
        for name, *arguments in commands:
            with (folder / f"{name}.log").open("wb") as log:
                started.append(
                    subprocess.Popen(
                        [str(programs / name), *arguments],
                        env=environment,
                        stdout=log,
                        stderr=log,
                        cwd=folder,
                    )
                )
            if len(started) == 1:
                wait_for_port(code)
        wait_for_port(web)
        yield f"http://127.0.0.1:{web}"
    finally:
        for process in reversed(started):
            process.terminate()
        for process in reversed(started):
            process.wait(timeout=60)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for_port(port: int) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        with socket.socket() as asking:
            asking.settimeout(1)
            if asking.connect_ex(("127.0.0.1", port)) == 0:
                return
        Event().wait(0.2)
    raise AssertionError(port)


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Desk]:
    """An installation in which agents' tools carry an address in their name, in six tenants."""
    with a_desk(tmp_path / "home") as desk:
        with desk.platform.admin_engine().begin() as connection:
            connection.execute(
                text(
                    "UPDATE tenant_private.agent_runs SET tool_name = 'someone@example.com' "
                    "WHERE tool_name = (SELECT min(tool_name) FROM tenant_private.agent_runs)"
                )
            )
        yield desk


def the_name_is_mended(desk: Desk) -> None:
    """Somebody finds out, and repairs it at the source."""
    with desk.platform.admin_engine().begin() as connection:
        connection.execute(
            text(
                "UPDATE tenant_private.agent_runs SET tool_name = 'address_book' "
                "WHERE tool_name = 'someone@example.com'"
            )
        )


def launch(page: Any, url: str, job: str, config: dict[str, Any] | None = None) -> str:
    """Open the job's launchpad with that configuration, launch, and wait for the run to end."""
    setup = f"{url}/locations/classline/jobs/{job}/playground"
    if config is not None:
        setup += f"/setup?config={quote(json.dumps(config))}"
    page.goto(setup)
    button = page.get_by_role("button", name="Launch Run")
    button.wait_for()
    page.wait_for_function(
        "() => [...document.querySelectorAll('button')]"
        ".some(b => b.innerText.includes('Launch Run') && !b.disabled)"
    )
    button.click()
    page.wait_for_url("**/runs/**")
    run_id = page.url.rpartition("/runs/")[2].partition("?")[0]
    return ended(page, url, run_id)


def ended(page: Any, url: str, run_id: str) -> str:
    """How the run ended, as the webserver says."""
    query = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
    until = time.monotonic() + PATIENCE_SECONDS
    status = ""
    while time.monotonic() < until:
        answer = page.request.post(
            f"{url}/graphql", data={"query": query, "variables": {"id": run_id}}
        )
        status = answer.json()["data"]["runOrError"]["status"]
        if status in {"SUCCESS", "FAILURE", "CANCELED"}:
            break
        page.wait_for_timeout(500)
    return str(status)


def state_of_the_newest(desk: Desk) -> str:
    """Where the newest promotion stands."""
    with desk.platform.platform_session("test") as session:
        rows = session.records_ascend_platform_metric("promotions", "workflow = :w", w=NAME)
    return str(max(rows, key=lambda row: row["created_at"])["state"])


def test_from_the_asset_graph_to_a_published_release(waiting: Desk, tmp_path: Path) -> None:
    """See the graph, run, see the check that blocked; mend, run, decide, see it published."""
    key = ECKey.generate_key("P-256", {"kid": "k1"})
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    keep_credential(waiting.platform.home, waiting.steward)
    change_steward(waiting.platform, waiting.steward.name, sign_ins=[f"{ISSUER}|42"])
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": "dagster", "sub": "42", "iat": now, "exp": now + 3600}
    assertion = jwt.encode({"alg": "ES256", "kid": "k1"}, claims, key)
    decision = {
        "ops": {
            "record_the_decision": {
                "config": {
                    "workflow": NAME, "version": source_digest(AGENT_RUN_AGGREGATES),
                    "decision": "approved", "reason": "k and dominance hold",
                }
            }
        }
    }  # fmt: skip
    with (
        running(waiting, tmp_path, tmp_path / "keys.json") as url,
        a_browser(tmp_path) as browser,
    ):
        page = browser.new_page()
        page.set_viewport_size({"width": 1500, "height": 1000})
        page.goto(f"{url}/locations/classline/asset-groups/anonymized_benchmark/lineage")
        page.get_by_text("anonymized_industry_benchmarks").first.wait_for()
        page.screenshot(path=tmp_path / "dagster-graph.png")

        assert launch(page, url, NAME) == "FAILURE"
        assert state_of_the_newest(waiting) == "held"
        page.goto(f"{url}/assets/tenant_private/{NAME}_candidate?view=checks")
        page.get_by_text("no_pii_shaped_value").first.wait_for()
        page.get_by_text("Failed").first.wait_for()
        page.screenshot(path=tmp_path / "dagster-blocked.png")

        the_name_is_mended(waiting)
        assert launch(page, url, NAME) == "SUCCESS"
        assert state_of_the_newest(waiting) == "awaiting_review"

        # Past the proxy the same form decides nothing; through it, it does.
        assert launch(page, url, "steward_decision", decision) == "FAILURE"
        page.set_extra_http_headers({HEADER: assertion})
        assert launch(page, url, "steward_decision", decision) == "SUCCESS"
        until = time.monotonic() + PATIENCE_SECONDS
        while state_of_the_newest(waiting) != "published" and time.monotonic() < until:
            page.wait_for_timeout(1000)
        assert state_of_the_newest(waiting) == "published"
        page.goto(f"{url}/assets/ascend_platform_metric/{NAME}")
        page.get_by_text("rows_published").first.wait_for()
        page.screenshot(path=tmp_path / "dagster-published.png")
    with waiting.platform.platform_session("test") as session:
        (made,) = session.records_ascend_platform_metric("approvals")
    assert made["steward_name"] == waiting.steward.name
