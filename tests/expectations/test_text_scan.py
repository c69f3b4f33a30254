"""A quick look first: what it passes over, no closer look would have flagged."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.findings import KNOWN_IDENTIFIER, TENANT_ID, counted_findings
from expectations.known_names import knowing
from expectations.pii_shapes import shapes_in
from expectations.text_scan import may_hold_a_shape, pii_scan

PIECES = st.sampled_from(
    [
        *"aAfz-._=+/~@:()[]<> \t\n\x00\x1f\x7f",
        *("www", "com", "io", "at", "dot", "bearer ", "eyJ", "AKIA", "sk_", "ghp-", "npm_", "hf-"),
        *("aa-bb", "-----", "BEGIN ", "mailto", "abcdefgh", "0", "12", "555-", "::", "xoxb-"),
        *("\u200b", "\uff20", "AIza", "ya29.", "ABCDefgh", "dop_v1_", "feed.", "(at)", "[dot]"),
    ]
)


@settings(max_examples=1500, deadline=None)
@given(st.lists(PIECES, max_size=16).map("".join))
def test_the_quick_look_hides_nothing(text: str) -> None:
    """Whatever has a shape is looked at."""
    assert may_hold_a_shape(text) or not shapes_in(text)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_the_quick_look_hides_nothing_in_any_text(text: str) -> None:
    """The same over all of Unicode."""
    assert may_hold_a_shape(text) or not shapes_in(text)


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
    scan = knowing(pii_scan(), ["Acme Rockets", "Target", "jane@acme.example", "IT"])
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
