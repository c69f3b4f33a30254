"""Anonymization, measured: each figure beside a tool made for that step alone."""
