"""Writes what a released cell says: our words for its features, and templates its tenants share.

A template is shown only where the contributors who share it satisfy the whole policy by
themselves; publish() judges each of them again, and every difference to what was shown before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import rfc8785

from anonymization.safe_cells import safe_cells
from anonymization.text.release import TextRelease
from anonymization.text.sentences import shown_template
from catalog.floors import DisclosurePolicy
from expectations.disclosure import Contribution

__all__ = ["content_of", "item_id_of", "measured_as", "shared_templates"]

_MOST_SHOWN = 12
_LETTERS = str.maketrans("0123456789", "ghijklmnop")
_ID_LENGTH = 24


def shared_templates(
    contributions: Mapping[str, Sequence[Contribution]], policy: DisclosurePolicy
) -> dict[str, str]:
    """The templates of one cell that may be shown, and how they are written out; at most twelve."""
    order = sorted(contributions)
    safe = safe_cells(dict(enumerate(contributions[each] for each in order)), policy).kept
    kept = frozenset(order[number] for number in safe)
    shown = {each: written for each in kept if (written := shown_template(each, kept)) is not None}
    first = sorted(shown, key=lambda each: (-len(contributions[each]), shown[each]))[:_MOST_SHOWN]
    return {each: shown[each] for each in sorted(first, key=shown.__getitem__)}


def measured_as(template: str) -> str:
    """The name under which contributions to a template are filed; it does not repeat it."""
    return f"template {hashlib.sha256(template.encode()).hexdigest()[:32]}"


def content_of(text: TextRelease, cell: Mapping[str, object], templates: Sequence[str]) -> str:
    """The pattern in words."""
    if not templates:
        return text.described(cell)
    return f"{text.described(cell)} Sentences that {text.sharers} share: {' | '.join(templates)}"


def item_id_of(family: str, cell: Mapping[str, object], dimensions: Sequence[str]) -> str:
    """The item's id, which follows from its cell; letters alone, to look like no number."""
    key = [family, *(str(cell[name]) for name in dimensions)]
    return hashlib.sha256(rfc8785.dumps(key)).hexdigest().translate(_LETTERS)[:_ID_LENGTH]
