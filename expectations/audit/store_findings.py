"""Turns what was seen of our own stores into findings: names from code, and counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from catalog.data_classes import DataClass
from catalog.registry import Dataset, Registry, StoreKind
from expectations.audit.findings import Finding, Place, printable
from expectations.audit.store_rules import (
    BOUNDARY_BROKEN,
    CLASS_LOOSENED,
    CLASS_LOOSENED_BY_DECISION,
    EXPECTATION_FAILED,
    FOREIGN_DATA_REACHED,
    LABEL_DIFFERS,
    LABEL_MISSING,
    LABEL_OF_NOTHING,
    MIGRATION_DIFFERS,
    NOT_CHECKED,
    NOT_PROBED,
    PREFIX_UNREGISTERED,
)
from expectations.store_checks import Examined
from expectations.verdicts import Judgement, Verdict
from stores.boundary.verification import RuleResult, Unchecked
from stores.live_probes import Attempt

__all__ = [
    "ClassChange",
    "boundary_findings",
    "expectation_findings",
    "label_findings",
    "loosened_findings",
    "migration_findings",
    "prefix_findings",
    "probe_findings",
]

ClassChange = tuple[str, str, str]
"""A store or column, the class it had and the class it got."""

_STRICTNESS = (
    DataClass.ANONYMIZED_BENCHMARK,
    DataClass.ASCEND_PLATFORM_METRIC,
    DataClass.FUND_PRIVATE,
    DataClass.TENANT_PRIVATE,
)


def boundary_findings(results: Iterable[RuleResult | Unchecked]) -> Iterator[Finding]:
    """One a violation: a rule of the boundary, and the object that breaks it; one a rule unseen."""
    for result in results:
        place = Place(f"boundary {result.rule}")
        if isinstance(result, Unchecked):
            yield Finding(NOT_CHECKED, place, "whole rule", f"{result.holds}: {result.reason}")
            continue
        for violation in map(printable, result.violations):
            message = f"{result.holds}: {violation}"
            yield Finding(BOUNDARY_BROKEN, place, violation, message, to_do=result.remedy)


def expectation_findings(examined: Examined) -> Iterator[Finding]:
    """One for each expectation that failed or could not be checked; one for a store unread."""
    place = Place(examined.dataset.qualified_name)
    if examined.report is None:
        message = f"the store could not be read: {examined.refused}"
        yield Finding(NOT_CHECKED, place, "whole store", message)
        return
    for judgement in examined.report.judgements:
        if judgement.verdict is not Verdict.PASSED:
            yield _judged(place, judgement)


def _judged(place: Place, judgement: Judgement) -> Finding:
    column = judgement.expectation.arguments.get("column")
    subject = f"{judgement.expectation.type}({column or ''})"
    counts = {name: round(count) for name, count in judgement.counts.items()}
    if judgement.verdict is Verdict.COULD_NOT_CHECK:
        return Finding(NOT_CHECKED, place, subject, f"{subject}: {judgement.reason}", counts)
    told = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    return Finding(
        EXPECTATION_FAILED, place, subject, f"{subject} failed: {judgement.reason or told}", counts
    )


def prefix_findings(
    table: Dataset, keys: Mapping[str, int], registry: Registry
) -> Iterator[Finding]:
    """One for each prefix that holds keys and is not registered."""
    known = {
        dataset.key_pattern.partition(":")[0]
        for dataset in registry
        if dataset.kind is StoreKind.KV_PREFIX
        and dataset.key_pattern
        and dataset.physical == table.qualified_name
    }
    for prefix in sorted(keys.keys() - known):
        message = f"{keys[prefix]:,} keys under {prefix!r}, which no entry of the registry names"
        yield Finding(
            PREFIX_UNREGISTERED,
            Place(table.qualified_name),
            prefix,
            message,
            {"keys": keys[prefix]},
        )


def label_findings(registry: Registry, shown: Mapping[str, DataClass | None]) -> Iterator[Finding]:
    """Where DataHub shows another class than the registry, none, or a store that is not there."""
    declared = {dataset.qualified_name: dataset.data_class for dataset in registry}
    for name, data_class in sorted(declared.items()):
        place = Place(f"datahub {name}")
        if shown.get(name) is None:
            yield Finding(LABEL_MISSING, place, "class", f"{name}: DataHub shows no class of it")
        elif shown[name] is not data_class:
            message = f"{name} is {data_class}, DataHub shows {shown[name]}"
            yield Finding(LABEL_DIFFERS, place, "class", message)
    for name in map(printable, sorted(shown.keys() - declared.keys())):
        message = f"{name}: DataHub shows it, the registry does not know it"
        yield Finding(LABEL_OF_NOTHING, Place(f"datahub {name}"), "dataset", message)


def probe_findings(principal: str, attempts: Iterable[Attempt]) -> Iterator[Finding]:
    """One for each attempt that reached something, or that ended in no answer."""
    for attempt in attempts:
        place = Place(f"probe as a {principal}")
        if attempt.reached:
            message = f"a {principal}'s login reached {attempt.aim}"
            counts = {"reached": attempt.reached}
            yield Finding(FOREIGN_DATA_REACHED, place, attempt.aim, message, counts)
        elif attempt.failed:
            message = f"the attempt on {attempt.aim} ended in an error that is no refusal"
            yield Finding(NOT_PROBED, place, attempt.aim, message)


def loosened_findings(
    changes: Iterable[ClassChange], registry: Registry, decisions: Path
) -> Iterator[Finding]:
    """One for each store that is less protected than it once was, as kv_audit remembers it."""
    entries = {dataset.qualified_name: dataset for dataset in registry}
    for name, before, after in _loosened(changes):
        store = entries.get(name) or entries.get(name.rpartition(".")[0])
        record = store.decision if store is not None else None
        written = record is not None and (decisions / record).is_file()
        rule = CLASS_LOOSENED_BY_DECISION if written else CLASS_LOOSENED
        why = f"by docs/decisions/{record}" if written else "and its entry names no decision record"
        shown, was, now = map(printable, (name, before, after))
        message = f"{shown} was {was} and is {now}, {why}"
        yield Finding(rule, Place(shown), f"{was} to {now}", message)


def _loosened(changes: Iterable[ClassChange]) -> Sequence[ClassChange]:
    """The strictest class that each store had, where the one it has now is looser."""
    rank = {str(data_class): place for place, data_class in enumerate(_STRICTNESS)}
    strictest: dict[str, str] = {}
    latest: dict[str, str] = {}
    for name, before, after in changes:
        held = max(strictest.get(name, before), before, key=lambda each: rank.get(each, 0))
        strictest[name], latest[name] = held, after
    return [
        (name, held, latest[name])
        for name, held in sorted(strictest.items())
        if rank.get(latest[name], 0) < rank.get(held, 0)
    ]


def migration_findings(registry: Registry, documented: Mapping[str, str]) -> Iterator[Finding]:
    """One for each column whose revision documents another class, or none."""
    for dataset in registry:
        if dataset.physical is not None:
            continue
        for column in dataset.columns:
            name = f"{dataset.qualified_name}.{column.name}"
            data_class = str(dataset.class_of(column))
            if documented.get(name) != data_class:
                told = (
                    f"document it as {documented[name]}" if name in documented else "leave it out"
                )
                message = f"{name} is {data_class}; the migrations {told}"
                yield Finding(MIGRATION_DIFFERS, Place(name), "documented class", message)
