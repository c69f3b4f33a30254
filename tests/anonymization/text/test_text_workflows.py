"""From a tenant's drafts to a pattern that everybody may read, and the ways past its guards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from anonymization.outcomes import Candidate
from anonymization.promote import check_candidate, prepare_candidate, publish_candidate
from anonymization.registration import register
from anonymization.workflow import IllegalWorkflow, Workflow
from anonymization.workflows.op_partner_brief_patterns import OP_PARTNER_BRIEF_PATTERNS
from anonymization.workflows.pipeline_benchmark import PIPELINE_BENCHMARK
from anonymization.workflows.pipeline_reviewer_summaries import PIPELINE_REVIEWER_SUMMARIES
from anonymization.workflows.sdr_draft_to_pattern_bank import SDR_DRAFT_TO_PATTERN_BANK
from catalog.data_classes import DataClass
from expectations.suites import EVERY_CANDIDATE, TEXT_CANDIDATE, CheckName
from lineage.promotions import PromotionState
from stores.errors import BoundaryRefused, ClassRefused
from stores.platform import Platform
from tests.desk import NOW, Desk, a_desk, write_briefs

pytestmark = pytest.mark.integration

TEXT_WORKFLOWS = (
    SDR_DRAFT_TO_PATTERN_BANK,
    PIPELINE_REVIEWER_SUMMARIES,
    OP_PARTNER_BRIEF_PATTERNS,
)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """An installation with sample data and briefs, for the whole module."""
    with a_desk(tmp_path_factory.mktemp("office") / "home") as desk:
        write_briefs(desk.platform)
        yield desk


@pytest.fixture(scope="module")
def published(office: Desk) -> dict[str, Candidate]:
    """A candidate of every workflow over texts, approved and published."""
    candidates = {}
    for workflow in TEXT_WORKFLOWS:
        candidates[workflow.name] = office.candidate(workflow)
        office.decide(workflow, "approved", office.steward)
        done = publish_candidate(office.platform, workflow, candidates[workflow.name].promotion_id)
        assert done.state is PromotionState.PUBLISHED, done.reason
        assert done.rows_published == candidates[workflow.name].cells_kept > 0
    return candidates


def a_run(platform: Platform, workflow: Workflow, **opened: Any) -> Any:
    """A session of the anonymizer in a run of that workflow."""
    digest = register(platform, workflow, requested_by="somebody")
    with platform.platform_session("test") as session:
        run = session.start_run(workflow.name, digest)
    return platform.anonymizer_session(workflow.name, run, **opened)


def query(platform: Platform, statement: str, **parameters: object) -> list[Any]:
    """What the administrator sees."""
    with platform.admin_engine().begin() as connection:
        result = connection.execute(text(statement), parameters)
        return list(result) if result.returns_rows else []


# --- what is released ------------------------------------------------------------------------


@pytest.mark.usefixtures("published")
def test_a_tenant_finds_a_tactic_by_what_it_asks(office: Desk) -> None:
    """The pattern bank is searched by every tenant, with the embedder that filled it."""
    from anonymization.embedders.feature_hashing import FEATURE_HASHING

    tenant = query(office.platform, "SELECT min(tenant_id) FROM control.tenants")[0][0]
    (asked,) = FEATURE_HASHING.embed(["by e-mail: asks for a meeting, fifteen minutes"])
    with office.platform.tenant_session(tenant, "test") as session:
        found = session.vectors_anonymized_benchmark().query(asked, 5, {"channel": "email"})
    assert len(found) == 5
    assert "asks for a meeting" in str(found[0].columns["content"])
    assert all(0 <= float(str(each.columns["reply_rate"])) <= 1 for each in found)


@pytest.mark.usefixtures("published")
def test_every_shown_sentence_is_shared_by_enough(office: Desk) -> None:
    """Counted anew from the drafts: five tenants share it, whichever fund is left out."""
    shown = query(
        office.platform,
        "SELECT m.promotion_id, m.cell_no, m.measured, count(*) AS tenants, "
        "count(*) - max(f.tenants) AS without_a_fund FROM control.measure_contributions m "
        "JOIN control.promotions p USING (promotion_id) "
        "JOIN control.portfolio_membership o USING (tenant_id) JOIN LATERAL (SELECT count(*) AS "
        "tenants FROM control.measure_contributions x JOIN control.portfolio_membership y "
        "USING (tenant_id) WHERE (x.promotion_id, x.cell_no, x.measured) = "
        "(m.promotion_id, m.cell_no, m.measured) AND y.fund_id = o.fund_id) f ON true "
        "WHERE m.measured LIKE 'template %' AND p.workflow = 'sdr_draft_to_pattern_bank' "
        "GROUP BY 1, 2, 3",
    )
    assert shown
    assert min(row.tenants for row in shown) >= 5
    assert min(row.without_a_fund for row in shown) >= 5


@pytest.mark.usefixtures("published")
def test_no_text_of_a_tenant_is_in_a_pattern(office: Desk) -> None:
    """Neither a draft nor any vector that a tenant holds."""
    bodies = {
        row.body for row in query(office.platform, "SELECT body FROM tenant_private.sdr_drafts")
    }
    contents = [
        row.content for row in query(office.platform, "SELECT content FROM anonymized.pattern_bank")
    ]
    assert not any(body in content for body in bodies for content in contents)
    copied = query(
        office.platform,
        "SELECT FROM anonymized.pattern_bank p JOIN tenant_private.semantic_memories s "
        "ON p.embedding = s.embedding",
    )
    assert copied == []


def test_a_brief_counts_for_its_fund(office: Desk, published: dict[str, Candidate]) -> None:
    """Contributors to a pattern of briefs are funds, at least five of them, each once."""
    behind = query(
        office.platform,
        "SELECT cell_no, count(*) AS funds, bool_and(tenant_id = fund_id) AS own, "
        "bool_and(fund_id IN (SELECT fund_id FROM control.funds)) AS known "
        "FROM control.cell_contributors WHERE promotion_id = :p GROUP BY cell_no",
        p=published[OP_PARTNER_BRIEF_PATTERNS.name].promotion_id,
    )
    assert behind
    assert all(row.funds >= 5 and row.own and row.known for row in behind)


def test_the_same_texts_are_released_once(office: Desk, published: dict[str, Candidate]) -> None:
    """Names on record are part of the release's key, and nothing of them has changed."""
    for workflow in TEXT_WORKFLOWS:
        again = prepare_candidate(office.platform, workflow, now=NOW, requested_by="somebody")
        assert again.already_recorded
        assert again.promotion_id == published[workflow.name].promotion_id


# --- the ways past it ------------------------------------------------------------------------


def test_only_a_run_that_looks_may_know_names(office: Desk) -> None:
    """The list of everybody's customers is for keeping them out of a release, and nothing else."""
    with (
        a_run(office.platform, PIPELINE_BENCHMARK) as session,
        pytest.raises(BoundaryRefused, match="does not look for known identifiers") as refused,
    ):
        session.known_identifiers_tenant_private()
    assert refused.value.code == "CL006"
    with a_run(office.platform, SDR_DRAFT_TO_PATTERN_BANK) as session:
        kinds = {row["kind"] for row in session.known_identifiers_tenant_private()}
    assert kinds == {"ACCOUNT_NAME", "PERSON_NAME", "EMAIL", "PHONE"}


def test_names_are_not_told_outside_a_run(office: Desk) -> None:
    """A run that has ended knows nothing any more."""
    digest = register(office.platform, SDR_DRAFT_TO_PATTERN_BANK, requested_by="somebody")
    with office.platform.platform_session("test") as session:
        run = session.start_run(SDR_DRAFT_TO_PATTERN_BANK.name, digest)
        session.finish_run(run)
    with (
        office.platform.anonymizer_session(SDR_DRAFT_TO_PATTERN_BANK.name, run) as anonymizer,
        pytest.raises(BoundaryRefused),
    ):
        anonymizer.known_identifiers_tenant_private()


@pytest.mark.parametrize("function", ["owner_names()", "require_looking_run()"])
def test_the_steps_of_knowing_names_are_closed(office: Desk, function: str) -> None:
    """Whoever could call them one by one would get past the check between them."""
    with (
        a_run(office.platform, SDR_DRAFT_TO_PATTERN_BANK) as session,
        pytest.raises(BoundaryRefused),
    ):
        session.query_tenant_private(f"SELECT control.{function}")


def test_a_run_reads_a_funds_briefs_only_with_a_claim_of_their_class(office: Desk) -> None:
    """The classes of a claim are enforced, whatever the workflow declares."""
    counted = "SELECT count(*) AS n FROM fund_private.op_partner_briefs"
    with (
        a_run(office.platform, OP_PARTNER_BRIEF_PATTERNS) as session,
        pytest.raises(BoundaryRefused) as refused,
    ):
        session.query_fund_private(counted)
    assert refused.value.code == "CL005"
    with a_run(office.platform, OP_PARTNER_BRIEF_PATTERNS, reads_fund_private=True) as session:
        assert session.query_fund_private(counted)[0]["n"] > 0


@pytest.mark.parametrize(
    ("workflow", "statement"),
    [
        (SDR_DRAFT_TO_PATTERN_BANK, "SELECT body FROM fund_private.op_partner_briefs"),
        (OP_PARTNER_BRIEF_PATTERNS, "SELECT body FROM tenant_private.sdr_drafts"),
        (OP_PARTNER_BRIEF_PATTERNS, "SELECT title FROM fund_private.cross_portco_views"),
        (OP_PARTNER_BRIEF_PATTERNS, "SELECT content FROM fund_private.fund_patterns"),
        (SDR_DRAFT_TO_PATTERN_BANK, "SELECT access_token FROM tenant_private.oauth_tokens"),
        (SDR_DRAFT_TO_PATTERN_BANK, "SELECT external_name FROM control.tenants"),
        (SDR_DRAFT_TO_PATTERN_BANK, "SELECT full_name FROM tenant_private.crm_contacts"),
    ],
)
def test_a_run_over_texts_reads_its_declared_sources_alone(
    office: Desk, workflow: Workflow, statement: str
) -> None:
    """Knowing names opens no table that holds them."""
    with (
        a_run(office.platform, workflow, reads_fund_private=True) as session,
        pytest.raises(BoundaryRefused),
    ):
        session.query_tenant_private(statement)


def test_a_workflow_reads_no_source_of_another_class(office: Desk) -> None:
    """Only tenants' and funds' data are ever sources."""
    with (
        a_run(office.platform, SDR_DRAFT_TO_PATTERN_BANK) as session,
        pytest.raises(ClassRefused, match="read as a source"),
    ):
        session.query_sources(DataClass.ANONYMIZED_BENCHMARK, "SELECT 1")
    with (
        a_run(office.platform, SDR_DRAFT_TO_PATTERN_BANK) as session,
        pytest.raises(ClassRefused, match="read as a source"),
    ):
        session.stream_sources(DataClass.ANONYMIZED_BENCHMARK, "SELECT 1")


@pytest.mark.parametrize("left_out", [*TEXT_CANDIDATE])
def test_a_text_workflow_requires_every_check(left_out: CheckName) -> None:
    """A declaration that looks for less is none."""
    fewer = tuple(check for check in TEXT_CANDIDATE if check is not left_out)
    with pytest.raises(IllegalWorkflow, match="it releases text"):
        replace(SDR_DRAFT_TO_PATTERN_BANK, required_checks=fewer)


def test_a_workflow_cannot_pass_its_text_off_as_a_table(office: Desk) -> None:
    """Neither in its declaration nor, past that, in the database."""
    with pytest.raises(IllegalWorkflow):
        replace(SDR_DRAFT_TO_PATTERN_BANK, text=None, required_checks=EVERY_CANDIDATE)
    from anonymization.registration import declaration

    attacked = CheckName.RED_TEAM
    for fewer in (EVERY_CANDIDATE, [each for each in TEXT_CANDIDATE if each is not attacked]):
        with (
            office.platform.platform_session("test") as session,
            pytest.raises(BoundaryRefused),
        ):
            session.register_workflow(
                declaration(SDR_DRAFT_TO_PATTERN_BANK)
                | {
                    "required_checks": [str(check) for check in fewer],
                    "source_digest": "0" * 64,
                    "requested_by": "somebody",
                }
            )


def spoiled(office: Desk, workflow: Workflow, change: str, **values: object) -> dict[str, bool]:
    """What each check says of a candidate whose first cell was changed by hand."""
    newest = query(
        office.platform,
        "SELECT promotion_id FROM control.promotions WHERE workflow = :w "
        "ORDER BY created_at DESC LIMIT 1",
        w=workflow.name,
    )[0][0]
    with office.platform.admin_engine().connect() as connection:
        before = connection.execute(
            text(
                "SELECT cell FROM quarantine.candidate_cells "
                "WHERE promotion_id = :p AND cell_no = 1"
            ),
            {"p": newest},
        ).scalar_one()
    query(
        office.platform,
        f"UPDATE quarantine.candidate_cells SET cell = {change} "
        "WHERE promotion_id = :p AND cell_no = 1",
        p=newest,
        **values,
    )
    try:
        return {
            result.name: result.passed
            for result in check_candidate(office.platform, workflow, UUID(str(newest)))
        }
    finally:
        query(
            office.platform,
            "UPDATE quarantine.candidate_cells SET cell = CAST(:c AS jsonb) "
            "WHERE promotion_id = :p AND cell_no = 1",
            p=newest,
            c=json.dumps(before),
        )


_NAME_ADDED = "jsonb_set(cell, '{content}', to_jsonb((cell->>'content') || ' ' || :name))"


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(
    "column",
    ["tenants.external_name", "funds.external_name", "crm_accounts.name", "crm_contacts.full_name"],
)
def test_a_name_in_a_candidate_fails_its_check(office: Desk, column: str) -> None:
    """Whatever brought it there: the check looks at what would be released."""
    table, name = column.split(".")
    schema = "control" if table in {"tenants", "funds"} else "tenant_private"
    known = query(
        office.platform,
        f"SELECT {name} FROM {schema}.{table} WHERE {name} LIKE '% %' ORDER BY 1 LIMIT 1",
    )[0][0]
    checks = spoiled(office, SDR_DRAFT_TO_PATTERN_BANK, _NAME_ADDED, name=known)
    assert not checks[CheckName.NO_KNOWN_IDENTIFIERS]
    assert not checks[CheckName.EMBEDDED_FROM_CONTENT]


@pytest.mark.usefixtures("published")
def test_a_tenants_vector_in_a_candidate_fails_its_check(office: Desk) -> None:
    """A vector that was not made of the text beside it could be inverted."""
    vector = query(
        office.platform,
        "SELECT CAST(embedding AS text) FROM tenant_private.semantic_memories LIMIT 1",
    )[0][0]
    checks = spoiled(
        office,
        SDR_DRAFT_TO_PATTERN_BANK,
        "jsonb_set(cell, '{embedding}', to_jsonb(CAST(:v AS text)))",
        v=vector,
    )
    assert [name for name, passed in checks.items() if not passed] == [
        CheckName.EMBEDDED_FROM_CONTENT
    ]


@pytest.mark.usefixtures("published")
def test_a_vector_of_another_length_breaks_the_schema(office: Desk) -> None:
    """And stands in no candidate that passes."""
    checks = spoiled(
        office, SDR_DRAFT_TO_PATTERN_BANK, "jsonb_set(cell, '{embedding}', '\"[1,2]\"')"
    )
    assert not checks[CheckName.OUTPUT_SCHEMA]


def test_a_text_that_cannot_be_proven_clean_is_dropped_and_counted(
    office: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its outcome goes with it, and only the reason and the number are told."""
    from anonymization.stripping import DropReason, StrippedText
    from anonymization.text import preparation

    strip = preparation.strip_texts

    def drops_the_first(texts: Any, known: Any) -> list[StrippedText]:
        first, *others = strip(texts, known)
        return [replace(first, text=None, dropped=DropReason.STILL_IDENTIFYING), *others]

    monkeypatch.setattr(preparation, "strip_texts", drops_the_first)
    before = query(
        office.platform,
        "SELECT rows_in FROM control.promotions WHERE workflow = 'sdr_draft_to_pattern_bank' "
        "ORDER BY created_at DESC LIMIT 1",
    )
    candidate = prepare_candidate(
        office.platform, SDR_DRAFT_TO_PATTERN_BANK, now=NOW, requested_by="somebody"
    )
    assert candidate.texts_dropped == {"still_identifying": 1}
    assert candidate.rows_in == before[0][0] - 1


@pytest.mark.usefixtures("published")
def test_a_template_that_too_few_share_holds_its_cell(office: Desk) -> None:
    """publish() judges every shown sentence by itself, and does not take a candidate's word."""
    query(
        office.platform,
        "UPDATE tenant_private.pipeline_reviews "
        "SET summary = summary || ' We will watch every deal closely.'",
    )
    candidate = office.candidate(PIPELINE_REVIEWER_SUMMARIES)
    query(
        office.platform,
        "DELETE FROM control.measure_contributions m WHERE promotion_id = :p AND cell_no = 1 "
        "AND measured LIKE 'template %' AND tenant_id NOT IN (SELECT tenant_id FROM "
        "control.measure_contributions x WHERE (x.promotion_id, x.cell_no, x.measured) = "
        "(m.promotion_id, m.cell_no, m.measured) ORDER BY tenant_id LIMIT 4)",
        p=candidate.promotion_id,
    )
    done = publish_candidate(office.platform, PIPELINE_REVIEWER_SUMMARIES, candidate.promotion_id)
    assert done.held.get("k_tenants", 0) >= 1


def test_an_approved_version_of_before_the_red_team_releases_no_text(desk: Desk) -> None:
    """It stays on record as it was registered; whoever runs that code again publishes nothing."""
    workflow = PIPELINE_REVIEWER_SUMMARIES
    promotion = desk.candidate(workflow).promotion_id
    desk.decide(workflow, "approved", desk.steward)
    query(
        desk.platform,
        "UPDATE control.workflow_registrations SET required_checks ="
        " array_remove(required_checks, 'red_team') WHERE workflow = :w",
        w=workflow.name,
    )
    with pytest.raises(BoundaryRefused, match="attacked by the red team first"):
        publish_candidate(desk.platform, workflow, promotion)
    assert not query(desk.platform, "SELECT FROM anonymized.anonymized_review_patterns")
