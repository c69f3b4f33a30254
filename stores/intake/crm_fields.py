"""Reads the fields of one CRM row as dates, numbers and texts; notes what does not fit."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FieldReader"]

# [0-9] rather than \d, which also takes digits of other scripts.
_DATE = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,4})?")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
_FIRST_YEAR, _LAST_YEAR = 1900, 2099


class FieldReader:
    """The fields of one row. A fault names its column and the rule, never the cell's content."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields
        self._faults: dict[str, str] = {}

    @property
    def reason(self) -> str:
        """All faults noted so far; empty when the row fits."""
        return "; ".join(f"{column}: {rule}" for column, rule in self._faults.items())

    def fault(self, column: str, rule: str) -> None:
        """Note a fault; the first one of a column stands."""
        self._faults.setdefault(column, rule)

    def raw(self, column: str) -> str:
        """The field as it stands, empty where nothing was entered."""
        return self._fields[column]

    def required_text(self, column: str) -> str:
        """A text that must not be empty."""
        if not self._fields[column]:
            self.fault(column, "required")
        return self._fields[column]

    def optional_text(self, column: str) -> str | None:
        """A text, or nothing."""
        return self._fields[column] or None

    def optional_date(self, column: str) -> date | None:
        """A day written M/D/YYYY, or nothing."""
        text = self._fields[column]
        match = _DATE.fullmatch(text)
        if match:
            month, day, year = (int(part) for part in match.groups())
            if not _FIRST_YEAR <= year <= _LAST_YEAR:
                self.fault(column, f"not a year from {_FIRST_YEAR} to {_LAST_YEAR}")
                return None
            try:
                return date(year, month, day)
            except ValueError:
                match = None
        if text and not match:
            self.fault(column, "not a date of the form M/D/YYYY")
        return None

    def optional_amount(self, column: str) -> Decimal | None:
        """An amount of 0 or more in plain digits, or nothing."""
        text = self._fields[column]
        if _AMOUNT.fullmatch(text):
            return Decimal(text)
        if text:
            self.fault(
                column, "not a number of at most 12 plain digits and 4 after a decimal point"
            )
        return None

    def optional_whole_number(self, column: str) -> int | None:
        """A whole number of 0 or more in plain digits, or nothing."""
        text = self._fields[column]
        if _WHOLE_NUMBER.fullmatch(text):
            return int(text)
        if text:
            self.fault(column, "not a whole number of at most 9 plain digits")
        return None
