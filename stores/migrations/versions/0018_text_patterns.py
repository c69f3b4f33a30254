"""Drafts and their outcomes, patterns made of texts, and what a run may know of names.

The class of every column it adds:

tenant_private.sdr_drafts.tenant_id: tenant_private
tenant_private.sdr_drafts.draft_id: tenant_private
tenant_private.sdr_drafts.account_id: tenant_private
tenant_private.sdr_drafts.channel: tenant_private
tenant_private.sdr_drafts.step: tenant_private
tenant_private.sdr_drafts.sent_at: tenant_private
tenant_private.sdr_drafts.subject: tenant_private
tenant_private.sdr_drafts.body: tenant_private
tenant_private.sdr_drafts.replied: tenant_private
tenant_private.sdr_drafts.meeting_booked: tenant_private
staging.staged_sdr_drafts.load_id: tenant_private
staging.staged_sdr_drafts.tenant_id: tenant_private
staging.staged_sdr_drafts.draft_id: tenant_private
staging.staged_sdr_drafts.account_id: tenant_private
staging.staged_sdr_drafts.channel: tenant_private
staging.staged_sdr_drafts.step: tenant_private
staging.staged_sdr_drafts.sent_at: tenant_private
staging.staged_sdr_drafts.subject: tenant_private
staging.staged_sdr_drafts.body: tenant_private
staging.staged_sdr_drafts.replied: tenant_private
staging.staged_sdr_drafts.meeting_booked: tenant_private
anonymized.anonymized_review_patterns.item_id: anonymized_benchmark
anonymized.anonymized_review_patterns.content: anonymized_benchmark
anonymized.anonymized_review_patterns.embedding: anonymized_benchmark
anonymized.anonymized_review_patterns.theme: anonymized_benchmark
anonymized.anonymized_review_patterns.structure: anonymized_benchmark
anonymized.anonymized_review_patterns.quarter: anonymized_benchmark
anonymized.anonymized_review_patterns.reviews: anonymized_benchmark
anonymized.anonymized_review_patterns.promotion_id: anonymized_benchmark
anonymized.anonymized_brief_patterns.item_id: anonymized_benchmark
anonymized.anonymized_brief_patterns.content: anonymized_benchmark
anonymized.anonymized_brief_patterns.embedding: anonymized_benchmark
anonymized.anonymized_brief_patterns.theme: anonymized_benchmark
anonymized.anonymized_brief_patterns.structure: anonymized_benchmark
anonymized.anonymized_brief_patterns.quarter: anonymized_benchmark
anonymized.anonymized_brief_patterns.briefs: anonymized_benchmark
anonymized.anonymized_brief_patterns.promotion_id: anonymized_benchmark
anonymized.pattern_bank.channel: anonymized_benchmark
anonymized.pattern_bank.sector: anonymized_benchmark
anonymized.pattern_bank.step: anonymized_benchmark
anonymized.pattern_bank.structure: anonymized_benchmark
anonymized.pattern_bank.quarter: anonymized_benchmark
anonymized.pattern_bank.uses: anonymized_benchmark
anonymized.pattern_bank.reply_rate: anonymized_benchmark
anonymized.pattern_bank.meeting_rate: anonymized_benchmark
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0018"
down_revision = "0019"


def upgrade() -> None:
    """Create the tables and functions, and count funds where a fund's data is the source."""
    run_sql("0018_text_patterns.sql")
