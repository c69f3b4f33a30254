"""Who is signed in: sessions in memory, found by the digest of a random token, ended by the clock.

A restart signs everybody out. Nothing of a session is stored where it could be stolen later.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from stores.steward_credentials import StewardCredential

__all__ = ["WebSession", "WebSessions"]

_MOST = 500


@dataclass(slots=True)
class WebSession:
    """One browser's session: whose it is, and the token that its forms carry."""

    credential: StewardCredential = field(repr=False)
    began: float
    last_seen: float
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    said: str = ""

    @property
    def steward(self) -> str:
        """The steward's name."""
        return self.credential.name

    def owns_form(self, token: str) -> bool:
        """Whether a form with that token was made for this session."""
        return hmac.compare_digest(self.csrf.encode(), token.encode())

    def tell(self, words: str) -> None:
        """Say this on the next page."""
        self.said = words

    def told(self) -> str:
        """What is to be said now, once."""
        said, self.said = self.said, ""
        return said


class WebSessions:
    """All sessions; safe to use from many threads."""

    def __init__(
        self, *, idle_seconds: float, longest_seconds: float, now: Callable[[], float]
    ) -> None:
        self._idle_seconds = idle_seconds
        self._longest_seconds = longest_seconds
        self._now = now
        self._sessions: dict[str, WebSession] = {}
        self._changing = Lock()

    def begin(self, credential: StewardCredential) -> str:
        """A new session of that steward; returns the token for the cookie."""
        token = secrets.token_urlsafe(32)
        now = self._now()
        with self._changing:
            self._forget_ended()
            while len(self._sessions) >= _MOST:
                del self._sessions[next(iter(self._sessions))]
            self._sessions[_digest(token)] = WebSession(credential, now, now)
        return token

    def find(self, token: str) -> WebSession | None:
        """The session of that token unless it has ended; being looked for keeps it awake."""
        with self._changing:
            session = self._sessions.get(_digest(token))
            if session is None:
                return None
            if self._ended(session):
                del self._sessions[_digest(token)]
                return None
            session.last_seen = self._now()
            return session

    def end(self, token: str) -> None:
        """Sign out."""
        with self._changing:
            self._sessions.pop(_digest(token), None)

    def _ended(self, session: WebSession) -> bool:
        now = self._now()
        return (
            now - session.last_seen > self._idle_seconds
            or now - session.began > self._longest_seconds
        )

    def _forget_ended(self) -> None:
        for key in [key for key, session in self._sessions.items() if self._ended(session)]:
            del self._sessions[key]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
