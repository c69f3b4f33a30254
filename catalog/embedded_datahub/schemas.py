"""The metadata model, out of the schemas that `acryl-datahub` ships: entities and their aspects."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from catalog.embedded_datahub.errors import InvalidRequest, StartRefused
from catalog.embedded_datahub.json_values import JsonObject, object_at
from catalog.embedded_datahub.shapes import RecordShape, compile_record

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["AspectSpec", "EntitySpec", "MetadataModel", "graphql_name", "load_model"]

# Where the SDK's own conversion to GraphQL names is irregular.
_IRREGULAR_GRAPHQL_NAMES = {
    "corpuser": "CORP_USER",
    "mlModel": "MLMODEL",
    "mlModelGroup": "MLMODEL_GROUP",
    "mlFeatureTable": "MLFEATURE_TABLE",
    "mlFeature": "MLFEATURE",
    "mlPrimaryKey": "MLPRIMARY_KEY",
}


@dataclass(frozen=True, slots=True)
class AspectSpec:
    """One aspect: its name, its shape, and whether it is an append-only series of events."""

    name: str
    shape: RecordShape
    is_timeseries: bool


@dataclass(frozen=True, slots=True)
class EntitySpec:
    """One entity type: the aspect that its URN spells out, and those that it may have."""

    name: str
    key_aspect: str
    aspects: frozenset[str]


@dataclass(frozen=True, eq=False)
class MetadataModel:
    """Every entity type, and every aspect's schema, compiled when first asked for."""

    version: str
    entities: Mapping[str, EntitySpec]
    schemas: Mapping[str, JsonObject]
    _compiled: dict[str, AspectSpec] = field(default_factory=dict)

    @functools.cached_property
    def lower_names(self) -> frozenset[str]:
        """The entity types in small letters, as the schemas' URN types spell them."""
        return frozenset(name.lower() for name in self.entities)

    def entity(self, name: str) -> EntitySpec:
        """The entity type of that name; an unknown one is refused."""
        found = self.entities.get(name)
        if found is None:
            message = f"entity type {name!r} is not in the metadata model {self.version}"
            raise InvalidRequest(message)
        return found

    def aspect(self, name: str) -> AspectSpec:
        """The aspect of that name; an unknown one is refused."""
        compiled = self._compiled.get(name)
        if compiled is None:
            schema = self.schemas.get(name)
            if schema is None:
                message = f"aspect {name!r} is not in the metadata model {self.version}"
                raise InvalidRequest(message)
            header = object_at(schema, "Aspect")
            compiled = AspectSpec(name, compile_record(schema), header.get("type") == "timeseries")
            self._compiled[name] = compiled
        return compiled

    def entity_of_graphql(self, name: str) -> EntitySpec:
        """The entity type that a GraphQL `EntityType` value or a plain name stands for."""
        for entity in self.entities.values():
            if name in (entity.name, graphql_name(entity.name)):
                return entity
        return self.entity(name)


def graphql_name(entity_type: str) -> str:
    """The GraphQL `EntityType` value of an entity type, as the SDK converts it."""
    irregular = _IRREGULAR_GRAPHQL_NAMES.get(entity_type)
    if irregular is not None:
        return irregular
    words = "".join(f"_{letter}" if letter.isupper() else letter for letter in entity_type)
    return words.lstrip("_").upper().removeprefix("DATA_HUB_")


def load_model() -> MetadataModel:
    """Read the schemas of the installed `acryl-datahub`, without importing it."""
    found = importlib.util.find_spec("datahub")
    if found is None or not found.submodule_search_locations:
        message = "acryl-datahub is not installed, and its schemas are the model: install it"
        raise StartRefused(message)
    folder = Path(found.submodule_search_locations[0]) / "metadata" / "schemas"
    schemas: dict[str, JsonObject] = {}
    entities: dict[str, EntitySpec] = {}
    for path in sorted(folder.glob("*.avsc")):
        schema: object = orjson.loads(path.read_bytes())
        if not isinstance(schema, dict) or "Aspect" not in schema:
            continue
        header = schema["Aspect"]
        schemas[header["name"]] = schema
        name = header.get("keyForEntity")
        if name is not None:
            aspects = frozenset([header["name"], *header.get("entityAspects", ())])
            entities[name] = EntitySpec(name, header["name"], aspects)
    if not entities:
        message = f"no schemas under {folder}: install acryl-datahub 1.x with its schemas"
        raise StartRefused(message)
    return MetadataModel(importlib.metadata.version("acryl-datahub"), entities, schemas)
