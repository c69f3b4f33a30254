"""What a probe is: statements that a hostile tenant runs, and what of their outcome is a leak."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["GUESSES", "Family", "Presented", "Probe"]


class Family(StrEnum):
    """What a probe attacks."""

    CLAIM = "claim"
    ROLE = "role"
    READING = "reading"
    WRITING = "writing"
    SESSION_STATE = "session state"
    HIJACK = "hijack"
    ORACLE = "oracle"
    CATALOG = "catalog"
    STATISTICS = "statistics"
    SERVER = "server"
    CONTROL = "control"
    FUND = "fund"


class Presented(StrEnum):
    """The claim that a probe's connection starts with."""

    OWN = "own"
    NONE = "none"
    FORGED = "forged"
    UNSIGNED = "unsigned"
    TRUNCATED = "truncated"
    UNKNOWN_KEY = "unknown key"
    EXPIRED = "expired"
    REPLAYED = "replayed"
    FOREIGN_TENANT = "foreign tenant"
    CLASSLESS = "classless"
    FUND = "fund"


GUESSES = ("<b_key>", "<b_sector>", "<b_contact>")
"""Values of B that A may guess: whether a guess is right must not show."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One attack, over A's own login.

    A leak is: a canary or an identity of B in whatever came back; a change of B's rows; where
    ``must_fail``, that the last statement was carried out; where ``no_rows``, that it showed any;
    and, where a guess stands in the statements, any difference between a right and a wrong one.
    ``steady`` says that its outcome may depend on nothing but A's own data. ``residue`` are the
    identities that PostgreSQL cannot hide from it; the documentation says so.
    """

    id: str
    family: Family
    statements: tuple[str, ...]
    presented: Presented = Presented.OWN
    must_fail: bool = False
    no_rows: bool = False
    steady: bool = True
    residue: tuple[str, ...] = ()
