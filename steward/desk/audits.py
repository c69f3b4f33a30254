"""The desk's pages on audits: a finding and a report, each with the form that answers for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from steward.audit_answers import (
    LONGEST_DAYS,
    AnswerRefused,
    acknowledge,
    audits_on_record,
    sign_off,
)
from steward.desk.forms import Form, read_form
from steward.desk.pages import Pages
from steward.desk.signing_in import signed_in
from steward.desk.web_sessions import WebSession
from stores.platform import Platform

__all__ = ["add_audits"]

_SEE_OTHER = 303
_USUAL_DAYS = 90

SignedIn = Annotated[WebSession, Depends(signed_in)]
Filled = Annotated[Form, Depends(read_form)]
RequireOwnForm = Callable[[WebSession, Form], None]


def add_audits(
    app: FastAPI, platform: Platform, pages: Pages, require_own_form: RequireOwnForm
) -> None:
    """Add both pages and both forms; ``require_own_form`` is what every form of the desk passes."""

    @app.get("/findings/{finding_id}", response_class=HTMLResponse)
    def finding(finding_id: str, session: SignedIn) -> str:
        today = datetime.now(UTC).date()
        return pages.finding(
            session,
            audits_on_record(platform),
            finding_id,
            first=today + timedelta(days=1),
            usual=today + timedelta(days=_USUAL_DAYS),
            last=today + timedelta(days=LONGEST_DAYS - 1),
        )

    @app.post("/findings/{finding_id}/acknowledgement")
    def acknowledged(finding_id: str, session: SignedIn, form: Filled) -> Response:
        require_own_form(session, form)
        audits_on_record(platform).finding(finding_id)
        until = _start_of(form.text("until"))
        acknowledge(platform, finding_id, form.text("reason"), until, credential=session.credential)
        session.tell(f"Finding {finding_id} may stand; it is open again from {until:%Y-%m-%d} on.")
        return RedirectResponse(f"/findings/{finding_id}", _SEE_OTHER)

    @app.get("/audits/{audit_id}", response_class=HTMLResponse)
    def audit(audit_id: str, session: SignedIn) -> str:
        return pages.audit(session, audits_on_record(platform), audit_id)

    @app.post("/audits/{audit_id}/sign-off")
    def signed_off(audit_id: str, session: SignedIn, form: Filled) -> Response:
        require_own_form(session, form)
        filed = audits_on_record(platform).audit(audit_id)
        sign_off(
            platform,
            filed.audit_id,
            form.text("digest"),
            form.text("note"),
            credential=session.credential,
        )
        session.tell(f"You signed off audit {audit_id}.")
        return RedirectResponse(f"/audits/{audit_id}", _SEE_OTHER)


def _start_of(day: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(day), time(), UTC)
    except ValueError:
        message = "choose the day from which on it is open again; nothing was recorded"
        raise AnswerRefused(message) from None
