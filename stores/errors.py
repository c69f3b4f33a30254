"""What the storage layer refuses, and why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError

__all__ = [
    "BoundaryRefused",
    "ClassRefused",
    "CredentialRefused",
    "DatabaseUnreachable",
    "StoreError",
    "UnknownOwner",
    "translated_errors",
]


class StoreError(Exception):
    """Base of what the storage layer refuses.

    StoreError
    ├── BoundaryRefused       (PostgreSQL refused it; ``code`` is the rule's SQLSTATE)
    ├── ClassRefused
    ├── CredentialRefused
    ├── DatabaseUnreachable
    └── UnknownOwner
    """


class BoundaryRefused(StoreError):
    """A rule inside PostgreSQL refused the call; ``code`` is its SQLSTATE."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} [{code}]")
        self.code = code


class ClassRefused(StoreError):
    """The policy does not let this session touch data of that class; ``code`` is the rule's."""

    code = "CL009"

    def __init__(self, message: str) -> None:
        super().__init__(f"{message} [{self.code}]")


class CredentialRefused(StoreError):
    """A credential file is missing, open to others or not a credential."""


class DatabaseUnreachable(StoreError):
    """The platform's database does not answer."""


class UnknownOwner(StoreError):
    """No such tenant, fund or steward is registered."""


_PERMISSION_DENIED = "42501"
_CONNECTION_STATES = frozenset({"08", "28", "53", "57"})


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn the driver's errors into ours, which carry a rule and never a statement or a value."""
    try:
        yield
    except DBAPIError as error:
        raise _translated(error.orig) from None
    except psycopg.Error as error:
        raise _translated(error) from None


def _translated(error: BaseException | None) -> StoreError:
    state: str | None = getattr(error, "sqlstate", None)
    disconnected = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and (
        state is None or state[:2] in _CONNECTION_STATES
    )
    if disconnected:
        message = (
            f"the platform's database does not answer ({state or type(error).__name__}); "
            "start it with `classline up`, or check CLASSLINE_DATABASE_URL"
        )
        return DatabaseUnreachable(message)
    state = state or "?????"
    diagnostics = getattr(error, "diag", None)
    if state.startswith("CL") and diagnostics is not None:
        hint = f"; {diagnostics.message_hint}" if diagnostics.message_hint else ""
        return BoundaryRefused(state, f"{diagnostics.message_primary}{hint}")
    if state == _PERMISSION_DENIED:
        message = "row-level security or a missing grant refused it: this login may not do that"
        return BoundaryRefused(state, message)
    kind = type(error).__name__
    return BoundaryRefused(state, f"PostgreSQL refused a statement of this session ({kind})")
