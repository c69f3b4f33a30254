"""The tables that migrations build, statement by statement, as sqlglot reads SQLite's SQL."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from expectations.audit.cloudflare.sql_statements import Statement

__all__ = ["Column", "RefusedStatement", "Schema", "UnseenColumns"]

_TABLES = re.compile(
    r"(?:CREATE|ALTER|DROP)\s+(?:TEMP(?:ORARY)?\s+)?(?:VIRTUAL\s+)?TABLE\b", re.IGNORECASE
)
_VIRTUAL = re.compile(
    r"CREATE\s+VIRTUAL\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(?P<name>[\w.\"`\[\]]+)\s+USING\s+\w+"
    r"\s*(?:\((?P<arguments>.*)\))?\s*$",
    re.IGNORECASE | re.DOTALL,
)
_ADD = re.compile(
    r"ALTER\s+TABLE\s+(?P<table>[\w.\"`\[\]]+)\s+ADD\s+(?:COLUMN\s+)?(?!COLUMN\b)"
    r"(?P<column>\w+|\"[^\"]+\"|`[^`]+`|\[[^\]]+\])\s*$",
    re.IGNORECASE,
)
_OPTIONS = re.compile(r"\)\s*(?:(?:STRICT|WITHOUT\s+ROWID)\s*,?\s*)+$", re.IGNORECASE)
_KNOWN = frozenset(
    """insert replace update delete select with pragma create alter drop begin commit end rollback
    savepoint release analyze vacuum reindex explain values""".split()  # noqa: SIM905 - words
)


class RefusedStatement(ValueError):
    """A statement that is no SQL of SQLite's; ``line`` counts from its first."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line


class UnseenColumns(ValueError):
    """A table whose columns the statement does not list."""

    def __init__(self, table: str) -> None:
        super().__init__(table)
        self.table = table


@dataclass(slots=True)
class Column:
    """A column, where it was added, and the class its label gives it."""

    name: str
    file: str
    line: int
    label: str | None = None
    tenant_reference: bool = False
    identifier: bool = False


@dataclass(slots=True)
class Schema:
    """Tables by name, in lower case as SQLite compares them; ``seen`` keeps those that were."""

    tables: dict[str, dict[str, Column]] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)

    def apply(self, statement: Statement, file: str) -> None:
        """Carry one statement over to the tables; data and indexes change nothing here."""
        first = statement.start.split(None, 1)
        if not _TABLES.match(statement.start):
            if first and first[0].lower().rstrip("(;") not in _KNOWN:
                raise RefusedStatement(1, "it begins with no word of SQLite's SQL")
            return
        if statement.text is None:
            raise RefusedStatement(1, "a table's declaration has more than a million characters")
        if added := _ADD.match(statement.text):
            # A column without a type, which SQLite takes and the parser does not.
            self._add(_name(added["table"]), _name(added["column"]), statement, file)
            return
        virtual = _VIRTUAL.match(statement.text)
        if virtual:
            self._create(_name(virtual["name"]), _arguments(virtual["arguments"]), statement, file)
            return
        self._apply(_parsed(statement.text), statement, file)

    def _apply(self, tree: exp.Expr, statement: Statement, file: str) -> None:
        if isinstance(tree, exp.Create):
            table = _table(tree.this)
            if not (tree.args.get("exists") and table in self.tables):
                self._create(table, _columns(tree, table), statement, file)
        elif isinstance(tree, exp.Drop):
            for dropped in tree.args.get("tables") or [tree.this]:
                self.tables.pop(_table(dropped), None)
        elif isinstance(tree, exp.Alter):
            for action in tree.args.get("actions") or []:
                self._alter(_table(tree.this), action, statement, file)
        else:
            raise RefusedStatement(1, "a table's declaration cannot be read")

    def _create(self, table: str, names: list[str], statement: Statement, file: str) -> None:
        self.tables[table] = {name: Column(name, file, statement.line) for name in names}
        self.seen.update((table, name) for name in names)

    def _altered(self, table: str) -> dict[str, Column]:
        if table not in self.tables:
            raise RefusedStatement(1, "it alters a table that no earlier migration creates")
        return self.tables[table]

    def _add(self, table: str, name: str, statement: Statement, file: str) -> None:
        self._altered(table)[name] = Column(name, file, statement.line)
        self.seen.add((table, name))

    def _alter(self, table: str, action: exp.Expr, statement: Statement, file: str) -> None:
        columns = self._altered(table)
        if isinstance(action, exp.ColumnDef):
            self._add(table, action.name.lower(), statement, file)
        elif isinstance(action, exp.Drop):
            for dropped in action.args.get("tables") or [action.this]:
                columns.pop(dropped.name.lower(), None)
        elif isinstance(action, exp.RenameColumn):
            renamed = columns.pop(action.this.name.lower(), None)
            if renamed is not None:
                renamed.name = action.args["to"].name.lower()
                columns[renamed.name] = renamed
        elif isinstance(action, exp.AlterRename):
            self.tables[_table(action.this)] = self.tables.pop(table)
            table = _table(action.this)
        else:
            raise RefusedStatement(1, "a change of a table cannot be read")
        self.seen.update((table, name) for name in columns)


@contextmanager
def _unlogged() -> Iterator[None]:
    """The parser logs statements that it does not know whole, values and all."""
    logger = logging.getLogger("sqlglot")
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before


def _parsed(text: str) -> exp.Expr:
    # Options that change no column, which the parser does not know in every order.
    bare = _OPTIONS.sub(")", text.strip())
    try:
        with _unlogged():
            return sqlglot.parse_one(bare, dialect="sqlite", error_level=sqlglot.ErrorLevel.RAISE)
    except SqlglotError as error:
        found = getattr(error, "errors", None) or [{}]
        raise RefusedStatement(int(found[0].get("line") or 1), "it is no SQL of SQLite's") from None
    except RecursionError:
        raise RefusedStatement(1, "it nests too deep") from None


def _columns(tree: exp.Create, table: str) -> list[str]:
    schema = tree.this
    if isinstance(schema, exp.Schema):
        return [
            each.name.lower()
            for each in schema.expressions
            if isinstance(each, exp.ColumnDef | exp.Identifier)
        ]
    query = tree.args.get("expression")
    names = [each.alias_or_name.lower() for each in query.selects] if query else []
    if not names or "*" in names or "" in names:
        raise UnseenColumns(table)
    return names


def _arguments(said: str | None) -> list[str]:
    """The columns of a virtual table: arguments that set no option."""
    parts = [part.strip() for part in (said or "").split(",")]
    return [_name(part.split()[0]) for part in parts if part and "=" not in part]


def _table(node: exp.Expr) -> str:
    table = node.find(exp.Table) if not isinstance(node, exp.Table) else node
    return (table.name if table is not None else node.name).lower()


def _name(raw: str) -> str:
    return raw.rpartition(".")[2].strip("\"'`[]").lower()
