"""How the desk is reached and how stewards sign in; an open door is refused before it opens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["DeskRefused", "DeskSettings", "OidcSettings", "settings_from"]

DEFAULT_PORT = 8765
_LARGEST_PORT = 65_535


class DeskRefused(ValueError):
    """These settings would let somebody in whom nobody has authenticated."""


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """The provider that authenticates stewards; found by its discovery document."""

    issuer: str
    client_id: str
    client_secret: str | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """Where the desk is found by browsers, and who authenticates; without OIDC, local links do."""

    url: str = f"http://127.0.0.1:{DEFAULT_PORT}"
    oidc: OidcSettings | None = None
    listen_port: int = DEFAULT_PORT
    idle_seconds: int = 30 * 60
    longest_seconds: int = 8 * 3600

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
            message = (
                "CLASSLINE_DESK_URL is not the URL of a site: refused; give scheme, host and "
                "port, as in https://review.example.com"
            )
            raise DeskRefused(message)
        if not self.secure and not _is_loopback(self.host):
            message = (
                f"{self.url}: refused, since decisions would cross the network in the open; give "
                "an https URL, and end TLS in front of the desk"
            )
            raise DeskRefused(message)
        if self.oidc is None and not _is_loopback(self.host):
            message = (
                f"{self.url} is not this machine alone, and one-time links are for this machine: "
                "refused; set CLASSLINE_OIDC_ISSUER and CLASSLINE_OIDC_CLIENT_ID"
            )
            raise DeskRefused(message)
        if self.oidc and not self.oidc.issuer.startswith("https://"):
            issuer = urlsplit(self.oidc.issuer)
            if issuer.scheme != "http" or not _is_loopback(issuer.hostname or ""):
                message = "CLASSLINE_OIDC_ISSUER is not an https URL: refused; give the provider's"
                raise DeskRefused(message)

    @property
    def host(self) -> str:
        """The host that browsers name."""
        return urlsplit(self.url).hostname or ""

    @property
    def secure(self) -> bool:
        """Whether browsers reach it over TLS."""
        return self.url.startswith("https://")


def settings_from(environment: Mapping[str, str]) -> DeskSettings:
    """The settings that the environment names."""
    issuer, client = (
        environment.get(f"CLASSLINE_OIDC_{name}", "").strip() for name in ("ISSUER", "CLIENT_ID")
    )
    if bool(issuer) != bool(client):
        message = (
            "CLASSLINE_OIDC_ISSUER and CLASSLINE_OIDC_CLIENT_ID go together: one is missing, so "
            "nobody could sign in; set both or none"
        )
        raise DeskRefused(message)
    secret_file = environment.get("CLASSLINE_OIDC_CLIENT_SECRET_FILE")
    secret = Path(secret_file).read_text(encoding="utf-8").strip() if secret_file else None
    port = environment.get("CLASSLINE_DESK_PORT", "").strip() or str(DEFAULT_PORT)
    if not port.isascii() or not port.isdigit() or not 0 < int(port) <= _LARGEST_PORT:
        message = f"CLASSLINE_DESK_PORT is no port: refused; give 1 to {_LARGEST_PORT}"
        raise DeskRefused(message)
    return DeskSettings(
        url=environment.get("CLASSLINE_DESK_URL", "").strip().rstrip("/")
        or f"http://127.0.0.1:{port}",
        listen_port=int(port),
        oidc=OidcSettings(issuer, client, secret) if issuer else None,
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
