"""Features of how a stripped text is built, each one of a few values that we name.

They are found by rule in text that is stripped already. A value is a phrase of our own, never a
word of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from anonymization.dimensions import HIDDEN, Dimension

__all__ = [
    "ADDRESS",
    "FIGURES",
    "LENGTH",
    "REQUEST",
    "Feature",
    "structure_dimension",
    "structure_of",
    "structures",
    "theme_dimension",
    "theme_of",
    "theme_values",
]

_BETWEEN = "; "
_OTHER_THEME = "other"


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature: the values it may have, and the rule that finds it in a stripped text."""

    values: tuple[str, ...]
    of: Callable[[str], str]


_MEETING = re.compile(
    r"\b(?:meet(?:ing)?|demo|call|chat|calendar|slot|half an hour|"
    r"(?:\d+|ten|fifteen|twenty|thirty) min(?:ute)?s?)\b",
    re.IGNORECASE,
)
_NAMED = re.compile(r"<(?:PERSON|ACCOUNT)[A-Z_]*_\d+>")
_PLACEHOLDER = re.compile(r"<[A-Z_]+_\d+>")
_ASKED = re.compile(r"[^.!?\n]*\?")
_REQUESTED = re.compile(
    r"\b(?:reply|let me know|book|please|send me|would|could|can|may)\b", re.IGNORECASE
)
_FIGURE = re.compile(r"[$€£]|\d")
_MEDIUM_FROM, _LONG_FROM = 30, 80


def _length(text: str) -> str:
    words = len(text.split())
    return "brief" if words < _MEDIUM_FROM else "medium" if words < _LONG_FROM else "long"


def _request(text: str) -> str:
    plain = _PLACEHOLDER.sub(" ", text)
    asked = " ".join(_ASKED.findall(plain))
    if _MEETING.search(asked) or any(
        _REQUESTED.search(sentence) and _MEETING.search(sentence)
        for sentence in re.split(r"[.!?\n]", plain)
    ):
        return "asks for a meeting"
    return "asks a question" if asked else "asks nothing"


def _address(text: str) -> str:
    return "names somebody" if _NAMED.search(text) else "names nobody"


def _figures(text: str) -> str:
    return "gives figures" if _FIGURE.search(_PLACEHOLDER.sub(" ", text)) else "gives no figures"


LENGTH = Feature(("brief", "medium", "long"), _length)
REQUEST = Feature(("asks for a meeting", "asks a question", "asks nothing"), _request)
ADDRESS = Feature(("names somebody", "names nobody"), _address)
FIGURES = Feature(("gives figures", "gives no figures"), _figures)


def structure_of(text: str, features: Sequence[Feature]) -> str:
    """The features of a stripped text as one label."""
    return _BETWEEN.join(feature.of(text) for feature in features)


def structures(features: Sequence[Feature]) -> tuple[str, ...]:
    """Every label there may be."""
    return tuple(
        _BETWEEN.join(values) for values in product(*(feature.values for feature in features))
    )


def structure_dimension(features: Sequence[Feature], made_of: tuple[str, ...]) -> Dimension:
    """The structure as a dimension: whole, or without its first feature."""
    without_first = {label: label.partition(_BETWEEN)[2] for label in structures(features)}
    return Dimension("structure", "t.structure", made_of, coarser=(without_first,))


def theme_dimension(made_of: tuple[str, ...]) -> Dimension:
    """The theme as a dimension: named, or hidden."""
    return Dimension("theme", "t.theme", made_of, may_be_hidden=True)


def theme_values(themes: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Every value that a released theme may have."""
    return frozenset({*themes, _OTHER_THEME, HIDDEN})


def theme_of(text: str, themes: Mapping[str, Sequence[str]]) -> str:
    """The first theme one of whose words stands in the stripped text."""
    words = set(re.findall(r"[a-z]+", _PLACEHOLDER.sub(" ", text).casefold()))
    return next((name for name, known in themes.items() if words & set(known)), _OTHER_THEME)
