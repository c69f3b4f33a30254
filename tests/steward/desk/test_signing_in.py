"""Ways into the desk without a steward's proof, each closed."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable

import pytest

from anonymization.workflows.pipeline_benchmark import PIPELINE_BENCHMARK
from steward.desk.local_links import make_link, redeem
from steward.desk.settings import DeskRefused, DeskSettings, OidcSettings, settings_from
from stores.home import Home
from stores.steward_credentials import StewardCredential
from tests.desk import Desk
from tests.steward.desk.conftest import SETTINGS, Browser, Clock

PAGES = ("/", f"/reviews/{PIPELINE_BENCHMARK.name}", "/history", "/datasets",
         "/datasets/tenant_private.crm_accounts", "/findings")  # fmt: skip
Browsers = Callable[[], Browser]


@pytest.mark.integration
@pytest.mark.parametrize("path", PAGES)
def test_every_page_asks_for_a_session(waiting: Desk, browser: Browsers, path: str) -> None:
    """Nothing is shown to whom nobody has authenticated."""
    assert waiting
    answer = browser().http.get(path, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


@pytest.mark.integration
def test_no_decision_without_a_session(waiting: Desk, browser: Browsers) -> None:
    """Another's form is worth nothing without their cookie."""
    sam = browser().enter(waiting, waiting.steward)
    form = sam.fields(sam.get(f"/reviews/{PIPELINE_BENCHMARK.name}"))
    path = f"/reviews/{PIPELINE_BENCHMARK.name}/decision"
    answer = browser().post(path, **form, decision="approved", reason="not signed in")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    eve = browser().enter(waiting, waiting.engineer)
    assert eve.post(path, **form, decision="approved", reason="theirs").status_code == 403


@pytest.mark.integration
def test_a_link_works_once(waiting: Desk, browser: Browsers) -> None:
    """Whoever finds it in a history or a log afterwards comes too late."""
    code = make_link(waiting.platform.home, SETTINGS.url, waiting.steward).partition("code=")[2]
    assert browser().post("/enter", code=code).status_code == 303
    late = browser().post("/enter", code=code)
    assert (late.status_code, "older than ten minutes" in late.text) == (403, True)


@pytest.mark.integration
def test_opening_a_link_does_not_use_it(waiting: Desk, browser: Browsers) -> None:
    """A scanner that follows links signs nobody in, and takes the link from nobody."""
    code = make_link(waiting.platform.home, SETTINGS.url, waiting.steward).partition("code=")[2]
    scanner = browser()
    scanner.get(f"/enter?code={code}")
    assert not scanner.http.cookies
    assert browser().post("/enter", code=code).status_code == 303


@pytest.mark.integration
@pytest.mark.parametrize("code", ["", "x", "../../../etc/passwd", "A" * 5000, "\x00"])
def test_a_guessed_code_opens_nothing(waiting: Desk, browser: Browsers, code: str) -> None:
    """The code names a file only by its digest."""
    assert waiting
    assert browser().post("/enter", code=code).status_code == 403


@pytest.mark.integration
def test_guessing_is_slowed_down(waiting: Desk, browser: Browsers) -> None:
    """Twenty tries, then one a second."""
    assert waiting
    codes = [browser().post("/enter", code="x").status_code for _ in range(21)]
    assert codes == [403] * 20 + [429]


@pytest.mark.integration
def test_a_session_ends_by_the_clock(waiting: Desk, browser: Browsers, clock: Clock) -> None:
    """After half an hour unused, and after eight hours at the latest."""
    sam = browser().enter(waiting, waiting.steward)
    for _ in range(16):
        clock.seconds += 29 * 60
        sam.get("/history")
    clock.seconds += 29 * 60
    assert sam.http.get("/history", follow_redirects=False).status_code == 303
    idle = browser().enter(waiting, waiting.steward)
    clock.seconds += 31 * 60
    assert idle.http.get("/history", follow_redirects=False).status_code == 303


@pytest.mark.integration
def test_signing_out_ends_the_session_on_the_server(waiting: Desk, browser: Browsers) -> None:
    """A copied cookie is worth nothing afterwards; another site cannot sign somebody out."""
    sam = browser().enter(waiting, waiting.steward)
    cookies = dict(sam.http.cookies)
    csrf = sam.fields(sam.get("/history"))["csrf"]
    assert sam.post("/sign-out", csrf="forged").status_code == 403
    assert sam.post("/sign-out", csrf=csrf).status_code == 303
    copied = browser()
    copied.http.cookies.update(cookies)
    assert copied.http.get("/history", follow_redirects=False).status_code == 303


@pytest.mark.integration
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "https://evil.example.com"},
        {"Origin": SETTINGS.url + ".evil.example.com"},
        {"Origin": SETTINGS.url, "Sec-Fetch-Site": "cross-site"},
        {"Origin": SETTINGS.url, "Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_of_another_site_is_refused(
    waiting: Desk, browser: Browsers, headers: dict[str, str]
) -> None:
    """Even with the right token: the desk's own pages alone post to it."""
    sam = browser().enter(waiting, waiting.steward)
    form = sam.fields(sam.get(f"/reviews/{PIPELINE_BENCHMARK.name}"))
    answer = sam.post(
        f"/reviews/{PIPELINE_BENCHMARK.name}/decision", headers,
        **form, decision="approved", reason="from elsewhere",
    )  # fmt: skip
    assert answer.status_code == 403


@pytest.mark.integration
@pytest.mark.parametrize("host", ["evil.example.com", "127.0.0.1", "localhost:8765", ""])
def test_another_name_of_the_desk_is_refused(waiting: Desk, browser: Browsers, host: str) -> None:
    """A site that points its own name at this machine (DNS rebinding) reads nothing."""
    sam = browser().enter(waiting, waiting.steward)
    assert sam.http.get("/", headers={"Host": host}).status_code == 400


@pytest.mark.integration
def test_every_answer_carries_the_headers(waiting: Desk, browser: Browsers) -> None:
    """Pages, refusals and files alike: no script, no frame, no cache, no sniffing."""
    sam = browser().enter(waiting, waiting.steward)
    for path in ("/", "/sign-in", "/nothing", "/static/desk.css", "/health"):
        headers = sam.http.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "same-origin"
        assert "server" not in headers


@pytest.mark.integration
def test_the_cookie_is_closed(waiting: Desk, browser: Browsers) -> None:
    """No script reads it, no other site sends it; over TLS it is bound to the host."""
    code = make_link(waiting.platform.home, SETTINGS.url, waiting.steward).partition("code=")[2]
    cookie = browser().post("/enter", code=code).headers["set-cookie"]
    assert re.search(r"HttpOnly", cookie)
    assert re.search(r"SameSite=lax", cookie, re.IGNORECASE)
    assert waiting.steward.password not in cookie


@pytest.mark.integration
def test_no_page_carries_a_secret_or_a_script(waiting: Desk, browser: Browsers) -> None:
    """Neither the credential nor inline code or style stands on any page."""
    sam = browser().enter(waiting, waiting.steward)
    for path in PAGES:
        page = sam.get(path)
        assert waiting.steward.password not in page
        assert not re.search(r"<script|<[^>]*\s(?:on\w+|style)=|=.javascript:", page)


@pytest.mark.integration
def test_requests_are_limited_by_address(waiting: Desk, browser: Browsers) -> None:
    """A flood is told to wait; it learns nothing of what it asked for."""
    assert waiting
    answers = [browser().http.get("/health") for _ in range(401)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_a_link_is_a_file_of_ones_own_that_ends(tmp_path: object) -> None:
    """Closed to others, gone after ten minutes, and its name says nothing."""
    home = Home(tmp_path)  # type: ignore[arg-type]
    home.create()
    who = StewardCredential("sam", "s_x", "for a test")
    code = make_link(home, SETTINGS.url, who, now=lambda: 1000.0).partition("code=")[2]
    (path,) = (home.secrets / "desk-links").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert code not in path.name
    assert redeem(home, code, now=lambda: 1601.0) is None
    assert redeem(home, code, now=lambda: 1001.0) is None
    assert not list((home.secrets / "desk-links").iterdir())


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            {"url": "http://review.example.com", "oidc": ("https://id.example.com", "c")},
            "in the open",
        ),
        ({"url": "https://review.example.com"}, "one-time links are for this machine"),
        ({"url": "ftp://127.0.0.1"}, "not the URL of a site"),
        (
            {"url": "https://review.example.com/desk", "oidc": ("https://id.example.com", "c")},
            "not the URL",
        ),
        (
            {"url": "https://review.example.com", "oidc": ("http://id.example.com", "c")},
            "not an https",
        ),
    ],
)
def test_an_open_door_is_refused_before_it_opens(settings: dict[str, object], told: str) -> None:
    """Settings by which somebody could come in unauthenticated start nothing."""
    oidc = settings.get("oidc")
    with pytest.raises(DeskRefused, match=told):
        DeskSettings(str(settings["url"]), OidcSettings(*oidc) if oidc else None)  # type: ignore[misc]


@pytest.mark.parametrize(
    "environment",
    [
        {"CLASSLINE_OIDC_ISSUER": "https://id.example.com"},
        {"CLASSLINE_OIDC_CLIENT_ID": "desk"},
        {"CLASSLINE_DESK_PORT": "0"},
        {"CLASSLINE_DESK_PORT": "http"},
    ],
)
def test_half_a_setting_is_refused(environment: dict[str, str]) -> None:
    """A provider without a client, or a port that is none."""
    with pytest.raises(DeskRefused):
        settings_from(environment)


def test_settings_come_from_the_environment() -> None:
    """The provider's secret is a file, never a variable that child processes inherit."""
    settings = settings_from(
        {
            "CLASSLINE_DESK_URL": "https://review.example.com/",
            "CLASSLINE_OIDC_ISSUER": "https://id.example.com",
            "CLASSLINE_OIDC_CLIENT_ID": "desk",
        }
    )
    assert settings.secure
    assert settings.oidc is not None
    assert settings_from({}).url == "http://127.0.0.1:8765"
