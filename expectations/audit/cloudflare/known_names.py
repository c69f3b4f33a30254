"""The names that tenants' own local rows hold in columns marked `identifier`, to be looked for.

They are kept as keyed digests for the length of one audit, and cannot be read or printed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from expectations.audit.cloudflare.bindings import BindingKind
from expectations.audit.cloudflare.d1_schema import Schema
from expectations.audit.cloudflare.local_state import UnreadableState, d1_file, opened
from expectations.audit.cloudflare.migrations import Migrated
from expectations.audit.cloudflare.project import Configured, migrations_folder
from expectations.findings import Scan
from expectations.identifiers import IdentifierKind, KnownIdentifiers
from expectations.text_scan import pii_scan

__all__ = ["scan_with_known_names"]


def scan_with_known_names(
    configured: Sequence[Configured], migrated: Mapping[Path, Migrated]
) -> tuple[Scan, bool]:
    """A scan for personal data and for those names, and whether there are any."""
    names = set(_names(configured, migrated))
    if not names:
        return pii_scan(), False
    known = KnownIdentifiers.build((IdentifierKind.ACCOUNT_NAME, name) for name in names)
    return pii_scan(known), True


def _names(configured: Sequence[Configured], migrated: Mapping[Path, Migrated]) -> Iterator[str]:
    for each in configured:
        for binding in each.bindings:
            built = migrated.get(migrations_folder(each, binding).resolve())
            if binding.kind is not BindingKind.D1 or built is None:
                continue
            for local_id in binding.local_ids:
                file = d1_file(each.folder, local_id)
                if file.is_file():
                    yield from _marked(file, built.schema)


def _marked(file: Path, schema: Schema) -> Iterator[str]:
    """The texts of the marked columns; what cannot be read is told where it is sampled."""
    try:
        with opened(file) as database:
            for table, columns in database.tables().items():
                declared = schema.tables.get(table.lower(), {})
                marked = [
                    name
                    for name in columns
                    if (column := declared.get(name.lower())) is not None and column.identifier
                ]
                for batch in database.texts(table, marked, None) if marked else ():
                    yield from (text for column_texts in batch for text in column_texts if text)
    except (UnreadableState, OSError):
        return
