"""The waiver of a rule on one line: `# classline: CLS101 - why it may`. No reason, no waiver."""

from __future__ import annotations

import io
import re
import tokenize
from dataclasses import dataclass, replace

from expectations.lint.rules import RULES

__all__ = ["Waiver", "waivers_in"]

_MARK = "classline:"
_COMMENT = re.compile(r"#\s*classline:\s*(?P<said>.*)$")
_SAID = re.compile(r"(?P<rules>CLS\d{3}(?:\s*,\s*CLS\d{3})*)\s*(?:[-:(]+\s*(?P<why>.*))?$")
_FEWEST_WORDS = 3
_WORD = re.compile(r"[^\W\d_]{2,}")
_UNWAIVABLE = frozenset({"CLS001", "CLS002", "CLS003"})


@dataclass(frozen=True, slots=True)
class Waiver:
    """What a comment waives on its line; ``wrong`` says why it waives nothing."""

    line: int
    column: int
    rules: frozenset[str]
    wrong: str = ""
    alone: bool = False

    def covers(self, first: int, last: int) -> bool:
        """Whether it stands on one of these lines, or alone on the line above them."""
        return first <= self.line <= last or (self.alone and self.line + 1 == first)


def waivers_in(source: str) -> list[Waiver]:
    """Every waiver in the source, in order; text in strings is none."""
    if _MARK not in source:
        return []
    found = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT and (said := _COMMENT.search(token.string)):
                line, column = token.start
                alone = not token.line[:column].strip()
                waiver = _waiver(line, column + said.start(), said["said"].strip())
                found.append(replace(waiver, alone=alone))
    except (tokenize.TokenError, SyntaxError):
        return found  # the file itself is refused as no Python
    return found


def _waiver(line: int, column: int, said: str) -> Waiver:
    match = _SAID.fullmatch(said)
    if match is None:
        return Waiver(line, column, frozenset(), "it names no rule such as CLS101")
    rules = frozenset(re.findall(r"CLS\d{3}", match["rules"]))
    unknown = sorted(rules - set(RULES)) or sorted(rules & _UNWAIVABLE)
    if unknown:
        return Waiver(line, column, frozenset(), f"{', '.join(unknown)} cannot be waived")
    if len(_WORD.findall(match["why"] or "")) < _FEWEST_WORDS:
        return Waiver(line, column, frozenset(), f"its reason has fewer than {_FEWEST_WORDS} words")
    return Waiver(line, column, rules)
