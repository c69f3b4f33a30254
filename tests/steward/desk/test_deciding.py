"""On the desk a steward decides as on the command line, and nobody else does."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from sqlalchemy import text

from anonymization.workflows.fund_portfolio_rollup import FUND_PORTFOLIO_ROLLUP
from anonymization.workflows.pipeline_benchmark import PIPELINE_BENCHMARK
from catalog.data_classes import DataClass
from expectations.audit.quarterly import LabelsUnreadable, audit_stores
from expectations.audit.report import AuditKind
from stores.boundary.provisioning import add_steward
from tests.desk import Desk
from tests.steward.desk.conftest import Browser, Clock

pytestmark = pytest.mark.integration
BENCHMARK, ROLLUP = PIPELINE_BENCHMARK.name, FUND_PORTFOLIO_ROLLUP.name
Browsers = Callable[[], Browser]


def test_a_steward_looks_and_decides(waiting: Desk, browser: Browsers) -> None:
    """Queue, packet with pictures and sample, decision, history."""
    sam = browser().enter(waiting, waiting.steward)
    assert BENCHMARK in sam.get("/")
    page = sam.get(f"/reviews/{BENCHMARK}")
    for part in (
        "<svg", "Sample of candidate cells", "k_distinct_tenants", "lock digest",
        "Nobody Here", "size_band",
    ):  # fmt: skip
        assert part in page
    answer = sam.decide(BENCHMARK, "approved", "k & dominance hold <b>everywhere</b>")
    assert answer.status_code == 303
    after = sam.get(answer.headers["location"])
    assert f"You approved {BENCHMARK}" in after
    assert "k &amp; dominance hold &lt;b&gt;everywhere&lt;/b&gt;" in after
    assert f"You approved {BENCHMARK}" not in sam.get(f"/reviews/{BENCHMARK}")
    assert waiting.steward.name in sam.get("/history")


@pytest.mark.parametrize(
    ("form", "status", "told"),
    [
        ({"reason": ""}, 400, "3 to 2,000 characters"),
        ({"reason": "x" * 3000}, 400, "3 to 2,000 characters"),
        ({"reason": "x" * 70_000}, 413, "64 KiB"),
        ({"decision": "perhaps"}, 400, "nothing was decided"),
        ({"decision": ""}, 400, "nothing was decided"),
        ({"csrf": ""}, 403, "another session"),
        ({"csrf": "forged"}, 403, "another session"),
        ({"source_digest": "0" * 64}, 409, "the code has moved on"),
        ({"last_decision": "999999"}, 409, "since you looked at it"),
        ({"reason": "bell \x07 rings"}, 400, "this one has U+0007"),
        ({"reason": "clears \x9b2J the screen"}, 400, "this one has U+009B"),
        ({"reason": "k is \u202e21 now"}, 400, "this one has U+202E"),
    ],
)
def test_a_decision_that_cannot_stand_is_refused(
    waiting: Desk, browser: Browsers, form: dict[str, str], status: int, told: str
) -> None:
    """The page says why; nothing is recorded."""
    sam = browser().enter(waiting, waiting.steward)
    before = recorded(waiting)
    answer = sam.decide(ROLLUP, **{"decision": "rejected", "reason": "looked at it"} | form)
    assert (answer.status_code, told in answer.text) == (status, True), answer.text
    assert recorded(waiting) == before


def test_who_requested_is_refused_on_the_page_too(waiting: Desk, browser: Browsers) -> None:
    """The desk asks the database, which knows who asked for the release."""
    answer = browser().enter(waiting, waiting.engineer).decide(ROLLUP, "approved", "my own work")
    assert answer.status_code == 409
    assert "who requested a release may not approve it" in answer.text


def test_another_scope_sees_no_cell_and_decides_nothing(waiting: Desk, browser: Browsers) -> None:
    """A steward of funds looks at a benchmark from outside."""
    ann = add_steward(waiting.platform, "desk-fund-steward", [DataClass.FUND_PRIVATE])
    outside = browser().enter(waiting, ann)
    assert "None is shown" in outside.get(f"/reviews/{BENCHMARK}")
    answer = outside.decide(BENCHMARK, "rejected", "not mine to say")
    assert (answer.status_code, "CL052" in answer.text) == (409, True)


def test_of_two_browsers_with_one_packet_the_second_is_told(
    waiting: Desk, browser: Browsers
) -> None:
    """Both opened the review; the second form is about a state that is gone."""
    first = browser().enter(waiting, add_steward(waiting.platform, "desk-first"))
    second = browser().enter(waiting, add_steward(waiting.platform, "desk-second"))
    pages = [each.get(f"/reviews/{ROLLUP}") for each in (first, second)]
    answers = [
        each.post(f"/reviews/{ROLLUP}/decision",
                  **each.fields(page), decision=decision, reason="looked at it")
        for each, page, decision in zip(
            (first, second), pages, ("approved", "rejected"), strict=True)
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [303, 409]
    assert "desk-first approved this version since you looked at it" in answers[1].text


def test_a_revoked_login_decides_nothing_though_its_session_lives(
    waiting: Desk, browser: Browsers
) -> None:
    """The session is only a handle: each decision is the database's to refuse."""
    gone = add_steward(waiting.platform, "desk-gone")
    leaver = browser().enter(waiting, gone)
    page = leaver.get(f"/reviews/{ROLLUP}")
    with waiting.platform.admin_engine().begin() as connection:
        connection.execute(text("DELETE FROM control.stewards WHERE login = :l"), {"l": gone.login})
    answer = leaver.post(
        f"/reviews/{ROLLUP}/decision",
        **leaver.fields(page), decision="rejected", reason="still here",
    )  # fmt: skip
    assert (answer.status_code, "CL010" in answer.text) == (409, True)


def test_unknown_pages_are_refused_without_echo(waiting: Desk, browser: Browsers) -> None:
    """A name in the address is never markup on the page."""
    sam = browser().enter(waiting, waiting.steward)
    for path in ("/reviews/<script>alert(1)", "/datasets/<script>alert(1)", "/nothing"):
        answer = sam.http.get(path)
        assert answer.status_code in {404, 409}
        assert "<script" not in answer.text


def test_datasets_are_found_by_class_and_word(waiting: Desk, browser: Browsers) -> None:
    """Search, then a page with columns, classes, and promotions marked in the picture."""
    sam = browser().enter(waiting, waiting.steward)
    found = sam.get("/datasets?label=anonymized_benchmark")
    assert "anonymized.anonymized_industry_benchmarks" in found
    assert "tenant_private.crm_accounts" not in found
    assert "tenant_private.crm_contacts" in sam.get("/datasets?text=email")
    page = sam.get("/datasets/anonymized.anonymized_industry_benchmarks")
    for part in ("value_p50", "crm_opportunities.close_value", "promotion", "<svg", BENCHMARK):
        assert part in page
    assert sam.http.get("/datasets?label=secret").status_code == 409


def test_what_an_audit_found_stands_on_the_findings_page(waiting: Desk, browser: Browsers) -> None:
    """Id, rule and place as they were filed, and what a steward may still acknowledge."""
    sam = browser().enter(waiting, waiting.steward)
    assert "No audit was filed yet" in sam.get("/findings")

    def away() -> Mapping[str, DataClass | None]:
        message = "DataHub does not answer"
        raise LabelsUnreadable(message)

    report = audit_stores(waiting.platform, AuditKind.DAILY, away)
    page = sam.get("/findings")
    assert "Alerts and notices" in page
    (finding,) = report.open_findings
    for part in (finding.finding_id, "AUD404", str(report.audit_id), "open", "nobody yet"):
        assert part in page


def test_no_page_names_a_tenant(waiting: Desk, browser: Browsers) -> None:
    """A steward reviews cells; whose rows stand behind them is on no page."""
    sam = browser().enter(waiting, waiting.steward)
    with waiting.platform.admin_engine().connect() as connection:
        names = [
            part
            for row in connection.execute(
                text("SELECT tenant_id, external_name FROM control.tenants")
            )
            for part in row
        ]
    pages = "".join(
        sam.get(path)
        for path in ("/", f"/reviews/{BENCHMARK}", f"/reviews/{ROLLUP}", "/history", "/findings",
                     "/datasets", "/datasets/tenant_private.crm_accounts")
    )  # fmt: skip
    assert names
    assert not [name for name in names if name in pages]


def recorded(waiting: Desk) -> int:
    """Decisions on record."""
    with waiting.platform.platform_session("test") as session:
        return len(session.records_ascend_platform_metric("approvals"))


def test_decisions_are_limited(waiting: Desk, browser: Browsers, clock: Clock) -> None:
    """A runaway script stops after twenty tries, until time has passed."""
    sam = browser().enter(waiting, waiting.steward)
    page = sam.get(f"/reviews/{ROLLUP}")
    form = sam.fields(page) | {"decision": "rejected", "reason": ""}
    codes = [sam.post(f"/reviews/{ROLLUP}/decision", **form).status_code for _ in range(21)]
    assert codes == [400] * 20 + [429]
    clock.seconds += 3
    assert sam.post(f"/reviews/{ROLLUP}/decision", **form).status_code == 400
