"""What the platform's session reads of the ledger, and the two things it may write to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import psycopg

from stores.errors import translated_errors

__all__ = [
    "AscendPlatformMetricLedger",
    "LedgerRow",
    "LedgerState",
    "PlatformLedger",
    "StoredCheckpoint",
    "StoredHandover",
]

# Any: a row's values have the types of their columns.
Row = Mapping[str, Any]

_AT_ONCE = 5_000
_ROWS = (
    "SELECT l.position, l.leaf, e.salt, e.record FROM control.ledger_leaves l "
    "LEFT JOIN control.ledger_entries e USING (entry_id) "
)


class LedgerRow(NamedTuple):
    """A leaf at its place, with its salt and record unless they were erased."""

    position: int
    leaf: bytes
    salt: bytes | None
    record: str | None


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A checkpoint as the database has it, with the frontier from which the next seal goes on."""

    size: int
    root: bytes
    frontier: bytes
    note: str


@dataclass(frozen=True, slots=True)
class StoredHandover:
    """A handover of the ledger's key as the database has it: its keys, its tree, and why."""

    size: int
    old_key: str
    new_key: str
    note: str
    reason: str


@dataclass(frozen=True, slots=True)
class LedgerState:
    """How much of the ledger is under a checkpoint of its own, and since when the rest waits.

    ``strangers`` of what waits are under a checkpoint that only the database has.
    """

    entries: int
    sealed: int
    unsealed: int
    strangers: int
    oldest_unsealed_at: datetime | None


class AscendPlatformMetricLedger:
    """The ledger (ascend_platform_metric), through the session that opened it."""

    def __init__(
        self, rows: Callable[..., list[Row]], driver: Callable[[], psycopg.Connection[Any]]
    ) -> None:
        self._rows = rows
        self._driver = driver

    def number_leaves(self) -> int:
        """Give committed entries their places in the tree; returns how many leaves it has."""
        return int(self._rows("SELECT control.number_ledger() AS n")[0]["n"])

    def record_checkpoint(self, checkpoint: StoredCheckpoint) -> None:
        """Keep a checkpoint; what the database sees to be none of its ledger is refused."""
        self._rows(
            "SELECT control.record_checkpoint(:size, :root, :frontier, :note)",
            size=checkpoint.size,
            root=checkpoint.root,
            frontier=checkpoint.frontier,
            note=checkpoint.note,
        )

    def record_handover(self, handover: StoredHandover) -> None:
        """Keep a handover; one of another form or root is refused, or another to the same key."""
        self._rows(
            "SELECT control.record_handover(:size, :old_key, :new_key, :note, :reason)",
            size=handover.size,
            old_key=handover.old_key,
            new_key=handover.new_key,
            note=handover.note,
            reason=handover.reason,
        )

    def handovers(self) -> list[str]:
        """The note of every handover of the key, smallest tree first."""
        rows = self._rows("SELECT note FROM control.ledger_handovers ORDER BY tree_size, new_key")
        return [row["note"] for row in rows]

    def has_handover_to(self, new_key: str) -> bool:
        """Whether a handover to that key is kept, whoever signed it."""
        return bool(
            self._rows("SELECT FROM control.ledger_handovers WHERE new_key = :k", k=new_key)
        )

    def checkpoints(self) -> list[StoredCheckpoint]:
        """Every checkpoint, smallest first."""
        rows = self._rows("SELECT * FROM control.ledger_checkpoints ORDER BY tree_size")
        return [_checkpoint(row) for row in rows]

    def newest_checkpoints(self, at_most: int) -> list[StoredCheckpoint]:
        """The largest checkpoints, largest first."""
        rows = self._rows(
            "SELECT * FROM control.ledger_checkpoints ORDER BY tree_size DESC LIMIT :n", n=at_most
        )
        return [_checkpoint(row) for row in rows]

    def leaves(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The leaves from that place on, in order, up to but not at `stop`."""
        statement = (
            "SELECT leaf FROM control.ledger_leaves WHERE position >= %(start)s AND "
            "(%(stop)s::bigint IS NULL OR position < %(stop)s) ORDER BY position"
        )
        for (leaf,) in self._streamed(statement, start=start, stop=stop):
            yield bytes(leaf)

    def rows(self) -> Iterator[LedgerRow]:
        """Every leaf with its entry, in the order of the tree."""
        for position, leaf, salt, record in self._streamed(_ROWS + "ORDER BY l.position"):
            yield LedgerRow(position, bytes(leaf), salt and bytes(salt), record)

    def rows_of_promotion(self, promotion_id: UUID) -> list[LedgerRow]:
        """The leaves of a promotion's row and of its transitions that have a place, in order."""
        return [
            LedgerRow(position, bytes(leaf), salt and bytes(salt), record)
            for position, leaf, salt, record in self._streamed(
                _ROWS + "WHERE (e.kind = 'promotion' AND e.row_key = %(key)s) "
                "OR (e.kind = 'transition' AND e.row_key IN (SELECT t.transition_id::text "
                "FROM control.promotion_transitions t WHERE t.promotion_id = %(key)s::uuid)) "
                "ORDER BY l.position",
                key=str(promotion_id),
            )
        ]

    def differences(self) -> list[tuple[str, str, str]]:
        """Recorded rows that are not as their newest record says: kind, key, how they differ."""
        rows = self._rows("SELECT * FROM control.ledger_differences() ORDER BY 1, 2, 3")
        return [(row["kind"], row["row_key"], row["difference"]) for row in rows]

    def state(self, signed: int) -> LedgerState:
        """What is sealed and what waits, where the ledger's keys signed that many leaves.

        The database cannot tell whose key signed a checkpoint: its own count for nothing here.
        """
        (row,) = self._rows(
            "SELECT count(*) AS entries, "
            "count(*) FILTER (WHERE l.position IS NULL OR l.position >= :signed) AS unsealed, "
            "count(*) FILTER (WHERE l.position >= :signed AND l.position < "
            "(SELECT max(tree_size) FROM control.ledger_checkpoints)) AS strangers, "
            "min(e.written_at) FILTER (WHERE l.position IS NULL OR l.position >= :signed) "
            "AS oldest FROM control.ledger_entries e "
            "LEFT JOIN control.ledger_leaves l USING (entry_id)",
            signed=signed,
        )
        return LedgerState(
            int(row["entries"]), signed, int(row["unsealed"]), int(row["strangers"]), row["oldest"]
        )

    def _streamed(self, statement: str, **parameters: object) -> Iterator[tuple[Any, ...]]:
        with translated_errors(), self._driver().cursor(name="ledger") as cursor:
            cursor.execute(statement.encode(), parameters)
            while rows := cursor.fetchmany(_AT_ONCE):
                yield from rows


def _checkpoint(row: Row) -> StoredCheckpoint:
    return StoredCheckpoint(
        int(row["tree_size"]), bytes(row["root"]), bytes(row["frontier"]), row["note"]
    )


class _Session(Protocol):
    def _rows(self, statement: str, **parameters: object) -> list[Row]: ...
    def _driver(self) -> psycopg.Connection[Any]: ...


class PlatformLedger:
    """For the platform's own session."""

    def ledger_ascend_platform_metric(self: _Session) -> AscendPlatformMetricLedger:
        """The ledger."""
        return AscendPlatformMetricLedger(self._rows, self._driver)
