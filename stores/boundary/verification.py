"""Compares the database with the boundary as declared; a violation keeps Classline from coming up.

It reads catalogs and floors, never a row of a tenant; what it reports names objects and roles,
never values.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from catalog.declared import REGISTRY
from catalog.registry import Registry
from stores.boundary.catalog_checks import CATALOG_CHECKS
from stores.boundary.floor_checks import FLOOR_CHECKS
from stores.boundary.inspection import Check, Inspected
from stores.boundary.ledger_checks import LEDGER_CHECKS
from stores.boundary.policy_checks import POLICY_CHECKS
from stores.boundary.privilege_checks import PRIVILEGE_CHECKS
from stores.boundary.reason_checks import REASON_CHECKS
from stores.boundary.role_checks import ROLE_CHECKS
from stores.boundary.table_checks import TABLE_CHECKS
from stores.boundary.text_checks import TEXT_CHECKS
from stores.errors import BoundaryRefused, StoreError, translated_errors
from stores.platform import Platform

__all__ = [
    "CHECKS",
    "BoundaryUnsound",
    "RuleResult",
    "Unchecked",
    "inspect",
    "refuse_unsound",
    "verify",
    "verify_and_alert",
    "verify_apart",
]

CHECKS: tuple[Check, ...] = (
    *ROLE_CHECKS,
    *TABLE_CHECKS,
    *LEDGER_CHECKS,
    *REASON_CHECKS,
    *TEXT_CHECKS,
    *POLICY_CHECKS,
    *PRIVILEGE_CHECKS,
    *CATALOG_CHECKS,
    *FLOOR_CHECKS,
)
_SHOWN = 20
_LONGEST_WAIT = "5s"
_LONGEST_WAIT_APART = "1s"


class BoundaryUnsound(StoreError):
    """The database is not closed as declared."""


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What one rule found: where it is violated, and what to do about it."""

    rule: str
    holds: str
    violations: tuple[str, ...]
    remedy: str

    @property
    def passed(self) -> bool:
        """Whether the rule holds everywhere."""
        return not self.violations

    @property
    def count(self) -> int:
        """How many violations there are."""
        return len(self.violations)


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A rule that could not be looked at, and why."""

    rule: str
    holds: str
    reason: str


def verify(platform: Platform, registry: Registry = REGISTRY) -> tuple[RuleResult, ...]:
    """One result per rule, in a fixed order; every violation of every rule at once."""
    with translated_errors(), platform.admin_engine().connect() as connection:
        _only_look(connection, _LONGEST_WAIT)
        return inspect(connection, platform, registry)


def verify_apart(
    platform: Platform, registry: Registry = REGISTRY
) -> tuple[RuleResult | Unchecked, ...]:
    """The same, rule by rule: a table that somebody holds locked hides no other rule's answer."""
    results: list[RuleResult | Unchecked] = []
    with translated_errors(), platform.admin_engine().connect() as connection:
        _only_look(connection, _LONGEST_WAIT_APART)
        seen = Inspected(connection, platform, registry)
        for check in CHECKS:
            try:
                with translated_errors(), connection.begin_nested():
                    results.append(_result(check, seen))
            except BoundaryRefused as error:
                results.append(Unchecked(check.rule, check.holds, str(error)))
    return tuple(results)


def _only_look(connection: Connection, longest_wait: str) -> None:
    connection.exec_driver_sql("SET TRANSACTION READ ONLY")
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{longest_wait}'")


def verify_and_alert(platform: Platform) -> tuple[RuleResult, ...]:
    """The same, and an alert where a rule does not hold."""
    results = verify(platform)
    if not all(result.passed for result in results):
        platform.alerts.boundary_rule_broken()
    return results


def inspect(
    connection: Connection, platform: Platform, registry: Registry = REGISTRY
) -> tuple[RuleResult, ...]:
    """The same on a connection of the administrator's, as its transaction sees the database."""
    seen = Inspected(connection, platform, registry)
    return tuple(_result(check, seen) for check in CHECKS)


def _result(check: Check, seen: Inspected) -> RuleResult:
    return RuleResult(
        check.rule, check.holds, tuple(sorted(set(check.violations(seen)))), check.remedy
    )


def refuse_unsound(results: Iterable[RuleResult]) -> None:
    """Raise with a line per violated rule, or return where all hold."""
    violated = [result for result in results if not result.passed]
    if not violated:
        return
    lines = [line for result in violated for line in _lines(result)]
    message = "the storage boundary is not as declared, so nothing may run on it:\n  " + (
        "\n  ".join(lines)
    )
    raise BoundaryUnsound(message)


def _lines(result: RuleResult) -> Iterable[str]:
    for violation in result.violations[:_SHOWN]:
        yield f"{result.rule}: {violation}"
    if result.count > _SHOWN:
        yield f"{result.rule}: and {result.count - _SHOWN} more; see `classline boundary verify`"
    yield f"{result.rule}: to do: {result.remedy}"
