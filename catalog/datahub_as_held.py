"""Whether DataHub holds a dataset as we declare it, told from its plain JSON.

The SDK's typed aspects cost ten times as much to read, so a sync looks here first; whatever is not
exactly as declared, or not understood, counts as different and is compared in full. It imports the
DataHub SDK, so it is itself imported only inside functions that emit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from datahub.emitter.serialization_helper import post_json_transform
from datahub.metadata.schema_classes import ASPECT_NAME_MAP, _Aspect

from catalog import datahub_names
from catalog.data_classes import DataClass
from catalog.datahub_model import TYPE_NAMES, container_of, custom_properties
from catalog.registry import Column, Dataset

__all__ = ["Plain", "column_as_declared", "dataset_as_declared", "typed"]

# Any: what JSON can hold.
_Json = Mapping[str, Any]
Plain = Mapping[str, _Json]
"""The aspects that DataHub holds of one entity, by name, as its API writes them."""


def typed(held: Plain) -> dict[str, _Aspect]:
    """The same aspects as the SDK's own classes."""
    return {
        name: ASPECT_NAME_MAP[name].from_obj(post_json_transform(value))
        for name, value in held.items()
        if name in ASPECT_NAME_MAP
    }


def dataset_as_declared(dataset: Dataset, held: Plain) -> bool:
    """Whether a store and its labels need nothing; its columns' own entities aside."""
    try:
        return (
            "domains" in held
            and held["status"].get("removed", False) is False
            and _properties(held["datasetProperties"], dataset)
            and held["subTypes"]["typeNames"] == [datahub_names.SUBTYPES[dataset.kind]]
            and held["container"]["container"] == container_of(dataset)
            and _schema(held["schemaMetadata"], dataset)
            and _marked(held, dataset.data_class)
            and _has_class(held, dataset.data_class)
            and _owned(held["ownership"], dataset)
            and not _classes_in(held.get("editableSchemaMetadata"))
        )
    except (KeyError, TypeError, AttributeError):
        return False


def column_as_declared(data_class: DataClass, held: Plain) -> bool:
    """Whether a column's own entity needs nothing."""
    try:
        return (
            _has_class(held, data_class)
            and not held.get("status", {}).get("removed", False)
            and not _classes_in(held.get("globalTags"))
            and not _classes_in(held.get("glossaryTerms"))
        )
    except (KeyError, TypeError, AttributeError):
        return False


def _properties(held: _Json, dataset: Dataset) -> bool:
    wanted = {
        "name": dataset.name,
        "description": dataset.description,
        "qualifiedName": f"{datahub_names.DATABASE}.{dataset.qualified_name}",
        "customProperties": custom_properties(dataset),
    }
    return {name: held[name] for name in wanted} == wanted


def _schema(held: _Json, dataset: Dataset) -> bool:
    return (
        held["schemaName"] == dataset.qualified_name
        and held["platform"] == datahub_names.platform_of(dataset)
        and held.get("primaryKeys") == list(dataset.primary_key)
        and len(held["fields"]) == len(dataset.columns)
        and all(map(_field, held["fields"], dataset.columns, [dataset] * len(dataset.columns)))
    )


def _field(held: _Json, column: Column, dataset: Dataset) -> bool:
    data_class = dataset.class_of(column)
    return (
        held["fieldPath"] == column.name
        and held["nativeDataType"] == str(column.type)
        and list(held["type"]["type"]) == [TYPE_NAMES[column.type]]
        and held.get("nullable", False) is column.nullable
        and held.get("description") == column.description
        and held.get("isPartOfKey", False) is (column.name in dataset.primary_key)
        and [t["tag"] for t in held["globalTags"]["tags"]] == [datahub_names.class_tag(data_class)]
        and [t["urn"] for t in held["glossaryTerms"]["terms"]]
        == [datahub_names.class_term(data_class)]
    )


def _marked(held: Plain, data_class: DataClass) -> bool:
    """Our tag and term are there, and none of another class is."""
    tags = held["globalTags"]["tags"]
    terms = held["glossaryTerms"]["terms"]
    own_tag, own_term = datahub_names.class_tag(data_class), datahub_names.class_term(data_class)
    return (
        any(tag["tag"] == own_tag and _is_ours(tag) for tag in tags)
        and any(term["urn"] == own_term and _is_ours(term) for term in terms)
        and {datahub_names.class_of_tag(tag["tag"]) for tag in tags} <= {None, data_class}
        and {datahub_names.class_of_term(term["urn"]) for term in terms} <= {None, data_class}
    )


def _has_class(held: Plain, data_class: DataClass) -> bool:
    entries = [
        entry
        for entry in held["structuredProperties"]["properties"]
        if entry["propertyUrn"] == datahub_names.CLASS_PROPERTY
    ]
    return (
        len(entries) == 1
        and entries[0]["values"] == [{"string": str(data_class)}]
        and not (entries[0].get("attribution") or {}).get("source")
    )


def _owned(held: _Json, dataset: Dataset) -> bool:
    ours = [owner for owner in held["owners"] if _is_ours(owner)]
    return [(owner["owner"], owner.get("typeUrn")) for owner in ours] == [
        (datahub_names.team_urn(dataset.owner), datahub_names.DATA_STEWARD)
    ]


def _is_ours(mark: _Json) -> bool:
    source = (mark.get("attribution") or {}).get("source")
    return bool(source == datahub_names.OWN_PLATFORM)


def _classes_in(value: object) -> bool:
    """Whether a class's tag or term stands anywhere in it."""
    if isinstance(value, str):
        tag, term = datahub_names.class_of_tag(value), datahub_names.class_of_term(value)
        return tag is not None or term is not None
    items: Iterable[object] = ()
    if isinstance(value, Mapping):
        items = value.values()
    elif isinstance(value, list):
        items = value
    return any(map(_classes_in, items))
