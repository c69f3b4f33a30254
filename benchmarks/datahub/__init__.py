"""The embedded DataHub under load: ingestion beside DataHub Lite, search, lineage, and kills."""
