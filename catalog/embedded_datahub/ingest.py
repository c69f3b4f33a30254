"""Metadata change proposals: checks them against the model, and writes a batch whole or not."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from catalog.embedded_datahub import entity_defaults, lineage_graph, search_index, timeseries
from catalog.embedded_datahub.aspect_shape import problems_of
from catalog.embedded_datahub.errors import EmbeddedDataHubError, InvalidRequest, RefusedProposals
from catalog.embedded_datahub.json_patch import apply_patch, read_patch
from catalog.embedded_datahub.json_values import JsonObject, JsonValue, encode
from catalog.embedded_datahub.storage import Catalog, StoredAspect
from catalog.embedded_datahub.structured_properties import definition_problems, property_problems
from catalog.embedded_datahub.urns import Urn, key_of, parse_urn

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

    from catalog.embedded_datahub.schemas import AspectSpec, MetadataModel

__all__ = ["ChangeType", "Ingestion", "Proposal"]


class ChangeType(enum.Enum):
    """What a proposal asks for."""

    UPSERT = "UPSERT"
    CREATE = "CREATE"
    CREATE_ENTITY = "CREATE_ENTITY"
    UPDATE = "UPDATE"
    PATCH = "PATCH"
    DELETE = "DELETE"
    RESTATE = "RESTATE"


@dataclass(frozen=True, slots=True)
class Proposal:
    """One metadata change proposal, as either API states it."""

    urn: str
    aspect: str
    change: ChangeType
    value: JsonValue
    system: JsonObject = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    entity_type: str | None = None


class Ingestion:
    """Writes proposals to the catalog."""

    def __init__(self, catalog: Catalog, model: MetadataModel) -> None:
        self._catalog = catalog
        self._model = model

    def write(self, proposals: Sequence[Proposal], now_millis: int) -> None:
        """Write every proposal, or none and refuse with every problem found."""
        with self._catalog.transaction() as connection:
            batch = _Batch(self._catalog, self._model, connection, now_millis)
            problems = []
            for proposal in proposals:
                try:
                    batch.take(proposal)
                except RefusedProposals as refusal:
                    problems += [_located(proposal, problem) for problem in refusal.problems]
                except EmbeddedDataHubError as refusal:
                    problems.append(_located(proposal, str(refusal)))
            if problems:
                raise RefusedProposals(problems)
            batch.finish()

    def delete(self, urn_text: str) -> tuple[int, int]:
        """Forget an entity; how many aspects and how many events it had."""
        urn = parse_urn(urn_text)
        key_of(urn, self._model)
        with self._catalog.transaction():
            events = self._catalog.delete_events(urn.text, None)
            return self._catalog.delete_entity(urn.text), events


class _Batch:
    """The proposals of one transaction; later ones see what earlier ones wrote."""

    def __init__(
        self,
        catalog: Catalog,
        model: MetadataModel,
        connection: sqlite3.Connection,
        now_millis: int,
    ) -> None:
        self._catalog = catalog
        self._model = model
        self._connection = connection
        self._now = now_millis
        self._created: list[tuple[int, Urn]] = []
        self._touched: set[int] = set()

    def take(self, proposal: Proposal) -> None:
        urn, spec = self._resolve(proposal)
        if proposal.change is ChangeType.DELETE:
            self._delete(urn, spec)
        elif spec.is_timeseries:
            self._append(urn, spec, proposal)
        else:
            self._write(urn, spec, proposal)

    def finish(self) -> None:
        for entity_id, urn in self._created:
            for aspect, value in entity_defaults.default_aspects(urn, self._model).items():
                if self._catalog.aspect(urn.text, aspect) is None:
                    spec = self._model.aspect(aspect)
                    self._store(entity_id, urn, spec, StoredAspect(aspect, value, {}, 1))
        search_index.refresh_text(self._connection, sorted(self._touched))

    def _resolve(self, proposal: Proposal) -> tuple[Urn, AspectSpec]:
        urn = parse_urn(proposal.urn)
        key_of(urn, self._model)
        if proposal.entity_type not in {None, urn.entity_type}:
            message = f"the proposal's entityType is not its URN's, {urn.entity_type!r}"
            raise InvalidRequest(message)
        spec = self._model.aspect(proposal.aspect)
        if spec.name not in self._model.entity(urn.entity_type).aspects:
            message = f"entity type {urn.entity_type!r} has no aspect {spec.name!r}"
            raise InvalidRequest(message)
        return urn, spec

    def _write(self, urn: Urn, spec: AspectSpec, proposal: Proposal) -> None:
        current = self._catalog.aspect(urn.text, spec.name)
        if not self._is_due(urn, current, proposal):
            return
        value = self._value(spec, current, proposal)
        _refuse(self._problems(urn, spec, value, current))
        entity_id = self._entity(urn)
        unchanged = current is not None and encode(current.value) == encode(value)
        version = current.version + (not unchanged) if current else 1
        stored = StoredAspect(spec.name, value, proposal.system, version)
        if unchanged:
            self._catalog.put_aspect(entity_id, stored)
        else:
            self._store(entity_id, urn, spec, stored)

    def _is_due(self, urn: Urn, current: StoredAspect | None, proposal: Proposal) -> bool:
        exists = current is not None
        if proposal.change is ChangeType.CREATE_ENTITY:
            exists = self._catalog.exists(urn.text)
        if proposal.change in {ChangeType.CREATE, ChangeType.CREATE_ENTITY} and exists:
            # DataHub's way to say "create unless it is there".
            if proposal.headers.get("If-None-Match") == "*":
                return False
            message = f"{proposal.change.value} of what exists: use UPSERT to overwrite it"
            raise InvalidRequest(message)
        if proposal.change is ChangeType.UPDATE and not exists:
            message = "UPDATE of what does not exist: use UPSERT to create it"
            raise InvalidRequest(message)
        expected = proposal.headers.get("If-Version-Match")
        found = str(current.version) if current else "-1"
        if expected is not None and expected != found:
            message = f"If-Version-Match is {expected}, the stored version is {found}: read again"
            raise InvalidRequest(message)
        return True

    def _value(
        self, spec: AspectSpec, current: StoredAspect | None, proposal: Proposal
    ) -> JsonObject:
        if proposal.change is ChangeType.PATCH:
            patch = read_patch(proposal.value)
            before = current.value if current else None
            return apply_patch(spec.name, before, patch, self._now)
        if not isinstance(proposal.value, dict):
            message = "the aspect's value is not an object"
            raise InvalidRequest(message)
        return proposal.value

    def _problems(
        self, urn: Urn, spec: AspectSpec, value: JsonObject, current: StoredAspect | None
    ) -> Iterator[str]:
        yield from problems_of(value, spec.shape, self._model)
        if spec.name == "structuredProperties":
            yield from property_problems(value, urn.entity_type, self._definition_of)
        elif spec.name == "propertyDefinition":
            yield from definition_problems(value, current.value if current else None)
        elif spec.name == self._model.entity(urn.entity_type).key_aspect and (
            value != key_of(urn, self._model)
        ):
            yield "the key aspect differs from the URN: leave it out, it follows from the URN"

    def _definition_of(self, urn: str) -> JsonObject | None:
        found = self._catalog.aspect(urn, "propertyDefinition")
        return found.value if found and self._catalog.exists(urn, or_removed=False) else None

    def _entity(self, urn: Urn) -> int:
        is_new = not self._catalog.exists(urn.text)
        entity_id = self._catalog.ensure_entity(urn.text, urn.entity_type)
        if is_new:
            self._created.append((entity_id, urn))
            spec = self._model.aspect(self._model.entity(urn.entity_type).key_aspect)
            key = StoredAspect(spec.name, key_of(urn, self._model), {}, 1)
            self._store(entity_id, urn, spec, key)
        return entity_id

    def _store(self, entity_id: int, urn: Urn, spec: AspectSpec, aspect: StoredAspect) -> None:
        self._catalog.put_aspect(entity_id, aspect)
        self._index(entity_id, urn, spec, aspect.value)
        if spec.name == "status":
            self._catalog.set_removed(entity_id, removed=aspect.value.get("removed") is True)

    def _index(self, entity_id: int, urn: Urn, spec: AspectSpec, value: JsonObject) -> None:
        search_index.index_aspect(self._connection, entity_id, spec.name, spec.shape, value)
        lineage_graph.draw_edges(
            self._connection, entity_id, urn.text, spec.name, spec.shape, value
        )
        self._touched.add(entity_id)

    def _append(self, urn: Urn, spec: AspectSpec, proposal: Proposal) -> None:
        if proposal.change is ChangeType.PATCH or not isinstance(proposal.value, dict):
            message = "an event is appended whole: send it as an UPSERT with an object"
            raise InvalidRequest(message)
        _refuse(problems_of(proposal.value, spec.shape, self._model))
        self._entity(urn)
        self._catalog.put_event(urn.text, spec.name, timeseries.event_of(proposal.value))

    def _delete(self, urn: Urn, spec: AspectSpec) -> None:
        if spec.name == self._model.entity(urn.entity_type).key_aspect:
            self._catalog.delete_events(urn.text, None)
            self._catalog.delete_entity(urn.text)
        elif spec.is_timeseries:
            self._catalog.delete_events(urn.text, spec.name)
        elif self._catalog.aspect(urn.text, spec.name) is not None:
            entity_id = self._catalog.ensure_entity(urn.text, urn.entity_type)
            self._catalog.delete_aspect(entity_id, spec.name)
            self._index(entity_id, urn, spec, {})
            if spec.name == "status":
                self._catalog.set_removed(entity_id, removed=False)


def _refuse(problems: Iterator[str]) -> None:
    found = list(problems)
    if found:
        raise RefusedProposals(found)


def _located(proposal: Proposal, problem: str) -> str:
    return f"{proposal.urn[:200]} {proposal.aspect[:80]}: {problem.lstrip('.')}"
