"""Header comments made from the registry: the classes that a migration must document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

from catalog.registry import Column, Dataset, StoreKind

__all__ = ["HeaderKind", "header_comments"]


class HeaderKind(StrEnum):
    """Where the header will stand."""

    SQL = "sql"
    PYTHON = "python"
    TYPESCRIPT = "typescript"
    TOML = "toml"


def header_comments(stores: Iterable[Dataset], kind: HeaderKind) -> str:
    """The header for those stores; it ends with a line break."""
    chosen = list(stores)
    lines: Iterable[str]
    match kind:
        case HeaderKind.SQL:
            lines = (f"-- {line}".rstrip() for line in _columns(chosen))
        case HeaderKind.PYTHON:
            lines = _columns(chosen)
        case HeaderKind.TYPESCRIPT:
            lines = ("/**", *(f" * {line}".rstrip() for line in _columns(chosen)), " */")
        case HeaderKind.TOML:
            lines = _bindings(chosen)
    return "\n".join(lines) + "\n"


def _columns(stores: Iterable[Dataset]) -> Iterator[str]:
    yield "The class of every column:"
    for store in stores:
        yield ""
        yield f"{store.qualified_name}: {store.description}"
        for column in store.columns:
            yield f"{store.name}.{column.name}: {store.class_of(column)}{_remark(column)}"


def _remark(column: Column) -> str:
    return " tenant_reference" if column.tenant_reference else ""


def _bindings(stores: Iterable[Dataset]) -> Iterator[str]:
    """A labelled binding of wrangler.toml for each class's database and each namespace."""
    bound: set[tuple[str, str]] = set()
    for store in stores:
        section, field = _SECTIONS[store.kind]
        which = store.name if store.kind is StoreKind.VECTOR_NAMESPACE else str(store.data_class)
        if (section, which) in bound:
            continue
        bound.add((section, which))
        yield from (
            f"[[{section}]] # class: {store.data_class}",
            f'binding = "{which.upper()}"',
            f'{field} = "{which.replace("_", "-")}"',
            "",
        )


_SECTIONS = {
    StoreKind.TABLE: ("d1_databases", "database_name"),
    StoreKind.KV_PREFIX: ("kv_namespaces", "id"),
    StoreKind.VECTOR_NAMESPACE: ("vectorize", "index_name"),
}
