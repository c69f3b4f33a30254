"""What goes wrong between us and DataHub; no message holds a token or a credential of a URL."""

from __future__ import annotations

__all__ = [
    "DataHubError",
    "DataHubFailing",
    "DataHubRefused",
    "DataHubTokenRefused",
    "DataHubUnreachable",
]


class DataHubError(Exception):
    """Base of what goes wrong between us and DataHub.

    DataHubError
    ├── DataHubUnreachable    (nothing answers, or it is overloaded: try again later)
    ├── DataHubTokenRefused   (it answers, and does not know the token)
    ├── DataHubFailing        (it answers, with a failure of its own: try again later)
    └── DataHubRefused        (it answers, and refuses what was sent or asked)
    """


class DataHubUnreachable(DataHubError):
    """Nothing answers at DataHub's address, or it is too busy to.

    ``wait_seconds`` is how long it asks to be left alone, where it says so.
    """

    def __init__(self, message: str, *, wait_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class DataHubTokenRefused(DataHubError):
    """DataHub answers, but does not accept the token."""


class DataHubFailing(DataHubError):
    """DataHub answers with a failure of its own, or with what nobody can read."""


class DataHubRefused(DataHubError):
    """DataHub answers and refuses what was sent or asked."""
