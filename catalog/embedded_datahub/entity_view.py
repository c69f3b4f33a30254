"""What a search result shows of an entity, read from the catalog only when a field is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from catalog.embedded_datahub.entity_defaults import platform_of
from catalog.embedded_datahub.schemas import graphql_name
from catalog.embedded_datahub.urns import Urn, identifier_of, key_of

if TYPE_CHECKING:
    from catalog.embedded_datahub.json_values import JsonObject
    from catalog.embedded_datahub.schemas import MetadataModel
    from catalog.embedded_datahub.storage import Catalog

__all__ = ["EntityView", "entity_view"]

# graphql-core resolves a field by its name in this dict, and calls what it finds there.
EntityView: TypeAlias = dict[str, object]

_INFO_ASPECTS = {"dataset": "datasetProperties", "dataJob": "dataJobInfo"}
_EDITED_ASPECTS = {"dataset": "editableDatasetProperties", "dataJob": "editableDataJobProperties"}
_GENERIC_TYPE = "CatalogEntity"


def entity_view(urn: Urn, catalog: Catalog, model: MetadataModel) -> EntityView:
    """An entity as GraphQL shows it."""
    view: EntityView = {
        "__typename": _GENERIC_TYPE,
        "urn": urn.text,
        "type": graphql_name(urn.entity_type),
    }
    if urn.entity_type in _INFO_ASPECTS:
        view["properties"] = lambda _info: _properties(urn, catalog)
        view["dataPlatformInstance"] = lambda _info: {"platform": _platform(urn, model)}
    if urn.entity_type == "dataset":
        view["__typename"] = "Dataset"
        view["name"] = lambda _info: key_of(urn, model)["name"]
        view["platform"] = lambda _info: _platform(urn, model)
        view["schemaMetadata"] = lambda _info, **_arguments: _value(urn, "schemaMetadata", catalog)
    elif urn.entity_type == "dataJob":
        view["__typename"] = "DataJob"
        view["jobId"] = lambda _info: key_of(urn, model)["jobId"]
    return view


def _platform(urn: Urn, model: MetadataModel) -> EntityView:
    platform = platform_of(urn, model) or ""
    return {"urn": platform, "name": identifier_of(platform)}


def _properties(urn: Urn, catalog: Catalog) -> EntityView | None:
    info = _value(urn, _INFO_ASPECTS[urn.entity_type], catalog)
    edited = _value(urn, _EDITED_ASPECTS[urn.entity_type], catalog) or {}
    if info is None:
        return None
    return {
        "name": info.get("name"),
        "description": info.get("description") or edited.get("description"),
    }


def _value(urn: Urn, aspect: str, catalog: Catalog) -> JsonObject | None:
    found = catalog.aspect(urn.text, aspect)
    return found.value if found else None
