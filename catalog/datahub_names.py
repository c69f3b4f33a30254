"""The names by which DataHub knows our stores, columns, classes and teams; plain text, no SDK.

Tables and vector namespaces carry the URN that DataHub's own Postgres connector would give them
(``classline.<schema>.<name>`` on platform ``postgres``), so that both write to one entity; their
subtype tells them apart. A key-value prefix is no table: it stands on platform ``classline-kv``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from catalog.data_classes import DataClass
from catalog.registry import Dataset, StoreKind

__all__ = [
    "ACTOR",
    "CLASS_PROPERTY",
    "CLASS_PROPERTY_FIELD",
    "DATABASE",
    "DATA_STEWARD",
    "DECLARED_BY",
    "GLOSSARY_NODE",
    "KEY_VALUE_PLATFORM",
    "OWN_PLATFORM",
    "PLATFORM_DOMAIN",
    "SUBTYPES",
    "TABLE_PLATFORM",
    "class_of_tag",
    "class_of_term",
    "class_tag",
    "class_term",
    "column_urn",
    "dataset_name",
    "dataset_urn",
    "domain_urn",
    "owner_urn",
    "platform_of",
    "team_urn",
]

SUBTYPES: Mapping[StoreKind, str] = MappingProxyType(
    {
        StoreKind.TABLE: "Table",
        StoreKind.KV_PREFIX: "Key-Value Prefix",
        StoreKind.VECTOR_NAMESPACE: "Vector Namespace",
    }
)
"""The subtype by which a steward tells the kinds of store apart."""

DATABASE = "classline"
OWN_PLATFORM = "urn:li:dataPlatform:classline"
TABLE_PLATFORM = "urn:li:dataPlatform:postgres"
KEY_VALUE_PLATFORM = "urn:li:dataPlatform:classline-kv"
ACTOR = "urn:li:corpuser:classline"
DECLARED_BY = "classline"
"""What a dataset's custom property ``declared_by`` says of ours: only those are ever removed."""
DATA_STEWARD = "urn:li:ownershipType:__system__data_steward"
"""DataHub's own ownership type of that name."""
PLATFORM_DOMAIN = "urn:li:domain:classline"
GLOSSARY_NODE = "urn:li:glossaryNode:classline.data_classification"

_PROPERTY_NAME = "classline.data_class"
CLASS_PROPERTY = f"urn:li:structuredProperty:{_PROPERTY_NAME}"
CLASS_PROPERTY_FIELD = f"structuredProperties.{_PROPERTY_NAME}"

_TAG = "urn:li:tag:class."


def class_tag(data_class: DataClass) -> str:
    """The tag that shows a class, and by which DataHub's own search finds it."""
    return f"{_TAG}{data_class}"


def class_of_tag(tag: str) -> DataClass | None:
    """The class that a tag shows, or None for any other tag."""
    return next((known for known in DataClass if tag == class_tag(known)), None)


def class_of_term(term: str) -> DataClass | None:
    """The class that a glossary term defines, or None for any other term."""
    return next((known for known in DataClass if term == class_term(known)), None)


def class_term(data_class: DataClass) -> str:
    """The glossary term that defines a class."""
    return f"urn:li:glossaryTerm:classline.{data_class}"


def team_urn(owner: str) -> str:
    """The group of an owner that the registry writes as ``team:<name>``."""
    return f"urn:li:corpGroup:{owner.removeprefix('team:')}"


def domain_urn(owner: str) -> str:
    """The domain of what an owner answers for, inside the platform's."""
    return f"{PLATFORM_DOMAIN}.{owner.removeprefix('team:')}"


def owner_urn(owner: str) -> str:
    """The URN of an owner: a team by its name, or any URN as it is."""
    return owner if owner.startswith("urn:li:") else team_urn(owner)


def platform_of(dataset: Dataset) -> str:
    """The data platform a store stands on."""
    is_key_value = dataset.kind is StoreKind.KV_PREFIX
    return KEY_VALUE_PLATFORM if is_key_value else TABLE_PLATFORM


def dataset_urn(dataset: Dataset) -> str:
    """The URN of a store."""
    name = f"{DATABASE}.{dataset.qualified_name}"
    return f"urn:li:dataset:({platform_of(dataset)},{name},PROD)"


def dataset_name(urn: str) -> str:
    """Schema and name of one of our stores; the name as DataHub has it of any other dataset."""
    _, _, rest = urn.partition(",")
    return rest.rpartition(",")[0].removeprefix(f"{DATABASE}.")


def column_urn(dataset: str, column: str) -> str:
    """The URN of a column of the dataset with that URN."""
    return f"urn:li:schemaField:({dataset},{column})"
