"""Renders the desk's pages from what is on record; every value is escaped where it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from catalog.data_classes import POLICIES, DataClass, parse_data_class
from catalog.declared import REGISTRY
from lineage.reviews import Decision, decisions
from steward.audit_answers import AuditsOnRecord, audits_on_record
from steward.desk.dataset_views import dataset_view, found_datasets
from steward.desk.web_sessions import WebSession
from steward.packet import ReviewPacket
from steward.packet_words import seen_by, what_is_decided, what_was_counted
from steward.reviews import reviews
from steward.source_diff import ModuleDiff
from steward.unfinished import unfinished_promotions
from stores.platform import Platform

__all__ = ["Pages"]

_TEMPLATES = Path(__file__).parent / "templates"
_MOST_ROWS = 200


class Pages:
    """One method a page; each returns HTML."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._templates = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {"shown": _shown, "moment": _moment, "diff_lines": _diff_lines}

    def _page(self, template: str, session: WebSession | None, **values: object) -> str:
        signed_in = {
            "steward": session.steward if session else None,
            "csrf": session.csrf if session else "",
            "said": session.told() if session else "",
        }
        return self._templates.get_template(template).render(**signed_in, **values)

    def sign_in(self, *, with_provider: bool) -> str:
        """How to sign in."""
        return self._page("sign_in.html", None, with_provider=with_provider)

    def enter(self, code: str) -> str:
        """The page that a one-time link opens."""
        return self._page("enter.html", None, code=code)

    def refusal(self, request: Request, words: str) -> str:
        """What was refused, why and what to do next."""
        return self._page("refusal.html", None, words=words, back=request.url.path)

    def queue(self, session: WebSession) -> str:
        """What waits for a steward, and what else is in force."""
        rows = sorted(
            reviews(self._platform), key=lambda row: (not row["awaiting"], str(row["workflow"]))
        )
        return self._page(
            "queue.html",
            session,
            waiting=[row for row in rows if row["awaiting"]],
            others=[row for row in rows if not row["awaiting"]],
            unfinished=unfinished_promotions(self._platform)[:_MOST_ROWS],
        )

    def review(self, session: WebSession, packet: ReviewPacket) -> str:
        """A review packet, and the form that decides."""
        what = what_is_decided(packet)
        return self._page(
            "review.html",
            session,
            packet=packet,
            what=what,
            seen_by=seen_by,
            counted=what_was_counted(packet.evidence) if packet.evidence else {},
            # Our own drawings, in which every name was escaped: the one text put in as it is.
            pictures={name: Markup(svg) for name, svg in packet.pictures.items()},  # noqa: S704
            approved=Decision.APPROVED,
            rejected=Decision.REJECTED,
        )

    def history(self, session: WebSession, workflow: str | None) -> str:
        """Decisions, newest first."""
        with self._platform.platform_session("desk: history") as read:
            made = decisions(read, workflow or None)
        return self._page(
            "history.html", session, decisions=made[::-1][:_MOST_ROWS], workflow=workflow or ""
        )

    def datasets(self, session: WebSession, label: str, text: str) -> str:
        """Datasets by class and by a word in their names or descriptions."""
        wanted = parse_data_class(label) if label else None
        return self._page(
            "datasets.html",
            session,
            classes=list(DataClass),
            wanted=wanted,
            text=text,
            found=found_datasets(wanted, text),
        )

    def dataset(self, session: WebSession, name: str) -> str:
        """A dataset's columns with their classes, its lineage and its promotions."""
        dataset = REGISTRY.get(name)
        view = dataset_view(self._platform, dataset)
        return self._page(
            "dataset.html",
            session,
            dataset=dataset,
            policy=POLICIES[dataset.data_class],
            columns=[(c, dataset.class_of(c)) for c in dataset.columns],
            promotions=view.promotions,
            made_of=view.made_of,
            picture=Markup(view.picture),  # noqa: S704 - as above
        )

    def findings(self, session: WebSession) -> str:
        """What the newest audit found, which audits were filed, and what was raised."""
        with self._platform.platform_session("desk: findings") as read:
            alerts = read.alerts_ascend_platform_metric().all()
        record = audits_on_record(self._platform)
        found = record.audits[0].report["findings"] if record.audits else []
        return self._page(
            "findings.html",
            session,
            alerts=alerts[::-1][:_MOST_ROWS],
            audits=record.audits,
            found=found[:_MOST_ROWS],
            known=record.acknowledged.keys(),
        )

    def finding(
        self, session: WebSession, record: AuditsOnRecord, finding_id: str, **days: date
    ) -> str:
        """One finding, and the form that lets it stand for a while."""
        found, audit = record.finding(finding_id)
        standing = record.acknowledged.get(finding_id)
        return self._page(
            "finding.html", session, found=found, audit=audit, standing=standing, **days
        )

    def audit(self, session: WebSession, record: AuditsOnRecord, audit_id: str) -> str:
        """One audit's report as it was filed, and the form that signs it off."""
        audit = record.audit(audit_id)
        return self._page("audit.html", session, audit=audit, known=record.acknowledged.keys())


@lru_cache(maxsize=1024)
def _diff_lines(diff: ModuleDiff) -> Markup:
    """The diff's lines, each marked by what became of it; most of a packet, so kept once made."""
    kinds = {"+": "added", "-": "removed", "@": "place"}
    line = Markup('<span class="{}">{}\n</span>')
    return Markup("").join(
        line.format(kinds.get(text[:1], "same"), text) for text in diff.lines[2:]
    )


def _shown(value: object) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_shown(each)}" for name, each in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value)) or "none"
    return str(value)


def _moment(value: datetime | None) -> str:
    return value.strftime("%Y-%m-%d %H:%M UTC") if value else "never"
