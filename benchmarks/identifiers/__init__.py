"""Figures of finding personal data and known identifiers."""
