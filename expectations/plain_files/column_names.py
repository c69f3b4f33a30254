"""Columns whose names say that they hold personal data: a suspicion, never an acquittal."""

from __future__ import annotations

import re
from collections.abc import Iterable

from expectations.identifiers.kinds import IdentifierKind

__all__ = ["suspected_columns"]

_NAMES = (
    (IdentifierKind.EMAIL, r"e-?mail"),
    (IdentifierKind.PHONE, r"phone|mobile|\bcell\b|\bfax\b|\btel\b"),
    (IdentifierKind.SSN, r"\bssn\b|social.?sec"),
    (IdentifierKind.NATIONAL_ID, r"passport|licen[cs]e.?n|national.?id|tax.?id|\bnino\b"),
    (IdentifierKind.CREDIT_CARD, r"card.?(?:no|num)|credit.?card|\bpan\b"),
    (IdentifierKind.IBAN, r"\biban\b|account.?(?:no|num)"),
    (IdentifierKind.ADDRESS, r"address|street|\bzip\b|post.?code"),
    (IdentifierKind.DATE_OF_BIRTH, r"birth|\bdob\b"),
    (IdentifierKind.SECRET, r"password|secret|token|api.?key|credential"),
    (IdentifierKind.IP, r"\bip\b|ip.?addr"),
    (IdentifierKind.URL, r"\burl\b|website|linkedin"),
    (IdentifierKind.PERSON_NAME, r"(?:full|first|last|sur|given|contact|agent).?name"),
    (IdentifierKind.ACCOUNT_NAME, r"company|customer|client|account.?name"),
)
_PATTERNS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _NAMES)
_SEPARATORS = re.compile(r"[_\W]+|(?<=[a-z])(?=[A-Z])")


def suspected_columns(names: Iterable[str]) -> dict[str, IdentifierKind]:
    """By name the kind that a column is suspected to hold; others are scanned all the same."""
    suspected: dict[str, IdentifierKind] = {}
    for name in names:
        words = _SEPARATORS.sub(" ", name[:200])
        for kind, pattern in _PATTERNS:
            if pattern.search(words):
                suspected.setdefault(name, kind)
    return suspected
