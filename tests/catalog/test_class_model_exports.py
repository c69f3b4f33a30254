"""The class model in other languages says what the policy says, and headers are read back whole."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from catalog.data_classes import DataClass, flow_rule
from catalog.declared import REGISTRY
from catalog.header_comments import HeaderKind, header_comments
from catalog.registry import StoreKind
from catalog.typescript import typescript_module
from expectations.audit.cloudflare.auditing import audit_project
from expectations.lint.checking import lint_source
from expectations.lint.settings import Settings

SHARED = [store for store in REGISTRY if not store.internal]


def table(name: str) -> dict[str, dict[str, object]]:
    found = re.search(
        rf"export const {name}: [^=]+ = (\{{.*?\n\}});", typescript_module(REGISTRY), re.DOTALL
    )
    assert found
    return json.loads(found[1])


def test_typescript_has_every_class_edge_store_and_column() -> None:
    """Read back from the module; nothing of the platform's own bookkeeping."""
    assert set(table("POLICIES")) == set(DataClass)
    assert table("FLOW_RULES") == {
        source: {target: flow_rule(source, target) for target in DataClass} for source in DataClass
    }
    assert {name: (s["dataClass"], s["columns"]) for name, s in table("STORES").items()} == {
        store.qualified_name: (
            store.data_class,
            {column.name: store.class_of(column) for column in store.columns},
        )
        for store in SHARED
    }


@pytest.mark.parametrize("data_class", list(DataClass))
def test_a_migration_under_its_header_passes_the_audit(
    tmp_path: Path, data_class: DataClass
) -> None:
    """The header of each class's tables, above the tables in SQLite's SQL."""
    stores = [
        s for s in REGISTRY.of_class(data_class) if not s.internal and s.kind is StoreKind.TABLE
    ]
    tables = "".join(
        f"CREATE TABLE {store.name} ({', '.join(f'{c.name} TEXT' for c in store.columns)});\n"
        for store in stores
    )
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(tables)
    (tmp_path / "migrations").mkdir()
    header = header_comments(stores, HeaderKind.SQL)
    (tmp_path / "migrations" / "1.sql").write_text(header + tables)
    (tmp_path / "wrangler.toml").write_text(header_comments(stores, HeaderKind.TOML))
    audited = audit_project(tmp_path)
    assert [finding.message for finding in audited.findings] == []
    assert audited.columns == sum(len(store.columns) for store in stores)


def test_bindings_of_every_store_are_labelled(tmp_path: Path) -> None:
    """Only what they are bound to is still missing: migrations and prefixes."""
    (tmp_path / "wrangler.toml").write_text(header_comments(SHARED, HeaderKind.TOML))
    audited = audit_project(tmp_path)
    assert {finding.rule.rule_id for finding in audited.findings} == {"CFA106", "CFA303"}
    assert audited.bindings > len(DataClass)


def test_a_revision_under_its_header_passes_the_linter() -> None:
    """The docstring of an Alembic revision, in the form that CLS401 asks for."""
    store = REGISTRY.get("crm_accounts")
    columns = ", ".join(f'Column("{column.name}")' for column in store.columns)
    source = (
        f'"""Accounts.\n\n{header_comments([store], HeaderKind.PYTHON)}"""\n'
        f'revision, down_revision = "1", None\nop.create_table("{store.name}", {columns})\n'
    )
    assert lint_source(source.encode(), "migrations/1.py", Settings()).findings == ()
    assert lint_source(source.replace(".sector:", ".s:").encode(), "1.py", Settings()).findings


def test_a_comment_is_closed() -> None:
    """In the languages that close theirs."""
    header = header_comments(SHARED, HeaderKind.TYPESCRIPT)
    assert header.startswith("/**\n")
    assert header.endswith("\n */\n")
    assert header.count("*/") == 1
