"""The red team attacks each text workflow's own path, and sees where a defence is gone."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from anonymization.registered import WORKFLOWS
from anonymization.stripping import StrippedText
from anonymization.text import planted_identifiers, red_team
from anonymization.text.planted_identifiers import DISGUISES, KNOWN, UNKNOWN, Disguise
from anonymization.text.red_team import IN_PART, LEFT, WHOLE, red_team_check
from anonymization.workflow import Workflow
from expectations.identifiers import KnownIdentifiers, detection
from expectations.suites import CheckResult

TEXT_WORKFLOWS = tuple(workflow for workflow in WORKFLOWS if workflow.text)
MUST_HOLD = {name for name, each in DISGUISES.items() if each.must_hold}


def attacked(workflow: Workflow = TEXT_WORKFLOWS[0]) -> CheckResult:
    """What the red team sees of that workflow."""
    assert workflow.text is not None
    return red_team_check(workflow, workflow.text)


def leaking(result: CheckResult) -> set[str]:
    """Disguises in which an identifier came through: stripping, or to a pattern."""
    return {
        name for name in DISGUISES
        if any(result.observed[f"{what}{name}"] for what in (LEFT, WHOLE, IN_PART))
    }  # fmt: skip


@pytest.mark.parametrize("workflow", TEXT_WORKFLOWS, ids=lambda each: each.name)
def test_every_text_workflow_holds(workflow: Workflow) -> None:
    """No identifier comes through in a disguise that must hold, and a harmless sentence does."""
    result = attacked(workflow)
    assert result.passed
    assert result.observed["harmless_shown"] == 1
    assert result.observed["planted_each"] == len(KNOWN) + len(UNKNOWN)
    assert not leaking(result) & MUST_HOLD


def test_it_requires_exact_folded_and_encoded_disguises() -> None:
    """Only what nobody can tell from another word is told without blocking."""
    assert set(DISGUISES) - MUST_HOLD == {"over_two_lines", "misspelled"}


def test_a_result_names_disguises_and_counts_alone() -> None:
    """Not even a made-up identifier is stored: what is stored is shown."""
    result = attacked()
    told = json.dumps(dict(result.observed)).casefold()
    assert not [name for _, name in (*KNOWN, *UNKNOWN) if name.casefold() in told]
    assert {type(seen) for seen in result.observed.values()} == {int}


def without_stripping(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts pass as they are."""

    def as_they_are(texts: Sequence[str], known: KnownIdentifiers) -> list[StrippedText]:
        del known
        return [StrippedText(text) for text in texts]

    monkeypatch.setattr(red_team, "strip_texts", as_they_are)


def without_known_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody handed over what tenants are known by."""
    monkeypatch.setattr(red_team.KnownIdentifiers, "build", lambda _: None)


def without_folding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disguised letters are taken for what they are."""
    fold = detection.fold_texts

    def unfolded(texts: Sequence[str], **how: bool) -> object:
        return fold([text if text.isascii() else "" for text in texts], **how)

    monkeypatch.setattr(detection, "fold_texts", unfolded)


def without_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written in another encoding is not read."""
    monkeypatch.setattr(detection, "_decoded", lambda *_: [])


@pytest.mark.parametrize(
    ("weakened", "leaks"),
    [
        (without_stripping, MUST_HOLD),
        (without_known_names, MUST_HOLD),
        (without_folding, {"full_width", "zero_width", "homoglyphs"}),
        (without_decoding, {"base64", "hex", "percent"}),
    ],
)
def test_a_weakened_path_fails(
    monkeypatch: pytest.MonkeyPatch,
    weakened: Callable[[pytest.MonkeyPatch], None],
    leaks: set[str],
) -> None:
    """Each defence that is gone is seen in the disguise that it was against."""
    weakened(monkeypatch)
    result = attacked()
    assert not result.passed
    assert leaks - leaking(result) == set()


def test_a_path_that_shows_nothing_was_not_attacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where even a harmless sentence is kept back, that no identifier came says nothing."""
    monkeypatch.setattr(red_team, "shared_templates", lambda *_: {})
    result = attacked()
    assert (result.passed, result.observed["harmless_shown"]) == (False, 0)


def test_a_disguise_that_is_only_told_does_not_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the threat model tells of holds no release back; the same, were it to hold, does."""
    told = {name: each for name, each in DISGUISES.items() if not each.must_hold}
    monkeypatch.setattr(red_team, "DISGUISES", told)
    assert leaking_of(attacked(), told)
    assert attacked().passed
    blocking = {name: replace(each, must_hold=True) for name, each in told.items()}
    monkeypatch.setattr(red_team, "DISGUISES", blocking)
    assert not attacked().passed


def leaking_of(result: CheckResult, disguises: dict[str, Disguise]) -> set[str]:
    """Those of the disguises in which something came through in part."""
    return {name for name in disguises if result.observed[f"{IN_PART}{name}"]}


def test_planted_identifiers_are_nobodys() -> None:
    """Addresses end in a reserved domain, numbers are those that documentation is given."""
    emails = [name for _, name in (*KNOWN, *UNKNOWN) if "@" in name]
    assert emails
    assert all(name.endswith(".example") for name in emails)
    assert len(set(planted_identifiers.KNOWN)) == len(KNOWN)
