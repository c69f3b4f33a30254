"""Brings DataHub to what the registry declares: sends what differs, removes what is gone.

What DataHub holds is read first, so an unchanged aspect is not sent, a label changed by hand is
noticed, and an emptied DataHub is filled again. It imports the DataHub SDK, so it is itself
imported only inside functions that emit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

import datahub.metadata.schema_classes as models

from catalog import datahub_names
from catalog.data_classes import DataClass
from catalog.datahub_as_held import Plain, column_as_declared, dataset_as_declared, typed
from catalog.datahub_errors import DataHubRefused
from catalog.datahub_labels import (
    COLUMN_ASPECTS,
    DATASET_ASPECTS,
    Held,
    LabelDrift,
    column_changes,
    dataset_changes,
    held_aspect,
)
from catalog.datahub_model import OWNED_ASPECTS, declared_dataset
from catalog.datahub_proposals import Proposal, created_once, upserts
from catalog.datahub_vocabulary import DeclaredEntity, vocabulary
from catalog.registry import Dataset

__all__ = ["CatalogServer", "SyncReport", "sync_catalog"]

_DATASETS_AT_ONCE = 100
_READ = tuple(dict.fromkeys((*OWNED_ASPECTS, *DATASET_ASPECTS)))
_Item = TypeVar("_Item")
# Who wrote an aspect, and when, is no part of what it says.
_STAMPS = frozenset({"auditStamp", "created", "lastModified", "lastUpdated"})


class CatalogServer(Protocol):
    """What a sync needs of a connection to DataHub."""

    def emit(self, proposals: Sequence[Proposal]) -> None:
        """Send proposals; DataHub has them all when this returns."""

    def read(
        self, entity_type: str, urns: Sequence[str], aspects: Sequence[str]
    ) -> Mapping[str, Plain]:
        """The named aspects of those entities as plain JSON, as far as DataHub has them."""

    def dataset_urns(self, platforms: Sequence[str]) -> list[str]:
        """Every dataset on those platforms that is not removed."""


@dataclass(slots=True)
class SyncReport:
    """What a sync did: aspects sent and left alone, datasets removed, labels put back.

    ``refused`` names what DataHub would not take; everything else was sent all the same.
    """

    sent: int = 0
    unchanged: int = 0
    refused: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    drifts: list[LabelDrift] = field(default_factory=list)


def sync_catalog(server: CatalogServer, datasets: Iterable[Dataset], at: datetime) -> SyncReport:
    """Make DataHub say what those datasets declare, and no more; people's own additions stay."""
    declared = tuple(datasets)
    sync = _Sync(server, at)
    words = vocabulary(declared, at)
    sync.entities(words)
    for some in _pages(declared, _DATASETS_AT_ONCE):
        sync.datasets(some)
    sync.prune(declared, kept=frozenset(entity.urn for entity in words))
    return sync.report


class _Sync:
    def __init__(self, server: CatalogServer, at: datetime) -> None:
        self._server = server
        self._at = at
        self.report = SyncReport()

    def entities(self, declared: Iterable[DeclaredEntity]) -> None:
        """Entities of the vocabulary; each kind is read at once."""
        by_type: dict[str, list[DeclaredEntity]] = {}
        for entity in declared:
            by_type.setdefault(entity.entity_type, []).append(entity)
        for entity_type, members in by_type.items():
            aspects = sorted({a.ASPECT_NAME for e in members for a in (*e.owned, *e.once)})
            held = self._server.read(entity_type, [e.urn for e in members], aspects)
            self._send([p for e in members for p in self._missing(e, typed(held.get(e.urn, {})))])

    def datasets(self, datasets: Sequence[Dataset]) -> None:
        """Some datasets with their labels and columns."""
        urns = {dataset: datahub_names.dataset_urn(dataset) for dataset in datasets}
        held = self._server.read("dataset", list(urns.values()), _READ)
        columns = self._server.read(
            "schemaField",
            [datahub_names.column_urn(urns[d], c.name) for d in datasets for c in d.columns],
            COLUMN_ASPECTS,
        )
        proposals: list[Proposal] = []
        for dataset, urn in urns.items():
            plain = held.get(urn, {})
            if dataset_as_declared(dataset, plain):
                self.report.unchanged += len(OWNED_ASPECTS) + 1
                proposals += self._columns(dataset, urn, None, columns)
                continue
            found = typed(plain)
            labels, drifts = dataset_changes(dataset, found, self._at)
            proposals += [*self._missing(declared_dataset(dataset, self._at), found), *labels]
            self._note(labels, drifts)
            proposals += self._columns(dataset, urn, found, columns)
        self._send(proposals)

    def prune(self, declared: Sequence[Dataset], *, kept: frozenset[str]) -> None:
        """Remove datasets of ours that are declared no more, softly: their history stays."""
        known = {datahub_names.dataset_urn(dataset) for dataset in declared}
        platforms = (datahub_names.TABLE_PLATFORM, datahub_names.KEY_VALUE_PLATFORM)
        gone = [urn for urn in self._server.dataset_urns(platforms) if urn not in known]
        for some in _pages(gone, _DATASETS_AT_ONCE):
            held = self._server.read(
                "dataset", some, ["datasetProperties", "schemaMetadata", "container"]
            )
            proposals: list[Proposal] = []
            for urn, found in sorted((urn, typed(plain)) for urn, plain in held.items()):
                properties = held_aspect(found, models.DatasetPropertiesClass)
                stated = (properties.customProperties or {}) if properties else {}
                if stated.get("declared_by") != datahub_names.DECLARED_BY:
                    continue
                self.report.removed.append(datahub_names.dataset_name(urn))
                urns = [urn, *_column_urns(urn, found)]
                container = held_aspect(found, models.ContainerClass)
                if container is not None and container.container not in kept:
                    urns.append(container.container)
                for each in urns:
                    proposals += upserts(each, models.StatusClass(removed=True))
            self._send(proposals)

    def _columns(
        self, dataset: Dataset, urn: str, found: Held | None, columns: Mapping[str, Plain]
    ) -> Iterator[Proposal]:
        """What the columns need; ``found`` is None where the dataset is held as declared."""
        before = (
            {column.name: dataset.class_of(column) for column in dataset.columns}
            if found is None
            else _classes_before(found)
        )
        for column in dataset.columns:
            column_urn = datahub_names.column_urn(urn, column.name)
            plain = columns.get(column_urn, {})
            if column_as_declared(dataset.class_of(column), plain):
                self.report.unchanged += 1
                continue
            held = typed(plain)
            labels, drifts = column_changes(dataset, column, held, before.get(column.name))
            self._note(labels, drifts)
            yield from labels
            status = held_aspect(held, models.StatusClass)
            if status is not None and status.removed:
                yield from upserts(column_urn, models.StatusClass(removed=False))
        declared = {column.name for column in dataset.columns}
        for name in sorted(before.keys() - declared):
            column_urn = datahub_names.column_urn(urn, name)
            yield from upserts(column_urn, models.StatusClass(removed=True))

    def _missing(self, entity: DeclaredEntity, held: Held) -> Iterator[Proposal]:
        for aspect in entity.owned:
            if _says_the_same(aspect, held.get(aspect.ASPECT_NAME)):
                self.report.unchanged += 1
            else:
                yield from upserts(entity.urn, aspect)
        for aspect in entity.once:
            if aspect.ASPECT_NAME in held:
                self.report.unchanged += 1
            else:
                yield created_once(entity.urn, aspect)

    def _note(self, labels: Sequence[Proposal], drifts: Sequence[LabelDrift]) -> None:
        self.report.unchanged += not labels
        self.report.drifts += drifts

    def _send(self, proposals: Sequence[Proposal]) -> None:
        if not proposals:
            return
        try:
            self._server.emit(proposals)
        except DataHubRefused:
            for proposal in proposals:
                self._send_alone(proposal)
        else:
            self.report.sent += len(proposals)

    def _send_alone(self, proposal: Proposal) -> None:
        try:
            self._server.emit([proposal])
        except DataHubRefused:
            self.report.refused.append(f"{proposal.entityUrn} {proposal.aspectName}")
        else:
            self.report.sent += 1


def _pages(items: Sequence[_Item], size: int) -> Iterator[Sequence[_Item]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]


def _says_the_same(declared: models._Aspect, held: models._Aspect | None) -> bool:
    return held is not None and _said(declared.to_obj()) == _said(held.to_obj())


def _said(value: object) -> object:
    if isinstance(value, dict):
        return {
            name: _said(item)
            for name, item in value.items()
            if name not in _STAMPS and item is not None
        }
    return [_said(item) for item in value] if isinstance(value, list) else value


def _column_urns(urn: str, found: Held) -> list[str]:
    return [datahub_names.column_urn(urn, name) for name in _classes_before(found)]


def _classes_before(found: Held) -> dict[str, DataClass | None]:
    """The columns of a dataset as we last declared them, each with its class."""
    schema = held_aspect(found, models.SchemaMetadataClass)
    classes: dict[str, DataClass | None] = {}
    for column in schema.fields if schema else ():
        tags = column.globalTags.tags if column.globalTags else []
        shown = {datahub_names.class_of_tag(tag.tag) for tag in tags} - {None}
        classes[column.fieldPath] = shown.pop() if len(shown) == 1 else None
    return classes
