"""What an identifier may be, and where in a text one was found."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

__all__ = ["IdentifierKind", "Occurrence"]


class IdentifierKind(StrEnum):
    """What points at a person, an account or a tenant; the last three are only ever known."""

    EMAIL = "EMAIL"
    PHONE = "PHONE"
    URL = "URL"
    DOMAIN = "DOMAIN"
    IP = "IP"
    MAC = "MAC"
    SSN = "SSN"
    NATIONAL_ID = "NATIONAL_ID"
    CREDIT_CARD = "CREDIT_CARD"
    IBAN = "IBAN"
    ADDRESS = "ADDRESS"
    DATE_OF_BIRTH = "DATE_OF_BIRTH"
    SECRET = "SECRET"  # noqa: S105 - the name of a kind, not a secret
    TENANT_ID = "TENANT_ID"
    ACCOUNT_NAME = "ACCOUNT_NAME"
    PERSON_NAME = "PERSON_NAME"
    KNOWN_IDENTIFIER = "KNOWN_IDENTIFIER"


class Occurrence(NamedTuple):
    """One identifier in one text: character offsets into the text as it was given, and its kind.

    ``known`` says that it is one of the known identifiers, or holds one, whatever it looks like.
    """

    start: int
    end: int
    kind: IdentifierKind
    known: bool = False
