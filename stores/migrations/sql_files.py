"""Runs a revision's SQL file on the migration's own connection. The files never change."""

from __future__ import annotations

from importlib.resources import files
from typing import LiteralString, cast

import psycopg
from alembic import op

__all__ = ["run_sql"]


def run_sql(name: str) -> None:
    """Run every statement of that file under `stores/migrations/sql`."""
    # Shipped with the package and never made of input, which is what LiteralString promises.
    script = cast("LiteralString", (files("stores.migrations") / "sql" / name).read_text("utf-8"))
    connection = op.get_bind().connection.driver_connection
    if not isinstance(connection, psycopg.Connection):
        message = "migrations run over psycopg; set CLASSLINE_DATABASE_URL to postgresql+psycopg"
        raise TypeError(message)
    connection.execute(script)
