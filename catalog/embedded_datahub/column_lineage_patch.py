"""Column-level lineage as a map for patches: transform, then column, then query, then source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.embedded_datahub.errors import InvalidRequest

if TYPE_CHECKING:
    from catalog.embedded_datahub.json_values import JsonObject, JsonValue

__all__ = ["close_lineage", "open_lineage"]

_FIELD = "fineGrainedLineages"
# What stands in a patch path for a transform or a query that was not named.
_UNNAMED = "NONE"
_FULL_CONFIDENCE = 1.0


def open_lineage(value: JsonObject) -> None:
    """Turn the list of column lineages into nested maps, one entry per source column."""
    lineages = value.get(_FIELD)
    opened: JsonObject = {}
    for lineage in lineages if isinstance(lineages, list) else []:
        if isinstance(lineage, dict):
            _open_one(opened, lineage)
    value[_FIELD] = opened


def close_lineage(value: JsonObject) -> None:
    """Turn the nested maps back into a list, one lineage per target column, query and transform."""
    opened = value.get(_FIELD)
    if isinstance(opened, dict):
        closed: list[JsonValue] = [
            _close_one(transform, downstream, query, sources)
            for transform, downstreams in _entries(opened)
            for downstream, queries in _entries(downstreams)
            for query, sources in _entries(queries)
            if sources
        ]
        value[_FIELD] = closed
    if not value.get(_FIELD):
        value.pop(_FIELD, None)


def _open_one(opened: JsonObject, lineage: JsonObject) -> None:
    downstreams, upstreams = lineage.get("downstreams"), lineage.get("upstreams")
    if not isinstance(downstreams, list) or len(downstreams) != 1:
        message = (
            "a stored column lineage has not exactly one target column, so it cannot be patched: "
            "upsert the aspect whole"
        )
        raise InvalidRequest(message)
    place = opened
    steps = (lineage.get("transformOperation"), downstreams[0], lineage.get("query"))
    for step in steps:
        inner = place.setdefault(str(step or _UNNAMED), {})
        place = inner if isinstance(inner, dict) else {}
    kept = ("confidenceScore", "upstreamType", "downstreamType")
    detail: JsonObject = {name: lineage[name] for name in kept if name in lineage}
    for upstream in upstreams if isinstance(upstreams, list) else []:
        place[str(upstream)] = dict(detail)


def _close_one(transform: str, downstream: str, query: str, sources: JsonObject) -> JsonObject:
    details = [detail for _, detail in _entries(sources)]
    scores = [
        score
        for score in (detail.get("confidenceScore") for detail in details)
        if isinstance(score, int | float)
    ]
    lineage: JsonObject = {
        "upstreamType": _last(details, "upstreamType", "FIELD_SET"),
        "upstreams": list(sources),
        "downstreamType": _last(details, "downstreamType", "FIELD"),
        "downstreams": [downstream],
        "transformOperation": transform,
        "confidenceScore": min([*scores, _FULL_CONFIDENCE]),
    }
    if query not in {"", _UNNAMED}:
        lineage["query"] = query
    return lineage


def _entries(value: JsonObject) -> list[tuple[str, JsonObject]]:
    return [(name, inner) for name, inner in value.items() if isinstance(inner, dict)]


def _last(details: list[JsonObject], name: str, default: str) -> str:
    named = [str(detail[name]) for detail in details if name in detail]
    return named[-1] if named else default
