"""Keeps the search index and the edges up to date with the aspects, behind the writers' backs.

A write only notes which aspects changed, in its own transaction. A thread derives the rest in small
steps; whoever searches first has what is left done, so no answer is older than the question.
"""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from catalog.embedded_datahub.derivation import Derivation
from catalog.embedded_datahub.schemas import load_model
from catalog.embedded_datahub.storage import open_catalog

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from catalog.embedded_datahub.schemas import MetadataModel
    from catalog.embedded_datahub.storage import Catalog

__all__ = ["Index", "open_index"]

_log = logging.getLogger(__name__)

# A step holds the catalog for some milliseconds, so that a request between two of them can pass.
_STEP = 64


class Index:
    """The derived tables of one catalog; its thread runs between `start` and `close`."""

    def __init__(self, catalog: Catalog, model: MetadataModel) -> None:
        self.catalog = catalog
        self.model = model
        self._derivation = Derivation(model)
        self._is_stale = threading.Event()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._keep_up, name="index", daemon=True)

    def start(self) -> None:
        """Begin with what an earlier process may have left."""
        self._is_stale.set()
        self._thread.start()

    def close(self) -> None:
        """End the thread and close the catalog; what is left is done after the next start."""
        self._is_stopping = True
        self._is_stale.set()
        if self._thread.is_alive():
            self._thread.join()
        self.catalog.close()

    def note_change(self) -> None:
        """Aspects were written."""
        self._is_stale.set()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Everything inside sees one state of the catalog, and an index that is up to date."""
        with self.catalog.reading() as connection:
            while self._step():
                pass
            yield connection

    def _keep_up(self) -> None:
        while not self._is_stopping:
            self._is_stale.wait()
            self._is_stale.clear()
            try:
                while not self._is_stopping and self._step():
                    pass
            except Exception as error:  # noqa: BLE001 the thread's boundary
                # The next write or search tries again, and a search says what is wrong. Only the
                # kind: its text may quote what was sent.
                _log.warning("the index waits: %s", type(error).__name__)

    def _step(self) -> bool:
        """Derive from some aspects; whether there were any."""
        with self.catalog.reading() as connection:
            rows = connection.execute(
                "SELECT u.entity_id, u.aspect, e.urn, a.value FROM unindexed u "
                "JOIN entity e ON e.id = u.entity_id "
                "LEFT JOIN aspect a ON a.entity_id = u.entity_id AND a.name = u.aspect "
                "ORDER BY u.entity_id LIMIT ?",
                (_STEP,),
            ).fetchall()
            if not rows:
                return False
            try:
                with self.catalog.transaction(durable=False):
                    self._derivation.apply(connection, rows)
            except BaseException:
                self._derivation.forget_names()
                raise
        return True


def open_index(database: Path) -> Index:
    """Open the catalog's file, and begin to keep its index."""
    index = Index(open_catalog(database), load_model())
    index.start()
    return index
