"""Checks that a value has the shape of its aspect; it names fields and never values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.embedded_datahub.errors import InvalidUrn
from catalog.embedded_datahub.shapes import (
    ArrayShape,
    EnumShape,
    FieldShape,
    MapShape,
    PrimitiveShape,
    RecordShape,
    Shape,
    UnionShape,
)
from catalog.embedded_datahub.urns import key_of, parse_urn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.embedded_datahub.json_values import JsonValue
    from catalog.embedded_datahub.schemas import MetadataModel

__all__ = ["WHOLE_LIMITS", "problems_of", "urn_problem"]

WHOLE_LIMITS = {"int": 2**31, "long": 2**63}

_PRIMITIVES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "bytes": (str,),
    "int": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
}


def problems_of(
    value: JsonValue, shape: Shape, model: MetadataModel, path: str = ""
) -> Iterator[str]:
    """Every way in which `value` departs from `shape`."""
    if isinstance(shape, RecordShape):
        yield from _record_problems(value, shape, model, path)
    elif isinstance(shape, ArrayShape | MapShape):
        yield from _collection_problems(value, shape, model, path)
    elif isinstance(shape, UnionShape):
        yield from _union_problems(value, shape, model, path)
    elif isinstance(shape, EnumShape):
        if not isinstance(value, str) or value not in shape.symbols:
            yield f"{path} must be one of {', '.join(sorted(shape.symbols))}"
    elif not _is_primitive(value, shape):
        yield f"{path} must be a {shape.name}"


def _record_problems(
    value: JsonValue, shape: RecordShape, model: MetadataModel, path: str
) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path or shape.name} must be an object"
        return
    for name in value.keys() - shape.fields.keys():
        yield f"{path}.{name} is not a field of {shape.name}"
    for name, field in shape.fields.items():
        item = value.get(name)
        if item is None:
            if field.required:
                yield f"{path}.{name} is required by {shape.name}"
            continue
        yield from problems_of(item, field.shape, model, f"{path}.{name}")
        yield from _urn_problems(item, field, model, f"{path}.{name}")


def _collection_problems(
    value: JsonValue, shape: ArrayShape | MapShape, model: MetadataModel, path: str
) -> Iterator[str]:
    if isinstance(shape, ArrayShape):
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from problems_of(item, shape.items, model, f"{path}[{index}]")
        else:
            yield f"{path} must be a list"
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from problems_of(item, shape.values, model, f"{path}.{name}")
    else:
        yield f"{path} must be an object"


def _union_problems(
    value: JsonValue, shape: UnionShape, model: MetadataModel, path: str
) -> Iterator[str]:
    if value is None and shape.nullable:
        return
    if len(shape.branches) == 1:
        (branch,) = shape.branches.values()
        yield from problems_of(value, branch, model, path)
        return
    if isinstance(value, dict) and len(value) == 1:
        ((name, item),) = value.items()
        if name in shape.branches:
            yield from problems_of(item, shape.branches[name], model, f"{path}.{name}")
            return
    yield f"{path} must be an object that names one of {', '.join(sorted(shape.branches))}"


def _urn_problems(
    value: JsonValue, field: FieldShape, model: MetadataModel, path: str
) -> Iterator[str]:
    if field.urn_type is None:
        return
    for text in value if isinstance(value, list) else [value]:
        problem = urn_problem(text, field.urn_type, model) if isinstance(text, str) else None
        if problem is not None:
            yield f"{path}{problem}"


def urn_problem(text: str, urn_type: str, model: MetadataModel) -> str | None:
    """Why a text is not a URN of that type, to be read after the name of its field."""
    try:
        urn = parse_urn(text)
        if urn.entity_type in model.entities:
            key_of(urn, model)
    except InvalidUrn as error:
        return f": {error}"
    expected = urn_type.removesuffix("Urn").lower()
    # `DatasetFieldUrn` and the like name no entity type of the model: any URN will do.
    if urn.entity_type.lower() != expected and expected in model.lower_names:
        return f" must be a {expected} URN, not one of {urn.entity_type}"
    return None


def _is_primitive(value: JsonValue, shape: PrimitiveShape) -> bool:
    if isinstance(value, bool):
        return shape.name == "boolean"
    limit = WHOLE_LIMITS.get(shape.name)
    if limit is not None and isinstance(value, int):
        return -limit <= value < limit
    return isinstance(value, _PRIMITIVES.get(shape.name, ()))
