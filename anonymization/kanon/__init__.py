"""Anonymization of plain files: check a table, search a generalization, release its cells."""
