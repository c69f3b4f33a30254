"""By a provider: who it vouches for comes in, if an administrator said which steward that is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from joserfc.jwk import ECKey
from starlette.testclient import TestClient

from steward.desk.application import desk_application
from steward.desk.settings import DeskSettings, OidcSettings
from stores.boundary.steward_changes import change_steward
from stores.home import Home
from stores.kept_credentials import keep_credential
from tests.desk import Desk
from tests.steward.desk.conftest import SETTINGS, Clock
from tests.steward.desk.provider import Provider, a_provider

pytestmark = pytest.mark.integration


@dataclass
class Entrance:
    """A desk with a provider, and a browser in front of it."""

    provider: Provider
    http: TestClient

    def start(self) -> dict[str, str]:
        """Go to the provider, sign in there, and be sent back with this."""
        answer = self.http.get("/sign-in/start", follow_redirects=False)
        assert answer.status_code == 302, answer.text
        return self.provider.authorize(answer.headers["location"])

    def done(self, brought: dict[str, str]) -> int:
        """Come back; the status of the desk's answer."""
        answer = self.http.get("/sign-in/done", params=brought, follow_redirects=False)
        return int(answer.status_code)

    def inside(self) -> bool:
        """Whether this browser is signed in."""
        return bool(self.http.get("/history", follow_redirects=False).status_code == 200)


@pytest.fixture
def entrance(waiting: Desk) -> Iterator[Entrance]:
    """The desk of the waiting installation, with a provider that knows its steward as 42."""
    with a_provider() as provider:
        keep_credential(waiting.platform.home, waiting.steward)
        change_steward(waiting.platform, waiting.steward.name, sign_ins=[f"{provider.url}|42"])
        settings = DeskSettings(
            SETTINGS.url, OidcSettings(provider.url, "desk", "secret" + "-of-a-test")
        )
        application = desk_application(waiting.platform, settings, now=Clock())
        with TestClient(application, base_url=SETTINGS.url) as http:
            yield Entrance(provider, http)


def test_who_the_provider_vouches_for_comes_in(waiting: Desk, entrance: Entrance) -> None:
    """The steward decides under their own login though they hold no file."""
    assert not entrance.inside()
    assert entrance.done(entrance.start()) == 303
    assert waiting.steward.name in entrance.http.get("/").text


@pytest.mark.parametrize(
    "lie",
    [
        {"aud": "another client"},
        {"iss": "http://127.0.0.1:9"},
        {"exp": 1},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"iat": int(time.time()) + 3600},
    ],
)
def test_a_token_that_says_something_else_is_refused(
    entrance: Entrance, lie: dict[str, object]
) -> None:
    """For another client, of another issuer, too old, or made for another sign-in."""
    entrance.provider.changed = lie
    assert entrance.done(entrance.start()) == 403
    assert not entrance.inside()


def test_a_token_of_another_key_is_refused(entrance: Entrance) -> None:
    """The provider's published keys sign, and nobody else."""
    entrance.provider.forged_by = ECKey.generate_key("P-256", {"kid": "k1"})
    assert entrance.done(entrance.start()) == 403


def test_an_unsigned_token_is_refused(entrance: Entrance) -> None:
    """Alg none proves nothing."""
    entrance.provider.unsigned = True
    assert entrance.done(entrance.start()) == 403


def test_a_stranger_of_the_provider_is_refused(entrance: Entrance) -> None:
    """An account at the provider is no steward by itself."""
    entrance.provider.subject = "43"
    assert entrance.done(entrance.start()) in {403, 409}
    assert not entrance.inside()


def test_state_and_code_work_once_and_in_their_own_browser(
    waiting: Desk, entrance: Entrance
) -> None:
    """A code that somebody sends along signs nobody in under another's name."""
    assert waiting
    brought = entrance.start()
    assert entrance.done(brought | {"state": "forged"}) == 403
    brought = entrance.start()
    entrance.http.cookies.clear()
    assert entrance.done(brought) == 403
    brought = entrance.start()
    assert entrance.done(brought) == 303
    assert entrance.done(brought) == 403


def test_links_are_closed_where_a_provider_is_set(entrance: Entrance) -> None:
    """One way in, not two."""
    headers = {"Origin": SETTINGS.url}
    assert entrance.http.post("/enter", data={"code": "x"}, headers=headers).status_code in {
        404, 405,
    }  # fmt: skip


def test_a_provider_that_is_away_lets_nobody_in(waiting: Desk) -> None:
    """The page says so; nothing falls back to another way."""
    settings = DeskSettings(SETTINGS.url, OidcSettings("http://127.0.0.1:1", "desk"))
    application = desk_application(waiting.platform, settings, now=Clock())
    with TestClient(application, base_url=SETTINGS.url) as http:
        assert http.get("/sign-in/start", follow_redirects=False).status_code == 403


def test_the_kept_copy_is_closed_to_others(waiting: Desk, entrance: Entrance) -> None:
    """It lies with the other secrets, mode 0600."""
    assert entrance
    home: Home = waiting.platform.home
    (path,) = (home.secrets / "stewards").iterdir()
    assert path.stat().st_mode & 0o077 == 0
