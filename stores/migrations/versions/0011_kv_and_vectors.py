"""A key-value store per tenant, ends of life for keys, and indexes for the shared vectors.

The class of every column it adds:

tenant_private.tenant_kv_entries.tenant_id: tenant_private
tenant_private.tenant_kv_entries.key: tenant_private
tenant_private.tenant_kv_entries.value: tenant_private
tenant_private.tenant_kv_entries.updated_at: tenant_private
tenant_private.tenant_kv_entries.expires_at: tenant_private
platform.kv_entries.expires_at: ascend_platform_metric
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Create the table, its policies and the indexes."""
    run_sql("0011_kv_and_vectors.sql")
