"""Finds what points at a person, an account or a tenant in texts, and says where it stands.

`detection.find_identifiers` is the one detector; `known.KnownIdentifiers` are names, addresses and
domains that tenants are known to use, kept as keyed digests. Looking belongs here; taking what is
found out of a text belongs to `anonymization.stripping`.
"""

from expectations.identifiers.detection import find_identifiers
from expectations.identifiers.kinds import IdentifierKind, Occurrence
from expectations.identifiers.known import KnownIdentifiers

__all__ = ["IdentifierKind", "KnownIdentifiers", "Occurrence", "find_identifiers"]
