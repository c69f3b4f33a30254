"""Signing in and out: one-time links on this machine, OpenID Connect elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from steward.desk.forms import read_form
from steward.desk.limits import RateLimit
from steward.desk.local_links import redeem
from steward.desk.pages import Pages
from steward.desk.settings import DeskSettings
from steward.desk.web_sessions import WebSession, WebSessions
from stores.errors import StoreError
from stores.platform import Platform
from stores.steward_credentials import StewardCredential

__all__ = ["SignIn", "cookie_name", "signed_in"]

_SEE_OTHER = 303
_LONGEST_CODE = 100


def cookie_name(settings: DeskSettings) -> str:
    """The session's cookie; over TLS browsers bind the name to this very host."""
    return "__Host-classline-desk" if settings.secure else "classline-desk"


def signed_in(request: Request) -> WebSession:
    """The session of this request; without one the browser is led to the sign-in page."""
    sessions: WebSessions = request.app.state.sessions
    token = request.cookies.get(cookie_name(request.app.state.settings))
    session = sessions.find(token) if token else None
    if session is None:
        raise HTTPException(401, "sign in first")
    return session


class SignIn:
    """The routes by which a session begins and ends."""

    def __init__(
        self,
        platform: Platform,
        settings: DeskSettings,
        sessions: WebSessions,
        pages: Pages,
        now: Callable[[], float],
    ) -> None:
        self._platform = platform
        self._settings = settings
        self._sessions = sessions
        self._pages = pages
        self._limit = RateLimit(per_second=1, burst=20, now=now)

    def add_to(self, app: FastAPI) -> None:
        """Add the routes; links only where no provider is set, and the other way round."""

        @app.get("/sign-in", response_class=HTMLResponse)
        def sign_in() -> str:
            return self._pages.sign_in(with_provider=self._settings.oidc is not None)

        @app.post("/sign-out")
        async def sign_out(request: Request) -> Response:
            session, form = signed_in(request), await read_form(request)
            if not session.owns_form(form.text("csrf")):
                raise HTTPException(403, "this form belongs to another session")
            self._sessions.end(request.cookies[cookie_name(self._settings)])
            answer = RedirectResponse("/sign-in", _SEE_OTHER)
            answer.delete_cookie(cookie_name(self._settings), secure=self._settings.secure)
            return answer

        if self._settings.oidc is None:
            self._add_links(app)
        else:
            # Imported here: the library is for installations with a provider.
            from steward.desk.oidc import add_provider  # noqa: PLC0415

            add_provider(app, self._platform, self._settings, self.begin)

    def _add_links(self, app: FastAPI) -> None:
        @app.get("/enter", response_class=HTMLResponse)
        def enter(code: str = "") -> str:
            # A page with a button: whatever opens links by itself must not use them up.
            return self._pages.enter(code[:_LONGEST_CODE])

        @app.post("/enter")
        async def entered(request: Request) -> Response:
            form = await read_form(request)
            client = request.client.host if request.client else "unknown"
            if self._limit.wait(client):
                raise HTTPException(429, "too many tries; wait a moment, then try again")
            credential = redeem(self._platform.home, form.text("code")[:_LONGEST_CODE])
            if credential is None:
                raise HTTPException(
                    403,
                    "this link was used or is older than ten minutes; make another with "
                    "`classline desk link`",
                )
            return self.begin(credential)

    def begin(self, credential: StewardCredential) -> Response:
        """A session for whom the database knows by that credential."""
        try:
            with self._platform.steward_session(credential) as session:
                session.name()
        except StoreError as refusal:
            raise HTTPException(
                403, f"the database does not know this steward: {refusal}"
            ) from None
        answer = RedirectResponse("/", _SEE_OTHER)
        answer.set_cookie(
            cookie_name(self._settings),
            self._sessions.begin(credential),
            max_age=self._settings.longest_seconds,
            path="/",
            secure=self._settings.secure,
            httponly=True,
            samesite="lax",
        )
        return answer
