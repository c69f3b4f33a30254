"""A scan names the text and the kind of what it finds, for findings to be counted."""

from __future__ import annotations

import pytest

from expectations.findings import KNOWN_IDENTIFIER, TENANT_ID, counted_findings
from expectations.identifiers import IdentifierKind, KnownIdentifiers
from expectations.text_scan import pii_scan


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("we met ACME  Rockets there", True),
        ("we met Acme\u200b Rockets there", True),
        ("Target is a customer", True),
        ("our target is a customer", False),
        ("see jane@acme.example for it", True),
        ("we met acme and its rockets", False),
    ],
)
def test_known_names_are_found_as_people_write_them(text: str, *, found: bool) -> None:
    """Several words in any case; a single word only as a name is written."""
    names = ["Acme Rockets", "Target", "jane@acme.example", "IT"]
    known = KnownIdentifiers.build((IdentifierKind.KNOWN_IDENTIFIER, name) for name in names)
    scan = pii_scan(known)
    assert ((0, KNOWN_IDENTIFIER) in set(scan([text]))) is found


def test_findings_count_rows_by_column_and_kind() -> None:
    """Two findings of one kind in a row are one row."""
    batches = [
        [["a@example.com b@example.com", None], ["fine", "by tn_abcdefghijklmnop"]],
        [["fine"], ["c@example.com"]],
    ]
    table = counted_findings(batches, ["title", "body"], pii_scan(), knows_identifiers=False)
    emails = {(f.column, f.rows) for f in table.findings if f.kind == "EMAIL"}
    assert (table.rows, emails) == (3, {("title", 1), ("body", 1)})
    assert [(f.column, f.kind, f.rows) for f in table.tenant_ids()] == [("body", TENANT_ID, 1)]
    assert table.tenant_ids(except_in=["body"]) == ()
