"""A thousand identifiers of fifty tenants are planted in texts: how many reach a pattern.

They stand in sentences that six tenants of six funds share word for word, so that only stripping
keeps them back, and in one sentence each that its owner alone wrote. In drafts each stands in all
ten forms, in reviews and briefs in one of them. Whatever may be shown is shown here: without the
limit of twelve sentences a pattern.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from anonymization.promote import check_candidate, prepare_candidate
from anonymization.registered import registered_workflow
from anonymization.text import content
from stores.home import Home
from stores.intake.bulk_load import load_intake
from stores.platform import Platform, open_platform
from stores.startup import bring_down, bring_up
from tests.anonymization.text.planted import OWN_SENTENCE, PlantedWorld, counted

pytestmark = pytest.mark.integration

_NOW = datetime(2026, 7, 15, tzinfo=UTC)
_TEXT_WORKFLOWS = (
    "sdr_draft_to_pattern_bank",
    "pipeline_reviewer_summaries",
    "op_partner_brief_patterns",
)
_BETWEEN = " | "
# The same texts as the reviews', each fund's those of its portfolio.
_BRIEFS = """
    INSERT INTO fund_private.op_partner_briefs
        (fund_id, brief_id, title, body, written_at, promotion_id)
    SELECT m.fund_id, r.tenant_id || r.review_id, 'Brief', r.summary, r.reviewed_on,
           gen_random_uuid()
    FROM tenant_private.pipeline_reviews r JOIN control.portfolio_membership m USING (tenant_id)
"""


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Platform, PlantedWorld]]:
    """An installation with the planted world in it."""
    home, world = Home(Path(tmp_path_factory.mktemp("planted"))), PlantedWorld()
    bring_up(home)
    try:
        with open_platform(home) as platform:
            load_intake(platform, world, reason="for a test")
            with platform.admin_engine().begin() as connection:
                connection.execute(text(_BRIEFS))
            yield platform, world
    finally:
        bring_down(home)


@pytest.mark.parametrize("name", _TEXT_WORKFLOWS)
def test_no_exact_or_folded_identifier_reaches_a_pattern(
    planted: tuple[Platform, PlantedWorld],
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    record_property: pytest.RecordProperty,
) -> None:
    """None of 1,000, however many share the sentence; the other forms are counted and told."""
    platform, world = planted
    monkeypatch.setattr(content, "_MOST_SHOWN", 10**6)
    assert sum(map(len, world.identifiers.values())) == 1_000
    workflow = registered_workflow(name)
    candidate = prepare_candidate(platform, workflow, now=_NOW, requested_by="somebody")
    failed = {
        result.name
        for result in check_candidate(platform, workflow, candidate.promotion_id)
        if not result.passed
    }
    sentences = _released_sentences(platform, candidate.promotion_id)
    own = [sentence for sentence in sentences if OWN_SENTENCE.casefold() in sentence]
    shared = [sentence for sentence in sentences if OWN_SENTENCE.casefold() not in sentence]
    assert any("we work with <" in sentence for sentence in shared)
    every_form = name == "sdr_draft_to_pattern_bank"
    by_form = counted(shared, world, every_form=every_form)
    for form, count in by_form.items():
        told = (
            f"{name}: {form}: of {count.planted:,} planted {count.whole} are readable whole, "
            f"{count.in_part} at least in part"
        )
        record_property(f"{name}, {form}", told)
        print(told)
    for form, count in by_form.items():
        if form.startswith(("plain", "folded")):
            assert (count.whole, count.in_part) == (0, 0), form
    # What one tenant alone wrote reaches nothing, in whatever form.
    assert {count.whole for count in counted(own, world, every_form=True).values()} == {0}
    assert failed == set()


def _released_sentences(platform: Platform, promotion_id: object) -> list[str]:
    with platform.admin_engine().connect() as connection:
        contents = connection.execute(
            text("SELECT cell->>'content' FROM quarantine.candidate_cells WHERE promotion_id = :p"),
            {"p": promotion_id},
        ).scalars()
        return [
            sentence
            for each in contents
            for sentence in each.partition(" share: ")[2].split(_BETWEEN)
        ]
