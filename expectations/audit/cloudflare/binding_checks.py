"""Findings about bindings: without a class, with contradictory ones, and what Workflows promote."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from catalog.data_classes import DataClass, FlowRule, flow_rule
from expectations.audit.cloudflare.bindings import Binding, BindingKind
from expectations.audit.cloudflare.labels import (
    Comment,
    classes_in,
    known_class,
    promotions_in,
    written_near,
)
from expectations.audit.cloudflare.project import Configured
from expectations.audit.cloudflare.rules import RULES
from expectations.audit.findings import Finding, Place, printable

__all__ = ["binding_class", "binding_findings"]

_STORES = frozenset({BindingKind.D1, BindingKind.KV, BindingKind.VECTORIZE})


def binding_class(configured: Configured, binding: Binding) -> DataClass | None:
    """The one class that the comments beside a binding give; None where it is not one."""
    given = {word for word, _ in classes_in(_comments(configured, binding))}
    return known_class(given.pop()) if len(given) == 1 else None


def binding_findings(configured: Sequence[Configured]) -> Iterator[Finding]:
    """What is wrong with the labels of every binding of every configuration."""
    given: dict[tuple[BindingKind, str], dict[DataClass, Place]] = defaultdict(dict)
    for each in configured:
        for binding in each.bindings:
            if binding.kind is BindingKind.WORKFLOW:
                yield from _workflow(each, binding)
                continue
            yield from _labels(each, binding)
            data_class = binding_class(each, binding)
            if data_class is not None:
                given[binding.kind, binding.store].setdefault(data_class, _place(each, binding))
    for (kind, store), classes in given.items():
        if len(classes) > 1:
            *_, place = classes.values()
            named = ", ".join(sorted(classes))
            message = f"the {kind} {printable(store)} is bound as {named}"
            yield Finding(RULES["CFA202"], place, store, message)


def _comments(configured: Configured, binding: Binding) -> list[Comment]:
    block = binding.block
    return written_near(configured.configuration.comments, block.first, block.last)


def _place(configured: Configured, binding: Binding) -> Place:
    return Place(configured.name, max(binding.block.first, 1))


def _labels(configured: Configured, binding: Binding) -> Iterator[Finding]:
    place, subject = _place(configured, binding), _subject(binding)
    told = f"the {binding.kind} {printable(binding.name)}"
    given = classes_in(_comments(configured, binding))
    for word, line in given:
        if known_class(word) is None:
            message = f"{told} is labelled {printable(word)!r}"
            yield Finding(RULES["CFA105"], Place(configured.name, line), subject, message)
    classes = {word for word, _ in given}
    if len(classes) > 1:
        message = f"{told} is {' and '.join(map(printable, sorted(classes)))}"
        yield Finding(RULES["CFA202"], place, subject, message)
    if not classes:
        rule = RULES["CFA201" if binding.kind in _STORES else "CFA203"]
        yield Finding(rule, place, subject, f"{told} has no class: it counts as tenant_private")


def _subject(binding: Binding) -> str:
    return ":".join(filter(None, (binding.environment, binding.kind, binding.name)))


def _workflow(configured: Configured, binding: Binding) -> Iterator[Finding]:
    place, subject = _place(configured, binding), _subject(binding)
    told = f"the Workflow {printable(binding.name)}"
    promotions = promotions_in(_comments(configured, binding))
    if not promotions:
        yield Finding(RULES["CFA401"], place, subject, f"{told} does not say what it promotes")
    if len({(source, target) for source, target, _ in promotions}) > 1:
        message = f"{told} says that it promotes along {len(promotions)} edges"
        yield Finding(RULES["CFA402"], place, subject, message)
    for source, target, line in promotions:
        if not source and not target:
            continue
        from_class, to_class = known_class(source), known_class(target)
        at = Place(configured.name, line)
        if from_class is None or to_class is None:
            unknown = source if from_class is None else target
            message = f"{told} promotes {printable(unknown)!r}, which is no class"
            yield Finding(RULES["CFA105"], at, subject, message)
        elif from_class is to_class or flow_rule(from_class, to_class) is FlowRule.NEVER:
            edge = flow_rule(from_class, to_class)
            message = f"{told} promotes {from_class} to {to_class}: {edge}"
            yield Finding(RULES["CFA402"], at, subject, message)
