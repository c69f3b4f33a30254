"""What the proxy passes on proves a person, or nobody: every way to forge it is refused."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from dagster_project.proxy_assertions import (
    AssertionRefused,
    ProxyAssertions,
    ProxySettings,
    proxy_settings_from,
)

ISSUER, AUDIENCE = "https://proxy.example.com", "dagster"
KEY = ECKey.generate_key("P-256", {"kid": "k1"})


def published(*keys: ECKey) -> str:
    """The provider's public keys, as it publishes them."""
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]})


def signed(key: Any = KEY, header: dict[str, str] | None = None, **changes: object) -> str:
    """An assertion as the proxy makes it, with changes."""
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": [AUDIENCE], "sub": "42", "iat": now, "exp": now + 60}
    kept = {name: value for name, value in (claims | changes).items() if value is not None}
    said = header or {"alg": "ES256", "kid": "k1"}
    return jwt.encode(said, kept, key, algorithms=[said["alg"]])


@pytest.fixture
def assertions(tmp_path: Path) -> ProxyAssertions:
    """What verifies, with the proxy's keys in a file."""
    (tmp_path / "keys.json").write_text(published(KEY))
    return ProxyAssertions(ProxySettings(ISSUER, AUDIENCE, str(tmp_path / "keys.json")))


@pytest.mark.parametrize("prefix", ["", "Bearer "])
def test_a_signed_assertion_proves_its_subject(assertions: ProxyAssertions, prefix: str) -> None:
    """Issuer and subject are who it is; a name or an address is what somebody calls themselves."""
    assert assertions.identity(prefix + signed(email="eve@example.com")) == f"{ISSUER}|42"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example.com"}, {"aud": ["grafana"]}, {"aud": None},
        {"exp": int(time.time()) - 3600}, {"exp": None}, {"iat": None},
        {"iat": int(time.time()) + 3600}, {"nbf": int(time.time()) + 3600},
        {"sub": None}, {"sub": ""}, {"sub": 42}, {"sub": "a\nb"},
    ],
)  # fmt: skip
def test_claims_that_do_not_hold_are_refused(
    assertions: ProxyAssertions, changes: dict[str, object]
) -> None:
    """For another place, of another time, about nobody."""
    with pytest.raises(AssertionRefused):
        assertions.identity(signed(**changes))


def _unsigned() -> str:
    parts = signed().split(".")
    header = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    return f"{header}.{parts[1]}."


def _with_the_public_key_as_a_secret() -> str:
    secret = OctKey.import_key(json.dumps(KEY.as_dict(private=False)).encode())
    return signed(secret, {"alg": "HS256", "kid": "k1"})


def _with_another_subject() -> str:
    head, body, mac = signed().split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    changed = json.dumps(claims | {"sub": "1"}).encode()
    return f"{head}.{base64.urlsafe_b64encode(changed).rstrip(b'=').decode()}.{mac}"


@pytest.mark.parametrize(
    "forged",
    [
        "", "x", "a.b.c", "." * 3, "x" * 20_000, "\x00", "Bearer ",
        signed(ECKey.generate_key("P-256", {"kid": "k1"})),
        signed(ECKey.generate_key("P-256"), {"alg": "ES256", "kid": "of nobody"}),
        signed(header={"alg": "ES256", "kid": "k1", "jku": "https://evil.example.com"}) + "x",
        _unsigned(), _with_the_public_key_as_a_secret(), _with_another_subject(),
    ],
)  # fmt: skip
def test_a_forged_assertion_is_refused(assertions: ProxyAssertions, forged: str) -> None:
    """Unsigned, signed by another, signed with what is public, or changed afterwards."""
    with pytest.raises(AssertionRefused) as refused:
        assertions.identity(forged)
    assert not forged.strip() or len(forged) < 5 or forged not in str(refused.value)


def test_none_is_nobody(assertions: ProxyAssertions) -> None:
    """A request that did not come through the proxy has no header."""
    with pytest.raises(AssertionRefused, match="nobody is proven"):
        assertions.identity(None)


@contextmanager
def key_server(pages: list[str]) -> Iterator[str]:
    """Serves the first of these pages until it is taken away."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages[0].encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/keys"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_keys_that_were_exchanged_are_read_again() -> None:
    """A new signer is believed as soon as the provider publishes it, the old one no longer."""
    new = ECKey.generate_key("P-256", {"kid": "k2"})
    pages = [published(KEY)]
    clock = [time.time()]
    with key_server(pages) as url:
        read = ProxyAssertions(ProxySettings(ISSUER, AUDIENCE, url), now=lambda: clock[0])
        assert read.identity(signed())
        pages[0] = published(new)
        by_new = signed(new, {"alg": "ES256", "kid": "k2"})
        with pytest.raises(AssertionRefused):
            read.identity(by_new)  # asked a moment ago: a flood of forgeries asks no more
        clock[0] += 31
        assert read.identity(by_new)
        with pytest.raises(AssertionRefused):
            read.identity(signed())


@pytest.mark.parametrize("page", ["", "{}", "[]", '{"keys": [{}]}', "<html>"])
def test_keys_that_are_none_prove_nobody(page: str) -> None:
    """A provider that answers something else lets nobody in."""
    with key_server([page]) as url, pytest.raises(AssertionRefused):
        ProxyAssertions(ProxySettings(ISSUER, AUDIENCE, url)).identity(signed())


def test_settings_are_whole_or_refused() -> None:
    """Half a setting, or keys over the open network, protect nothing."""
    assert proxy_settings_from({}) is None
    with pytest.raises(AssertionRefused, match="go together"):
        proxy_settings_from({"CLASSLINE_PROXY_ISSUER": ISSUER})
    with pytest.raises(AssertionRefused, match="not https"):
        ProxySettings(ISSUER, AUDIENCE, "http://keys.example.com/jwks")
