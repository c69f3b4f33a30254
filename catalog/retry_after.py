"""How long a server that is busy asks to be left alone: `Retry-After`, in seconds or as a date."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["LONGEST_SECONDS", "asked_to_wait"]

LONGEST_SECONDS = 3_600.0
"""What asks for longer is asked again after this long."""


def asked_to_wait(headers: Mapping[str, str], now: datetime) -> float:
    """The seconds an answer asks to wait; none where it asks for none that can be read.

    A date is by the server's clock: it counts from the answer's own, where it has one.
    """
    told = {name.lower(): value.strip() for name, value in headers.items()}
    asked = told.get("retry-after", "")
    if asked.isascii() and asked.isdigit():
        return min(float(asked), LONGEST_SECONDS)
    until = _moment(asked)
    if until is None:
        return 0.0
    since = _moment(told.get("date", "")) or now
    return min(max((until - since).total_seconds(), 0.0), LONGEST_SECONDS)


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
