"""Whether a value has the shape of its aspect: each shape compiled to a function.

It only says yes or no, fast; `aspect_shape.problems_of` says what is wrong with the few that fail.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, TypeAlias

from catalog.embedded_datahub.aspect_shape import WHOLE_LIMITS, urn_problem
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

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from catalog.embedded_datahub.json_values import JsonValue
    from catalog.embedded_datahub.schemas import MetadataModel

__all__ = ["AspectChecks"]

_Check: TypeAlias = "Callable[[JsonValue], bool]"

_PRIMITIVES: dict[str, frozenset[type]] = {
    "string": frozenset({str}),
    "bytes": frozenset({str}),
    "float": frozenset({int, float}),
    "double": frozenset({int, float}),
    "boolean": frozenset({bool}),
}
_REMEMBERED_URNS = 16_384


class AspectChecks:
    """The checks of a model's aspects, each compiled when first asked for."""

    def __init__(self, model: MetadataModel) -> None:
        self._model = model
        self._records: dict[int, _Check] = {}
        self._fits_urn = functools.lru_cache(maxsize=_REMEMBERED_URNS)(self._is_urn)

    def holds(self, shape: RecordShape, value: JsonValue) -> bool:
        """Whether `value` has that shape, and URNs where the shape wants them."""
        return self._of(shape)(value)

    def _is_urn(self, text: str, urn_type: str) -> bool:
        return urn_problem(text, urn_type, self._model) is None

    def _of(self, shape: Shape) -> _Check:
        if isinstance(shape, RecordShape):
            return self._records.get(id(shape)) or self._record(shape)
        if isinstance(shape, ArrayShape):
            return _array(self._of(shape.items))
        if isinstance(shape, MapShape):
            return _map(self._of(shape.values))
        if isinstance(shape, UnionShape):
            branches = {name: self._of(branch) for name, branch in shape.branches.items()}
            return _union(branches, nullable=shape.nullable)
        if isinstance(shape, EnumShape):
            return _enum(shape.symbols)
        return _primitive(shape)

    def _record(self, shape: RecordShape) -> _Check:
        fields: dict[str, _Check] = {}
        check = _record(fields, tuple(n for n, field in shape.fields.items() if field.required))
        # Known before its fields are compiled, since a record may contain itself.
        self._records[id(shape)] = check
        fields.update((name, self._field(field)) for name, field in shape.fields.items())
        return check

    def _field(self, field: FieldShape) -> _Check:
        check, urn_type = self._of(field.shape), field.urn_type
        if urn_type is None:
            return check
        fits_urn = self._fits_urn

        def holds(value: JsonValue) -> bool:
            if not check(value):
                return False
            if isinstance(value, str):
                return fits_urn(value, urn_type)
            texts = value if isinstance(value, list) else ()
            return all(fits_urn(text, urn_type) for text in texts if isinstance(text, str))

        return holds


def _record(fields: Mapping[str, _Check], required: tuple[str, ...]) -> _Check:
    def holds(value: JsonValue) -> bool:
        if not isinstance(value, dict):
            return False
        for name, item in value.items():
            check = fields.get(name)
            if check is None or (item is not None and not check(item)):
                return False
        # A loop is twice as fast as a generator, and runs for every record of every proposal.
        for name in required:  # noqa: SIM110
            if value.get(name) is None:
                return False
        return True

    return holds


def _array(check: _Check) -> _Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _map(check: _Check) -> _Check:
    return lambda value: isinstance(value, dict) and all(map(check, value.values()))


def _union(branches: Mapping[str, _Check], *, nullable: bool) -> _Check:
    if len(branches) == 1:
        (single,) = branches.values()
        return lambda value: (value is None and nullable) or single(value)

    def holds(value: JsonValue) -> bool:
        if value is None:
            return nullable
        if not isinstance(value, dict) or len(value) != 1:
            return False
        ((name, item),) = value.items()
        return name in branches and branches[name](item)

    return holds


def _enum(symbols: frozenset[str]) -> _Check:
    return lambda value: isinstance(value, str) and value in symbols


def _primitive(shape: PrimitiveShape) -> _Check:
    limit = WHOLE_LIMITS.get(shape.name)
    if limit is not None:
        return lambda value: type(value) is int and -limit <= value < limit
    kinds = _PRIMITIVES.get(shape.name, frozenset())
    return lambda value: type(value) in kinds
