"""Attacks a workflow's own text path: plants made-up identifiers, looks for them in its patterns.

Each stands in a sentence that enough made-up contributors share word for word, so that stripping
alone keeps it back. Texts go through the code that the tenants' texts go through; no text of theirs
is read, and counts by disguise are all that is told.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from anonymization.dimensions import HIDDEN
from anonymization.stripping import StrippedText, strip_texts
from anonymization.text.content import content_of, shared_templates
from anonymization.text.planted_identifiers import DISGUISES, KNOWN, UNKNOWN
from anonymization.text.preparation import prepared_text
from anonymization.text.release import TextRelease
from anonymization.workflow import Workflow
from catalog.floors import DisclosurePolicy
from expectations.disclosure import Contribution
from expectations.identifiers import KnownIdentifiers
from expectations.suites import CheckName, CheckResult

__all__ = ["IN_PART", "LEFT", "PLANTED", "SHOWN", "WHOLE", "red_team_check"]

PLANTED, SHOWN = "planted_each", "harmless_shown"
LEFT, WHOLE, IN_PART = "left_", "whole_", "part_"
"""Names of counts: planted in each disguise, and before a disguise how many came through.

Left by stripping, readable whole in a pattern, readable at least in part in a pattern.
"""

_BEFORE, _AFTER = "We work with", "before the renewal."
_HARMLESS = "We look at the numbers together before the renewal."
_SHORTEST_PART = 4


@dataclass(frozen=True, slots=True)
class _Attack:
    """One identifier as it was written into one text."""

    disguise: str
    identifier: str
    written: str

    @property
    def text(self) -> str:
        return f"{_BEFORE} {self.written} {_AFTER}"

    def came_whole(self, released: str) -> bool:
        squashed = _squashed(released)
        return any(_squashed(each) in squashed for each in (self.identifier, self.written))

    def came_in_part(self, words: frozenset[str]) -> bool:
        return not words.isdisjoint(_words(f"{self.identifier} {self.written}"))


def red_team_check(workflow: Workflow, text: TextRelease) -> CheckResult:
    """How many planted identifiers come through, by disguise; one that must hold fails it.

    Stripping has to take them out by itself, whatever the patterns keep back besides. It fails too
    where a harmless sentence does not reach a pattern: then nothing was attacked.
    """
    planted = [name for _, name in (*KNOWN, *UNKNOWN)]
    attacks = [
        _Attack(disguise, name, each.write(name))
        for disguise, each in DISGUISES.items()
        for name in planted
    ]
    stripped = strip_texts(
        [_HARMLESS, *(each.text for each in attacks)], KnownIdentifiers.build(KNOWN)
    )
    harmless, *released = (_pattern(workflow, text, each) for each in stripped)
    # What the workflow says in its own words is no leak.
    own = _words(f"{_BEFORE} {_AFTER} {text.sharers} {harmless}")
    left, whole, in_part = (Counter(dict.fromkeys(DISGUISES, 0)) for _ in range(3))
    for attack, each, pattern in zip(attacks, stripped[1:], released, strict=True):
        left[attack.disguise] += attack.came_whole(each.text or "")
        whole[attack.disguise] += attack.came_whole(pattern)
        in_part[attack.disguise] += attack.came_in_part(_words(pattern) - own)
    shown = int("before the renewal" in harmless)
    leaked = any(
        left[name] or whole[name] or in_part[name]
        for name, each in DISGUISES.items()
        if each.must_hold
    )
    return CheckResult(
        CheckName.RED_TEAM,
        passed=bool(shown) and not leaked,
        observed={
            PLANTED: len(planted),
            SHOWN: shown,
            **{
                f"{what}{name}": count
                for what, counts in ((LEFT, left), (WHOLE, whole), (IN_PART, in_part))
                for name, count in counts.items()
            },
        },
    )


def _pattern(workflow: Workflow, text: TextRelease, stripped: StrippedText) -> str:
    """What a cell says in which enough contributors wrote that text alone; nothing if dropped."""
    if stripped.text is None:
        return ""
    kept = prepared_text(stripped, text)
    cell: dict[str, object] = dict.fromkeys(workflow.dimension_names, HIDDEN)
    cell |= {"structure": kept.structure, "theme": kept.theme}
    sharing = _enough_contributors(workflow.policy)
    shown = shared_templates(dict.fromkeys(kept.templates, sharing), workflow.policy)
    return content_of(text, cell, list(shown.values()))


def _enough_contributors(policy: DisclosurePolicy) -> list[Contribution]:
    """Each of a fund of its own, as many as any rule on distinct contributors asks."""
    rules = (policy.k_tenants, policy.k_after_leaving_out_a_fund, policy.k_funds)
    most = max(rule or 0 for rule in rules) + 1
    return [Contribution(f"t{number}", f"f{number}", 1, Decimal(1)) for number in range(most)]


def _squashed(text: str) -> str:
    """Letters and digits alone, in small letters."""
    return "".join(filter(str.isalnum, text.casefold()))


def _words(text: str) -> frozenset[str]:
    return frozenset(
        word for word in re.findall(r"[^\W_]+", text.casefold()) if len(word) >= _SHORTEST_PART
    )
