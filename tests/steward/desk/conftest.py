"""An installation in which something waits for review, and browsers of its stewards."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from starlette.testclient import TestClient

from steward.desk.application import desk_application
from steward.desk.local_links import make_link
from steward.desk.settings import DeskSettings
from stores.steward_credentials import StewardCredential
from tests.desk import Desk, a_review_desk

SETTINGS = DeskSettings()


@dataclass
class Clock:
    """Time that a test moves."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Browser:
    """A browser without a window: it sends what a page's own form would."""

    http: TestClient
    headers: dict[str, str] = field(
        default_factory=lambda: {"Origin": SETTINGS.url, "Sec-Fetch-Site": "same-origin"}
    )

    def get(self, path: str) -> str:
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def fields(self, page: str) -> dict[str, str]:
        """The hidden fields of the page's last form."""
        form = page[page.rindex("<form") :]
        return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))

    def post(self, path: str, headers: dict[str, str] | None = None, **form: str) -> object:
        return self.http.post(
            path, data=form, headers=self.headers if headers is None else headers,
            follow_redirects=False,
        )  # fmt: skip

    def enter(self, desk: Desk, who: StewardCredential) -> Browser:
        link = make_link(desk.platform.home, SETTINGS.url, who)
        code = link.partition("code=")[2]
        assert code in self.get(f"/enter?code={code}")
        assert self.post("/enter", code=code).status_code == 303
        return self

    def decide(self, workflow: str, decision: str, reason: str, **changed: str) -> object:
        """Open the review, fill in its form, send it."""
        page = self.get(f"/reviews/{workflow}")
        form = self.fields(page) | {"decision": decision, "reason": reason} | changed
        return self.post(f"/reviews/{workflow}/decision", **form)


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """An installation in which a candidate of every workflow waits for review."""
    with a_review_desk(tmp_path_factory.mktemp("review-desk") / "home") as opened:
        yield opened


@pytest.fixture
def clock() -> Clock:
    """The desk's clock."""
    return Clock()


@pytest.fixture
def browser(waiting: Desk, clock: Clock) -> Iterator[Callable[[], Browser]]:
    """Makes browsers, which share a desk and nothing else."""
    application = desk_application(waiting.platform, SETTINGS, now=clock)
    opened: list[TestClient] = []

    def another() -> Browser:
        http = TestClient(application, base_url=SETTINGS.url, raise_server_exceptions=False)
        opened.append(http)
        return Browser(http)

    yield another
    for http in opened:
        http.close()
