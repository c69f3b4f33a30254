"""Our expectations on every engine: the same verdicts, no value anywhere, no pass unchecked."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from expectations.verdicts import Expectation, Report, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stores.platform import Platform

pytestmark = pytest.mark.integration

CANARY = "canary-6d2c"
GROUPED = {"quasi_identifiers": ["sector", "size"]}
ROWS = [
    # sector, size, tenant, disease, amount, note
    ("retail", 1, "a", "flu", 10.0, "fine"),
    ("retail", 1, "b", "flu", 10.0, None),
    ("retail", 1, "b", "cold", 5.0, "fine"),
    (None, 2, "a", "flu", 90.0, "fine"),
    (None, 2, "b", "cold", 10.0, f"{CANARY}@example.com"),
    (None, 2, None, "gout", 0.0, "fine"),
]
COLUMNS = ("sector", "size", "tenant", "disease", "amount", "note")


def an_expectation(kind: str, **arguments: object) -> Expectation:
    return Expectation(kind, arguments)


def k_anonymous(k: int, subject: str | None = "tenant") -> Expectation:
    return an_expectation("expect_table_to_be_k_anonymous", **GROUPED, k=k, subject_column=subject)


NO_PII = an_expectation("expect_column_values_to_contain_no_pii", column="note")
CASES = [
    (k_anonymous(2), Verdict.PASSED),
    (k_anonymous(3), Verdict.FAILED),  # a row of nobody protects nobody
    (k_anonymous(3, subject=None), Verdict.PASSED),
    (k_anonymous(4, subject=None), Verdict.FAILED),
    *(
        (
            an_expectation(
                "expect_table_to_be_l_diverse", **GROUPED, sensitive_column="disease", **how
            ),
            verdict,
        )
        for how, verdict in [
            ({"l": 2}, Verdict.PASSED),
            ({"l": 3}, Verdict.FAILED),
            ({"l": 1.8, "measure": "entropy"}, Verdict.PASSED),
            ({"l": 2, "measure": "recursive", "c": 3}, Verdict.PASSED),
            ({"l": 2, "measure": "recursive", "c": 2}, Verdict.FAILED),
            ({"l": 2, "measure": "guessed"}, Verdict.COULD_NOT_CHECK),
        ]
    ),
    *(
        (
            an_expectation(
                "expect_table_to_be_t_close",
                **GROUPED,
                sensitive_column="disease",
                t=t,
                distance=distance,
            ),
            verdict,
        )
        for t, distance, verdict in [
            (0.2, "equal", Verdict.PASSED),
            (0.1, "equal", Verdict.FAILED),
            (0.5, "ordered", Verdict.PASSED),
            (0.5, "guessed", Verdict.COULD_NOT_CHECK),
        ]
    ),
    *(
        (
            an_expectation(
                "expect_no_tenant_to_dominate", **GROUPED, subject_column="tenant", **how
            ),
            verdict,
        )
        for how, verdict in [
            ({"max_share": 0.9, "amount_column": "amount"}, Verdict.PASSED),
            ({"max_share": 0.8, "amount_column": "amount"}, Verdict.FAILED),
            ({"max_share": 0.7}, Verdict.PASSED),
            ({"max_share": 0.9, "amount_column": "amount", "p_percent": 10}, Verdict.FAILED),
        ]
    ),
    (NO_PII, Verdict.FAILED),
    (an_expectation("expect_column_values_to_contain_no_pii", column="tenant"), Verdict.PASSED),
    (
        an_expectation("expect_column_values_to_contain_no_pii", column="amount"),
        Verdict.COULD_NOT_CHECK,
    ),
    (an_expectation("expect_table_to_contain_no_known_identifiers"), Verdict.COULD_NOT_CHECK),
    (
        an_expectation("expect_every_row_to_have_an_owner", filled_column="tenant"),
        Verdict.FAILED,
    ),
    (an_expectation("expect_every_row_to_have_an_owner", filled_column="size"), Verdict.PASSED),
    (
        an_expectation("expect_every_row_to_have_an_owner", filled_column="missing"),
        Verdict.COULD_NOT_CHECK,
    ),
    (
        an_expectation("expect_table_to_be_k_anonymous", quasi_identifiers=[], k=2),
        Verdict.COULD_NOT_CHECK,
    ),
    (
        an_expectation("expect_table_to_be_k_anonymous", quasi_identifiers=["missing"], k=2),
        Verdict.COULD_NOT_CHECK,
    ),
    (
        an_expectation("expect_table_to_have_no_columns", forbidden=["tenant"]),
        Verdict.FAILED,
    ),
]


@pytest.fixture(params=["pandas", "duckdb", "postgresql"])
def batch(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """The same table on each engine."""
    from expectations.gx.library import load_great_expectations, quiet_context

    load_great_expectations()
    if request.param == "pandas":
        yield a_frame_batch(ROWS)
        return
    import sqlalchemy as sa

    if request.param == "duckdb":
        pytest.importorskip("duckdb_sqlalchemy")
        url = f"duckdb:///{tmp_path}/checked.duckdb"
    else:
        platform: Platform = request.getfixturevalue("platform")
        url = platform.database.admin_url().render_as_string(hide_password=False)
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE IF EXISTS checked"))
        connection.execute(
            sa.text(
                "CREATE TABLE checked (sector TEXT, size INTEGER, tenant TEXT, disease TEXT, "
                "amount NUMERIC(12, 2), note TEXT)"
            )
        )
        connection.execute(
            sa.text("INSERT INTO checked VALUES (:a, :b, :c, :d, :e, :f)"),
            [dict(zip("abcdef", row, strict=True)) for row in ROWS],
        )
    engine.dispose()
    context = quiet_context()
    add = {"duckdb": context.data_sources.add_sql, "postgresql": context.data_sources.add_postgres}
    source = add[request.param]("checked", connection_string=url)
    asset = source.add_table_asset("checked", table_name="checked")
    found = asset.add_batch_definition_whole_table("checked").get_batch()
    yield found
    found.data.execution_engine.close()
    source.get_engine().dispose()


def a_frame_batch(rows: list[tuple[object, ...]]) -> Any:
    import pandas as pd

    from expectations.gx.library import load_great_expectations, quiet_context

    load_great_expectations()
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    asset = quiet_context().data_sources.add_pandas("checked").add_dataframe_asset("checked")
    return asset.add_batch_definition_whole_dataframe("checked").get_batch({"dataframe": frame})


def judged(batch: Any, *expected: Expectation) -> Report:
    from expectations.gx.judging import judge_batch

    return judge_batch("checked", batch, expected)


def test_every_engine_gives_the_same_verdicts(batch: Any) -> None:
    """What PostgreSQL groups, DuckDB and pandas group alike; null groups and nobody's rows too."""
    report = judged(batch, *(expectation for expectation, _ in CASES))
    found = [(j.expectation, j.verdict) for j in report.judgements]
    assert found == CASES
    assert (report.passed, report.failed + report.could_not_check < len(CASES)) == (False, True)


def test_a_table_is_scanned_once_for_all_expectations(
    batch: Any,
) -> None:
    """Reading a million texts twice would cost twice."""
    from expectations.gx.scan_in_force import scanning

    scanned: list[int] = []

    def scan(texts: Any) -> list[tuple[int, str]]:
        scanned.append(len(texts))
        return []

    with scanning(scan, knows_identifiers=True):
        report = judged(
            batch,
            *(
                an_expectation("expect_column_values_to_contain_no_pii", column=name)
                for name in ("note", "sector", "tenant")
            ),
            an_expectation("expect_table_to_contain_no_known_identifiers"),
            an_expectation("expect_table_to_contain_no_tenant_ids"),
        )
    assert report.passed
    assert scanned == [len(ROWS) * 4]


def test_no_artifact_of_any_engine_carries_a_value(
    batch: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Also where our expectations are run with everything that the library would tell."""
    import great_expectations as gx

    from expectations.gx.data_docs import write_data_docs
    from expectations.gx.scan_in_force import scanning

    def broken(texts: Any) -> Any:
        message = f"cannot read {texts!r}"
        raise ValueError(message)

    caplog.set_level(logging.DEBUG)
    expected = [expectation for expectation, _ in CASES]
    reports = [judged(batch, *expected)]
    with scanning(broken, knows_identifiers=True):
        reports.append(judged(batch, *expected))
    assert reports[1].could_not_check > reports[0].could_not_check
    pages = [path.read_text() for path in write_data_docs(reports[:1], tmp_path)]
    suite = gx.ExpectationSuite(
        name="raw",
        expectations=[gx.expectations.core.__dict__.get(e.type) or configured(e) for e in expected],
    )
    with scanning(broken, knows_identifiers=True):
        raw = batch.validate(suite, result_format="COMPLETE")
    told = json.dumps(raw.to_json_dict(), default=str)
    everything = f"{reports!r} {pages} {told} {caplog.text} {capfd.readouterr()}"
    for value in (CANARY, "retail", "gout", "cold"):
        assert value not in everything


def configured(expectation: Expectation) -> Any:
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    return ExpectationConfiguration(type=expectation.type, kwargs=dict(expectation.arguments))


def test_data_docs_say_what_was_expected_and_seen(tmp_path: Path) -> None:
    """A steward reads sentences and counts, and sees what could not be checked."""
    from expectations.gx.data_docs import write_data_docs

    report = judged(a_frame_batch(ROWS), *(expectation for expectation, _ in CASES))
    (page,) = write_data_docs([report], tmp_path)
    text = page.read_text()
    assert "must have at least 3 different values of tenant" in text
    assert "groups failing 2" in text
    assert "could not check: known identifiers were not sought" in text
    assert "Rendering failed" not in text


def test_an_engine_without_a_way_to_check_is_an_error(tmp_path: Path) -> None:
    """SQLite is no engine of ours: nothing passes on it."""
    import sqlalchemy as sa

    from expectations.gx.library import load_great_expectations, quiet_context

    load_great_expectations()
    url = f"sqlite:///{tmp_path}/checked.sqlite"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE checked (note TEXT, sector TEXT, size INTEGER)"))
    engine.dispose()
    source = quiet_context().data_sources.add_sqlite("checked", connection_string=url)
    batch = (
        source.add_table_asset("checked", table_name="checked")
        .add_batch_definition_whole_table("checked")
        .get_batch()
    )
    report = judged(batch, NO_PII, k_anonymous(2, subject=None))
    batch.data.execution_engine.close()
    source.get_engine().dispose()
    assert [j.verdict for j in report.judgements] == [Verdict.COULD_NOT_CHECK] * 2


def test_known_identifiers_are_no_argument() -> None:
    """An argument is stored with the result, and a stored list says who is a customer."""
    from expectations.findings import KNOWN_IDENTIFIER
    from expectations.gx.scan_in_force import scanning

    sought = an_expectation("expect_table_to_contain_no_known_identifiers")
    with scanning(lambda _: [(0, KNOWN_IDENTIFIER)], knows_identifiers=True):
        report = judged(a_frame_batch(ROWS), sought)
    assert report.failed == 1
    (after,) = judged(a_frame_batch(ROWS), sought).judgements
    assert after.verdict is Verdict.COULD_NOT_CHECK
    given = an_expectation("expect_table_to_contain_no_known_identifiers", known=["x"])
    assert judged(a_frame_batch(ROWS), given).could_not_check == 1


def test_a_suite_of_nothing_has_shown_nothing() -> None:
    """An empty list of expectations is no pass."""
    assert not judged(a_frame_batch(ROWS)).passed
