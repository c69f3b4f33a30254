"""Tables of the schema anonymized: patterns that point at no tenant.

The class of every column it adds:

anonymized.anonymized_industry_benchmarks.sector: anonymized_benchmark
anonymized.anonymized_industry_benchmarks.size_band: anonymized_benchmark
anonymized.anonymized_industry_benchmarks.product_series: anonymized_benchmark
anonymized.anonymized_industry_benchmarks.quarter: anonymized_benchmark
anonymized.anonymized_industry_benchmarks.deals: anonymized_benchmark
anonymized.anonymized_industry_benchmarks.win_rate: anonymized_benchmark
anonymized.anonymized_industry_benchmarks.value_p25: anonymized_benchmark
anonymized.anonymized_industry_benchmarks.value_p50: anonymized_benchmark
anonymized.anonymized_industry_benchmarks.value_p75: anonymized_benchmark
anonymized.anonymized_industry_benchmarks.promotion_id: anonymized_benchmark
anonymized.anonymized_playbooks.playbook_id: anonymized_benchmark
anonymized.anonymized_playbooks.sector: anonymized_benchmark
anonymized.anonymized_playbooks.title: anonymized_benchmark
anonymized.anonymized_playbooks.steps: anonymized_benchmark
anonymized.anonymized_playbooks.promotion_id: anonymized_benchmark
anonymized.anonymized_tactics.tactic_id: anonymized_benchmark
anonymized.anonymized_tactics.channel: anonymized_benchmark
anonymized.anonymized_tactics.tactic: anonymized_benchmark
anonymized.anonymized_tactics.uplift: anonymized_benchmark
anonymized.anonymized_tactics.promotion_id: anonymized_benchmark
anonymized.pattern_bank.item_id: anonymized_benchmark
anonymized.pattern_bank.content: anonymized_benchmark
anonymized.pattern_bank.embedding: anonymized_benchmark
anonymized.pattern_bank.promotion_id: anonymized_benchmark
anonymized.capability_index.item_id: anonymized_benchmark
anonymized.capability_index.content: anonymized_benchmark
anonymized.capability_index.embedding: anonymized_benchmark
anonymized.capability_index.promotion_id: anonymized_benchmark
"""

from __future__ import annotations

from stores.migrations.sql_files import run_sql

__all__ = ["down_revision", "revision", "upgrade"]

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the tables with their comments."""
    run_sql("0004_anonymized.sql")
