"""The audit of our own stores: labels, boundary, content and reach, compared and probed.

Counts and names come together here, never a value: texts are looked at by the auditor's session
alone, inside an audit run that the platform records.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files

from catalog.data_classes import DataClass
from catalog.datahub_client import DataHubError, FoundDataset, connect, datahub_settings
from catalog.datahub_names import TABLE_PLATFORM, dataset_urn
from catalog.declared import REGISTRY
from catalog.registry import Registry, StoreKind
from expectations.audit.findings import Finding, Place, numbered
from expectations.audit.rules import RULES
from expectations.lint.model_rules import documented_classes
from expectations.store_checks import check_stores, datasets_named
from expectations.verdicts import Judgement, Report, Verdict
from stores.boundary.reach import Reach, reach_of_owners
from stores.boundary.verification import RuleResult, verify
from stores.platform import Platform
from stores.sessions import AuditorSession
from stores.tables import physical_datasets

__all__ = ["StoreAudit", "audit_stores", "documented_columns"]

_PURPOSE = "audit"


@dataclass(frozen=True, slots=True)
class StoreAudit:
    """What one audit found, and how much it looked at."""

    started_at: datetime
    finished_at: datetime
    findings: tuple[Finding, ...]
    stores_by_class: dict[str, int]
    looked_at: dict[str, int]


def audit_stores(platform: Platform, *, registry: Registry = REGISTRY) -> StoreAudit:
    """Compare every store with its declaration, scan what it holds, and probe who reaches it."""
    started_at = datetime.now(UTC)
    boundary = verify(platform, registry)
    reports = check_stores(platform, datasets_named(None))
    reach = reach_of_owners(platform)
    shown = _shown_in_datahub(platform)
    strangers, keys = _stranger_keys(platform, registry)
    findings = [
        *_boundary(boundary),
        *_migrations(registry),
        *_catalog(registry, shown),
        *_content(reports),
        *_keys(strangers, keys),
        *_reach(reach),
    ]
    looked_at = {
        "stores": len(registry),
        "columns": sum(len(store.columns) for store in registry),
        "boundary rules": len(boundary),
        "expectations": sum(len(report.judgements) for report in reports),
        "datasets in DataHub": len(shown or ()),
        "platform keys": keys,
        "stores probed": sum(each.probed for each in reach),
    }
    by_class = {str(each): len(registry.of_class(each)) for each in DataClass}
    return StoreAudit(started_at, datetime.now(UTC), numbered(findings), by_class, looked_at)


def _boundary(results: Sequence[RuleResult]) -> Iterator[Finding]:
    for result in results:
        for violation in result.violations:
            place = Place(f"boundary/{result.rule}")
            yield Finding(RULES["AUD101"], place, violation, violation, to_do=result.remedy)


def documented_columns() -> dict[str, tuple[str, str]]:
    """Class and revision of every column that a revision's docstring documents, newest last."""
    found: dict[str, tuple[str, str]] = {}
    folder = files("stores.migrations") / "versions"
    for revision in sorted(folder.iterdir(), key=lambda each: each.name):
        if not revision.name.endswith(".py"):
            continue
        said = ast.get_docstring(ast.parse(revision.read_bytes())) or ""
        labels, contradictory = documented_classes(said)
        for column, label in labels.items():
            found[column] = ("" if column in contradictory else label, revision.name)
    return found


def _migrations(registry: Registry) -> Iterator[Finding]:
    documented = documented_columns()
    for store in physical_datasets(registry):
        for column in store.columns:
            name, declared = f"{store.qualified_name}.{column.name}", store.class_of(column)
            said, revision = documented.get(name, ("", ""))
            if said == declared:
                continue
            message = f"{name} is {declared}, and its migration says {said or 'nothing'}"
            place = Place(
                f"stores/migrations/versions/{revision}" if revision else store.qualified_name
            )
            yield Finding(RULES["AUD201"], place, name, message)


def _shown_in_datahub(platform: Platform) -> tuple[FoundDataset, ...] | None:
    try:
        with connect(datahub_settings(platform.home.datahub)) as connection:
            return connection.search()
    except DataHubError:
        return None


def _catalog(registry: Registry, shown: Iterable[FoundDataset] | None) -> Iterator[Finding]:
    if shown is None:
        message = "DataHub does not answer: its labels were not compared"
        yield Finding(RULES["AUD304"], Place("DataHub"), "DataHub", message)
        return
    by_urn = {each.urn: each for each in shown}
    known = set()
    for store in registry:
        urn = dataset_urn(store)
        known.add(urn)
        name, found = store.qualified_name, by_urn.get(urn)
        if found is None:
            yield Finding(RULES["AUD302"], Place(name), name, f"DataHub does not know {name}")
        elif found.data_class is not store.data_class:
            message = (
                f"{name} is {store.data_class}, and DataHub shows {found.data_class or 'no class'}"
            )
            yield Finding(RULES["AUD301"], Place(name), name, message)
    for urn, each in by_urn.items():
        if urn not in known and TABLE_PLATFORM in urn and ",classline." in urn:
            message = f"{each.name[:100]} is in DataHub and in no declaration"
            yield Finding(RULES["AUD303"], Place(each.name[:100]), urn, message)


def _content(reports: Sequence[Report]) -> Iterator[Finding]:
    for report in reports:
        for judgement in report.judgements:
            if judgement.verdict is Verdict.PASSED:
                continue
            rule = RULES["AUD401" if judgement.verdict is Verdict.FAILED else "AUD402"]
            column = judgement.expectation.arguments.get("column")
            what = judgement.expectation.type + (f" ({column})" if column else "")
            counts = {name: int(count) for name, count in judgement.counts.items()}
            message = f"{report.dataset}: {what}{_told(judgement)}"
            yield Finding(rule, Place(report.dataset), what, message, counts)


def _told(judgement: Judgement) -> str:
    counted = ", ".join(f"{name} {count:,}" for name, count in judgement.counts.items())
    said = judgement.reason or counted
    return f": {said}" if said else ""


def _stranger_keys(platform: Platform, registry: Registry) -> tuple[int, int]:
    """How many of the platform's keys stand under no registered prefix, and how many there are."""
    prefixes = tuple(
        (store.key_pattern or "").partition("{")[0]
        for store in registry.of_class(DataClass.ASCEND_PLATFORM_METRIC)
        if store.kind is StoreKind.KV_PREFIX
    )
    counted = [0, 0]

    def count(batches: Iterable[Sequence[Sequence[str | None]]]) -> None:
        for (keys,) in batches:
            counted[0] += sum(not (key or "").startswith(prefixes) for key in keys)
            counted[1] += len(keys)

    with _audit_run(platform) as auditor:
        auditor.count_in_texts(
            DataClass.ASCEND_PLATFORM_METRIC, "platform.kv_entries", ["key"], count
        )
    return counted[0], counted[1]


@contextmanager
def _audit_run(platform: Platform) -> Iterator[AuditorSession]:
    with platform.platform_session(_PURPOSE) as session:
        run = session.start_audit("quarterly audit")
    try:
        with platform.auditor_session(run) as auditor:
            yield auditor
    finally:
        with platform.platform_session(_PURPOSE) as session:
            session.finish_audit(run)


def _keys(strangers: int, keys: int) -> Iterator[Finding]:
    if strangers:
        message = f"{strangers:,} of {keys:,} keys stand under no registered prefix"
        counts = {"keys": strangers, "of": keys}
        yield Finding(RULES["AUD501"], Place("platform.kv_entries"), "keys", message, counts)


def _reach(reached: Sequence[Reach]) -> Iterator[Finding]:
    for each in reached:
        for store, rows in each.beyond:
            message = f"a {each.kind}'s login sees {rows:,} rows of {store} that are not its own"
            subject = f"{each.kind} {store}"
            yield Finding(RULES["AUD601"], Place(store), subject, message, {"rows": rows})
        if not each.own_rows:
            message = f"no {each.kind}'s login that was tried sees rows of its own"
            yield Finding(RULES["AUD602"], Place(f"{each.kind} logins"), str(each.kind), message)
