"""The registry as documents for people: tables, key-value prefixes and vector namespaces.

They are made from the declarations in `catalog.datasets` alone; `make check` refuses documents that
say something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from catalog.data_classes import POLICIES, DataClass
from catalog.registry import Column, Dataset, Registry, RegistryError, StoreKind

__all__ = ["StaleDocuments", "documents", "require_fresh", "write_documents"]

_HOW = "Made by `classline registry docs` from `catalog/datasets`; do not edit it by hand."
_TITLES: Mapping[StoreKind, tuple[str, str, str]] = {
    StoreKind.TABLE: (
        "TABLE_REGISTRY.md",
        "Table registry",
        "Every table and column with its class. What is not here counts as tenant_private.",
    ),
    StoreKind.KV_PREFIX: (
        "KV_KEY_REGISTRY.md",
        "Key-value registry",
        "Every key-value prefix and its class. A key under any other prefix is refused.",
    ),
    StoreKind.VECTOR_NAMESPACE: (
        "VECTOR_NAMESPACE_REGISTRY.md",
        "Vector namespace registry",
        "Every vector namespace and its class. A namespace that is not here cannot be opened.",
    ),
}


class StaleDocuments(RegistryError):
    """The documents do not say what the registry says."""


def documents(registry: Registry) -> dict[str, str]:
    """The text of each document, by file name."""
    return {
        name: "\n".join(_document(registry, kind, title, purpose)) + "\n"
        for kind, (name, title, purpose) in _TITLES.items()
    }


def write_documents(registry: Registry, folder: Path) -> tuple[str, ...]:
    """Write what changed to that folder; returns the names of those documents."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = _stale(registry, folder)
    for name, text in documents(registry).items():
        if name in changed:
            (folder / name).write_text(text, "utf-8")
    return changed


def require_fresh(registry: Registry, folder: Path) -> None:
    """Refuse documents that are missing or say something else than the registry."""
    stale = _stale(registry, folder)
    if stale:
        message = (
            f"{', '.join(stale)} in {folder}: refused, since they do not say what the registry "
            "says; run `classline registry docs`"
        )
        raise StaleDocuments(message)


def _stale(registry: Registry, folder: Path) -> tuple[str, ...]:
    return tuple(
        name
        for name, text in documents(registry).items()
        if not (folder / name).is_file() or (folder / name).read_bytes() != text.encode()
    )


def _document(registry: Registry, kind: StoreKind, title: str, purpose: str) -> Iterator[str]:
    yield f"# {title}\n\n{purpose}\n\n{_HOW}"
    for data_class in DataClass:
        stores = [each for each in registry.of_class(data_class) if each.kind is kind]
        if not stores:
            continue
        policy = POLICIES[data_class]
        yield f"\n## {data_class}\n\n{policy.definition} {policy.reuse}\n"
        yield from _head("store", "class", "owner", "whose rows", "what it holds")
        yield from map(_row, stores)
        for store in stores:
            yield f"\n### {store.qualified_name}\n"
            yield from _head("column", "class", "type", "remarks", "what it holds")
            yield from (_column(store, column) for column in store.columns)


def _head(*titles: str) -> Iterator[str]:
    yield _cells(*titles)
    yield _cells(*("---" for _ in titles))


def _row(store: Dataset) -> str:
    name = store.qualified_name
    if store.key_pattern is not None:
        kept = f", kept in {store.physical}" if store.physical else ""
        name = f"`{store.key_pattern}` ({name}{kept})"
    owned = f"by {store.owner_column}" if store.owner_column else "nobody's"
    return _cells(name, store.data_class, store.owner, owned, store.description)


def _column(store: Dataset, column: Column) -> str:
    remarks = [
        word
        for word, holds in (
            ("key", column.name in store.primary_key),
            ("nullable", column.nullable),
            ("free text", column.free_text),
            ("may name a tenant", column.tenant_reference),
        )
        if holds
    ]
    return _cells(
        f"`{column.name}`",
        store.class_of(column),
        column.type,
        ", ".join(remarks),
        column.description,
    )


def _cells(*values: str) -> str:
    return f"| {' | '.join(str(value).replace('|', chr(92) + '|') for value in values)} |"
