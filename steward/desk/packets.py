"""Packets for pages: what git says is asked once a minute, everything else each time."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from anonymization.workflow import Workflow
from lineage.reviews import last_approved
from steward.desk.web_sessions import WebSession
from steward.packet import ReviewPacket, SourceChange, build_packet, source_change
from stores.platform import Platform

__all__ = ["Packets"]

_FRESH_SECONDS = 60


class Packets:
    """Review packets; a decision looks at the history again, so nothing old is decided by."""

    def __init__(self, platform: Platform, now: Callable[[], float]) -> None:
        self._platform = platform
        self._now = now
        self._changes: dict[tuple[str, int | None], tuple[float, SourceChange]] = {}
        self._reading = Lock()

    def packet(self, workflow: Workflow, session: WebSession) -> ReviewPacket:
        """The packet as that steward may see it."""
        return build_packet(
            self._platform, workflow, session.credential, source=self._change(workflow)
        )

    def _change(self, workflow: Workflow) -> SourceChange:
        approved = last_approved(self._platform, workflow.name, with_texts=False)
        key = (workflow.name, approved.approval_id if approved else None)
        with self._reading:
            known = self._changes.get(key)
            if known is None or self._now() - known[0] > _FRESH_SECONDS:
                known = (self._now(), source_change(self._platform, workflow))
                self._changes[key] = known
        return known[1]
