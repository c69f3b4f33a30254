"""What was counted elsewhere is judged as Great Expectations judges the rows themselves."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from expectations.evidence import Evidence, Grouping
from expectations.findings import Finding, FindingsTable
from expectations.gx.judging import judge, judge_batch
from expectations.verdicts import Expectation, Judgement, Verdict

pytestmark = pytest.mark.integration

CANARY = "canary-77a1"
OWNED = Expectation("expect_every_row_to_have_an_owner", {"filled_column": "tenant"})
NO_COLUMNS = Expectation("expect_table_to_have_no_columns", {"forbidden": ["tenant"]})
NO_PII = Expectation("expect_column_values_to_contain_no_pii", {"column": "note"})
NO_NAMES = Expectation("expect_table_to_contain_no_known_identifiers")
NO_IDS = Expectation("expect_table_to_contain_no_tenant_ids", {"tenant_references": ["tenant"]})
GROUPED = Expectation(
    "expect_table_to_be_k_anonymous",
    {"quasi_identifiers": ["sector"], "k": 2, "subject_column": "tenant"},
)
SUITE = (OWNED, NO_COLUMNS, NO_PII, NO_NAMES, NO_IDS, GROUPED)
ROWS = [
    ("retail", "a", "nothing to see"),
    ("retail", "b", "write to jane@example.com"),
    ("health", "a", "as tn_abcdefghijklmnop does"),
    ("health", None, "call"),
]


def a_frame() -> Any:
    import pandas as pd

    return pd.DataFrame(ROWS, columns=["sector", "tenant", "note"])


def the_evidence(frame: Any) -> Evidence:
    from expectations.gx import pandas_counts

    rows, without = pandas_counts.nulls(frame, "tenant")
    return Evidence(
        "checked",
        rows,
        dict.fromkeys(frame.columns),
        {"tenant": without},
        pandas_counts.findings(frame),
        {
            Grouping(frozenset({"sector"}), "tenant"): pandas_counts.grouped(
                frame, ["sector"], "tenant", None
            )
        },
    )


def test_a_validator_over_the_rows_says_the_same() -> None:
    """Verdict, number and counts: the expectation is the same, only the way to it is shorter."""
    from expectations.gx.library import load_great_expectations, quiet_context
    from expectations.gx.scan_in_force import scanning
    from expectations.text_scan import pii_scan

    load_great_expectations()
    frame = a_frame()
    asset = quiet_context().data_sources.add_pandas("checked").add_dataframe_asset("checked")
    whole = asset.add_batch_definition_whole_dataframe("checked")
    with scanning(pii_scan(), knows_identifiers=True):
        validated = judge_batch("checked", whole.get_batch({"dataframe": frame}), SUITE)
        report = judge(the_evidence(frame), SUITE)
    assert report == validated
    assert [j.verdict for j in report.judgements] == [
        Verdict.FAILED,
        Verdict.FAILED,
        Verdict.FAILED,
        Verdict.PASSED,
        Verdict.FAILED,
        Verdict.FAILED,
    ]
    numbers = [n for j in report.judgements for n in (j.observed, *j.counts.values())]
    assert {type(number) for number in numbers} <= {int, float}


@pytest.mark.parametrize("expected", SUITE, ids=[each.type for each in SUITE])
def test_what_was_not_counted_could_not_be_checked(expected: Expectation) -> None:
    """An empty store and one that nobody looked at must not look alike."""
    (judged,) = judge(Evidence("checked", 0), [expected]).judgements
    assert (judged.verdict, judged.observed) == (Verdict.COULD_NOT_CHECK, None)
    assert judged.reason


@pytest.mark.parametrize(
    "expected",
    [
        Expectation("expect_column_values_to_not_be_null", {"column": "note"}),
        Expectation("expect_nothing_that_exists", {"column": CANARY}),
        Expectation(NO_PII.type, {"colum": CANARY}),
        Expectation(GROUPED.type, {**GROUPED.arguments, "k": CANARY}),
        Expectation(GROUPED.type, {**GROUPED.arguments, "subject_column": None}),
        Expectation(
            "expect_table_to_be_l_diverse",
            {"quasi_identifiers": ["sector"], "sensitive_column": "note", "l": 2},
        ),
    ],
    ids=["built in", "unknown", "misspelt", "no number", "rows alone", "values"],
)
def test_what_cannot_be_judged_on_counts_is_no_pass(
    expected: Expectation, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the reason nor the log repeats an argument."""
    caplog.set_level(logging.DEBUG)
    (judged,) = judge(the_evidence(a_frame()), [expected]).judgements
    assert judged.verdict is Verdict.COULD_NOT_CHECK
    assert CANARY not in f"{judged.reason} {caplog.text}"


def test_findings_are_told_by_kind_and_count() -> None:
    """What a scan counted is what the judgement says."""
    table = FindingsTable(
        9, frozenset({"note"}), (Finding("note", "EMAIL", 3),), knows_identifiers=True
    )
    (judged,) = judge(Evidence("checked", 9, findings=table), [NO_PII]).judgements
    assert judged == Judgement(NO_PII, Verdict.FAILED, 3, {"rows": 9, "EMAIL": 3})
