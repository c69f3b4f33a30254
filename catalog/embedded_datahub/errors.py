"""The refusals of the embedded DataHub, each with the HTTP status it is answered with.

EmbeddedDataHubError
├── InvalidRequest         400  the request cannot be read
│   ├── InvalidUrn         400  a name that is not a URN of a known entity
│   └── InvalidFilter      400  a search filter that cannot be evaluated
├── Unauthorized           401  the bearer token is missing or wrong
├── NotFound               404  nothing is stored under that name
├── RequestTooLarge        413  the body exceeds the cap
├── ForeignHost            421  the Host header names another machine
├── RefusedProposals       422  proposals that break the metadata model
├── StorageFailed          503  the catalog's file cannot be used for now
└── StartRefused           500  the server cannot start safely
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "EmbeddedDataHubError",
    "ForeignHost",
    "InvalidFilter",
    "InvalidRequest",
    "InvalidUrn",
    "NotFound",
    "RefusedProposals",
    "RequestTooLarge",
    "StartRefused",
    "StorageFailed",
    "Unauthorized",
]


class EmbeddedDataHubError(Exception):
    """Base of every refusal; `status` is the HTTP status it is answered with."""

    status = 500


class InvalidRequest(EmbeddedDataHubError):
    """The request cannot be read."""

    status = 400


class InvalidUrn(InvalidRequest):
    """A name that is not a URN of a known entity."""


class InvalidFilter(InvalidRequest):
    """A search filter that cannot be evaluated."""


class Unauthorized(EmbeddedDataHubError):
    """The bearer token is missing or wrong."""

    status = 401


class NotFound(EmbeddedDataHubError):
    """Nothing is stored under that name."""

    status = 404


class RequestTooLarge(EmbeddedDataHubError):
    """The body exceeds the cap."""

    status = 413


class ForeignHost(EmbeddedDataHubError):
    """The Host header names another machine."""

    status = 421


class RefusedProposals(EmbeddedDataHubError):
    """Proposals that break the metadata model; nothing of their batch was written."""

    status = 422

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__(
            f"nothing was written, {len(self.problems)} problem(s): " + "; ".join(self.problems)
        )


class StorageFailed(EmbeddedDataHubError):
    """The catalog's file cannot be used for now, such as on a full disk."""

    status = 503


class StartRefused(EmbeddedDataHubError):
    """The server cannot start safely."""
