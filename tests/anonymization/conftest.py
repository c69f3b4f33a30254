"""Builders for promotion tests stand in `tests.desk`, which tests of Dagster use as well."""

from __future__ import annotations

from tests.desk import NOW, Desk

__all__ = ["NOW", "Desk"]
