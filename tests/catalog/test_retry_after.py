"""What a busy server asks is read as it is written, and never believed beyond an hour."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from catalog.retry_after import asked_to_wait

_NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
_1994 = "Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"Retry-After": "120"}, 120),
        ({"retry-after": " 7 "}, 7),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "86400"}, 3600),
        ({"Retry-After": "9" * 5000}, 3600),
        ({"Retry-After": "Fri, 27 Nov 2026 12:05:00 GMT"}, 300),
        ({"Retry-After": "Fri, 27 Nov 2026 12:05:00 -0000"}, 300),
        ({"Retry-After": "Fri, 27 Nov 2026 11:05:00 GMT"}, 0),
        ({"Retry-After": "Fri, 27 Nov 2099 11:05:00 GMT"}, 3600),
        ({"Retry-After": "Sun, 06 Nov 1994 08:50:37 GMT", "Date": _1994}, 60),
        ({"Retry-After": "Fri, 27 Nov 2026 12:05:00 GMT", "Date": "yesterday"}, 300),
        *(({"Retry-After": odd}, 0) for odd in ("soon", "-5", "1.5", "1e9", "\u0661\u0662", "nan")),
        *(({"Retry-After": odd}, 0) for odd in ("Fri, 99 Nov 2026 12:05:00 GMT", "\x00", "0x10")),
    ],
)
def test_seconds_and_dates_are_read(headers: dict[str, str], seconds: float) -> None:
    """A date counts from the answer's own clock; nonsense asks for nothing."""
    assert asked_to_wait(headers, _NOW) == seconds
