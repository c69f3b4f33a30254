"""A candidate passes only if every check was made and held, and no check repeats a value."""

from __future__ import annotations

import gc
import json
import logging
import os
import subprocess
import sys
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from catalog.declared import REGISTRY
from expectations.errors import MiscountedCells
from expectations.gx import quiet_validation, scan_in_force, value_expectations
from expectations.gx.candidate_checks import run_candidate_checks
from expectations.gx.scan_in_force import scanning
from expectations.identifiers import IdentifierKind, KnownIdentifiers
from expectations.suites import (
    EVERY_CANDIDATE,
    CandidateSuite,
    CheckName,
    CheckResult,
    candidate_suite,
)
from expectations.text_scan import pii_scan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REPOSITORY = Path(__file__).parents[2]
BENCHMARKS = REGISTRY.get("anonymized_industry_benchmarks")
CANARY = "canary-7f3a"

runs_great_expectations = pytest.mark.integration


def a_suite(k_tenants: int = 5) -> CandidateSuite:
    sectors = {"sector": frozenset({"technology", "retail"})}
    return candidate_suite(BENCHMARKS, k_tenants=k_tenants, allowed_values=sectors)


def a_cell(**changes: object) -> dict[str, object]:
    return {
        "sector": "technology",
        "size_band": "1,000-4,999",
        "product_series": "GTX Plus Basic",
        "quarter": "2017-Q3",
        "deals": 12,
        "win_rate": Decimal("0.40"),
        "value_p25": None,
        "value_p50": Decimal(1200),
        "value_p75": Decimal(3400),
    } | changes


def results_of(
    cells: Sequence[Mapping[str, object]],
    tenants: Sequence[int] | None = None,
    suite: CandidateSuite | None = None,
) -> dict[str, CheckResult]:
    counts = [5] * len(cells) if tenants is None else tenants
    found = run_candidate_checks(suite or a_suite(), cells, counts)
    assert [result.name for result in found] == list(EVERY_CANDIDATE)
    return {result.name: result for result in found}


def failed(results: Mapping[str, CheckResult]) -> set[str]:
    return {name for name, result in results.items() if not result.passed}


# The checks, run by Great Expectations.


@runs_great_expectations
def test_a_sound_candidate_passes_every_check() -> None:
    """What breaks no rule must be releasable, with the counts that show it was looked at."""
    results = results_of([a_cell(), a_cell(quarter="2017-Q4", value_p25=Decimal(1))], [5, 17])
    assert failed(results) == set()
    observed = results[CheckName.OUTPUT_SCHEMA].observed
    assert (observed["rows"], observed["unexpected"], observed["could_not_check"]) == (2, 0, 0)
    assert observed["expectations"] == 21


@runs_great_expectations
def test_a_candidate_without_cells_passes_and_says_so() -> None:
    """A period in which every cell was suppressed is no fault; it publishes nothing."""
    results = results_of([])
    assert failed(results) == set()
    assert {result.observed["rows"] for result in results.values()} == {0}


@runs_great_expectations
@pytest.mark.parametrize(
    "changes",
    [
        {"sector": "farming"},
        {"sector": None},
        {"quarter": 3},
        {"deals": 0},
        {"deals": 12.5},
        {"deals": True},
        {"deals": None},
        {"win_rate": Decimal("1.01")},
        {"win_rate": Decimal("-0.01")},
        {"win_rate": "0.40"},
        {"win_rate": Decimal("NaN")},
        {"value_p25": float("nan")},
        {"value_p25": Decimal("sNaN")},
        {"value_p75": Decimal("Infinity")},
        {"value_p50": [1200]},
        {"tenant_id": "t1"},
        {"distinct_tenants": 5},
        {"promotion_id": str(UUID(int=1))},
    ],
    ids=str,
)
def test_a_cell_that_breaks_the_schema_fails(changes: dict[str, object]) -> None:
    """One wrong cell among sound ones stops the candidate."""
    cells = [a_cell(quarter="2018-Q1"), a_cell(**changes), a_cell(quarter="2018-Q2")]
    assert CheckName.OUTPUT_SCHEMA in failed(results_of(cells))


@runs_great_expectations
@pytest.mark.parametrize("column", ["sector", "deals", "value_p25"])
def test_a_cell_without_one_of_its_columns_fails(column: str) -> None:
    """A missing column is not a null, not even where nulls are allowed."""
    cell = a_cell()
    del cell[column]
    assert CheckName.OUTPUT_SCHEMA in failed(results_of([cell]))
    assert CheckName.OUTPUT_SCHEMA in failed(results_of([cell, a_cell(quarter="2018-Q1")]))


@runs_great_expectations
def test_two_cells_of_one_key_fail() -> None:
    """Two rows for one cell could be subtracted from each other."""
    assert failed(results_of([a_cell(), a_cell(deals=13)])) == {CheckName.OUTPUT_SCHEMA}


@runs_great_expectations
def test_a_key_of_one_column_is_unique_too() -> None:
    """Some targets have one dimension only."""
    declared = REGISTRY.get("capability_index_by_tool")
    tools = replace(declared, columns=tuple(c for c in declared.columns if c.name != "month"))
    suite = candidate_suite(tools, k_tenants=5, allowed_values={})
    cell = {
        "tool_name": "email_drafter",
        "runs": 9,
        "success_rate": 0.9,
        "latency_p50_ms": 120,
        "cost_per_run_usd": 0.01,
    }
    other = cell | {"tool_name": "web_search"}
    assert failed(results_of([cell, other], suite=suite)) == set()
    assert failed(results_of([cell, cell], suite=suite)) == {CheckName.OUTPUT_SCHEMA}


@runs_great_expectations
@pytest.mark.parametrize("column", ["sector", "size_band", "product_series", "quarter"])
def test_a_value_shaped_like_personal_data_fails_in_any_text_column(column: str) -> None:
    """A dimension is where an identifier would slip through."""
    results = results_of([a_cell(), a_cell(**{column: "jane\uff20example.com"})])
    assert CheckName.NO_PII_SHAPED_VALUE in failed(results)
    assert results[CheckName.NO_PII_SHAPED_VALUE].observed["unexpected"] == 1


@runs_great_expectations
def test_what_was_found_is_told_by_kind_and_nothing_of_where() -> None:
    """A kind with its cells, among how many texts of how many kinds; no column, no value."""
    results = results_of(
        [
            a_cell(sector="jane@example.com", product_series="joe@example.com"),
            a_cell(quarter="GB82 WEST 1234 5698 7654 32"),
        ]
    )
    observed = results[CheckName.NO_PII_SHAPED_VALUE].observed
    told = {name: seen for name, seen in observed.items() if name.startswith("found_")}
    assert told == {"found_email": 2, "found_iban": 1}
    assert (observed["texts"], observed["kinds_sought"]) == (8, 13)
    assert "found_email" not in results[CheckName.OUTPUT_SCHEMA].observed


@runs_great_expectations
def test_finding_nothing_says_among_how_much() -> None:
    """None of so many kinds in so many texts; a missing text is not one that was searched."""
    cells = [a_cell(), a_cell(quarter=None, size_band=None)]
    observed = results_of(cells)[CheckName.NO_PII_SHAPED_VALUE].observed
    assert (observed["texts"], observed["kinds_sought"]) == (6, 13)
    assert not [name for name in observed if name.startswith("found_")]


@runs_great_expectations
def test_known_identifiers_are_counted_as_one_kind() -> None:
    """By no column, whatever the candidate calls its columns."""
    suite = replace(a_suite(), seeks_known_identifiers=True)
    known = KnownIdentifiers.build([(IdentifierKind.ACCOUNT_NAME, "Acme Rockets")])
    cells = [a_cell(EMAIL="by Acme Rockets"), a_cell(quarter="Acme Rockets")]
    with scanning(pii_scan(known, known_by_kind=True), knows_identifiers=True):
        results = {r.name: r for r in run_candidate_checks(suite, cells, [5, 5])}
    observed = results[CheckName.NO_KNOWN_IDENTIFIERS].observed
    found = {name: seen for name, seen in observed.items() if name.startswith("found_")}
    assert found == {"found_known_identifier": 2}
    assert observed["kinds_sought"] == 1
    shapes = results[CheckName.NO_PII_SHAPED_VALUE].observed
    assert shapes["found_account_name"] == 1
    assert shapes["unexpected"] == 1


@runs_great_expectations
def test_a_value_of_two_kinds_is_one_that_is_not_expected() -> None:
    """By kind it counts under each."""
    results = results_of([a_cell(sector="jane@example.com or 10.11.12.13"), a_cell()])
    observed = results[CheckName.NO_PII_SHAPED_VALUE].observed
    assert (observed["unexpected"], observed["failed"]) == (1, 1)
    assert (observed["found_email"], observed["found_ip"]) == (1, 1)


@runs_great_expectations
def test_every_text_is_looked_at_once() -> None:
    """One scan of the candidate serves every check and every column."""
    seen: list[str | None] = []

    def looking(texts: Sequence[str | None]) -> Iterable[tuple[int, str]]:
        seen.extend(texts)
        return ()

    suite = replace(a_suite(), seeks_known_identifiers=True)
    with scanning(looking, knows_identifiers=True):
        run_candidate_checks(suite, [a_cell(sector="once")], [5])
    assert seen.count("once") == 1


@runs_great_expectations
@pytest.mark.parametrize("tenants", [4, 0, -5, None, True, 5.0, float("nan"), "5", "many"])
def test_a_cell_without_k_tenants_fails(tenants: object) -> None:
    """What is not a whole number of at least k tenants is not enough."""
    cells = [a_cell(), a_cell(quarter="2018-Q1")]
    assert failed(results_of(cells, [9, tenants])) == {CheckName.K_DISTINCT_TENANTS}  # type: ignore[list-item]


@pytest.mark.parametrize("tenants", [[], [5], [5, 5, 5]])
def test_every_cell_needs_its_number_of_tenants(tenants: list[int]) -> None:
    """A number that belongs to another cell proves nothing about this one."""
    with pytest.raises(MiscountedCells, match="2 cells"):
        results_of([a_cell(), a_cell(quarter="2018-Q1")], tenants)


# What could not be checked has not passed.


@runs_great_expectations
@pytest.mark.parametrize("detector", ["pii_scan", "has_type"])
def test_an_expectation_that_raises_has_not_passed(
    detector: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """An exception is no answer, and what it says must not be repeated."""

    def broken(*values: object) -> bool:
        message = f"cannot look at {values!r} {CANARY}"
        raise ValueError(message)

    place = scan_in_force if detector == "pii_scan" else value_expectations
    monkeypatch.setattr(place, detector, broken)
    caplog.set_level(logging.DEBUG)
    results = results_of([a_cell()])
    check = CheckName.NO_PII_SHAPED_VALUE if detector == "pii_scan" else CheckName.OUTPUT_SCHEMA
    assert not results[check].passed
    assert int(results[check].observed["could_not_check"]) >= 4
    assert CANARY not in f"{results} {caplog.text} {capfd.readouterr()}"


@runs_great_expectations
def test_no_check_passes_if_the_library_fails(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names the kind of failure; its message may hold a value and is dropped."""

    def broken(*_: object) -> None:
        message = f"no batch for {CANARY}"
        raise RuntimeError(message)

    monkeypatch.setattr(quiet_validation, "_validate", broken)
    results = results_of([a_cell()])
    assert failed(results) == set(EVERY_CANDIDATE)
    assert all(
        result.observed["could_not_check"] == result.observed["expectations"]
        for result in results.values()
    )
    assert "RuntimeError" in caplog.text
    assert CANARY not in f"{results} {caplog.text} {caplog.records[0].exc_info}"


@runs_great_expectations
def test_a_result_that_is_missing_or_uncounted_has_not_passed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Great Expectations calls a missing count a success; that is no check."""
    uncounted = SimpleNamespace(
        success=True,
        expectation_config=SimpleNamespace(meta={"check": str(CheckName.K_DISTINCT_TENANTS)}),
        exception_info={"raised_exception": False},
        result={"element_count": 1, "unexpected_count": None},
    )
    found = SimpleNamespace(results=[uncounted] * 3)
    monkeypatch.setattr(quiet_validation, "_validate", lambda *_: found)
    results = results_of([a_cell()])
    assert failed(results) == set(EVERY_CANDIDATE)
    assert results[CheckName.K_DISTINCT_TENANTS].observed["could_not_check"] == 3


# Nothing of a value gets out.


@runs_great_expectations
def test_no_value_reaches_a_result_the_log_or_the_terminal(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Results are stored and shown, so they carry counts whatever the cells hold."""
    caplog.set_level(logging.DEBUG)
    cells = [
        a_cell(sector=CANARY, size_band=f"{CANARY}@example.com", value_p50=CANARY),
        a_cell(quarter=[CANARY], win_rate=CANARY, deals={CANARY: CANARY}),
        a_cell(sector=CANARY, **{CANARY: CANARY}),
        a_cell(sector=CANARY),
    ]
    results = results_of(cells, [1, 2, 3, 4])
    assert failed(results) == set(EVERY_CANDIDATE)
    assert CANARY not in json.dumps([dict(result.observed) for result in results.values()])
    assert all(
        isinstance(value, int) for result in results.values() for value in result.observed.values()
    )
    assert CANARY not in f"{results!r} {caplog.text} {capfd.readouterr()}"


@runs_great_expectations
def test_the_cells_are_not_kept_after_the_run() -> None:
    """The library keeps its last context for the whole process; it must not keep the rows."""

    class Held:
        pass

    held = Held()
    cell = a_cell(value_p25=held)
    watched = weakref.ref(held)
    results_of([cell])
    del held, cell
    gc.collect()
    assert watched() is None


def test_importing_the_checks_imports_no_heavy_library() -> None:
    """A code location that only declares checks must not pay seconds for them."""
    script = (
        "import sys, expectations.suites, expectations.disclosure, expectations.text_scan\n"
        "import expectations.gx.candidate_checks\n"
        "print(sorted({'great_expectations', 'pandas', 'numpy'} & set(sys.modules)))"
    )
    assert run_python(script, REPOSITORY).stdout.strip() == "[]"


@runs_great_expectations
def test_what_no_check_uses_is_imported_when_somebody_does() -> None:
    """Charts and distributions cost a third of the import, and are there all the same."""
    script = """
import sys, threading, warnings
from expectations.gx.library import load_great_expectations
load_great_expectations()
assert not {"altair.vegalite", "scipy.stats._stats_py"} & set(sys.modules)
import altair
from great_expectations.expectations.core import expect_column_kl_divergence_to_be_less_than as kl
from great_expectations.expectations.metrics.column_aggregate_metrics import (
    column_bootstrapped_ks_test_p_value as ks,
)
warnings.simplefilter("ignore")
seen = []
asking = [threading.Thread(target=lambda: seen.append(kl.stats.entropy([1]))) for _ in range(4)]
for each in asking:
    each.start()
for each in asking:
    each.join()
import scipy.stats
assert seen == [0.0] * 4, seen
assert ks.stats.kstest is kl.stats.kstest is scipy.stats.kstest
assert altair.Chart is kl.alt.Chart
import altair.vegalite
assert altair.vegalite.Chart is altair.Chart
assert sys.modules["altair"] is altair
try:
    kl.alt.no_such_name
except AttributeError:
    print("refused")
"""
    assert run_python(script, REPOSITORY).stdout.strip() == "refused"


@runs_great_expectations
def test_a_run_touches_no_network_and_no_file_and_says_nothing(tmp_path: Path) -> None:
    """A candidate is checked in memory: not reported home, not written, not printed."""
    script = f"""
import sys, logging, warnings
sys.path.insert(0, {str(REPOSITORY)!r})
from tests.expectations.test_candidate_checks import a_cell, a_suite, run_candidate_checks
touched = []
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        touched.append(event)
    elif event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        touched.append(str(arguments[0]))
sys.addaudithook(watch)
logging.basicConfig(level=logging.DEBUG)
shown_by = warnings.showwarning
run_candidate_checks(a_suite(), [a_cell(sector="no such sector", deals=None)], [1])
assert warnings.showwarning is shown_by, "warnings were taken over"
logging.captureWarnings(True)
assert warnings.showwarning is not shown_by, "the log can no longer capture warnings"
assert not touched, touched
"""
    finished = run_python(script, tmp_path)
    assert (finished.stdout, finished.stderr) == ("", "")
    assert list(tmp_path.iterdir()) == []


def run_python(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own, at home in that folder, with warnings as errors."""
    places = {name: str(folder) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")}
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=folder,
        env=os.environ | places | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished
