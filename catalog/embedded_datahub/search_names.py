"""The names that search and relationships know, out of the annotations; others are refused."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from catalog.embedded_datahub.annotations import relationship_fields, search_fields
from catalog.embedded_datahub.errors import InvalidFilter, InvalidRequest
from catalog.embedded_datahub.search_index import STRUCTURED_PROPERTY_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable

    from catalog.embedded_datahub.schemas import MetadataModel

__all__ = ["facet_fields", "require_known", "require_relationships"]

# What DataHub adds to every entity, without an annotation.
_OF_EVERY_ENTITY = frozenset({"urn", "_entityType", "removed", "degree"})


def facet_fields(model: MetadataModel) -> tuple[str, ...]:
    """The fields that DataHub counts values of where nobody says which."""
    return ("_entityType", *_fields(model)[1])


def require_known(names: Iterable[str], model: MetadataModel) -> None:
    """Refuse a field that no aspect has: it would match nothing, which reads like an answer."""
    for name in names:
        if name.startswith(STRUCTURED_PROPERTY_PREFIX) or name in _OF_EVERY_ENTITY:
            continue
        if name not in _fields(model)[0]:
            message = f"search knows no field {name[:80]!r}: check its spelling"
            raise InvalidFilter(message)


def require_relationships(names: Iterable[str], model: MetadataModel) -> None:
    """Refuse a relationship that no aspect draws."""
    for name in names:
        if name not in _relationships(model):
            message = f"there is no relationship {name[:80]!r} in the model: check its spelling"
            raise InvalidRequest(message)


@functools.lru_cache(maxsize=4)
def _relationships(model: MetadataModel) -> frozenset[str]:
    aspects = (model.aspect(name).shape for name in model.schemas)
    return frozenset(field.name for shape in aspects for field in relationship_fields(shape))


@functools.lru_cache(maxsize=4)
def _fields(model: MetadataModel) -> tuple[frozenset[str], tuple[str, ...]]:
    """Every field's name, and in order those that are facets."""
    known: set[str] = set()
    facets: set[str] = set()
    for aspect in model.schemas:
        for field in search_fields(model.aspect(aspect).shape):
            names = {field.name, field.has_values_name, field.num_values_name} - {None}
            known.update(name for name in names if name is not None)
            if field.is_facet:
                facets.add(field.name)
    return frozenset(known), tuple(sorted(facets))
