"""Runs suites with Great Expectations: the only package that may import that library."""
