"""Runs a revision's SQL file on the migration's own connection. The files never change."""

from __future__ import annotations

from importlib.resources import files

import psycopg
from alembic import op

__all__ = ["run_sql"]


def run_sql(name: str) -> None:  # classline: CLS101 - each revision documents its classes
    """Run every statement of that file under `stores/migrations/sql`."""
    script = (files("stores.migrations") / "sql" / name).read_bytes()
    connection = op.get_bind().connection.driver_connection
    if not isinstance(connection, psycopg.Connection):
        message = "migrations run over psycopg; set CLASSLINE_DATABASE_URL to postgresql+psycopg"
        raise TypeError(message)
    connection.execute(script)
