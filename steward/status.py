"""What `classline status` says: counts and states, no owner's name."""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime

from catalog.embedded_server import embedded_running
from lineage.ledger import ledger_protection
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
        undelivered = session.outbox_ascend_platform_metric().undelivered()
        runs = session.records_ascend_platform_metric(
            "workflow_runs", "finished_at IS NULL AND closes_at > clock_timestamp()"
        )
    dead = [event for event in undelivered if event["dead_at"] is not None]
    waiting = [event for event in undelivered if event["dead_at"] is None]
    errors = Counter(str(event["last_error"]) for event in waiting if event["last_error"])
    return {
        **counts,
        "promotions": dict(states),
        "open_runs": len(runs),
        "outbox_waiting": len(waiting),
        "outbox_errors": dict(errors),
        "outbox_dead_letters": [
            f"{event['kind']} {event['subject']}: {event['last_error']}" for event in dead
        ],
        **_ledger(platform),
    }


def _ledger(platform: Platform) -> dict[str, object]:
    protection = ledger_protection(platform, datetime.now(UTC))
    age = protection.oldest_unsealed_seconds
    return {
        "ledger_entries": protection.entries,
        "ledger_sealed": protection.sealed,
        "ledger_outside": protection.outside,
        "ledger_unsealed": protection.unsealed,
        "ledger_oldest_unsealed_seconds": None if age is None else round(age),
        "ledger_remark": protection.remark,
    }
