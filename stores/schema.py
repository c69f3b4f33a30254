"""Brings a database to the newest revision, in one transaction, under the administrator's login."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

__all__ = ["current_revision", "migrate", "newest_revision"]

_MIGRATION_LOCK = 4_207_111_943


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def newest_revision() -> str | None:
    """The revision that this version of the software needs."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def current_revision(admin: Engine) -> str | None:
    """The revision the database has."""
    with admin.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def migrate(admin: Engine) -> bool:
    """Run what is missing; True when anything was. Either all of it is applied or none."""
    if current_revision(admin) == newest_revision():
        return False
    config = _config()
    with admin.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return True
