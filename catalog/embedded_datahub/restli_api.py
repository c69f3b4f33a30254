"""DataHub's older HTTP API, by which the SDK emits by default and reads aspects."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING
from urllib.parse import unquote

from catalog.embedded_datahub.errors import InvalidRequest, NotFound
from catalog.embedded_datahub.ingest import ChangeType, Ingestion, Proposal
from catalog.embedded_datahub.json_values import (
    JsonObject,
    JsonValue,
    decode_value,
    encode,
    list_at,
    object_at,
    text_at,
    whole_at,
)
from catalog.embedded_datahub.search_query import SearchRequest, search, search_total
from catalog.embedded_datahub.storage import StoredAspect
from catalog.embedded_datahub.timeseries import matcher_of
from catalog.embedded_datahub.urns import key_of, parse_urn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from catalog.embedded_datahub.indexing import Index

__all__ = ["RestliApi"]

_PATCH_TYPE = "application/json-patch+json"
_JSON_TYPE = "application/json"
_MOST_PROPOSALS = 5_000


class RestliApi:
    """The actions on `/aspects` and `/entities`, over one catalog."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._catalog = index.catalog
        self._model = index.model
        self._ingestion = Ingestion(index)
        self._actions: Mapping[tuple[str, str], Callable[[JsonObject], JsonValue]] = {
            ("aspects", "ingestProposal"): self._ingest_proposal,
            ("aspects", "ingestProposalBatch"): self._ingest_batch,
            ("aspects", "getTimeseriesAspectValues"): self._timeseries,
            ("aspects", "getCount"): self._count,
            ("entities", "delete"): self._delete,
            ("entities", "listUrns"): self._list_urns,
            ("entities", "search"): self._search,
        }

    def act(self, resource: str, action: str, body: JsonObject) -> JsonObject:
        """The answer of an action; one that is not served is refused."""
        found = self._actions.get((resource, action))
        if found is None:
            served = ", ".join(sorted(f"{name}?action={verb}" for name, verb in self._actions))
            message = f"/{resource}?action={action} is not served; served are: {served}"
            raise NotFound(message)
        return {"value": found(body)}

    def aspect(self, urn_text: str, name: str, version: str) -> JsonObject:
        """One aspect of an entity; versions before the current one are not kept."""
        urn, spec = parse_urn(urn_text), self._model.aspect(name)
        found = self._catalog.aspect(urn.text, name)
        if found is None or version != "0":
            message = f"{urn.text} has no aspect {name!r} of version {version}"
            raise NotFound(message)
        return {
            "version": 0,
            "aspect": {spec.shape.name: found.value},
            "systemMetadata": _system(found),
        }

    def entity(self, urn_text: str, names: str | None) -> JsonObject:
        """An entity's aspects; like DataHub, an unknown entity answers with its key alone."""
        urn = parse_urn(urn_text)
        key = self._model.entity(urn.entity_type).key_aspect
        wanted = _names(names)
        for name in wanted or ():
            self._model.aspect(name)
        found = self._catalog.aspects(urn.text, wanted)
        found.setdefault(key, StoredAspect(key, key_of(urn, self._model), {}, 1))
        aspects: JsonObject = {
            name: {
                "name": name,
                "type": "VERSIONED",
                "version": 0,
                "value": aspect.value,
                "systemMetadata": _system(aspect),
            }
            for name, aspect in found.items()
        }
        return {"urn": urn.text, "entityName": urn.entity_type, "aspects": aspects}

    def _ingest_proposal(self, body: JsonObject) -> JsonValue:
        proposal = _proposal(object_at(body, "proposal"))
        self._ingestion.write([proposal], _now_millis())
        return proposal.urn

    def _ingest_batch(self, body: JsonObject) -> JsonValue:
        stated = list_at(body, "proposals")
        if len(stated) > _MOST_PROPOSALS:
            message = f"a batch of more than {_MOST_PROPOSALS} proposals is refused: split it"
            raise InvalidRequest(message)
        proposals = [_proposal(item) for item in stated if isinstance(item, dict)]
        if len(proposals) != len(stated):
            message = "a proposal of the batch is not an object"
            raise InvalidRequest(message)
        self._ingestion.write(proposals, _now_millis())
        return "success"

    def _timeseries(self, body: JsonObject) -> JsonValue:
        urn, name = parse_urn(text_at(body, "urn")), text_at(body, "aspect")
        if not self._model.aspect(name).is_timeseries:
            message = f"aspect {name!r} is not a series of events: read it as an aspect"
            raise InvalidRequest(message)
        meets = matcher_of(object_at(body, "filter"))
        limit = whole_at(body, "limit") or 10_000
        since, until = whole_at(body, "startTimeMillis"), whole_at(body, "endTimeMillis")
        values: list[JsonValue] = []
        for event in self._catalog.events(urn.text, name, since=since, until=until):
            if meets(event):
                text = encode(event.value).decode()
                values.append({"aspect": {"value": text, "contentType": _JSON_TYPE}})
            if len(values) == limit:
                break
        return {
            "entityName": urn.entity_type,
            "aspectName": name,
            "limit": limit,
            "values": values,
        }

    def _count(self, body: JsonObject) -> JsonValue:
        name = self._model.aspect(text_at(body, "aspect")).name
        return self._catalog.count_aspects(name, text_at(body, "urnLike", "%"))

    def _delete(self, body: JsonObject) -> JsonValue:
        urn, name = text_at(body, "urn"), text_at(body, "aspectName", "")
        if not name:
            rows, events = self._ingestion.delete(urn)
            return {"urn": urn, "rows": rows, "timeseriesRows": events}
        if not self._model.aspect(name).is_timeseries:
            self._ingestion.write([Proposal(urn, name, ChangeType.DELETE, None)], _now_millis())
            return {"urn": urn, "rows": 1, "timeseriesRows": 0}
        since, until = whole_at(body, "startTimeMillis"), whole_at(body, "endTimeMillis")
        with self._catalog.transaction():
            events = self._catalog.delete_events(urn, name, since=since, until=until)
        return {"urn": urn, "rows": 0, "timeseriesRows": events}

    def _list_urns(self, body: JsonObject) -> JsonValue:
        return self._page(body, SearchRequest(include_removed=True))

    def _search(self, body: JsonObject) -> JsonValue:
        if object_at(body, "filter"):
            message = "filters of /entities?action=search are not served: use the GraphQL search"
            raise InvalidRequest(message)
        page = self._page(body, SearchRequest(query=text_at(body, "input", "*")))
        urns = list_at(page, "entities")
        return {**page, "numEntities": page["total"], "entities": [{"entity": urn} for urn in urns]}

    def _page(self, body: JsonObject, base: SearchRequest) -> JsonObject:
        request = SearchRequest(
            query=base.query,
            entity_types=(self._model.entity(text_at(body, "entity")).name,),
            include_removed=base.include_removed,
            offset=whole_at(body, "start") or 0,
            count=whole_at(body, "count") or base.count,
        )
        with self._index.reading() as connection:
            page = search(connection, request)
            total = search_total(connection, request)
        urns: list[JsonValue] = list(page.urns)
        return {"entities": urns, "start": request.offset, "count": len(urns), "total": total}


def _proposal(stated: JsonObject) -> Proposal:
    change = _change_type(text_at(stated, "changeType"))
    aspect = object_at(stated, "aspect")
    content_type = text_at(aspect, "contentType", _JSON_TYPE)
    expected = _PATCH_TYPE if change is ChangeType.PATCH else _JSON_TYPE
    if content_type != expected:
        message = f"content type {content_type!r} is not served for {change.value}: use {expected}"
        raise InvalidRequest(message)
    return Proposal(
        urn=text_at(stated, "entityUrn"),
        entity_type=text_at(stated, "entityType"),
        aspect=text_at(stated, "aspectName"),
        change=change,
        value=decode_value(text_at(aspect, "value")) if aspect else None,
        system=object_at(stated, "systemMetadata"),
        headers={name: str(value) for name, value in object_at(stated, "headers").items()},
    )


def _change_type(name: str) -> ChangeType:
    try:
        return ChangeType(name)
    except ValueError:
        served = ", ".join(change.value for change in ChangeType)
        message = f"change type {name!r} is not served; served are: {served}"
        raise InvalidRequest(message) from None


def _names(stated: str | None) -> list[str] | None:
    """The names of `List(a,b)`; without it every aspect is meant."""
    if stated is None:
        return None
    match = re.fullmatch(r"List\((.*)\)", unquote(stated))
    if match is None:
        message = "the aspects must be stated as List(name,name)"
        raise InvalidRequest(message)
    return [name for name in match.group(1).split(",") if name]


def _system(aspect: StoredAspect) -> JsonObject:
    return {**aspect.system, "version": str(aspect.version)}


def _now_millis() -> int:
    return time.time_ns() // 1_000_000
