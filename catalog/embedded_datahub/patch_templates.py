"""How each aspect is opened for a patch: its lists turned into maps by key, and back afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from catalog.embedded_datahub import column_lineage_patch
from catalog.embedded_datahub.errors import InvalidRequest
from catalog.embedded_datahub.json_values import JsonObject, JsonValue, object_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["PatchTemplate", "keyed_template", "template_of"]

_NESTED_KEY_SEPARATOR = "\u241f"
_SOURCE = f"attribution{_NESTED_KEY_SEPARATOR}source"
_SYSTEM_ACTOR = "urn:li:corpuser:__datahub_system"
_EDGE = ("destinationUrn",)


@dataclass(frozen=True, slots=True)
class PatchTemplate:
    """Lists by the fields that identify a member; `nested` opens fields of those members."""

    list_keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    nested: Mapping[str, Mapping[str, PatchTemplate]] = field(default_factory=dict)
    # Lists that a new aspect must have, because its schema requires them.
    required_lists: tuple[str, ...] = ()
    # Audit stamps that the schema requires and the SDK's patches leave to the server.
    required_stamps: tuple[str, ...] = ()
    has_column_lineage: bool = False

    def open(self, value: JsonObject) -> JsonObject:
        """The value with its lists as maps, ready to be patched."""
        for name in self.required_lists:
            value.setdefault(name, [])
        for name, keys in self.list_keys.items():
            items = value.get(name)
            value[name] = _to_map(items if isinstance(items, list) else [], keys)
            for member, inner, template in self._nested_parts(name, value[name]):
                member[inner] = template.open(object_at(member, inner))
        if self.has_column_lineage:
            column_lineage_patch.open_lineage(value)
        return value

    def close(self, value: JsonObject, now_millis: int) -> JsonObject:
        """The patched value with its maps as lists again."""
        for name in self.required_stamps:
            value.setdefault(name, {"time": now_millis, "actor": _SYSTEM_ACTOR})
        for name, keys in self.list_keys.items():
            for member, inner, template in self._nested_parts(name, value.get(name)):
                member[inner] = template.close(object_at(member, inner), now_millis)
            items = value.get(name)
            if items is None or isinstance(items, dict):
                value[name] = _to_list(items or {}, keys) if keys else _to_words(items or {})
        if self.has_column_lineage:
            column_lineage_patch.close_lineage(value)
        for name in self.list_keys.keys() - set(self.required_lists):
            if value.get(name) == []:
                del value[name]
        return value

    def _nested_parts(
        self, name: str, opened: JsonValue
    ) -> Iterator[tuple[JsonObject, str, PatchTemplate]]:
        for inner, template in self.nested.get(name, {}).items():
            for member in _members(opened, len(self.list_keys[name])):
                if isinstance(member.get(inner), dict):
                    yield member, inner, template


def template_of(aspect: str) -> PatchTemplate:
    """The template of an aspect; one that DataHub cannot patch without keys is refused."""
    template = _TEMPLATES.get(aspect)
    if template is None:
        message = f"aspect {aspect!r} cannot be patched without arrayPrimaryKeys: upsert it whole"
        raise InvalidRequest(message)
    return template


def keyed_template(aspect: str, list_keys: Mapping[str, tuple[str, ...]]) -> PatchTemplate:
    """The template of a patch that brings its own keys."""
    known = _TEMPLATES.get(aspect)
    required = known.required_lists if known is not None else ()
    stamps = known.required_stamps if known is not None else ()
    return PatchTemplate(
        dict(list_keys), required_lists=(*list_keys, *required), required_stamps=stamps
    )


def _to_map(items: list[JsonValue], keys: tuple[str, ...]) -> JsonObject:
    opened: JsonObject = {}
    for item in items:
        if not keys:
            opened[str(item)] = item
            continue
        if not isinstance(item, dict):
            continue
        place = opened
        for key in keys:
            inner = place.setdefault(_key_value(item, key), {})
            place = inner if isinstance(inner, dict) else {}
        place.update(item)
    return opened


def _to_list(opened: JsonValue, keys: tuple[str, ...]) -> list[JsonValue]:
    if not isinstance(opened, dict):
        return opened if isinstance(opened, list) else [opened]
    if not keys:
        return [opened]
    closed: list[JsonValue] = []
    for name, inner in opened.items():
        members = _to_list(inner, keys[1:])
        for member in members:
            if isinstance(member, dict) and name and _NESTED_KEY_SEPARATOR not in keys[0]:
                member.setdefault(keys[0], name)
        closed.extend(members)
    return closed


def _to_words(opened: JsonObject) -> list[JsonValue]:
    """The members of a list of plain words; the SDK may leave a word's value empty."""
    return [item if isinstance(item, str) else name for name, item in opened.items()]


def _key_value(item: JsonObject, key: str) -> str:
    found: JsonValue = item
    for step in key.split(_NESTED_KEY_SEPARATOR):
        found = found.get(step) if isinstance(found, dict) else None
    return "" if found is None else str(found)


def _members(opened: JsonValue, depth: int) -> list[JsonObject]:
    if isinstance(opened, list):
        return [item for item in opened if isinstance(item, dict)]
    if not isinstance(opened, dict):
        return []
    if depth == 0:
        return [opened]
    return [member for inner in opened.values() for member in _members(inner, depth - 1)]


_TAGS = PatchTemplate({"tags": ("tag",)}, required_lists=("tags",))
_TERMS = PatchTemplate(
    {"terms": ("urn",)}, required_lists=("terms",), required_stamps=("auditStamp",)
)

_TEMPLATES: Mapping[str, PatchTemplate] = {
    "globalTags": _TAGS,
    "glossaryTerms": _TERMS,
    "ownership": PatchTemplate(
        {"owners": ("owner", "type", "typeUrn")}, required_lists=("owners",)
    ),
    "structuredProperties": PatchTemplate(
        {"properties": ("propertyUrn",)}, required_lists=("properties",)
    ),
    "upstreamLineage": PatchTemplate(
        {"upstreams": ("dataset",)}, required_lists=("upstreams",), has_column_lineage=True
    ),
    "editableSchemaMetadata": PatchTemplate(
        {"editableSchemaFieldInfo": ("fieldPath",)},
        nested={"editableSchemaFieldInfo": {"globalTags": _TAGS, "glossaryTerms": _TERMS}},
        required_lists=("editableSchemaFieldInfo",),
    ),
    "dataJobInputOutput": PatchTemplate(
        {
            "inputDatasetEdges": _EDGE,
            "outputDatasetEdges": _EDGE,
            "inputDatajobEdges": _EDGE,
            "inputDatasets": (),
            "outputDatasets": (),
            "inputDatajobs": (),
            "inputDatasetFields": (),
            "outputDatasetFields": (),
        },
        required_lists=("inputDatasets", "outputDatasets"),
        has_column_lineage=True,
    ),
    "chartInfo": PatchTemplate({"inputEdges": _EDGE, "inputs": ()}),
    "dashboardInfo": PatchTemplate(
        {
            "chartEdges": _EDGE,
            "datasetEdges": _EDGE,
            "dashboards": _EDGE,
            "charts": (),
            "datasets": (),
        }
    ),
    "dataProductProperties": PatchTemplate({"assets": _EDGE}),
    "dataProcessInstanceInput": PatchTemplate(
        {"inputEdges": _EDGE, "inputs": ()}, required_lists=("inputs",)
    ),
    "dataProcessInstanceOutput": PatchTemplate(
        {"outputEdges": _EDGE, "outputs": ()}, required_lists=("outputs",)
    ),
    "domains": PatchTemplate(
        {"domains": (), "domainAssociations": (_SOURCE, "domain")}, required_lists=("domains",)
    ),
    "siblings": PatchTemplate({"siblings": ()}, required_lists=("siblings",)),
    "documentation": PatchTemplate(
        {"documentations": (_SOURCE,)}, required_lists=("documentations",)
    ),
    "institutionalMemory": PatchTemplate({"elements": ("url",)}, required_lists=("elements",)),
    "propertyDefinition": PatchTemplate(
        {"entityTypes": (), "allowedPlatforms": ()}, required_lists=("entityTypes",)
    ),
    **{
        aspect: PatchTemplate()
        for aspect in (
            "dataFlowInfo",
            "dataJobInfo",
            "datasetProperties",
            "domainProperties",
            "editableDatasetProperties",
            "glossaryNodeInfo",
            "glossaryTermInfo",
            "status",
        )
    },
}
