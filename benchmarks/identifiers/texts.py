"""Texts and identifiers made at random with a seed: the same ones out of every run."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator

from expectations.identifiers import IdentifierKind

__all__ = ["a_million_identifiers", "dense_texts", "sparse_texts"]

_SENTENCES = (
    "Open with the question that the last call ended on and let them answer first",
    "Name the cost of waiting one more quarter before any price is mentioned at all",
    "Send a short note on the day after the meeting with the two points they raised",
    "Ask who else has to agree and what each of them would need to see beforehand",
    "Next steps: send the pricing deck by Friday and loop in the security team on what is open.",
)
_SYLLABLES = ("ka", "zo", "mi", "ter", "lun", "dra", "vex", "on", "ri", "sta", "bel", "qui")


def sparse_texts(count: int, seed: int = 3) -> list[str]:
    """Ordinary sentences, one row in 200 with an identifier."""
    chance = random.Random(seed)  # noqa: S311 - drawn, not guessed at
    return [
        f"{chance.choice(_SENTENCES)}. {chance.choice(_SENTENCES)}"
        + (f" to {_identifier(chance)}" if chance.random() < 1 / 200 else "")
        for _ in range(count)
    ]


def dense_texts(count: int, seed: int = 4) -> list[str]:
    """Half a sentence and two identifiers of mixed kinds in every row."""
    chance = random.Random(seed)  # noqa: S311 - drawn, not guessed at
    return [
        f"{chance.choice(_SENTENCES)[:40]} {_identifier(chance)} and {_identifier(chance)}"
        for _ in range(count)
    ]


def a_million_identifiers(count: int = 1_000_000) -> Iterator[tuple[IdentifierKind, str]]:
    """Names of people and companies, addresses and domains, in turn."""
    chance = random.Random(1)  # noqa: S311 - drawn, not guessed at

    def name(syllables: int) -> str:
        return "".join(chance.choices(_SYLLABLES, k=syllables)).title()

    for number in range(0, count, 4):
        yield IdentifierKind.PERSON_NAME, f"{name(3)} {name(3)}"
        yield IdentifierKind.ACCOUNT_NAME, f"{name(4)} {name(3)} Inc"
        yield IdentifierKind.EMAIL, f"{name(3)}{number}@{name(3)}.com".lower()
        yield IdentifierKind.DOMAIN, f"{name(4)}{number}.com".lower()


def _identifier(chance: random.Random) -> str:
    def digits(count: int) -> str:
        return "".join(chance.choices(string.digits, k=count))

    byte = chance.randrange
    return chance.choice(
        (
            f"jane{digits(3)}@acme{digits(2)}.com",
            f"415-555-{digits(4)}",
            f"https://www.site{digits(3)}.io/p/{digits(4)}",
            f"{byte(1, 223)}.{byte(255)}.{byte(255)}.{byte(1, 255)}",
            f"{byte(100, 600)}-45-{byte(1000, 9999)}",
            "4111 1111 1111 1111",
            f"+49 30 {digits(7)}",
        )
    )
