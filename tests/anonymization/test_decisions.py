"""Ways past four eyes, each refused by the database: a steward may run any SQL on their login."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from anonymization.decisions import ReasonRefused, Reviewed, VersionRefused, decide, reviewed_now
from anonymization.provenance import all_source_files, record_provenance, source_files
from anonymization.source_digest import source_digest
from anonymization.workflow import Workflow
from anonymization.workflows.agent_run_aggregates import AGENT_RUN_AGGREGATES
from anonymization.workflows.capability_index_by_tool import CAPABILITY_INDEX_BY_TOOL
from anonymization.workflows.fund_portfolio_rollup import FUND_PORTFOLIO_ROLLUP
from anonymization.workflows.pipeline_benchmark import PIPELINE_BENCHMARK
from catalog.data_classes import DataClass
from lineage.declared_authors import AUTHORS_SETTING, declared_by, write_history
from lineage.reviews import Decision
from lineage.source_history import HistoryUnreadable
from stores.boundary.provisioning import add_steward
from stores.boundary.steward_scopes import (
    IdentityKind,
    IdentityTaken,
    ScopeRefused,
    add_identity,
    give_scopes,
)
from stores.errors import BoundaryRefused, UnknownOwner
from stores.steward_credentials import StewardCredential
from tests.desk import Desk, a_review_desk

pytestmark = pytest.mark.integration
T = DataClass.TENANT_PRIVATE
APPROVED, REJECTED = Decision.APPROVED, Decision.REJECTED


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """An installation in which a candidate of every workflow waits for review."""
    with a_review_desk(tmp_path_factory.mktemp("decisions") / "home") as opened:
        yield opened


@contextmanager
def written_by(people: tuple[str, ...], folder: Path) -> Iterator[None]:
    """Another history of the same code."""
    write_history(folder / "who.json", declared_by(people, all_source_files()))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(AUTHORS_SETTING, str(folder / "who.json"))
        yield


def steward(desk: Desk, name: str, *, authors: tuple[str, ...] = ()) -> StewardCredential:
    """Another steward, who writes code under these names."""
    credential = add_steward(desk.platform, name)
    with desk.platform.admin_engine().begin() as connection:
        for author in authors:
            add_identity(connection, name, IdentityKind.AUTHOR, author)
    return credential


def sql_approval(desk: Desk, workflow: Workflow, by: StewardCredential) -> None:
    """What a steward with a database client of their own would type."""
    with desk.platform.steward_session(by) as session:
        session.decide(workflow.name, source_digest(workflow), "approved", "by hand")


@pytest.mark.parametrize(
    ("name", "identities", "author"),
    [
        ("author-by-name", (), "author-by-name <someone@example.com>"),
        ("author-by-name2", (), "AUTHOR-BY-NAME2 <someone@example.com>"),
        ("author-by-box", (), "Some One <author-by-box@example.com>"),
        ("author-by-mail", ("one@example.com",), "Some One <ONE@example.com>"),
        ("author-by-git", ("Git Name",), "git name <x@example.com>"),
        ("author-bare", ("Odd Name",), "Odd Name"),
    ],
)
def test_an_author_may_not_approve(
    waiting: Desk, tmp_path: Path, name: str, identities: tuple[str, ...], author: str
) -> None:
    """Under whatever name, spelling or address the history knows the steward."""
    credential = steward(waiting, name, authors=identities)
    with (
        written_by((author, "Other <other@example.com>"), tmp_path),
        pytest.raises(BoundaryRefused, match="who wrote a version"),
    ):
        waiting.decide(PIPELINE_BENCHMARK, "approved", credential)
    with pytest.raises(BoundaryRefused, match="CL026"):
        sql_approval(waiting, PIPELINE_BENCHMARK, credential)


def test_an_author_may_reject(waiting: Desk, tmp_path: Path) -> None:
    """Taking one's own work back needs nobody else's eyes."""
    credential = steward(waiting, "author-who-rejects")
    with written_by(("author-who-rejects <x@example.com>",), tmp_path):
        waiting.decide(CAPABILITY_INDEX_BY_TOOL, "rejected", credential)
    waiting.decide(CAPABILITY_INDEX_BY_TOOL, "approved", credential)


def test_without_a_record_of_authors_nothing_is_approved(waiting: Desk) -> None:
    """SQL typed before anybody read the history finds no record, and none can be slipped in."""
    with pytest.raises(BoundaryRefused, match="nothing is recorded of who wrote"):
        sql_approval(waiting, FUND_PORTFOLIO_ROLLUP, waiting.steward)
    with (
        waiting.platform.steward_session(waiting.steward) as session,
        pytest.raises(BoundaryRefused, match="42501"),
    ):
        session._rows("SELECT control.record_provenance('{}')")


def test_where_the_history_cannot_be_read_nothing_is_approved(
    waiting: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal says what to do; a rejection needs no history."""
    monkeypatch.setenv(AUTHORS_SETTING, str(tmp_path / "absent.json"))
    with pytest.raises(HistoryUnreadable, match="classline review authors"):
        waiting.decide(PIPELINE_BENCHMARK, "approved", waiting.steward)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"texts": {}, "modules": {"m": "0" * 64}}, "CL050"),
        ({"texts": {"0" * 64: "another text"}, "modules": {"m": "0" * 64}}, "CL050"),
        ({"modules": {}}, "CL050"),
        ({"modules": []}, "CL050"),
        ({"source_digest": "unknown"}, "CL027"),
    ],
)
def test_a_record_that_does_not_fit_is_refused(
    waiting: Desk, changes: dict[str, object], told: str
) -> None:
    """What is kept as approved source is the text of its digest, of a registered version."""
    record = {
        "workflow": PIPELINE_BENCHMARK.name,
        "source_digest": source_digest(PIPELINE_BENCHMARK),
        "modules": {}, "texts": {}, "authors": ["x"],
    } | changes  # fmt: skip
    with (
        waiting.platform.platform_session("test") as session,
        pytest.raises(BoundaryRefused, match=told),
    ):
        session.record_provenance(record)


def test_provenance_cannot_be_changed_afterwards(waiting: Desk) -> None:
    """Nobody takes an author out, not even an administrator by accident."""
    record_provenance(waiting.platform, AGENT_RUN_AGGREGATES, source_digest(AGENT_RUN_AGGREGATES))
    for statement in (
        "UPDATE control.version_provenance SET authors = '{}'",
        "DELETE FROM control.source_texts",
    ):
        with (
            waiting.platform.admin_engine().connect() as connection,
            pytest.raises(Exception, match=r"CL030|append"),
        ):
            connection.execute(text(statement))


def test_a_steward_decides_only_within_their_scope(waiting: Desk) -> None:
    """Neither an approval nor a rejection of what becomes another class; the change is audited."""
    credential = add_steward(waiting.platform, "fund-steward", [DataClass.FUND_PRIVATE])
    for decision in ("approved", "rejected"):
        with pytest.raises(BoundaryRefused, match="CL052"):
            waiting.decide(PIPELINE_BENCHMARK, decision, credential)
    with waiting.platform.steward_session(credential) as session:
        waits = _promotion(waiting, PIPELINE_BENCHMARK)
        with pytest.raises(BoundaryRefused, match="CL052"):
            session.sample_candidate_cells(T, waits, 3)
    with waiting.platform.platform_session("test") as session:
        audited = session.records_ascend_platform_metric("kv_audit", "action LIKE 'steward scope%'")
    assert "fund-steward fund_private" in {row["subject"] for row in audited}


def test_scopes_and_identities_that_cannot_be_are_refused(waiting: Desk) -> None:
    """An identity is one person's; nobody decides what becomes tenant_private."""
    steward(waiting, "first-holder", authors=("held@example.com",))
    add_steward(waiting.platform, "second-holder")
    with waiting.platform.admin_engine().connect() as connection:
        with pytest.raises(IdentityTaken):
            add_identity(connection, "second-holder", IdentityKind.AUTHOR, "held@example.com")
        with pytest.raises(IdentityTaken):
            add_identity(connection, "nobody", IdentityKind.AUTHOR, "new@example.com")
        with pytest.raises(IdentityTaken):
            add_identity(connection, "first-holder", IdentityKind.AUTHOR, "two\nlines")
        with pytest.raises(ScopeRefused):
            give_scopes(connection, "first-holder", [DataClass.TENANT_PRIVATE])
        with pytest.raises(UnknownOwner):
            give_scopes(connection, "nobody", [DataClass.FUND_PRIVATE])


def test_an_approval_is_not_given_twice(waiting: Desk) -> None:
    """A second one would say nothing new; after a rejection it does."""
    credential = steward(waiting, "twice")
    waiting.decide(AGENT_RUN_AGGREGATES, "approved", credential)
    with pytest.raises(BoundaryRefused, match="CL053"):
        waiting.decide(AGENT_RUN_AGGREGATES, "approved", credential)
    waiting.decide(AGENT_RUN_AGGREGATES, "rejected", credential)
    waiting.decide(AGENT_RUN_AGGREGATES, "approved", credential)


def test_of_two_opposite_decisions_at_once_one_stands(waiting: Desk) -> None:
    """Both looked at the same state: the second to decide is told of the first."""
    people = [steward(waiting, "at-once-a"), steward(waiting, "at-once-b")]
    seen = reviewed_now(waiting.platform, PIPELINE_BENCHMARK)
    together = threading.Barrier(2)
    outcomes: dict[Decision, str] = {}

    def decided(decision: Decision, by: StewardCredential) -> None:
        together.wait(timeout=60)
        try:
            decide(
                waiting.platform, PIPELINE_BENCHMARK, decision, "looked at it",
                credential=by, reviewed=seen,
            )  # fmt: skip
            outcomes[decision] = "stands"
        except BoundaryRefused as refusal:
            outcomes[decision] = refusal.code

    threads = [
        threading.Thread(target=decided, args=pair)
        for pair in zip((APPROVED, REJECTED), people, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert sorted(outcomes.values()) == ["CL054", "stands"]


def test_what_was_reviewed_is_what_is_decided(waiting: Desk) -> None:
    """A packet of an older version, or one that somebody decided on since, decides nothing."""
    seen = reviewed_now(waiting.platform, FUND_PORTFOLIO_ROLLUP)
    with pytest.raises(VersionRefused, match="the code has moved on"):
        decide(
            waiting.platform, FUND_PORTFOLIO_ROLLUP, APPROVED, "stale",
            credential=waiting.steward, reviewed=Reviewed("0" * 64, None),
        )  # fmt: skip
    waiting.decide(FUND_PORTFOLIO_ROLLUP, "rejected", waiting.steward)
    with pytest.raises(BoundaryRefused, match="since you looked at it"):
        decide(
            waiting.platform, FUND_PORTFOLIO_ROLLUP, APPROVED, "stale",
            credential=waiting.steward, reviewed=seen,
        )  # fmt: skip


@pytest.mark.parametrize("reason", ["", "  ", "ok", "x" * 2001, "x" * 1_048_576])
def test_a_reason_is_a_sentence_or_two(waiting: Desk, reason: str) -> None:
    """Empty or a megabyte: told how long it was, never printed back."""
    with pytest.raises(ReasonRefused, match="3 to 2,000") as refused:
        decide(waiting.platform, PIPELINE_BENCHMARK, REJECTED, reason, credential=waiting.steward)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("reason", ["bell \x07", "k is \u202e21 now", "\udc80 half of a pair"])
def test_a_reason_reads_as_it_is_stored(waiting: Desk, reason: str) -> None:
    """Told which character by its number, before anything is asked of the database."""
    with pytest.raises(ReasonRefused, match=r"this one has U\+") as refused:
        decide(waiting.platform, PIPELINE_BENCHMARK, REJECTED, reason, credential=waiting.steward)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    "reason", ["x" * 3000, "red \x1b[31m alert", "bell \x07", "k is \u202e21 now"]
)
def test_the_database_refuses_such_a_reason_by_itself(waiting: Desk, reason: str) -> None:
    """A reason is printed on terminals: it controls none of them."""
    with (
        waiting.platform.steward_session(waiting.steward) as session,
        pytest.raises(BoundaryRefused, match=r"CL055|CL027"),
    ):
        session.decide(
            PIPELINE_BENCHMARK.name, source_digest(PIPELINE_BENCHMARK), "rejected", reason
        )


def test_cells_are_sampled_only_after_every_check_passed(waiting: Desk) -> None:
    """A steward sees cells, never rows: none of a candidate that is not proven safe."""
    promotion = _promotion(waiting, CAPABILITY_INDEX_BY_TOOL)
    waiting.decide(CAPABILITY_INDEX_BY_TOOL, "rejected", waiting.steward)
    again = waiting.candidate(CAPABILITY_INDEX_BY_TOOL)
    with waiting.platform.steward_session(waiting.steward) as session:
        cells = session.sample_candidate_cells(T, again.promotion_id, 4)
        assert 0 < len(cells) <= 4
        assert cells == session.sample_candidate_cells(T, again.promotion_id, 4)
        assert set(cells[0]) == set(CAPABILITY_INDEX_BY_TOOL.column_lineage)
        with pytest.raises(BoundaryRefused, match="CL056"):
            session.sample_candidate_cells(T, promotion, 4)
    with waiting.platform.admin_engine().connect() as connection:
        connection.execute(
            text("DELETE FROM control.cell_contributors WHERE promotion_id = :p AND cell_no = 1"),
            {"p": again.promotion_id},
        )
        connection.commit()
    with (
        waiting.platform.steward_session(waiting.steward) as session,
        pytest.raises(BoundaryRefused, match="CL056"),
    ):
        session.sample_candidate_cells(T, again.promotion_id, 4)


def test_another_class_than_the_candidates_is_refused(waiting: Desk) -> None:
    """Who asks for cells says of which class; a mistake is no answer."""
    promotion = _promotion(waiting, AGENT_RUN_AGGREGATES)
    with (
        waiting.platform.steward_session(waiting.steward) as session,
        pytest.raises(BoundaryRefused, match="CL009"),
    ):
        session.sample_candidate_cells(DataClass.FUND_PRIVATE, promotion, 4)


def test_figures_are_counts_and_nobody_else_gets_them(waiting: Desk) -> None:
    """Numbers of tenants behind cells, never which; a tenant's own SQL gets nothing."""
    promotion = _promotion(waiting, PIPELINE_BENCHMARK)
    with waiting.platform.platform_session("test") as session:
        figures = session.cell_figures_ascend_platform_metric(promotion)
        (record,) = session.records_ascend_platform_metric(
            "promotions", "promotion_id = :p", p=promotion
        )
    assert figures["cells"] == record["cells_kept"] == sum(figures["tenants"].values())
    assert figures["least_tenants"] == min(int(size) for size in figures["tenants"]) >= 5
    assert figures["least_without_a_fund"] >= 5
    assert 0 < figures["largest_share"] <= 0.6
    assert "tn_" not in str(figures)
    with waiting.platform.admin_engine().connect() as connection:
        (tenant,) = connection.execute(text("SELECT tenant_id FROM control.tenants LIMIT 1")).one()
    for statement in (
        f"SELECT control.cell_figures('{promotion}')",
        f"SELECT * FROM control.review_cells('{promotion}', 'tenant_private', 3)",
        "SELECT control.require_last_decision('x', 'x', NULL)",
    ):
        with (
            waiting.platform.tenant_session(tenant, purpose="attack") as session,
            pytest.raises(BoundaryRefused),
        ):
            session._rows(statement)


def test_the_approved_text_is_kept(waiting: Desk) -> None:
    """The next review shows what changed since, word by word."""
    from lineage.reviews import last_approved

    approved = last_approved(waiting.platform, AGENT_RUN_AGGREGATES.name)
    assert approved is not None
    files = source_files(AGENT_RUN_AGGREGATES)
    assert approved.texts == {name: path.read_text() for name, path in files.items()}


def _promotion(desk: Desk, workflow: Workflow) -> object:
    with desk.platform.platform_session("test") as session:
        rows = session.records_ascend_platform_metric(
            "promotions", "workflow = :w", w=workflow.name
        )
    return min(rows, key=lambda row: row["created_at"])["promotion_id"]
