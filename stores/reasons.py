"""What a reason that goes on record may be: how long, and that it reads as it is stored.

The database holds to the same: `control.require_reason`, `control.hides_text` and
`control.characters_seen`.
"""

from __future__ import annotations

import re

__all__ = [
    "HIDING",
    "LONGEST_REASON",
    "REASON_LENGTH",
    "SHORTEST_REASON",
    "UNSEEN",
    "characters_seen",
    "hidden_character",
    "unfit_reason",
]

SHORTEST_REASON, LONGEST_REASON = 3, 2_000
REASON_LENGTH = f"{SHORTEST_REASON} to {LONGEST_REASON:,} characters"

# What a reason may have and nobody sees: blanks, joiners and selectors.
UNSEEN = r"[\t\n \u00A0\u1680\u2000-\u200A\u200C\u200D\u202F\u205F\u3000\uFE0E\uFE0F]"

# Control characters but tab and line feed, format characters (among them all that turn text round),
# line and paragraph separators, and what else Unicode draws as nothing: fillers, the blank of
# Braille, the null notehead, halves of a surrogate pair. What has no meaning that is agreed upon,
# which draws as nothing where a font likes: private use, no characters, all planes after the third.
# Two selectors stay, with which emoji are typed, right after what is seen, and the joiners where
# scripts are written with them: right after a letter of Arabic, Persian, an Indian script, Tibetan,
# Burmese, Khmer or Mongolian.
HIDING = (
    r"[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u00AD\u034F\u0600-\u0605\u061C\u06DD\u070F"
    r"\u0890\u0891\u08E2\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B\u200E\u200F\u2028-\u202E"
    r"\u2060-\u206F\u2800\u3164\uD800-\uF8FF\uFDD0-\uFDEF\uFE00-\uFE0D\uFEFF\uFFA0\uFFF0-\uFFFC"
    r"\uFFFE\uFFFF\U000110BD\U000110CD\U00013430-\U00013442\U00016FE4\U0001BC9D"
    r"\U0001BCA0-\U0001BCA3\U0001D159\U0001D173-\U0001D17A\U00040000-\U0010FFFF]"
    r"|(^|[^\u0600-\u109F\u1780-\u18AF])[\u200C\u200D]"
    rf"|(^|{UNSEEN})[\uFE0E\uFE0F]"
)
_HIDING = re.compile(HIDING)
_UNSEEN = re.compile(UNSEEN)


def hidden_character(text: str) -> str | None:
    """The first character that hides or turns text round, by its number; None where none does."""
    found = _HIDING.search(text)
    return f"U+{ord(found[0][-1]):04X}" if found else None


def characters_seen(text: str) -> int:
    """How many characters are neither blank nor part of the one before."""
    return len(_UNSEEN.sub("", text))


def unfit_reason(reason: str) -> str | None:
    """What is wrong of a reason, in words that go on; None where it can go on record."""
    said = reason.strip()
    if not SHORTEST_REASON <= len(said) <= LONGEST_REASON:
        return f"a reason has {REASON_LENGTH}, this one has {len(said):,}"
    if hidden := hidden_character(reason):
        return (
            "a reason has no character that is not seen, turns text round or controls a terminal, "
            f"this one has {hidden}"
        )
    if (seen := characters_seen(said)) < SHORTEST_REASON:
        return f"a reason has {SHORTEST_REASON} characters that are seen, this one has {seen}"
    return None
