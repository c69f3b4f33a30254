"""Keeps row values out of Dagster's event log when a step fails."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from dagster import Backoff, Failure, MetadataValue, RetryPolicy

__all__ = ["RETRIES", "errors_without_values"]

RETRIES = RetryPolicy(max_retries=2, delay=1, backoff=Backoff.EXPONENTIAL)
"""For steps that may be begun again; only a database that is away is worth it, no refusal is."""

_VALUE_FREE = {"anonymization", "catalog", "expectations", "lineage", "stores"}


@contextmanager
def errors_without_values() -> Iterator[None]:
    """Report a failure by its kind and place; only messages of our own packages pass.

    A database's message may quote the row it stumbled over, and the event log is kept for good.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001 - the boundary to Dagster, whose log it enters
        # imported here: it loads the database libraries, which a code location does not need
        from stores.errors import DatabaseUnreachable  # noqa: PLC0415

        kind = type(error)
        said = (
            str(error) if kind.__module__.partition(".")[0] in _VALUE_FREE else "message withheld"
        )
        frames = "".join(traceback.format_tb(error.__traceback__))
        message = f"{kind.__module__}.{kind.__qualname__}: {said}"
        raise Failure(
            message,
            metadata={"where": MetadataValue.text(frames)},
            allow_retries=isinstance(error, DatabaseUnreachable),
        ) from None
