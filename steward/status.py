"""What `classline status` says: counts and states, no owner's name."""

from __future__ import annotations

from collections import Counter

from stores.home import classline_home
from stores.platform import open_platform
from stores.startup import owner_counts

__all__ = ["installation_status"]


def installation_status() -> dict[str, object]:
    """The installation's facts, by name."""
    home = classline_home()
    with open_platform(home) as platform:
        counts = owner_counts(platform)
        with platform.platform_session("status") as session:
            states = Counter(str(row["state"]) for row in session.records("promotions"))
            waiting = session.records("outbox", "delivered_at IS NULL")
    errors = Counter(str(event["last_error"]) for event in waiting if event["last_error"])
    return {
        "home": str(home.root),
        "database": "embedded PostgreSQL" if (home.pgdata / "PG_VERSION").exists() else "server",
        **counts,
        "promotions": dict(states),
        "outbox_waiting": len(waiting),
        "outbox_errors": dict(errors),
    }
