"""Audits a Workers project: configurations, migrations, key prefixes, Workflows, local state.

What a later source adds (TypeScript code, a live account) comes in as another `ProjectSource`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from expectations.audit.cloudflare.binding_checks import binding_class, binding_findings
from expectations.audit.cloudflare.bindings import Binding, BindingKind
from expectations.audit.cloudflare.column_checks import column_findings
from expectations.audit.cloudflare.folders import folders_under
from expectations.audit.cloudflare.known_names import scan_with_known_names
from expectations.audit.cloudflare.migrations import Migrated, read_migrations
from expectations.audit.cloudflare.prefix_checks import prefixes_of
from expectations.audit.cloudflare.project import (
    Configured,
    migrations_folder,
    read_configurations,
)
from expectations.audit.cloudflare.rules import RULES
from expectations.audit.cloudflare.sampling import Sampled, Sampling, local_findings
from expectations.audit.findings import Finding, Place, numbered, printable

__all__ = ["Audited", "ProjectSource", "audit_project"]


class ProjectSource(Protocol):
    """Another place that says something of the same project: its findings join the audit's."""

    def findings(self, configured: Sequence[Configured]) -> Iterator[Finding]:
        """What is wrong there, given what the configurations bind."""
        ...


@dataclass(frozen=True, slots=True)
class Audited:
    """What an audit found, and how much it looked at."""

    findings: tuple[Finding, ...]
    configurations: int
    bindings: int
    migrations: int
    columns: int
    prefixes: int
    sampled: tuple[Sampled, ...]


def audit_project(
    root: Path, sampling: Sampling | None = None, sources: Sequence[ProjectSource] = ()
) -> Audited:
    """Every finding of the project in that folder; what cannot be read is one, the rest is read."""
    configured = read_configurations(root)
    findings = [finding for each in configured for finding in each.findings]
    findings += binding_findings(configured)
    registered = prefixes_of(root, configured)
    findings += registered.findings
    migrated = _migrations(root, configured)
    findings += [finding for each in migrated.values() for finding in each.findings]
    how = sampling or Sampling()
    if how.scan is None:
        scan, knows = scan_with_known_names(configured, migrated)
        how = replace(how, scan=scan, knows_identifiers=knows)
    sampled: list[Sampled] = []
    for each in configured:
        findings += _columns(root, each, configured, migrated)
        local = local_findings(each, migrated, registered.prefixes, how)
        findings += local.findings
        sampled += local.sampled
    for source in sources:
        findings += source.findings(configured)
    return Audited(
        numbered(_once(findings)),
        len(configured),
        sum(len(each.bindings) for each in configured),
        sum(each.files for each in migrated.values()),
        sum(len(c) for each in migrated.values() for c in each.schema.tables.values()),
        len(registered.prefixes),
        tuple(sampled),
    )


def _migrations(root: Path, configured: Sequence[Configured]) -> dict[Path, Migrated]:
    """The migrations of every bound database, and of folders that no configuration names."""
    bound = [
        migrations_folder(each, binding)
        for each in configured
        for binding in each.bindings
        if binding.kind is BindingKind.D1
    ]
    unbound = sorted(each for each in folders_under(root) if "migrations" in each.name)
    found: dict[Path, Migrated] = {}
    for folder in [*bound, *unbound]:
        where = folder.resolve()
        inside = where.is_relative_to(root.resolve())
        if inside and folder.is_dir() and where not in found:
            shown = printable(where.relative_to(root.resolve()).as_posix())
            found[where] = read_migrations(folder, shown)
    return found


def _columns(
    root: Path,
    each: Configured,
    configured: Sequence[Configured],
    migrated: Mapping[Path, Migrated],
) -> Iterator[Finding]:
    """Columns against their databases; a database whose migrations nobody can see is told."""
    seen = {
        binding.store
        for one in configured
        for binding in one.bindings
        if binding.kind is BindingKind.D1 and _built(one, binding, migrated)
    }
    for binding in each.bindings:
        if binding.kind is not BindingKind.D1:
            continue
        folder = migrations_folder(each, binding)
        built = migrated.get(folder.resolve())
        if built is not None:
            yield from column_findings(built, binding, binding_class(each, binding), each.name)
        place = Place(each.name, max(binding.block.first, 1))
        subject = f"d1 {binding.name}"
        if not folder.resolve().is_relative_to(root.resolve()):
            why = "its migrations lie outside the audited folder; audit the folder around both"
            message = f"the D1 database {printable(binding.name)}: {why}"
            yield Finding(RULES["CFA001"], place, subject, message)
        elif binding.store not in seen:
            message = f"the D1 database {printable(binding.name)} has no migrations"
            yield Finding(RULES["CFA106"], place, subject, message)


def _built(each: Configured, binding: Binding, migrated: Mapping[Path, Migrated]) -> bool:
    built = migrated.get(migrations_folder(each, binding).resolve())
    return built is not None and built.files > 0


def _once(findings: Sequence[Finding]) -> list[Finding]:
    """A store that two environments bind is told once."""
    seen: dict[tuple[str, str, str, str], Finding] = {}
    for finding in findings:
        key = (finding.rule.rule_id, str(finding.place), finding.subject, finding.message)
        seen.setdefault(key, finding)
    return list(seen.values())
