"""Which scan the expectations use: known identifiers are handed over here, never as arguments.

An argument of an expectation is stored and shown with its result, and a list of known identifiers
that is stored would answer who is a customer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from expectations.findings import Scan
from expectations.text_scan import pii_scan

__all__ = ["ScanInForce", "scan_in_force", "scanning"]


@dataclass(frozen=True, slots=True)
class ScanInForce:
    """How texts are scanned, and whether that scan knows any identifiers."""

    scan: Scan
    knows_identifiers: bool


_IN_FORCE: ContextVar[ScanInForce | None] = ContextVar("classline_scan", default=None)


def scan_in_force() -> ScanInForce:
    """The scan of the surrounding block, else the plain one, which knows no identifiers."""
    return _IN_FORCE.get() or ScanInForce(pii_scan(), knows_identifiers=False)


@contextmanager
def scanning(scan: Scan, *, knows_identifiers: bool) -> Iterator[None]:
    """Let expectations scan so until the block ends."""
    token = _IN_FORCE.set(ScanInForce(scan, knows_identifiers))
    try:
        yield
    finally:
        _IN_FORCE.reset(token)
