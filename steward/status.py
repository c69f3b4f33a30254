"""What `classline status` says: counts and states, no owner's name."""

from __future__ import annotations

import os
from collections import Counter

from catalog.embedded_server import embedded_running
from stores.databases import EmbeddedDatabase, database_of
from stores.errors import DatabaseUnreachable
from stores.home import classline_home
from stores.platform import Platform, open_platform
from stores.startup import owner_counts

__all__ = ["installation_status"]


def installation_status() -> dict[str, object]:
    """The installation's facts, by name; what is down says so."""
    home = classline_home()
    database = database_of(home)
    facts: dict[str, object] = {
        "home": str(home.root),
        "database": "embedded" if isinstance(database, EmbeddedDatabase) else "server by URL",
        "datahub": "by DATAHUB_GMS_URL" if os.environ.get("DATAHUB_GMS_URL") else "embedded",
    }
    if facts["datahub"] == "embedded":
        facts["datahub_up"] = home.datahub.exists() and embedded_running(home.datahub)
    try:
        with open_platform(home) as platform:
            facts |= {"database_up": True, **_recorded(platform)}
    except DatabaseUnreachable as error:
        facts |= {"database_up": False, "remark": str(error)}
    return facts


def _recorded(platform: Platform) -> dict[str, object]:
    counts = owner_counts(platform)
    with platform.platform_session("status") as session:
        states = Counter(
            str(row["state"]) for row in session.records_ascend_platform_metric("promotions")
        )
        waiting = session.records_ascend_platform_metric("outbox", "delivered_at IS NULL")
        runs = session.records_ascend_platform_metric(
            "workflow_runs", "finished_at IS NULL AND closes_at > clock_timestamp()"
        )
    errors = Counter(str(event["last_error"]) for event in waiting if event["last_error"])
    return {
        **counts,
        "promotions": dict(states),
        "open_runs": len(runs),
        "outbox_waiting": len(waiting),
        "outbox_errors": dict(errors),
    }
