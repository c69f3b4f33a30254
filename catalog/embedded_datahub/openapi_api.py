"""DataHub's newer HTTP API: writing and reading entities by type, and the relationships of one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import orjson

from catalog.embedded_datahub import lineage_graph
from catalog.embedded_datahub.errors import InvalidRequest
from catalog.embedded_datahub.ingest import ChangeType, Ingestion, Proposal
from catalog.embedded_datahub.json_values import JsonObject, JsonValue, object_at, text_at
from catalog.embedded_datahub.search_names import require_relationships
from catalog.embedded_datahub.urns import key_of, parse_urn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from catalog.embedded_datahub.indexing import Index

__all__ = ["OpenApi", "shown_aspects"]

_PAGE = 200


class OpenApi:
    """The `/openapi` routes over one catalog."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._catalog = index.catalog
        self._model = index.model
        self._ingestion = Ingestion(index)

    def write(self, entity_type: str, entities: JsonValue, change: ChangeType) -> JsonValue:
        """Write the aspects of entities of one type, all of them or none."""
        items = _objects(entities)
        proposals = [
            Proposal(
                urn=text_at(item, "urn"),
                entity_type=entity_type,
                aspect=name,
                change=change,
                value=object_at(item, name).get("value"),
                system=object_at(object_at(item, name), "systemMetadata"),
                headers=_headers(object_at(item, name)),
            )
            for item in items
            for name in item
            if name != "urn"
        ]
        if not proposals:
            message = "no aspect to write: send a list of objects with a urn and aspects"
            raise InvalidRequest(message)
        self._ingestion.write(proposals, time.time_ns() // 1_000_000)
        return [{"urn": item["urn"]} for item in items]

    def delete(self, entity_type: str, urn: str) -> JsonValue:
        """Forget an entity."""
        self._ingestion.delete(_urn_of(urn, entity_type))
        return None

    def read(
        self, entity_type: str, wanted: JsonValue, *, with_system: bool
    ) -> list[dict[str, object]]:
        """The aspects of entities; those named in each request, or all of them."""
        self._model.entity(entity_type)
        asked = {
            _urn_of(text_at(item, "urn"), entity_type): frozenset(item.keys() - {"urn"})
            for item in _objects(wanted)
        }
        for name in frozenset().union(*asked.values()):
            self._model.aspect(name)
        return [
            {"urn": urn, **shown_aspects(aspects, with_system=with_system)}
            for urn, aspects in self._catalog.encoded_aspects(asked).items()
        ]

    def relationships(
        self, urn: str, direction: str, names: Iterable[str], start: int
    ) -> JsonObject:
        """The entities that one is tied to."""
        if direction not in {"INCOMING", "OUTGOING"}:
            message = f"direction {direction!r} is not INCOMING or OUTGOING"
            raise InvalidRequest(message)
        wanted = tuple(names)
        require_relationships(wanted, self._model)
        key_of(parse_urn(urn), self._model)
        with self._index.reading() as connection:
            found = lineage_graph.related(
                connection,
                urn,
                wanted,
                outgoing=direction == "OUTGOING",
            )
        page = found[start : start + _PAGE]
        entities: list[JsonValue] = [
            {
                "urn": entity.urn,
                "relationshipType": entity.relationship,
                **({"via": entity.via} if entity.via else {}),
            }
            for entity in page
        ]
        return {"start": start, "count": len(page), "total": len(found), "entities": entities}


def shown_aspects(
    aspects: Mapping[str, tuple[bytes, bytes]], *, with_system: bool
) -> dict[str, dict[str, object]]:
    """Aspects as they are stored: their JSON is passed on, not read and written again."""
    return {
        name: {
            "value": orjson.Fragment(value),
            **({"systemMetadata": orjson.Fragment(system)} if with_system else {}),
        }
        for name, (value, system) in aspects.items()
    }


def _urn_of(text: str, entity_type: str) -> str:
    urn = parse_urn(text)
    if urn.entity_type != entity_type:
        message = f"{text} is not a URN of a {entity_type}"
        raise InvalidRequest(message)
    return urn.text


def _headers(stated: JsonObject) -> dict[str, str]:
    return {name: str(value) for name, value in object_at(stated, "headers").items()}


def _objects(value: JsonValue) -> list[JsonObject]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        message = "the body is not a list of objects: send one object per entity"
        raise InvalidRequest(message)
    return [item for item in value if isinstance(item, dict)]
