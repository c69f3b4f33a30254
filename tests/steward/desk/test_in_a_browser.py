"""In a real browser: by keyboard alone, in light and dark, without a script or a complaint."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from anonymization.workflows.pipeline_benchmark import PIPELINE_BENCHMARK
from catalog.data_classes import DataClass
from expectations.audit.quarterly import LabelsUnreadable, audit_stores
from expectations.audit.report import AuditKind
from steward.desk.application import desk_application
from steward.desk.local_links import make_link
from steward.desk.settings import DeskSettings
from tests.browser import a_browser
from tests.desk import Desk

pytestmark = pytest.mark.integration
NAME = PIPELINE_BENCHMARK.name
CONTRAST = """() => {
  const channel = c => c <= 10 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4;
  const weights = [0.2126, 0.7152, 0.0722];
  const light = rgb => weights.reduce((sum, weight, at) => sum + weight * channel(rgb[at]), 0);
  const numbers = text => text.match(/[\\d.]+/g).map(Number);
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const poor = [];
  const read = 'h1, h2, p, th, td, a, button, label, code, caption, summary';
  for (const element of document.querySelectorAll(read)) {
    if (!element.textContent.trim() || !element.offsetParent) continue;
    const [a, b] = [light(numbers(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(element.tagName + ' ' + ratio.toFixed(2));
  }
  return poor;
}"""


@contextmanager
def served(desk: Desk) -> Iterator[str]:
    """The desk over a socket, as `classline desk` serves it; its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        application = desk_application(desk.platform, DeskSettings(url))
        server = uvicorn.Server(
            uvicorn.Config(application, log_level="warning", access_log=False, ws="none")
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield url
        finally:
            server.should_exit = True
            thread.join(timeout=30)


def tab_to(page: Any, name: str) -> None:
    """Press Tab until what is named so has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "() => (document.activeElement.labels?.[0]?.innerText || "
            "document.activeElement.innerText || document.activeElement.value || '').trim()"
        )
        if re.fullmatch(name, focused):
            return
    raise AssertionError(name)


def test_a_steward_decides_with_the_keyboard_alone(waiting: Desk, tmp_path: Path) -> None:
    """Link, queue, packet, decision: each is reached by Tab, and read out by its role and name."""
    with served(waiting) as url, a_browser(tmp_path) as browser:
        page = browser.new_page()
        page.set_viewport_size({"width": 1200, "height": 900})
        page.emulate_media(color_scheme="light")
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))

        page.goto(make_link(waiting.platform.home, url, waiting.steward))
        tab_to(page, "Enter")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{url}/")
        page.screenshot(path=tmp_path / "desk-queue.png")
        page.keyboard.press("Tab")
        assert page.evaluate("() => document.activeElement.className") == "skip"

        tab_to(page, NAME)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{url}/reviews/{NAME}")
        assert page.get_by_role("heading", level=1).inner_text() == f"Review of {NAME}"
        assert page.get_by_role("img").count() >= 2
        for landmark in ("banner", "navigation", "main"):
            assert page.get_by_role(landmark).count() >= 1
        assert page.get_by_label("Reason, for the record").count() == 1
        assert page.evaluate(CONTRAST) == []
        page.screenshot(path=tmp_path / "desk-packet.png")
        page.get_by_role("heading", name="Evidence", exact=True).evaluate("e => e.scrollIntoView()")
        page.screenshot(path=tmp_path / "desk-evidence.png")

        page.emulate_media(color_scheme="dark")
        assert page.evaluate(CONTRAST) == []
        tab_to(page, "Decide")
        page.keyboard.press("Enter")
        tab_to(page, "Approve it for a year")
        page.keyboard.press("Space")
        tab_to(page, "Reason, for the record")
        page.keyboard.type("k and dominance hold; no text leaves")
        page.screenshot(path=tmp_path / "desk-decide-dark.png")
        tab_to(page, "Record the decision")
        page.keyboard.press("Enter")
        page.get_by_role("status").wait_for()
        assert f"You approved {NAME}" in page.get_by_role("status").inner_text()

        page.goto(f"{url}/datasets/anonymized.anonymized_industry_benchmarks")
        assert page.evaluate(CONTRAST) == []
        page.emulate_media(color_scheme="light")
        page.screenshot(path=tmp_path / "desk-dataset.png")
        assert complaints == []
    with waiting.platform.platform_session("test") as session:
        made = session.records_ascend_platform_metric("approvals", "workflow = :w", w=NAME)
    assert made[-1]["steward_name"] == waiting.steward.name


def test_a_steward_answers_for_an_audit_with_the_keyboard_alone(
    waiting: Desk, tmp_path: Path
) -> None:
    """From the list of findings to the acknowledgement, then the sign-off of the report."""

    def away() -> Mapping[str, DataClass | None]:
        message = "DataHub does not answer"
        raise LabelsUnreadable(message)

    report = audit_stores(waiting.platform, AuditKind.DAILY, away)
    finding = report.open_findings[0].finding_id
    with served(waiting) as url, a_browser(tmp_path) as browser:
        page = browser.new_page()
        page.set_viewport_size({"width": 1200, "height": 900})
        page.emulate_media(color_scheme="light")
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text))
        page.goto(make_link(waiting.platform.home, url, waiting.steward))
        tab_to(page, "Enter")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{url}/")
        page.goto(f"{url}/findings")
        tab_to(page, finding)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{url}/findings/{finding}")
        assert page.get_by_label("Open again from").count() == 1
        assert page.evaluate(CONTRAST) == []
        tab_to(page, "Why it may stand, for the record")
        page.keyboard.type("DataHub is being moved")
        page.screenshot(path=tmp_path / "desk-finding.png")
        page.emulate_media(color_scheme="dark")
        assert page.evaluate(CONTRAST) == []
        tab_to(page, "Acknowledge the finding")
        page.keyboard.press("Enter")
        page.get_by_role("status").wait_for()
        assert f"Finding {finding} may stand" in page.get_by_role("status").inner_text()

        tab_to(page, str(report.audit_id))
        page.keyboard.press("Enter")
        page.wait_for_url(f"{url}/audits/{report.audit_id}")
        assert page.evaluate(CONTRAST) == []
        tab_to(page, "What you concluded, for the record")
        page.keyboard.type("read it; DataHub was away")
        tab_to(page, "Sign off this audit")
        page.keyboard.press("Enter")
        page.get_by_role("status").wait_for()
        assert "You signed off audit" in page.get_by_role("status").inner_text()
        assert complaints == []
