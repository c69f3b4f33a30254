"""Audits our own stores: registry, database, migrations, DataHub, contents and live attempts.

It runs inside an audit run of the auditor, who counts and hands out no value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import catalog
from catalog.data_classes import DataClass, PrincipalKind
from catalog.declared import REGISTRY
from catalog.registry import StoreKind
from expectations.audit.findings import Finding, Place, numbered
from expectations.audit.report import AuditKind, AuditReport, StoreSeen
from expectations.audit.sampling import Sampling
from expectations.audit.store_findings import (
    ClassChange,
    boundary_findings,
    expectation_findings,
    label_findings,
    loosened_findings,
    migration_findings,
    prefix_findings,
    probe_findings,
)
from expectations.audit.store_rules import DATAHUB_SILENT, NO_CONTROL, NOT_CHECKED, NOT_PROBED
from expectations.class_suites import checked_datasets
from expectations.store_checks import Examined, examined_stores
from stores.boundary.verification import verify_apart
from stores.errors import StoreError
from stores.invocation import invocation
from stores.live_probes import Attempt
from stores.migrations.documented_classes import documented_classes
from stores.platform import Platform
from stores.sessions import PlatformSession

__all__ = ["LabelsUnreadable", "audit_stores"]

_DECISIONS = Path(catalog.__file__).parents[1] / "docs" / "decisions"
_CHANGED = "class changed"
_MINUTES = 240
_SECONDS_FOR_A_LOCK = 5
_OWNERS_TRIED = 5
_SAMPLINGS = {
    AuditKind.DAILY: Sampling(),
    AuditKind.QUARTERLY: Sampling(),
    AuditKind.FULL: Sampling(rows=None),
}

ShownLabels = Callable[[], Mapping[str, DataClass | None]]
"""The class that DataHub shows of each dataset, by qualified name."""


class LabelsUnreadable(Exception):
    """DataHub's labels could not be read; the message says why, without a secret."""


def audit_stores(
    platform: Platform,
    kind: AuditKind,
    shown_labels: ShownLabels,
    *,
    sampling: Sampling | None = None,
) -> AuditReport:
    """Audit every store and file the report; a daily audit reads no text."""
    started = datetime.now(UTC)
    with _audit_run(platform, kind) as run:
        findings = [
            *_boundary(platform),
            *migration_findings(REGISTRY, documented_classes()),
            *_loosened(platform),
            *_labels(shown_labels),
            *_prefixes(platform, run),
            *_probes(platform),
        ]
        seen = []
        for examined in examined_stores(
            platform,
            run,
            checked_datasets(REGISTRY),
            (sampling or _SAMPLINGS[kind]).share_of,
            reads_text=kind is not AuditKind.DAILY,
        ):
            seen.append(_seen(examined))
            findings.extend(expectation_findings(examined))
    report = AuditReport(
        run,
        kind,
        started,
        datetime.now(UTC),
        tuple(seen),
        numbered(findings),
        _acknowledged(platform),
    )
    with _recorder(platform) as session:
        session.file_ascend_platform_metric_report(
            run,
            kind=str(kind),
            report=report.as_json(),
            digest=report.digest,
            open_findings=len(report.open_findings),
        )
    return report


@contextmanager
def _audit_run(platform: Platform, kind: AuditKind) -> Iterator[UUID]:
    with _recorder(platform) as session:
        run = session.start_audit(f"{kind} audit of every store", minutes=_MINUTES)
    try:
        yield run
    finally:
        with _recorder(platform) as session:
            session.finish_audit(run)


def _boundary(platform: Platform) -> Iterable[Finding]:
    try:
        return list(boundary_findings(verify_apart(platform)))
    except StoreError as error:
        return [Finding(NOT_CHECKED, Place("boundary"), "every rule", f"not verified: {error}")]


def _seen(examined: Examined) -> StoreSeen:
    dataset = examined.dataset
    return StoreSeen(
        dataset.qualified_name,
        str(dataset.data_class),
        str(dataset.kind),
        examined.rows,
        examined.rows_read,
    )


def _loosened(platform: Platform) -> Iterable[Finding]:
    try:
        changes = _class_changes(platform)
    except StoreError as error:
        return [Finding(NOT_CHECKED, Place("platform.kv_audit"), "class changes", str(error))]
    return list(loosened_findings(changes, REGISTRY, _DECISIONS))


def _class_changes(platform: Platform) -> Iterable[ClassChange]:
    with _recorder(platform) as session:
        rows = session.records_ascend_platform_metric(
            "kv_audit", "action = :changed", changed=_CHANGED
        )
    ordered = sorted(rows, key=lambda row: int(row["entry_id"]))
    return [(str(r["subject"]), str(r["from_value"]), str(r["to_value"])) for r in ordered]


@contextmanager
def _recorder(platform: Platform) -> Iterator[PlatformSession]:
    """The platform's own session; it waits for nobody who holds its records locked."""
    with platform.platform_session("audit") as session:
        session.wait_for_locks(_SECONDS_FOR_A_LOCK)
        yield session


def _labels(shown_labels: ShownLabels) -> Iterable[Finding]:
    try:
        shown = shown_labels()
    except LabelsUnreadable as error:
        return [Finding(DATAHUB_SILENT, Place("datahub"), "labels", str(error))]
    return list(label_findings(REGISTRY, shown))


def _prefixes(platform: Platform, run: UUID) -> Iterator[Finding]:
    tables = {d.physical for d in REGISTRY if d.kind is StoreKind.KV_PREFIX and d.physical}
    for name in sorted(tables):
        table = REGISTRY.get(name)
        try:
            with platform.auditor_session(run) as session:
                session.wait_for_locks(_SECONDS_FOR_A_LOCK)
                keys = session.count_keys(table.data_class, name)
        except StoreError as error:
            yield Finding(NOT_CHECKED, Place(name), "prefixes", f"{name}: {error}")
            continue
        yield from prefix_findings(table, keys, REGISTRY)


def _probes(platform: Platform) -> Iterator[Finding]:
    """Attempts of one tenant and one fund that have rows; which ones is nobody's business."""
    for kind, open_session, own in (
        (PrincipalKind.TENANT, platform.tenant_session, DataClass.TENANT_PRIVATE),
        (PrincipalKind.FUND, platform.fund_session, DataClass.FUND_PRIVATE),
    ):
        owners = sorted(owner for of, owner in platform.keyring.logins if of is kind)
        seen = 0
        attempts: tuple[Attempt, ...] = ()
        refused: StoreError | None = None
        place = Place(f"probe as a {kind}")
        for owner in owners[:_OWNERS_TRIED]:
            try:
                with invocation(f"audit.{kind}"), open_session(owner, "audit probes") as session:
                    rows = session.count_own_rows(own)
                    attempts = session.probe_what_is_not_its_own(own)
            except StoreError as error:  # its login may have been closed meanwhile
                refused = error
                continue
            seen = rows
            if seen:
                break
        yield from probe_findings(str(kind), attempts)
        if not seen:
            message = f"no {kind}'s login that was tried sees rows of its own"
            yield Finding(NO_CONTROL, place, "own rows", message)
            if refused is not None:
                yield Finding(NOT_PROBED, place, "session", f"a login was refused: {refused}")


def _acknowledged(platform: Platform) -> frozenset[str]:
    with _recorder(platform) as session:
        known = session.acknowledgements_ascend_platform_metric()
    return frozenset(each.finding_id for each in known)
