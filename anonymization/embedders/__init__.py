"""Embedders: what turns a pattern's anonymized text into its vector. Never a tenant's own text."""
