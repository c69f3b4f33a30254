"""Samples the local state of `wrangler dev` and counts what its classes forbid. No value leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from catalog.data_classes import DataClass
from expectations.audit.cloudflare.binding_checks import binding_class
from expectations.audit.cloudflare.bindings import Binding, BindingKind
from expectations.audit.cloudflare.d1_schema import Column, Schema
from expectations.audit.cloudflare.key_prefixes import Prefix, PrefixIndex
from expectations.audit.cloudflare.labels import known_class
from expectations.audit.cloudflare.local_state import (
    Entry,
    LocalDatabase,
    UnreadableState,
    blobs_folder,
    d1_file,
    kv_file,
    opened,
)
from expectations.audit.cloudflare.migrations import Migrated
from expectations.audit.cloudflare.project import Configured, migrations_folder
from expectations.audit.cloudflare.rules import RULES
from expectations.audit.findings import Finding, Place, printable
from expectations.audit.sampling import share_found
from expectations.findings import TENANT_ID, FindingsTable, Scan, counted_findings
from expectations.text_scan import pii_scan

__all__ = ["Local", "Sampled", "Sampling", "local_findings"]

_SHARED = frozenset({DataClass.ANONYMIZED_BENCHMARK, DataClass.ASCEND_PLATFORM_METRIC})
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Sampling:
    """How many rows of a store are drawn, all of them where ``rows`` is None, and the scan."""

    rows: int | None = 1_000
    scan: Scan | None = None
    knows_identifiers: bool = False

    def counted(
        self, batches: Iterable[Sequence[Sequence[str | None]]], columns: Sequence[str]
    ) -> FindingsTable:
        """What the scan finds in those texts, by column and kind."""
        return counted_findings(
            batches, columns, self.scan or pii_scan(), knows_identifiers=self.knows_identifiers
        )


@dataclass(frozen=True, slots=True)
class Sampled:
    """How much of one store was read."""

    store: str
    rows: int
    read: int

    @property
    def found_share(self) -> float:
        """The share of bad rows that this sample would have met with a probability of 95 %."""
        return share_found(self.rows, self.read)


@dataclass(slots=True)
class Local:
    """What the local state of one configuration's stores showed."""

    findings: list[Finding] = field(default_factory=list)
    sampled: list[Sampled] = field(default_factory=list)


def local_findings(
    configured: Configured,
    migrated: Mapping[Path, Migrated],
    prefixes: Sequence[Prefix],
    sampling: Sampling,
) -> Local:
    """What the local state holds against its labels; a file that cannot be read is a finding."""
    local = Local()
    for binding in configured.bindings:
        for local_id in binding.local_ids:
            reader = _Reader(configured, binding, sampling, local)
            try:
                if binding.kind is BindingKind.D1:
                    schema = _schema(configured, binding, migrated)
                    reader.read_database(d1_file(configured.folder, local_id), schema)
                elif binding.kind is BindingKind.KV:
                    reader.read_namespace(configured.folder, local_id, prefixes)
            except (UnreadableState, OSError) as error:
                why = f"the local state cannot be read ({type(error).__name__})"
                local.findings.append(Finding(RULES["CFA001"], reader.place, "local state", why))
    return local


def _schema(configured: Configured, binding: Binding, migrated: Mapping[Path, Migrated]) -> Schema:
    known = migrated.get(migrations_folder(configured, binding).resolve())
    return known.schema if known is not None else Schema()


class _Reader:
    """Reads the local state of one binding."""

    def __init__(
        self, configured: Configured, binding: Binding, sampling: Sampling, local: Local
    ) -> None:
        self.place = Place(f"{configured.name}#{printable(binding.name)}")
        self._binding = binding
        self._class = binding_class(configured, binding)
        self._sampling = sampling
        self._local = local

    def read_database(self, file: Path, schema: Schema) -> None:
        """Compare its tables with the migrations, and sample those columns that all may read."""
        if not file.is_file():
            return
        with opened(file) as database:
            for table, columns in database.tables().items():
                declared = schema.tables.get(table.lower(), {})
                self._local.findings += _undeclared(table, columns, declared, self.place)
                shared = [
                    name
                    for name in columns
                    if (known := declared.get(name.lower())) is not None
                    and (known_class(known.label or "") or self._class) in _SHARED
                ]
                if shared:
                    self._read_table(database, table, shared, declared)

    def _read_table(
        self,
        database: LocalDatabase,
        table: str,
        shared: list[str],
        declared: Mapping[str, Column],
    ) -> None:
        batches = database.texts(table, shared, self._sampling.rows)
        found = self._sampling.counted(batches, shared)
        references = {name for name in shared if declared[name.lower()].tenant_reference}
        counts = {(each.column, each.kind): each.rows for each in found.findings}
        self._local.findings += _forbidden(table, counts, references, self.place, found.rows)
        name = f"{self.place.name} {printable(table)}"
        self._local.sampled.append(Sampled(name, database.count(table), found.rows))

    def read_namespace(self, project: Path, namespace: str, prefixes: Sequence[Prefix]) -> None:
        """Compare its keys with the registry, and sample those under shared prefixes."""
        file = kv_file(project, namespace)
        if not file.is_file():
            return
        own = PrefixIndex(each for each in prefixes if each.binding in {"", self._binding.name})
        with opened(file) as database:
            self._count_strangers(database, own)
            entries = database.entries(blobs_folder(project, namespace), self._sampling.rows)
            read, found = _counted(entries, own, self._sampling)
            total = sum(1 for _ in database.every_key())
        for prefix, counts in sorted(found.items()):
            self._local.findings += _forbidden(prefix, counts, set(), self.place, read[prefix])
        self._local.sampled.append(Sampled(self.place.name, total, read.total()))

    def _count_strangers(self, database: LocalDatabase, own: PrefixIndex) -> None:
        strangers, total = 0, 0
        for key in database.every_key():
            total += 1
            strangers += own.longest(key) is None
        if strangers:
            message = f"{strangers:,} of {total:,} keys stand under no registered prefix"
            counts = {"keys": strangers, "of": total}
            self._local.findings.append(
                Finding(RULES["CFA504"], self.place, "keys", message, counts)
            )


def _undeclared(
    table: str, columns: Sequence[str], declared: Mapping[str, object], place: Place
) -> Iterator[Finding]:
    if not declared:
        message = f"the table {printable(table)} is in no migration: it counts as tenant_private"
        yield Finding(RULES["CFA501"], place, table, message)
        return
    for column in columns:
        if column.lower() not in declared:
            subject = f"{table}.{column}"
            message = f"{printable(subject)} is in no migration: it counts as tenant_private"
            yield Finding(RULES["CFA501"], place, subject, message)


def _forbidden(
    store: str,
    counts: Mapping[tuple[str, str], int],
    references: set[str],
    place: Place,
    read: int,
) -> Iterator[Finding]:
    for (part, kind), rows in sorted(counts.items()):
        if kind == TENANT_ID and part in references:
            continue
        subject = f"{store}.{part} {kind}"
        what = "a tenant's id" if kind == TENANT_ID else kind.lower().replace("_", " ")
        message = f"{printable(store)}.{printable(part)} holds {what} in {rows:,} of {read:,} rows"
        rule = RULES["CFA503" if kind == TENANT_ID else "CFA502"]
        yield Finding(rule, place, subject, message, {"rows": rows, "read": read})


def _counted(
    entries: Iterator[Entry], own: PrefixIndex, sampling: Sampling
) -> tuple[Counter[str], dict[str, Counter[tuple[str, str]]]]:
    """Entries read by prefix, and under shared ones the kinds found by part of the entry."""
    read: Counter[str] = Counter()
    found: dict[str, Counter[tuple[str, str]]] = {}
    while batch := list(islice(entries, _BATCH)):
        by_prefix: dict[str, list[Entry]] = {}
        for entry in batch:
            known = own.longest(entry.key)
            read[known.prefix if known else ""] += 1
            if known is not None and known_class(known.label) in _SHARED:
                by_prefix.setdefault(known.prefix, []).append(entry)
        for prefix, its in by_prefix.items():
            found.setdefault(prefix, Counter()).update(_kinds(its, sampling))
    return read, found


def _kinds(entries: Sequence[Entry], sampling: Sampling) -> dict[tuple[str, str], int]:
    texts: list[list[str | None]] = [
        [each.key for each in entries],
        [each.value for each in entries],
        [each.metadata for each in entries],
    ]
    parts = ["key", "value", "metadata"]
    found = sampling.counted([texts], parts)
    return {(each.column, each.kind): each.rows for each in found.findings}
