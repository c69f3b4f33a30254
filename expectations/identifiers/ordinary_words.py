"""Words that are in everybody's mouth: as a name of a company or person they need a context."""

from __future__ import annotations

from functools import cache

__all__ = ["COMPANY_FORMS", "is_ordinary"]

COMPANY_FORMS = frozenset(
    {"inc", "incorporated", "llc", "ltd", "limited", "ltda", "corp", "corporation", "co"}
    | {"company", "companies", "gmbh", "mbh", "ag", "kg", "kgaa", "ug", "se", "sa", "sas", "sarl"}
    | {"srl", "spa", "sl", "slu", "snc", "sprl", "eurl", "bv", "bvba", "vof", "nv", "plc", "oy"}
    | {"oyj", "ab", "asa", "aps", "pty", "pte", "kk", "llp", "lp", "lllp", "kft", "zrt", "doo"}
    | {"sro", "spzoo", "eireli", "jsc", "ooo", "oao", "zao", "pjsc", "tbk", "bhd", "sdn"}
)
"""What follows the name of a company and is not part of it."""

_SHORTEST = 4
_OFTEN = 150  # times in the list's 165 million words, from where a word is an ordinary one


def is_ordinary(word: str) -> bool:
    """Whether a small-lettered word is one that ordinary prose holds, or too short to tell."""
    if not word.isascii():
        return False
    return len(word) < _SHORTEST or word.isdigit() or word in _words()


@cache
def _words() -> frozenset[str]:
    # Imported here: the list is read only where identifiers are known.
    from spellchecker import SpellChecker  # noqa: PLC0415

    counted = SpellChecker(language="en").word_frequency.dictionary
    return frozenset(word for word, times in counted.items() if times >= _OFTEN)
