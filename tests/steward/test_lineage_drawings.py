"""Lineage is drawn with every change of class marked, and no name of it is ever markup."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from rich.console import Console

from catalog.data_classes import DataClass
from catalog.datahub_client import Crossing, PromotionRun, Trail, TrailNode
from steward.lineage_drawings import crossing_line, html_page, mermaid_graph, terminal_tree

PRIVATE, ANONYMIZED = DataClass.TENANT_PRIVATE, DataClass.ANONYMIZED_BENCHMARK
HOSTILE = '"]; click n0 "javascript:alert(1)" <script>alert(1)</script> [/bold]'


def a_run(approved_by: str | None = "ann", published_at: datetime | None = None) -> PromotionRun:
    return PromotionRun(
        run_id="p1",
        workflow="rates_benchmark",
        state="published",
        from_class="tenant_private",
        to_class="anonymized_benchmark",
        approved_by=approved_by,
        published_at=published_at or datetime(2026, 3, 2, tzinfo=UTC),
        cells_kept="12",
    )


def a_trail(name: str = "tenant_private.deals", workflow: str = "rates_benchmark") -> Trail:
    crossing = Crossing(PRIVATE, ANONYMIZED, workflow, a_run())
    deals = TrailNode("urn:deals", name, PRIVATE, (crossing,))
    again = TrailNode("urn:deals", name, PRIVATE, repeated=True)
    report = TrailNode("urn:report", "anonymized.report", None, (), (again,))
    root = TrailNode("urn:rates", "anonymized.rates", ANONYMIZED, (), (deals, report))
    return Trail(root, (), (a_run(),))


def in_terminal(trail: Trail) -> str:
    console = Console(width=200, record=True)
    with console.capture() as captured:
        console.print(terminal_tree(trail.root))
    return captured.get()


def test_a_crossing_says_who_approved_it() -> None:
    """The line must answer the auditor's question without a second look."""
    assert crossing_line(Crossing(PRIVATE, ANONYMIZED, "w", a_run())) == (
        "tenant_private → anonymized_benchmark by w, approved by ann on 2026-03-02 (promotion p1)"
    )


@pytest.mark.parametrize(
    ("crossing", "words"),
    [
        (Crossing(PRIVATE, ANONYMIZED, None, None), "NO WORKFLOW"),
        (Crossing(None, ANONYMIZED, "w", None), "unlabelled → anonymized_benchmark by w: nothing"),
        (Crossing(PRIVATE, ANONYMIZED, "w", a_run(approved_by=None)), "NO APPROVER"),
    ],
)
def test_what_is_missing_is_said(crossing: Crossing, words: str) -> None:
    """A change of class without workflow, release or approver must stand out, not look finished."""
    assert words in crossing_line(crossing)


def test_the_terminal_shows_the_tree() -> None:
    """Names, classes, marks, and where a branch is not followed twice."""
    shown = in_terminal(a_trail())
    assert "anonymized.rates [anonymized_benchmark]" in shown
    assert "⚑ tenant_private → anonymized_benchmark by rates_benchmark, approved by ann" in shown
    assert "(followed above)" in shown
    assert "[unlabelled]" in shown


def test_no_name_is_markup() -> None:
    """A dataset of others, or its workflow, may bear any name."""
    trail = a_trail(HOSTILE, HOSTILE)
    assert HOSTILE in in_terminal(trail).replace("\n", "")
    page = html_page(trail, title=HOSTILE)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    graph = mermaid_graph(trail, upstream=True)
    assert "<script" not in graph
    assert '"javascript' not in graph
    # Every label is one quoted text that holds no quote.
    assert all(line.count('"') in {0, 2} for line in graph.splitlines())


def test_mermaid_draws_an_edge_once_and_from_source_to_target() -> None:
    """Data flows from left to right, whichever way was asked."""
    lines = mermaid_graph(a_trail(), upstream=True).splitlines()
    named = {line.split('"')[1].split()[0]: line.split("[")[0].strip() for line in lines[1:4]}
    source, target = named["tenant_private.deals"], named["anonymized.rates"]
    assert sum(line.strip().startswith(f"{source} ==") for line in lines) == 1
    assert any(line.strip().endswith(f"==> {target}") for line in lines)
    assert lines[0] == "flowchart LR"


def test_the_page_needs_nothing_from_elsewhere() -> None:
    """It is mailed to auditors, and must open without a network."""
    page = html_page(a_trail(), title="Where data comes from")
    assert "http" not in page
    assert "<script" not in page
    assert "2026-03-02 00:00" in page
