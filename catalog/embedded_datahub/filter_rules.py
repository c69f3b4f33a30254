"""Filter rules of a search, each compiled to an SQL condition with bound values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from catalog.embedded_datahub.errors import InvalidFilter
from catalog.embedded_datahub.search_index import STRUCTURED_PROPERTY_PREFIX, property_field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["FilterRule", "property_names", "rule_condition"]

# DataHub matches these fields in disjunction: a filter on tags finds the tags of columns too.
_EXPANDED_FIELDS = {
    "tags": ("tags", "fieldTags", "editedFieldTags"),
    "glossaryTerms": ("glossaryTerms", "fieldGlossaryTerms", "editedFieldGlossaryTerms"),
    "fieldTags": ("fieldTags", "editedFieldTags"),
    "fieldGlossaryTerms": ("fieldGlossaryTerms", "editedFieldGlossaryTerms"),
    "fieldDescriptions": ("fieldDescriptions", "editedFieldDescriptions"),
    "description": ("description", "editedDescription"),
    "origin": ("origin", "env"),
    "env": ("env", "origin"),
}
_SUBFIELDS = (".keyword", ".delimited", ".length", ".ngram")
_RANGES = {
    "GREATER_THAN": ">",
    "GREATER_THAN_OR_EQUAL_TO": ">=",
    "LESS_THAN": "<",
    "LESS_THAN_OR_EQUAL_TO": "<=",
}
_PATTERNS: dict[str, Callable[[str], str]] = {
    "CONTAIN": lambda text: f"%{text}%",
    "START_WITH": lambda text: f"{text}%",
    "END_WITH": lambda text: f"%{text}",
}


_MOST_PATTERNS = 200
_AMONG = " IN (SELECT value FROM json_each(?))"
_HELD = (
    "e.id IN (SELECT v.entity_id FROM search_value v "  # noqa: S608 literals
    f"WHERE v.field IN (SELECT n.id FROM name n WHERE n.text{_AMONG})"
)


@dataclass(frozen=True, slots=True)
class FilterRule:
    """A condition on one field; with several values, any of them satisfies it."""

    field: str
    condition: str = "EQUAL"
    values: tuple[str, ...] = ()
    negated: bool = False

    @property
    def name(self) -> str:
        """The field without the suffix by which a client picks one of its indexes."""
        name = self.field
        for suffix in _SUBFIELDS:
            name = name.removesuffix(suffix)
        if name.startswith(STRUCTURED_PROPERTY_PREFIX):
            return property_field(name.removeprefix(STRUCTURED_PROPERTY_PREFIX))
        return name


def property_names(rules: Iterable[FilterRule]) -> frozenset[str]:
    """The structured properties that rules name, as the client wrote them."""
    return frozenset(
        rule.field.removeprefix(STRUCTURED_PROPERTY_PREFIX).removesuffix(".keyword")
        for rule in rules
        if rule.field.startswith(STRUCTURED_PROPERTY_PREFIX)
    )


def rule_condition(rule: FilterRule) -> tuple[str, list[str]]:
    """The SQL condition on an entity `e`, and the values it binds."""
    condition, values = _positive(rule)
    return (f"NOT ({condition})" if rule.negated else condition), values


def _positive(rule: FilterRule) -> tuple[str, list[str]]:
    if rule.name == "urn":
        return _urn_condition(rule)
    if rule.name == "_entityType":
        return "e.type" + _AMONG, [_list(rule.values)]
    fields = _list(_EXPANDED_FIELDS.get(rule.name, (rule.name,)))
    if rule.condition == "EXISTS":
        return f"{_HELD})", [fields]
    test, values = _value_test(rule, "v.value")
    return f"{_HELD} AND {test})", [fields, *values]


def _urn_condition(rule: FilterRule) -> tuple[str, list[str]]:
    if rule.condition == "EXISTS":
        return "1", []
    return _value_test(rule, "e.urn")


def _value_test(rule: FilterRule, column: str) -> tuple[str, list[str]]:
    if not rule.values:
        # DataHub leaves a rule without values out, which would show everything.
        message = f"the filter on {rule.field!r} has no value: give one, or use EXISTS"
        raise InvalidFilter(message)
    if rule.condition in {"EQUAL", "IN"}:
        return column + _AMONG, [_list(rule.values)]
    if rule.condition == "IEQUAL":
        lowered = _list(tuple(value.lower() for value in rule.values))
        return f"lower({column})" + _AMONG, [lowered]
    if rule.condition in _RANGES:
        return _range_test(rule, column)
    pattern = _PATTERNS.get(rule.condition)
    if pattern is None:
        message = f"the condition {rule.condition!r} is not served: use EQUAL, CONTAIN or EXISTS"
        raise InvalidFilter(message)
    if len(rule.values) > _MOST_PATTERNS:
        message = f"more than {_MOST_PATTERNS} patterns on {rule.field!r} are refused: split them"
        raise InvalidFilter(message)
    tests = " OR ".join(f"{column} LIKE ? ESCAPE '\\'" for _ in rule.values)
    return f"({tests})", [pattern(_escaped(value.strip())) for value in rule.values]


def _range_test(rule: FilterRule, column: str) -> tuple[str, list[str]]:
    operator, bound = _RANGES[rule.condition], rule.values[0]
    try:
        float(bound)
    except ValueError:
        return f"{column} {operator} ?", [bound]
    return f"CAST({column} AS REAL) {operator} CAST(? AS REAL)", [bound]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _list(values: Iterable[str]) -> str:
    return orjson.dumps(list(values)).decode()
