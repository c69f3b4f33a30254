"""What stands under a leaf: a random salt and a record; erased ones leave the leaf alone."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["EntryKind", "LedgerEntry", "leaf_of"]


class EntryKind(StrEnum):
    """What an entry records."""

    PROMOTION = "promotion"
    TRANSITION = "transition"
    APPROVAL = "approval"
    KV_AUDIT = "kv_audit"
    CLASS_CHANGE = "class_change"
    HANDOVER = "handover"
    ERASURE = "erasure"


_MARKS = {kind: f'"kind":"{kind}"' for kind in EntryKind}


def leaf_of(salt: bytes, record: str) -> bytes:
    """SHA-256 of the salt followed by the record."""
    return hashlib.sha256(salt + record.encode()).digest()


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A leaf at its place in the tree, with its salt and record unless they were erased."""

    position: int
    leaf: bytes
    salt: bytes | None
    record: str | None

    @property
    def erased(self) -> bool:
        """Whether salt and record are gone."""
        return self.salt is None or self.record is None

    def holds(self) -> bool:
        """Whether the leaf is that of the salt and the record; an erased one says nothing."""
        if self.salt is None or self.record is None:
            return True
        return leaf_of(self.salt, self.record) == self.leaf

    def handover(self) -> str | None:
        """The handover of the ledger's key that this entry records, None of any other entry."""
        content = self._content(EntryKind.HANDOVER)
        note = content.get("note", "") if content is not None else None
        return note if note is None or isinstance(note, str) else ""

    def erased_leaves(self) -> frozenset[bytes]:
        """The leaves that this entry says were erased: of an erasure alone there are any."""
        try:
            named = (self._content(EntryKind.ERASURE) or {}).get("leaves", ())
            return frozenset(bytes.fromhex(leaf) for leaf in named)
        except (ValueError, TypeError):
            return frozenset()

    def _content(self, kind: EntryKind) -> dict[str, Any] | None:  # Any: JSON
        """The row in a record of that kind, None of another kind."""
        # Looked for by text first: parsing every record would cost most of the time.
        if self.record is None or _MARKS[kind] not in self.record:
            return None
        try:
            content = json.loads(self.record)
            if content["kind"] != kind or not isinstance(content["row"], dict):
                return None
        except (ValueError, KeyError, TypeError):
            return None
        row: dict[str, Any] = content["row"]
        return row
