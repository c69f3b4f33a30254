"""Who a request is from, as the proxy in front of Dagster vouches for it with a signed assertion.

Dagster knows nobody. The proxy authenticates people and passes a JWT on; it counts only if one of
the provider's published keys signed it, for this audience, and it has not expired.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

__all__ = ["AssertionRefused", "ProxyAssertions", "ProxySettings", "proxy_settings_from"]

DEFAULT_HEADER = "Cf-Access-Jwt-Assertion"
_ALGORITHMS = ["ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS512"]
_FRESH_SECONDS = 300
_RETRY_SECONDS = 30
_LEEWAY_SECONDS = 30
_LONGEST = 16 * 1024


class AssertionRefused(ValueError):
    """The assertion proves nobody; the message never holds it."""


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """Who signs, for whom, where the public keys are (https URL or file), and in which header."""

    issuer: str
    audience: str
    keys: str
    header: str = DEFAULT_HEADER

    def __post_init__(self) -> None:
        parts = urlsplit(self.keys)
        if parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
            message = (
                "CLASSLINE_PROXY_KEYS is not https: refused, since whoever sits between could "
                "exchange the keys; give an https URL or a file"
            )
            raise AssertionRefused(message)


def proxy_settings_from(environment: Mapping[str, str]) -> ProxySettings | None:
    """The settings of the environment; None where no proxy is set, and nobody can be proven."""
    issuer, audience, keys = (
        environment.get(f"CLASSLINE_PROXY_{name}", "").strip()
        for name in ("ISSUER", "AUDIENCE", "KEYS")
    )
    if not issuer and not audience and not keys:
        return None
    if not (issuer and audience and keys):
        message = (
            "CLASSLINE_PROXY_ISSUER, _AUDIENCE and _KEYS go together: one is missing: refused; "
            "set all three, or none"
        )
        raise AssertionRefused(message)
    header = environment.get("CLASSLINE_PROXY_HEADER", "").strip() or DEFAULT_HEADER
    return ProxySettings(issuer, audience, keys, header)


@dataclass(slots=True)
class ProxyAssertions:
    """Verifies assertions; keys are read again when they are old or do not know a signer."""

    settings: ProxySettings
    now: Callable[[], float] = time.time
    _keys: KeySet | None = field(default=None, init=False)
    _read_at: float = field(default=float("-inf"), init=False)

    def identity(self, assertion: str | None) -> str:
        """`issuer|subject` of whom the assertion proves, or a refusal."""
        token = (assertion or "").strip().removeprefix("Bearer ").strip()
        if not token:
            message = f"no assertion in {self.settings.header}: nobody is proven"
            raise AssertionRefused(message)
        if len(token) > _LONGEST:
            message = "an assertion of this length is none: refused"
            raise AssertionRefused(message)
        claims = self._verified(token)
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject or not subject.isprintable():
            message = "the assertion names no subject: refused"
            raise AssertionRefused(message)
        return f"{self.settings.issuer}|{subject}"

    def _verified(self, token: str) -> Mapping[str, Any]:
        # Imported here: the code location itself needs no cryptography.
        from joserfc import jwt  # noqa: PLC0415
        from joserfc.errors import JoseError  # noqa: PLC0415

        registry = jwt.JWTClaimsRegistry(
            now=int(self.now()),
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": self.settings.issuer},
            aud={"essential": True, "value": self.settings.audience},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )
        for again in (False, True):
            try:
                decoded = jwt.decode(token, self._key_set(again=again), algorithms=_ALGORITHMS)
                registry.validate(decoded.claims)
            except (JoseError, ValueError, TypeError, KeyError) as error:
                # A signer unknown so far may have been added since.
                if again or not self._may_read_again():
                    message = (
                        f"the assertion is not the proxy's, or it has expired "
                        f"({type(error).__name__}): refused; sign in again"
                    )
                    raise AssertionRefused(message) from None
            else:
                return decoded.claims
        raise AssertionError

    def _may_read_again(self) -> bool:
        return self.now() - self._read_at > _RETRY_SECONDS

    def _key_set(self, *, again: bool) -> KeySet:
        from joserfc.errors import JoseError  # noqa: PLC0415 - as above
        from joserfc.jwk import KeySet  # noqa: PLC0415

        if self._keys is None or again or self.now() - self._read_at > _FRESH_SECONDS:
            try:
                self._keys = KeySet.import_key_set(json.loads(self._read()))
            except (JoseError, OSError, ValueError, TypeError, KeyError) as error:
                message = (
                    f"the proxy's keys cannot be read ({type(error).__name__}), so nobody is "
                    "proven: refused; look at CLASSLINE_PROXY_KEYS"
                )
                raise AssertionRefused(message) from None
            self._read_at = self.now()
        return self._keys

    def _read(self) -> bytes:
        if not self.settings.keys.startswith(("http://", "https://")):
            return Path(self.settings.keys).read_bytes()
        import httpx  # noqa: PLC0415 - as above

        try:
            answer = httpx.get(self.settings.keys, timeout=5)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise OSError(type(error).__name__) from None
        return answer.content


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
