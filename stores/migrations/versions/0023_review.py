"""Stewards' reviews: scopes and identities, who wrote a version, and what a steward may be shown.

The class of every column it adds:

control.steward_scopes.steward_name: ascend_platform_metric
control.steward_scopes.to_class: ascend_platform_metric
control.steward_scopes.added_at: ascend_platform_metric
control.steward_identities.kind: ascend_platform_metric
control.steward_identities.identity: ascend_platform_metric
control.steward_identities.steward_name: ascend_platform_metric
control.steward_identities.added_at: ascend_platform_metric
control.source_texts.text_digest: ascend_platform_metric
control.source_texts.source: ascend_platform_metric
control.source_texts.kept_at: ascend_platform_metric
control.version_provenance.provenance_id: ascend_platform_metric
control.version_provenance.workflow: ascend_platform_metric
control.version_provenance.source_digest: ascend_platform_metric
control.version_provenance.modules: ascend_platform_metric
control.version_provenance.authors: ascend_platform_metric
control.version_provenance.since_approval: ascend_platform_metric
control.version_provenance.lock_digest: ascend_platform_metric
control.version_provenance.recorded_at: ascend_platform_metric
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0023"
down_revision = "0021"


def upgrade() -> None:
    """Create the tables and functions, and hold every approval to four eyes."""
    run_sql("0023_review.sql")
