"""Each rule of the linter finds what breaks it, and leaves alone what only looks like it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from expectations.lint.checking import lint_source
from expectations.lint.rules import RULES
from expectations.lint.settings import Settings
from tests.expectations.lint.cases import FLAGGED, SOUND, Case


def rules_of(case: Case) -> list[str]:
    linted = lint_source(case.content, case.path, Settings())
    return sorted(finding.rule.rule_id for finding in linted.findings)


@pytest.mark.parametrize("case", FLAGGED, ids=lambda case: case.name)
def test_what_breaks_a_rule_is_found(case: Case) -> None:
    """By its rule and no other."""
    assert rules_of(case) == sorted(case.rules)


@pytest.mark.parametrize("case", SOUND, ids=lambda case: case.name)
def test_what_breaks_no_rule_is_left_alone(case: Case) -> None:
    """A linter that cries wolf is switched off."""
    assert rules_of(case) == []


def test_there_are_sixty_cases_half_of_them_sound() -> None:
    """Each rule about one file has a case; the two about several have tests of their own."""
    assert len(FLAGGED) + len(SOUND) >= 60
    assert len(SOUND) >= 30
    assert {rule for case in FLAGGED for rule in case.rules} == set(RULES) - {"CLS501", "CLS502"}


def test_every_rule_is_in_the_manual() -> None:
    """What a rule asks and what to do is written down for people."""
    manual = (Path(__file__).parents[3] / "docs" / "lint.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| (CLS\d{3}) \| (.+?) \|", manual, re.MULTILINE))
    assert rows == {rule_id: rule.title for rule_id, rule in RULES.items()}
