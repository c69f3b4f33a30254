"""The words that a template may show: those that ordinary English prose holds often.

A misspelled name, half of a name, a project's code word or a name that no tenant has on record is
none of them, and becomes a slot. The list is pyspellchecker's, of 165 million words.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version

__all__ = ["VOCABULARY", "is_common"]

_OFTEN = 500
_OF_OUR_TRADE = frozenset(
    {"analytics", "crm", "demo", "demos", "downtime", "gdpr", "inbound", "kpi", "kpis", "linkedin"}
    | {"onboarding", "outbound", "procurement", "roi", "rollout", "saas", "sdr", "signup"}
    | {"spreadsheet", "spreadsheets", "stakeholder", "stakeholders", "upsell", "webinar"}
    | {"webinars", "workflow", "workflows"}
)
_PACKAGE = "pyspellchecker"

VOCABULARY = f"{_PACKAGE} {version(_PACKAGE)}, from {_OFTEN} times"
"""Which list it is; a part of the digest a steward approves, since the list is no code of ours."""


def is_common(word: str) -> bool:
    """Whether a word in small letters may be shown; of a form with an apostrophe, its stem too."""
    return word in _words() or word.replace("\u2019", "'").partition("'")[0] in _words()


@cache
def _words() -> frozenset[str]:
    # Imported here: the list takes a moment to read, and only a run that prepares texts needs it.
    from spellchecker import SpellChecker  # noqa: PLC0415

    counted = SpellChecker(language="en").word_frequency.dictionary
    return _OF_OUR_TRADE | {word for word, times in counted.items() if times >= _OFTEN}
