"""What workflows release holds the suite of its class, with the sample's own names known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from anonymization.promote import publish_candidate
from anonymization.registered import WORKFLOWS
from catalog.declared import REGISTRY
from expectations.verdicts import Verdict
from lineage.promotions import PromotionState

if TYPE_CHECKING:
    from tests.desk import Desk

pytestmark = pytest.mark.integration


def test_every_store_holds_its_suite_after_every_release(desk: Desk) -> None:
    """Released cells are counted with who stands behind them, and nothing stays unchecked."""
    from expectations.store_checks import check_stores, datasets_named

    for workflow in WORKFLOWS:
        candidate = desk.candidate(workflow)
        desk.decide(workflow, "approved", desk.steward)
        published = publish_candidate(desk.platform, workflow, candidate.promotion_id)
        assert published.state is PromotionState.PUBLISHED
    reports = {r.dataset: r for r in check_stores(desk.platform, datasets_named(None))}
    wrong = [
        (report.dataset, judgement)
        for report in reports.values()
        for judgement in report.judgements
        if judgement.verdict is not Verdict.PASSED
    ]
    assert wrong == []
    benchmark = reports[REGISTRY.get("anonymized_industry_benchmarks").qualified_name]
    (k,) = (j for j in benchmark.judgements if "k_anonymous" in j.expectation.type)
    assert k.counts["groups"] > 0
    assert k.counts["worst_k_tenants"] >= 5
