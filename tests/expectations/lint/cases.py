"""Cases of the linter: what must be flagged, and what looks like it and must not be."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent

__all__ = ["FLAGGED", "SOUND", "Case"]


@dataclass(frozen=True)
class Case:
    name: str
    rules: tuple[str, ...]
    source: str
    path: str = "agents/lookup.py"

    @property
    def content(self) -> bytes:
        return dedent(self.source).encode()


def _flagged(name: str, rule: str, source: str, path: str = "agents/lookup.py") -> Case:
    return Case(name, tuple(rule.split()), source, path)


def _sound(name: str, source: str, path: str = "agents/lookup.py") -> Case:
    return Case(name, (), source, path)


_STORE = "stores/lookup.py"
_MIGRATION = "stores/migrations/versions/0042_notes.py"

FLAGGED = (
    # CLS101: data without a class.
    _flagged("sql in a store", "CLS101", """
        def accounts(connection):
            return connection.execute("SELECT * FROM tenant_private.crm_accounts")
        """, _STORE),
    _flagged("sql in letters of any case", "CLS101", """
        def accounts(cursor):
            cursor.execute("select name from crm_accounts")
        """, _STORE),
    _flagged("a statement behind a name", "CLS101", """
        QUERY = "SELECT name FROM crm_accounts"
        def accounts(cursor):
            cursor.execute(QUERY)
        """, _STORE),
    _flagged("a name assigned twice, harmless last", "CLS101", """
        def accounts(cursor, everything):
            query = "SELECT name FROM crm_accounts"
            if not everything:
                query = "SELECT 1"
            cursor.execute(query)
        """, _STORE),
    _flagged("a statement that is added up", "CLS101", """
        def accounts(cursor):
            query = "SELECT name"
            query += " FROM crm_accounts"
            cursor.execute(query)
        """, _STORE),
    _flagged("an f-string", "CLS101", """
        def accounts(session, table):
            return session.execute(text(f"SELECT * FROM {table}"))
        """, _STORE),
    _flagged("a comment before the verb", "CLS101", """
        def accounts(cursor):
            cursor.execute("/* all */ -- of them\\n SELECT/**/name FROM crm_accounts")
        """, _STORE),
    _flagged("a common table expression over a table", "CLS101", """
        def accounts(cursor):
            cursor.execute("WITH a AS (SELECT 1) SELECT * FROM a JOIN crm_accounts USING (id)")
        """, _STORE),
    _flagged("a statement built by select", "CLS101", """
        def accounts(connection, table):
            query = select(table).limit(5)
            return connection.execute(query).all()
        """, _STORE),
    _flagged("a statement nobody can see", "CLS101", """
        class Accounts:
            def all(self, connection):
                return connection.execute(self._query)
        """, _STORE),
    _flagged("a public function that runs any statement", "CLS101", """
        def run(connection, statement):
            return connection.execute(statement)
        """, _STORE),
    _flagged("an async function", "CLS101", """
        async def accounts(connection):
            return await connection.fetch("SELECT * FROM crm_accounts")
        """, _STORE),
    _flagged("a nested function", "CLS101", """
        def outer():
            def accounts(connection):
                connection.execute("DELETE FROM crm_accounts")
            return accounts
        """, _STORE),
    _flagged("a class that stands in a comment of the name's type alone", "CLS101", """
        def accounts(cursor, kind: Annotated[str, "DataClass"]):
            cursor.execute("SELECT * FROM crm_accounts")
        """, _STORE),
    _flagged("a callable over classes is no class", "CLS101", """
        def accounts(cursor, choose: Callable[[DataClass], bool]):
            cursor.execute("SELECT * FROM crm_accounts")
        """, _STORE),
    _flagged("a name that only looks like a class", "CLS101", """
        def read_nontenant_privateer(cursor):
            cursor.execute("SELECT * FROM crm_accounts")
        """, _STORE),
    _flagged("a session method without a class", "CLS101", """
        def accounts(session: TenantSession):
            return session.fetch("crm_accounts")
        """),
    _flagged("a session opened here", "CLS101", """
        def accounts(platform):
            with platform.tenant_session("t", "x") as s:
                return s.read("crm_accounts")
        """),
    _flagged("a session of one's own", "CLS101", """
        class MySession(TenantSession):
            def accounts(self):
                return self.select("crm_accounts")
        """),
    # CLS102 and CLS103: a class that is no DataClass.
    _flagged("an untyped class", "CLS102", """
        def accounts(data_class):
            return data_class
        """),
    _flagged("a class as text", "CLS102", """
        def accounts(data_class: str | None) -> None: ...
        """),
    _flagged("a class of a literal type", "CLS102", """
        def accounts(*, data_class: Literal["tenant_private"]) -> None: ...
        """),
    _flagged("a bare class in a call", "CLS103", """
        declare(data_class="tenant_private")
        """),
    _flagged("a bare class compared", "CLS103", """
        def own(dataset):
            return dataset.data_class == "fund_private"
        """),
    _flagged("a bare class as a default", "CLS103", """
        def accounts(data_class: DataClass = "tenant_private") -> None: ...
        """),
    # CLS201 to CLS203: what belongs to stores.
    _flagged("sql in an agent", "CLS201", 'QUERY = "SELECT name FROM crm_accounts"\n'),
    _flagged("sql in pieces", "CLS201", 'QUERY = "SEL" + "ECT name " + "FROM crm_accounts"\n'),
    _flagged("sql within a condition", "CLS201", """
        WHERE = "id IN (SELECT id FROM control.promotions)"
        """),
    _flagged("lower case where it is executed", "CLS201 CLS101", """
        def drop(cursor):
            cursor.execute("delete from crm_accounts")
        """),
    _flagged("a schema change", "CLS201", 'STEP = "ALTER TABLE crm_accounts ADD COLUMN x text"\n'),
    _flagged("a driver", "CLS202", "import psycopg\n"),
    _flagged("a part of a driver", "CLS202", "from sqlalchemy.orm import Session\n"),
    _flagged("a driver within a function", "CLS202", """
        def open_it():
            import sqlite3 as quiet
            return quiet
        """),
    _flagged("a driver by its name", "CLS202", """
        import importlib
        driver = importlib.import_module("psy" + "copg")
        """),
    _flagged("the inside of a session", "CLS203", """
        def accounts(session):
            return session._rows("x")
        """),
    _flagged("the inside of a session, kept", "CLS203", """
        def accounts(session):
            rows = session._rows
            return rows
        """),
    _flagged("the inside of a session, by its name", "CLS203", """
        def accounts(session):
            return getattr(session, "_connection")
        """),
    _flagged("the administrator's engine", "CLS203", """
        def engine(platform):
            return platform.admin_engine()
        """),
    # CLS301 and CLS302: labels.
    _flagged("an unwrapped label", "CLS301", """
        def show(session, accounts):
            print(accounts.unwrap(session.tenant_private_key))
        """),
    _flagged("an unwrapped label, by its class", "CLS301", """
        from catalog.labelled import Labelled
        opened = list(map(Labelled.unwrap, [], []))
        """),
    _flagged("an unwrapped label, by its name", "CLS301", """
        def show(value, key):
            return getattr(value, "unwrap")(key)
        """),
    _flagged("a label of one's own", "CLS302", "from catalog.label_issuing import labelled\n"),
    _flagged("labels as a module", "CLS302", "from catalog import label_issuing\n"),
    _flagged("the seal", "CLS302", "from catalog.labelled import _SEAL\n"),
    # CLS401 and CLS402: migrations and models.
    _flagged("a migration without classes", "CLS401 CLS401", '''
        """Notes."""
        revision, down_revision = "42", "41"
        SCHEMA = "tenant_private"
        def upgrade():
            op.create_table("notes", sa.Column("tenant_id"), sa.Column("note"), schema=SCHEMA)
        ''', _MIGRATION),
    _flagged("a column of another table is documented", "CLS401", '''
        """Notes.

        tenant_private.calls.note: tenant_private
        """
        revision, down_revision = "42", "41"
        def upgrade():
            op.add_column("notes", sa.Column("note"), schema="tenant_private")
        ''', _MIGRATION),
    _flagged("a class that the policy does not know", "CLS401", '''
        """Notes.

        tenant_private.notes.note: internal
        """
        revision, down_revision = "42", "41"
        ''', _MIGRATION),
    _flagged("a migration in sql", "CLS401 CLS401", '''
        """Notes."""
        revision, down_revision = "42", "41"
        def upgrade_tenant_private():
            op.execute("CREATE TABLE notes (note text, CHECK (note <> ''), by text)")
        ''', _MIGRATION),
    _flagged("a model without a class", "CLS402", """
        class Note(Base):
            __tablename__ = "notes"
            note = mapped_column(Text)
        """, _STORE),
    _flagged("a model of which one column has a class", "CLS402", """
        class Note(Base):
            __tablename__ = "notes"
            note = mapped_column(Text, info={"data_class": DataClass.TENANT_PRIVATE})
            by = mapped_column(Text)
        """, _STORE),
    _flagged("a table without a class", "CLS402", """
        import sqlalchemy as sa
        NOTES = sa.Table("notes", sa.MetaData(), sa.Column("note", sa.Text))
        """, _STORE),
    # CLS001 and CLS002: files and waivers.
    _flagged("no python", "CLS001", "def broken(:\n"),
    _flagged("a waiver without a reason", "CLS202 CLS002", "import psycopg  # classline: CLS202\n"),
    _flagged("a waiver with a word for a reason", "CLS202 CLS002",
             "import psycopg  # classline: CLS202 - because\n"),
    _flagged("a waiver of everything", "CLS202 CLS002",
             "import psycopg  # classline: all of it is fine here\n"),
    _flagged("a waiver of another rule", "CLS202 CLS003",
             "import psycopg  # classline: CLS201 - no statement is executed here\n"),
    _flagged("a waiver in a string", "CLS202",
             "import psycopg; WHY = '# classline: CLS202 - no real comment at all'\n"),
    _flagged("a waiver that waives nothing", "CLS003",
             "import json  # classline: CLS202 - it was a driver once\n"),
)  # fmt: skip

SOUND = (
    _sound("a class as a parameter", """
        def rows(cursor, data_class: DataClass):
            cursor.execute("SELECT * FROM crm_accounts")
        """, _STORE),
    _sound("a class in the name", """
        def read_tenant_private(cursor):
            cursor.execute("SELECT * FROM crm_accounts")
        """, _STORE),
    _sound("a class in quotes, or nothing", """
        def rows(cursor, data_class: "DataClass | None" = None):
            cursor.execute("SELECT * FROM crm_accounts")
        """, _STORE),
    _sound("several classes", """
        def rows(cursor, classes: Sequence[DataClass]):
            cursor.execute("SELECT * FROM crm_accounts")
        """, _STORE),
    _sound("a registered dataset", """
        def rows(cursor, dataset: Dataset):
            cursor.execute(f"SELECT * FROM {dataset.qualified_name}")
        """, _STORE),
    _sound("a labelled result", """
        def accounts(cursor) -> Labelled[TenantPrivate, list[Row]]:
            return cursor.execute("SELECT * FROM crm_accounts")
        """, _STORE),
    _sound("a method of what is made for one class", """
        class Keys:
            def __init__(self, data_class: DataClass) -> None:
                self.data_class = data_class
            def get(self, cursor):
                return cursor.execute("SELECT value FROM kv_entries")
        """, _STORE),
    _sound("a subclass of what is made for one class", """
        class Keys:
            def __init__(self, dataset: Dataset) -> None: ...
        class WritableKeys(Keys):
            def put(self, cursor):
                cursor.execute("INSERT INTO kv_entries VALUES (1)")
        """, _STORE),
    _sound("a type with the class in its name", """
        class TenantPrivateReads:
            def all(self, cursor):
                cursor.execute("SELECT * FROM crm_accounts")
        """, _STORE),
    _sound("the database's own catalog", """
        def tables(cursor):
            cursor.execute("SELECT relname FROM pg_class JOIN pg_namespace n ON true")
        """, _STORE),
    _sound("a function of the boundary", """
        def start_run(connection, workflow):
            connection.execute(text("SELECT control.start_run(:w)"), {"w": workflow})
        """, _STORE),
    _sound("no table at all", """
        def ping(cursor):
            cursor.execute("SELECT 1")
        """, _STORE),
    _sound("a schema change is no row", """
        def prepare(cursor):
            cursor.execute("CREATE INDEX ON crm_accounts (name)")
        """, _STORE),
    _sound("a private helper that runs what it is given", """
        def _rows(connection, statement):
            return connection.execute(text(statement))
        """, _STORE),
    _sound("an executor of tasks", """
        def run(executor, task):
            executor.execute(task)
            command.execute()
        """),
    _sound("a read with its class", """
        def accounts(session: TenantSession):
            return session.read(DataClass.TENANT_PRIVATE, "crm_accounts")
        """),
    _sound("a read whose name has the class", """
        def accounts(platform):
            with platform.tenant_session("t", "x") as session:
                return session.read_tenant_private("crm_accounts")
        """),
    _sound("a read with a dataset's own class", """
        def count(session: AuditorSession, dataset):
            return session.count_rows(dataset.data_class, dataset.name)
        """),
    _sound("a class behind a short name", """
        _T, _F = (DataClass.TENANT_PRIVATE, DataClass.FUND_PRIVATE)
        def accounts(session: TenantSession):
            return session.read(_T, "crm_accounts")
        """),
    _sound("a file is read", """
        def text_of(path):
            with open(path) as file:
                return file.read()
        """),
    _sound("a dictionary is asked", """
        def value(settings):
            return settings.get("query"), settings.update(a=1)
        """),
    _sound("a typed class", "def f(data_class: DataClass) -> None: ...\n"),
    _sound("a class of another word", 'declare(kind="tenant_private")\n'),
    _sound("a class compared as a class", """
        def own(dataset):
            return dataset.data_class is DataClass.FUND_PRIVATE
        """),
    _sound("prose that begins like a statement", """
        HELP = "Select a tenant from the list, then update the account set aside for it."
        TITLE = "SELECTED ACCOUNTS FROM LAST WEEK"
        """),
    _sound("prose in a docstring", '''
        def f():
            """SELECT name FROM crm_accounts is what this avoids."""
        '''),
    _sound("a log line", 'log.info("update of %s from %s", 1, 2)\n'),
    _sound("a driver's name as text", 'DRIVER = "psycopg"\n'),
    _sound("a driver for types alone", """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from sqlalchemy import Engine
        """),
    _sound("a module of one's own with a driver's name", "from .redis import cache\n"),
    _sound("a package that begins like a driver", "import datasets, databases_of_ours\n"),
    _sound("an inside of one's own", """
        class Door:
            def open(self):
                return self._connection
        """),
    _sound("a result that is unwrapped", "value = compute().unwrap()\n"),
    _sound("a function that is unwrapped", """
        import inspect
        bare = inspect.unwrap(print)
        """),
    _sound("a label in a workflow", """
        def aggregate(accounts, key):
            return accounts.unwrap(key)
        """, "anonymization/workflows/rollup.py"),
    _sound("labels are used", "from catalog.labelled import Labelled, TenantPrivate\n"),
    _sound("labels in the sessions", "from catalog.label_issuing import labelled\n", _STORE),
    _sound("a documented migration", '''
        """Notes.

        tenant_private.notes.tenant_id: tenant_private
        notes.note: tenant_private
        """
        revision, down_revision = "42", "41"
        SCHEMA = "tenant_private"
        def upgrade():
            op.create_table("notes", sa.Column("tenant_id"), sa.Column("note"), schema=SCHEMA)
        ''', _MIGRATION),
    _sound("a migration that adds no column", '''
        """An index."""
        revision, down_revision = "42", "41"
        def upgrade():
            op.create_index("notes_by", "notes", ["note"])
            op.execute("ALTER TABLE notes ADD CONSTRAINT c CHECK (note <> '')")
        ''', _MIGRATION),
    _sound("a column in a comment or in a function's body", '''
        """A function."""
        revision, down_revision = "42", "41"
        def upgrade():
            op.execute("-- CREATE TABLE a (b text)\\n"
                       "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql"
                       " AS $$ BEGIN CREATE TEMP TABLE t (x int); END $$")
        ''', _MIGRATION),
    _sound("a model with a class", """
        class Note(Base):
            __tablename__ = "notes"
            data_class = DataClass.TENANT_PRIVATE
        """, _STORE),
    _sound("a model whose table has a class", """
        class Note(Base):
            __tablename__ = "notes"
            __table_args__ = {"info": {"data_class": DataClass.TENANT_PRIVATE}}
        """, _STORE),
    _sound("a table of another library", """
        from rich.table import Table
        shown = Table("title", "column")
        """),
    _sound("a table with a class", """
        import sqlalchemy as sa
        NOTES = sa.Table("notes", sa.MetaData(), info={"data_class": DataClass.TENANT_PRIVATE})
        """, _STORE),
    _sound("a test attacks", """
        import psycopg
        def test_nobody_reads(session):
            session._rows("SELECT * FROM crm_accounts")
        """, "tests/test_lookup.py"),
    _sound("a waiver with a reason",
           "import psycopg  # classline: CLS202 - the load test opens its own server\n"),
    _sound("a waiver on the line above", """
        # classline: CLS202 - the load test opens its own server
        import psycopg
        """),
    _sound("a waiver of two rules", """
        def drop(cursor):  # classline: CLS101 - an empty table of the installer
            cursor.execute("DELETE FROM x")  # classline: CLS201 - an empty table of the installer
        """),
    _sound("another encoding", "# -*- coding: latin-1 -*-\nNAME = 'x'\n"),
    _sound("an empty file", ""),
    _sound("an escape that Python warns of", "PATTERN = '\\d+'\n"),
    _sound("text after the module", 'PAGE = "WITH love, AS ever"\n'),
    _sound("a percent of text", 'LINE = "%s of %s" % (1, 2)\n'),
)  # fmt: skip
