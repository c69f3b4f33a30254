"""Findings about key prefixes: without a class, contradictory, or in no registry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from catalog.data_classes import DataClass
from expectations.audit.cloudflare.binding_checks import binding_class
from expectations.audit.cloudflare.bindings import BindingKind
from expectations.audit.cloudflare.key_prefixes import Prefix, read_prefixes, registry_files
from expectations.audit.cloudflare.labels import known_class
from expectations.audit.cloudflare.project import Configured
from expectations.audit.cloudflare.rules import RULES
from expectations.audit.findings import Finding, Place, printable

__all__ = ["Registered", "prefixes_of"]


@dataclass(frozen=True, slots=True)
class Registered:
    """The prefixes that documents of the project register, and what is wrong with them."""

    prefixes: tuple[Prefix, ...]
    findings: tuple[Finding, ...]


def prefixes_of(root: Path, configured: Sequence[Configured]) -> Registered:
    """Read every prefix registry of the project and compare it with what is bound."""
    prefixes: list[Prefix] = []
    findings: list[Finding] = []
    for file in registry_files(root):
        name = printable(file.relative_to(root).as_posix())
        try:
            prefixes += read_prefixes(file, name)
        except (OSError, UnicodeDecodeError) as error:
            why = f"it cannot be read ({type(error).__name__})"
            findings.append(Finding(RULES["CFA001"], Place(name, 1), "file", why))
    findings += _labels(prefixes)
    findings += _overlaps(prefixes)
    findings += _namespaces(prefixes, configured)
    return Registered(tuple(prefixes), tuple(findings))


def _labels(prefixes: Sequence[Prefix]) -> Iterator[Finding]:
    for each in prefixes:
        place = Place(each.file, each.line)
        told = f"the prefix {printable(each.prefix)}"
        if not each.label or each.label in {"-", "?", "TBD", "tbd", "todo", "TODO"}:
            message = f"{told} has no class: it counts as tenant_private"
            yield Finding(RULES["CFA301"], place, each.prefix, message)
        elif known_class(each.label) is None:
            message = f"{told} is labelled {printable(each.label)!r}"
            yield Finding(RULES["CFA105"], place, each.prefix, message)


def _overlaps(prefixes: Sequence[Prefix]) -> Iterator[Finding]:
    """Two rows about the same keys: the same prefix, or one within the other."""
    ordered = sorted(prefixes, key=lambda each: (each.binding, each.prefix, each.line))
    within: list[Prefix] = []
    for each in ordered:
        while within and not (
            within[-1].binding == each.binding and each.prefix.startswith(within[-1].prefix)
        ):
            within.pop()
        if within and each.label != within[-1].label:
            outer = within[-1]
            message = (
                f"keys under {printable(each.prefix)} are {printable(each.label) or 'unlabelled'}, "
                f"and {printable(outer.label) or 'unlabelled'} under {printable(outer.prefix)}"
            )
            yield Finding(RULES["CFA302"], Place(each.file, each.line), each.prefix, message)
        within.append(each)


def _namespaces(prefixes: Sequence[Prefix], configured: Sequence[Configured]) -> Iterator[Finding]:
    bound: dict[str, DataClass] = {}
    for each in configured:
        for binding in each.bindings:
            if binding.kind is not BindingKind.KV:
                continue
            data_class = binding_class(each, binding)
            if data_class is not None:
                bound[binding.name] = data_class
            if not any(prefix.binding in {"", binding.name} for prefix in prefixes):
                place = Place(each.name, max(binding.block.first, 1))
                message = f"the KV namespace {printable(binding.name)} has no prefix registry"
                yield Finding(RULES["CFA303"], place, f"kv {binding.name}", message)
    for prefix in prefixes:
        classes = {bound.get(prefix.binding)} if prefix.binding else set(bound.values())
        label = known_class(prefix.label)
        if label is not None and classes - {None} and label not in classes:
            named = ", ".join(sorted(str(each) for each in classes if each))
            message = (
                f"keys under {printable(prefix.prefix)} are {label}, in a namespace that is {named}"
            )
            yield Finding(RULES["CFA302"], Place(prefix.file, prefix.line), prefix.prefix, message)
