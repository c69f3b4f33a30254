"""Metadata change proposals: checks them against the model, and writes a batch whole or not."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from catalog.embedded_datahub import entity_defaults, timeseries
from catalog.embedded_datahub.aspect_check import AspectChecks
from catalog.embedded_datahub.aspect_shape import problems_of
from catalog.embedded_datahub.errors import (
    EmbeddedDataHubError,
    InvalidRequest,
    RefusedProposals,
    StorageFailed,
)
from catalog.embedded_datahub.json_patch import apply_patch, read_patch
from catalog.embedded_datahub.json_values import JsonObject, JsonValue, encode
from catalog.embedded_datahub.structured_properties import definition_problems, property_problems
from catalog.embedded_datahub.urns import Urn, key_of, parse_urn
from catalog.embedded_datahub.write_set import EntityState, HeldAspect, WriteSet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from catalog.embedded_datahub.indexing import Index
    from catalog.embedded_datahub.schemas import AspectSpec, MetadataModel

__all__ = ["ChangeType", "Ingestion", "Proposal"]

_STATUS = "status"


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
    """Writes proposals to the catalog that an index is kept of."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._checks = AspectChecks(index.model)

    def write(self, proposals: Sequence[Proposal], now_millis: int) -> None:
        """Write every proposal, or none and refuse with every problem found."""
        with self._index.catalog.transaction() as connection:
            writes = WriteSet(connection, ((p.urn, p.aspect) for p in proposals))
            batch = _Batch(writes, self._index.model, self._checks, now_millis)
            problems = []
            for proposal in proposals:
                try:
                    batch.take(proposal)
                except RefusedProposals as refusal:
                    problems += [_located(proposal, problem) for problem in refusal.problems]
                except StorageFailed:
                    raise
                except EmbeddedDataHubError as refusal:
                    problems.append(_located(proposal, str(refusal)))
            if problems:
                raise RefusedProposals(problems)
            batch.finish()
        self._index.note_change()

    def delete(self, urn_text: str) -> tuple[int, int]:
        """Forget an entity; how many aspects and how many events it had."""
        urn = parse_urn(urn_text)
        key_of(urn, self._index.model)
        with self._index.catalog.transaction() as connection:
            events = self._index.catalog.delete_events(urn.text, None)
            return WriteSet(connection, ()).delete_entity(urn.text), events


class _Batch:
    """The proposals of one transaction; later ones see what earlier ones wrote."""

    def __init__(
        self, writes: WriteSet, model: MetadataModel, checks: AspectChecks, now_millis: int
    ) -> None:
        self._writes = writes
        self._model = model
        self._checks = checks
        self._now = now_millis
        self._created: list[Urn] = []
        self._urns: dict[str, Urn] = {}

    def take(self, proposal: Proposal) -> None:
        urn, spec = self._resolve(proposal)
        if proposal.change is ChangeType.DELETE:
            self._delete(urn, spec)
        elif spec.is_timeseries:
            self._append(urn, spec, proposal)
        else:
            self._write(urn, spec, proposal)

    def finish(self) -> None:
        for urn in self._created:
            entity = self._writes.entity(urn.text)
            if entity is None:  # a later proposal of the batch deleted it again
                continue
            for aspect, value in entity_defaults.default_aspects(urn, self._model).items():
                if self._writes.aspect(urn.text, aspect) is None:
                    self._writes.put(entity, aspect, HeldAspect(encode(value), 1), {}, same=False)
        self._writes.flush()

    def _urn(self, text: str) -> Urn:
        known = self._urns.get(text)
        if known is None:
            known = parse_urn(text)
            key_of(known, self._model)
            self._urns[text] = known
        return known

    def _resolve(self, proposal: Proposal) -> tuple[Urn, AspectSpec]:
        urn = self._urn(proposal.urn)
        if proposal.entity_type not in {None, urn.entity_type}:
            message = f"the proposal's entityType is not its URN's, {urn.entity_type!r}"
            raise InvalidRequest(message)
        spec = self._model.aspect(proposal.aspect)
        if spec.name not in self._model.entity(urn.entity_type).aspects:
            message = f"entity type {urn.entity_type!r} has no aspect {spec.name!r}"
            raise InvalidRequest(message)
        return urn, spec

    def _write(self, urn: Urn, spec: AspectSpec, proposal: Proposal) -> None:
        current = self._writes.aspect(urn.text, spec.name)
        if not self._is_due(urn, current, proposal):
            return
        value = self._value(spec, current, proposal)
        self._refuse_problems(urn, spec, value, current)
        entity = self._entity(urn)
        encoded = encode(value)
        same = current is not None and current.encoded == encoded
        version = current.version + (not same) if current else 1
        held = HeldAspect(encoded, version)
        self._writes.put(entity, spec.name, held, proposal.system, same=same)
        if spec.name == _STATUS:
            self._writes.set_removed(entity, removed=value.get("removed") is True)

    def _is_due(self, urn: Urn, current: HeldAspect | None, proposal: Proposal) -> bool:
        exists = current is not None
        if proposal.change is ChangeType.CREATE_ENTITY:
            exists = self._writes.entity(urn.text) is not None
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
        self, spec: AspectSpec, current: HeldAspect | None, proposal: Proposal
    ) -> JsonObject:
        if proposal.change is ChangeType.PATCH:
            patch = read_patch(proposal.value)
            before = current.value if current else None
            return apply_patch(spec.name, before, patch, self._now)
        if not isinstance(proposal.value, dict):
            message = "the aspect's value is not an object"
            raise InvalidRequest(message)
        return proposal.value

    def _refuse_problems(
        self, urn: Urn, spec: AspectSpec, value: JsonObject, current: HeldAspect | None
    ) -> None:
        found = [] if self._checks.holds(spec.shape, value) else self._shape_problems(spec, value)
        if spec.name == "structuredProperties":
            found += property_problems(value, urn.entity_type, self._definition_of)
        elif spec.name == "propertyDefinition":
            found += definition_problems(value, current.value if current else None)
        elif spec.name == self._model.entity(urn.entity_type).key_aspect and (
            value != key_of(urn, self._model)
        ):
            found.append("the key aspect differs from the URN: leave it out, it follows from it")
        if found:
            raise RefusedProposals(found)

    def _shape_problems(self, spec: AspectSpec, value: JsonObject) -> list[str]:
        found = list(problems_of(value, spec.shape, self._model))
        return found or [f"the value is not a {spec.shape.name}"]

    def _definition_of(self, urn: str) -> JsonObject | None:
        entity, found = self._writes.entity(urn), self._writes.aspect(urn, "propertyDefinition")
        return found.value if found and entity and not entity.removed else None

    def _entity(self, urn: Urn) -> EntityState:
        entity = self._writes.entity(urn.text)
        if entity is None:
            entity = self._writes.create(urn.text, urn.entity_type)
            self._created.append(urn)
            key = HeldAspect(encode(key_of(urn, self._model)), 1)
            name = self._model.entity(urn.entity_type).key_aspect
            self._writes.put(entity, name, key, {}, same=False)
        return entity

    def _append(self, urn: Urn, spec: AspectSpec, proposal: Proposal) -> None:
        if proposal.change is ChangeType.PATCH or not isinstance(proposal.value, dict):
            message = "an event is appended whole: send it as an UPSERT with an object"
            raise InvalidRequest(message)
        if not self._checks.holds(spec.shape, proposal.value):
            raise RefusedProposals(self._shape_problems(spec, proposal.value))
        self._entity(urn)
        self._writes.append(urn.text, spec.name, timeseries.event_of(proposal.value))

    def _delete(self, urn: Urn, spec: AspectSpec) -> None:
        entity = self._writes.entity(urn.text)
        if spec.name == self._model.entity(urn.entity_type).key_aspect:
            self._writes.delete_entity(urn.text)
        elif spec.is_timeseries:
            self._writes.delete_events(urn.text, spec.name)
        elif entity is not None and self._writes.aspect(urn.text, spec.name) is not None:
            self._writes.delete_aspect(entity, spec.name)
            if spec.name == _STATUS:
                self._writes.set_removed(entity, removed=False)


def _located(proposal: Proposal, problem: str) -> str:
    return f"{proposal.urn[:200]} {proposal.aspect[:80]}: {problem.lstrip('.')}"
