"""Expectations that nothing points at a person, an account or a tenant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from expectations.findings import Finding, FindingsTable
from expectations.gx.counted_expectation import CountedExpectation, Judged
from expectations.gx.metrics import FINDINGS

__all__ = [
    "ExpectColumnValuesToContainNoPii",
    "ExpectTableToContainNoKnownIdentifiers",
    "ExpectTableToContainNoTenantIds",
]

# Any: Great Expectations hands kwargs and resolved metrics over untyped.
_Kwargs = Mapping[str, Any]


class ExpectColumnValuesToContainNoPii(CountedExpectation):
    """No value of the column holds personal data or a secret."""

    column: str

    metric_dependencies: ClassVar[tuple[str, ...]] = (FINDINGS,)
    success_keys: ClassVar[tuple[str, ...]] = ("column",)

    @classmethod
    def sentence(cls, kwargs: _Kwargs) -> str:  # noqa: ARG003 - names its column by itself
        """What is expected, in words."""
        return "values hold no personal data and no secret."

    def judged(self, metrics: _Kwargs) -> Judged:
        """Whether nothing was found in the column."""
        found: FindingsTable = metrics[FINDINGS]
        kinds = found.pii_in(self.column)
        counts = {finding.kind: finding.rows for finding in kinds}
        return _found(found.rows, kinds, counts, found.pii_rows.get(self.column, 0))


class ExpectTableToContainNoKnownIdentifiers(CountedExpectation):
    """No text of the table holds an identifier that a tenant is known to use.

    The identifiers are handed over with `scan_in_force.scanning`, never as an argument.
    """

    metric_dependencies: ClassVar[tuple[str, ...]] = (FINDINGS,)

    @classmethod
    def sentence(cls, kwargs: _Kwargs) -> str:  # noqa: ARG003 - it has no arguments
        """What is expected, in words."""
        return "No text may hold a name, address or domain that a tenant is known to use."

    def judged(self, metrics: _Kwargs) -> Judged:
        """Whether no known identifier was found."""
        found: FindingsTable = metrics[FINDINGS]
        return _found(found.rows, found.known_identifiers())


class ExpectTableToContainNoTenantIds(CountedExpectation):
    """No text holds the opaque id of a tenant, but in columns registered to refer to tenants."""

    tenant_references: Sequence[str] = ()

    metric_dependencies: ClassVar[tuple[str, ...]] = (FINDINGS,)
    success_keys: ClassVar[tuple[str, ...]] = ("tenant_references",)

    @classmethod
    def sentence(cls, kwargs: _Kwargs) -> str:
        """What is expected, in words."""
        registered = ", ".join(kwargs.get("tenant_references") or ())
        besides = f", but in {registered}" if registered else ""
        return f"No text may hold the id of a tenant{besides}."

    def judged(self, metrics: _Kwargs) -> Judged:
        """Whether no tenant's id was found elsewhere."""
        found: FindingsTable = metrics[FINDINGS]
        return _found(found.rows, found.tenant_ids(except_in=self.tenant_references))


def _found(
    rows: int,
    findings: Iterable[Finding],
    counts: Mapping[str, int] | None = None,
    unexpected: int = 0,
) -> Judged:
    """Nothing found holds; else the counts say in which columns."""
    seen = tuple(findings)
    by_column = {finding.column: finding.rows for finding in seen}
    return Judged(
        holds=not seen,
        observed=sum(finding.rows for finding in seen),
        counts={"rows": rows, **(by_column if counts is None else counts)},
        unexpected=unexpected,
    )
