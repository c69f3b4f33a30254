"""The queue forgets nothing: what waits for a steward, and apart from it what does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from anonymization import checks
from anonymization.promote import check_candidate, prepare_candidate, publish_candidate
from anonymization.workflow import Workflow
from anonymization.workflows.agent_run_aggregates import AGENT_RUN_AGGREGATES
from anonymization.workflows.capability_index_by_tool import CAPABILITY_INDEX_BY_TOOL
from anonymization.workflows.fund_portfolio_rollup import FUND_PORTFOLIO_ROLLUP
from anonymization.workflows.pipeline_benchmark import PIPELINE_BENCHMARK
from anonymization.workflows.sdr_draft_to_pattern_bank import SDR_DRAFT_TO_PATTERN_BANK
from catalog.promotion_states import PromotionState
from expectations.suites import CheckName, CheckResult
from steward import command_line
from steward.unfinished import Unfinished, unfinished_promotions
from tests.desk import NOW, Desk, a_desk
from tests.steward.desk.conftest import Browser

pytestmark = pytest.mark.integration
Browsers = Callable[[], Browser]
UNFINISHED = "Neither waiting nor released"


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One candidate in every state that a steward could forget, and one that waits."""
    with a_desk(tmp_path_factory.mktemp("queue-desk") / "home") as opened:
        prepare_candidate(
            opened.platform, AGENT_RUN_AGGREGATES, now=NOW, requested_by=opened.engineer.name
        )
        opened.candidate(CAPABILITY_INDEX_BY_TOOL)
        for workflow in (FUND_PORTFOLIO_ROLLUP, PIPELINE_BENCHMARK):
            candidate = opened.candidate(workflow)
            publish_candidate(opened.platform, workflow, candidate.promotion_id)
        opened.decide(PIPELINE_BENCHMARK, "approved", opened.steward)
        with pytest.MonkeyPatch.context() as patched:
            failed = CheckResult(CheckName.RED_TEAM, passed=False, observed={"left_exact": 3})
            patched.setattr(checks, "red_team_check", lambda *_: failed)
            opened.candidate(SDR_DRAFT_TO_PATTERN_BANK)
        yield opened


def of(waiting: Desk, workflow: Workflow) -> list[Unfinished]:
    """What is unfinished of that workflow."""
    found = unfinished_promotions(waiting.platform)
    return [each for each in found if each.workflow == workflow.name]


@pytest.mark.parametrize(
    ("workflow", "state", "next_step"),
    [
        (AGENT_RUN_AGGREGATES, PromotionState.CANDIDATE, "checks have not been run"),
        (CAPABILITY_INDEX_BY_TOOL, PromotionState.CHECKED, "before it asked for a decision"),
        (PIPELINE_BENCHMARK, PromotionState.APPROVED, "approved, and not published"),
        (SDR_DRAFT_TO_PATTERN_BANK, PromotionState.HELD, "mend what held it"),
    ],
)
def test_what_waits_for_nobody_says_what_comes_next(
    waiting: Desk, workflow: Workflow, state: PromotionState, next_step: str
) -> None:
    """Each state with its own next step."""
    (found,) = of(waiting, workflow)
    assert (found.state, next_step in found.next_step) == (state, True)


def test_a_red_team_that_came_through_holds_the_candidate(waiting: Desk) -> None:
    """A failed check ends the promotion, and says which check it was."""
    (found,) = of(waiting, SDR_DRAFT_TO_PATTERN_BANK)
    assert found.reason == "failed on the candidate: red_team"


def test_what_waits_for_a_decision_is_not_among_them(waiting: Desk) -> None:
    """It stands in the queue proper."""
    assert of(waiting, FUND_PORTFOLIO_ROLLUP) == []


def test_the_page_tells_them_apart(waiting: Desk, browser: Browsers) -> None:
    """Only what waits is called waiting; the others carry no form and no link to one."""
    page = browser().enter(waiting, waiting.steward).get("/")
    before, _, rest = page.partition(UNFINISHED)
    section = rest.partition("</section>")[0]
    assert FUND_PORTFOLIO_ROLLUP.name in before
    for workflow in (AGENT_RUN_AGGREGATES, CAPABILITY_INDEX_BY_TOOL, PIPELINE_BENCHMARK,
                     SDR_DRAFT_TO_PATTERN_BANK):  # fmt: skip
        assert workflow.name in section
        assert workflow.name not in before
    assert "failed on the candidate: red_team" in section
    assert "None of these can be decided about" in section
    assert "<form" not in section
    assert "<a " not in section


def test_the_command_lists_them_too(
    waiting: Desk, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """`review list` has a table of its own for them."""
    monkeypatch.setenv("CLASSLINE_HOME", str(waiting.platform.home.root))
    monkeypatch.setattr("sys.argv", ["classline", "review", "list"])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert not ended.value.code
    told = capfd.readouterr().out.partition(UNFINISHED)[2]
    assert "mend what held it" in told
    assert FUND_PORTFOLIO_ROLLUP.name not in told


def test_what_was_held_is_shown_until_something_newer_is_filed(waiting: Desk) -> None:
    """A later attempt makes an older failure history."""
    candidate = prepare_candidate(
        waiting.platform, SDR_DRAFT_TO_PATTERN_BANK, now=NOW, requested_by=waiting.engineer.name
    )
    check_candidate(waiting.platform, SDR_DRAFT_TO_PATTERN_BANK, candidate.promotion_id)
    (found,) = of(waiting, SDR_DRAFT_TO_PATTERN_BANK)
    assert (found.promotion_id, found.state) == (candidate.promotion_id, PromotionState.CHECKED)
