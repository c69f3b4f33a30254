"""A small OpenID Connect provider over a socket: discovery, authorization, token, keys.

It speaks the protocol honestly; a test may have it lie in one thing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

__all__ = ["Provider", "a_provider"]


def _b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@dataclass
class Provider:
    """The provider's state, and what it is asked to say."""

    url: str = ""
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "k1"}))
    subject: str = "42"
    changed: dict[str, Any] = field(default_factory=dict)
    forged_by: ECKey | None = None
    unsigned: bool = False
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def authorize(self, location: str) -> dict[str, str]:
        """What a person who signs in there comes back with: code and state."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def token(self, form: dict[str, str]) -> dict[str, Any] | None:
        """The answer of the token endpoint; None where code or verifier are wrong."""
        asked = self.codes.pop(form.get("code", ""), None)
        verifier = form.get("code_verifier", "").encode()
        if asked is None or _b64(hashlib.sha256(verifier).digest()) != asked["code_challenge"]:
            return None
        now = int(time.time())
        claims = {
            "iss": self.url, "aud": asked["client_id"], "sub": self.subject, "iat": now,
            "exp": now + 300, "nonce": asked["nonce"],
        } | self.changed  # fmt: skip
        if self.unsigned:
            header_part = _b64(json.dumps({"alg": "none"}).encode())
            token = f"{header_part}.{_b64(json.dumps(claims).encode())}."
        else:
            header = {"alg": "ES256", "kid": "k1"}
            token = jwt.encode(header, claims, self.forged_by or self.key, algorithms=["ES256"])
        return {"access_token": "a", "token_type": "Bearer", "expires_in": 300, "id_token": token}

    def document(self, path: str) -> dict[str, Any] | None:
        """Discovery and keys."""
        if path == "/.well-known/openid-configuration":
            return {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "id_token_signing_alg_values_supported": ["ES256"],
            }
        if path == "/keys":
            return {"keys": [self.key.as_dict(private=False) | {"use": "sig", "alg": "ES256"}]}
        return None


@contextmanager
def a_provider() -> Iterator[Provider]:
    """A provider that listens; gone afterwards."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self, content: dict[str, Any] | None) -> None:
            body = json.dumps(content or {"error": "invalid_grant"}).encode()
            self.send_response(400 if content is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self._answer(provider.document(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._answer(provider.token(form))

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
