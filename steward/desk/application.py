"""The review desk as a web application: its pages and forms, behind `DeskGuard`."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp

from anonymization.decisions import ReasonRefused, Reviewed, decide
from anonymization.registered import UnregisteredWorkflow, registered_workflow
from lineage.reviews import Decision
from steward.audit_answers import AnswerRefused, AuditUnknown, FindingUnknown
from steward.desk.audits import RequireOwnForm, add_audits
from steward.desk.forms import Form, read_form
from steward.desk.guard import DeskGuard
from steward.desk.limits import RateLimit
from steward.desk.packets import Packets
from steward.desk.pages import Pages
from steward.desk.settings import DeskSettings
from steward.desk.signing_in import SignIn, signed_in
from steward.desk.web_sessions import WebSession, WebSessions
from stores.errors import StoreError
from stores.platform import Platform

__all__ = ["desk_application"]

_OURS = ("anonymization.", "catalog.", "lineage.", "steward.", "stores.")
_STATIC = Path(__file__).parent / "static"
_SEE_OTHER = 303

SignedIn = Annotated[WebSession, Depends(signed_in)]
Filled = Annotated[Form, Depends(read_form)]


def desk_application(
    platform: Platform,
    settings: DeskSettings,
    *,
    now: Callable[[], float] = time.monotonic,
    per_second: float = 200,
) -> ASGIApp:
    """The desk over an open platform; ``per_second`` limits the requests of one address."""
    app = FastAPI(title="Classline review desk", docs_url=None, redoc_url=None, openapi_url=None)
    sessions = WebSessions(
        idle_seconds=settings.idle_seconds, longest_seconds=settings.longest_seconds, now=now
    )
    app.state.sessions, app.state.settings = sessions, settings
    pages, packets = Pages(platform), Packets(platform, now)
    SignIn(platform, settings, sessions, pages, now).add_to(app)
    _add_pages(app, pages, packets)
    require_own_form = _own_forms(RateLimit(per_second=0.5, burst=20, now=now))
    _add_decision(app, platform, require_own_form)
    add_audits(app, platform, pages, require_own_form)
    _add_refusals(app, pages)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    return DeskGuard(
        app, settings, RateLimit(per_second=per_second, burst=int(2 * per_second), now=now)
    )


def _add_pages(app: FastAPI, pages: Pages, packets: Packets) -> None:
    @app.get("/health", response_class=PlainTextResponse)
    def health() -> str:
        return "up\n"

    @app.get("/", response_class=HTMLResponse)
    def queue(session: SignedIn) -> str:
        return pages.queue(session)

    @app.get("/reviews/{workflow}", response_class=HTMLResponse)
    def review(workflow: str, session: SignedIn) -> str:
        return pages.review(session, packets.packet(registered_workflow(workflow), session))

    @app.get("/history", response_class=HTMLResponse)
    def history(session: SignedIn, workflow: str | None = None) -> str:
        return pages.history(session, workflow)

    @app.get("/datasets", response_class=HTMLResponse)
    def datasets(session: SignedIn, label: str = "", text: str = "") -> str:
        return pages.datasets(session, label, text[:100])

    @app.get("/datasets/{name}", response_class=HTMLResponse)
    def dataset(name: str, session: SignedIn) -> str:
        return pages.dataset(session, name)

    @app.get("/findings", response_class=HTMLResponse)
    def findings(session: SignedIn) -> str:
        return pages.findings(session)


def _own_forms(limit: RateLimit) -> RequireOwnForm:
    """What a form passes before anything is recorded: its session's own, and not too often."""

    def require(session: WebSession, form: Form) -> None:
        if not session.owns_form(form.text("csrf")):
            raise HTTPException(403, "this form belongs to another session; open the page again")
        if limit.wait(session.steward):
            raise HTTPException(429, "too many decisions at once; wait a moment, then try again")

    return require


def _add_decision(app: FastAPI, platform: Platform, require_own_form: RequireOwnForm) -> None:
    @app.post("/reviews/{workflow}/decision")
    def decided(workflow: str, session: SignedIn, form: Filled) -> Response:
        require_own_form(session, form)
        known = registered_workflow(workflow)
        last = form.text("last_decision")
        made = decide(
            platform,
            known,
            _decision(form.text("decision")),
            form.text("reason"),
            credential=session.credential,
            reviewed=Reviewed(form.text("source_digest"), int(last) if last.isdigit() else None),
        )
        session.tell(
            f"You {made.decision} {known.name}, version {made.source_digest[:12]}. "
            f"It is on record as decision {made.approval_id}."
        )
        return RedirectResponse(f"/reviews/{known.name}", _SEE_OTHER)


def _decision(said: str) -> Decision:
    try:
        return Decision(said)
    except ValueError:
        message = "choose to approve or to reject; nothing was decided"
        raise ReasonRefused(message) from None


def _add_refusals(app: FastAPI, pages: Pages) -> None:
    """Known refusals speak for themselves; of anything else only its kind is told."""

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        if error.status_code == 401:  # noqa: PLR2004 - not signed in
            return RedirectResponse("/sign-in", _SEE_OTHER)
        return HTMLResponse(pages.refusal(request, str(error.detail)), error.status_code)

    def failed(request: Request, error: Exception) -> Response:
        if _is_ours(error):
            return HTMLResponse(pages.refusal(request, str(error)), _status_of(error))
        # An unforeseen error may carry a value of a row in its message.
        words = f"an unforeseen {type(error).__name__}; nothing was decided; report it"
        return HTMLResponse(pages.refusal(request, words), 500)

    for kind in (StoreError, LookupError, ValueError, Exception):
        app.add_exception_handler(kind, failed)


def _is_ours(error: Exception) -> bool:
    return type(error).__module__.startswith(_OURS)


def _status_of(error: Exception) -> int:
    if isinstance(error, ReasonRefused | AnswerRefused):
        return 400
    if isinstance(error, UnregisteredWorkflow | FindingUnknown | AuditUnknown):
        return 404
    return 409
