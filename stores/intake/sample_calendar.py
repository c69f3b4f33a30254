"""The days and moments of a sample: the six quarters before a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

__all__ = ["DAYS_BEFORE", "SECONDS_A_DAY", "SampleCalendar"]

DAYS_BEFORE = 200
SECONDS_A_DAY = 86_400

_QUARTERS, _MONTHS_A_QUARTER, _MONTHS_A_YEAR = 6, 3, 12


@dataclass(frozen=True, slots=True)
class SampleCalendar:
    """Days from the start of the sixth full quarter before ``until`` up to the day before it."""

    until: date

    @property
    def first_day(self) -> date:
        """The first day of the sixth full quarter before the quarter of ``until``."""
        month = self.until.year * _MONTHS_A_YEAR + self.until.month - 1
        month -= month % _MONTHS_A_QUARTER + _QUARTERS * _MONTHS_A_QUARTER
        return date(month // _MONTHS_A_YEAR, month % _MONTHS_A_YEAR + 1, 1)

    @property
    def days(self) -> int:
        """How many days there are."""
        return (self.until - self.first_day).days

    def dates(self) -> list[date]:
        """Every day, and before them the `DAYS_BEFORE` days in which deals may have begun."""
        earliest = self.first_day - timedelta(days=DAYS_BEFORE)
        return [earliest + timedelta(days=n) for n in range(DAYS_BEFORE + self.days)]

    @property
    def start(self) -> int:
        """The first midnight in UTC, in seconds since 1970."""
        first = self.first_day
        return int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp())
