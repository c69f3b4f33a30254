"""Alembic revisions of the platform's database; each documents the class of what it adds."""
