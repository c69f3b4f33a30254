"""`classline status` shows what DataHub refused for good, and what only waits."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from steward.status import installation_status
from stores.platform import Platform
from stores.startup import bring_up

pytestmark = pytest.mark.integration


def test_dead_letters_are_shown_apart_from_what_waits(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dead letter is delivered by nobody's patience: a person must see it, and why it died."""
    monkeypatch.setenv("CLASSLINE_HOME", str(platform.home.root))
    bring_up(platform.home)
    with platform.admin_engine().begin() as connection:
        connection.execute(text("DELETE FROM control.outbox"))
        connection.execute(
            text(
                "INSERT INTO control.outbox (kind, subject, last_error, dead_at) VALUES"
                " ('workflow', 'pipeline_benchmark x', 'DataHubRefused', clock_timestamp()),"
                " ('catalog', 'y', 'DataHubUnreachable', NULL)"
            )
        )
    shown = installation_status()
    assert shown["outbox_waiting"] == 1
    assert shown["outbox_errors"] == {"DataHubUnreachable": 1}
    assert shown["outbox_dead_letters"] == ["workflow pipeline_benchmark x: DataHubRefused"]
