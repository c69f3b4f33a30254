"""Whether a name or an annotation carries a data class."""

from __future__ import annotations

import ast
import re

from catalog.data_classes import DataClass

__all__ = ["CLASS_NAMES", "CLASS_TYPES", "carries_class", "class_typed", "member_of"]

CLASS_NAMES = frozenset(map(str, DataClass))
_CAMEL = frozenset("".join(map(str.title, name.split("_"))) for name in CLASS_NAMES)
CLASS_TYPES = _CAMEL | {"DataClass", "Dataset", "Labelled", "ReadKey", "PromotionKey", "ClassT"}
"""Types whose values carry a class: the enum, a registered dataset, labels and their keys."""

_IN_NAMES = re.compile(
    "|".join(
        [
            *(rf"(?<![A-Za-z]){name}(?![A-Za-z])" for name in CLASS_NAMES),
            *(f"{name}(?![a-z])" for name in _CAMEL),
        ]
    )
)
_NO_VALUES = frozenset({"Callable", "Literal"})  # neither holds a value of what it names


def carries_class(name: str) -> bool:
    """Whether the name of a function or type holds the name of a class as whole words."""
    return _IN_NAMES.search(name) is not None


def class_typed(annotation: ast.expr | None) -> bool:
    """Whether an annotation names a type that carries a class, however it is wrapped or quoted."""
    match annotation:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in CLASS_TYPES
        case ast.Constant(value=str() as quoted):
            return _quoted(quoted)
        case ast.BinOp(left=left, right=right):
            return class_typed(left) or class_typed(right)
        case ast.Subscript(value=outer, slice=inner):
            return class_typed(outer) or _subscript(outer, inner)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return any(map(class_typed, parts))
        case _:
            return False


def _subscript(outer: ast.expr, inner: ast.expr) -> bool:
    name = outer.id if isinstance(outer, ast.Name) else getattr(outer, "attr", "")
    if name in _NO_VALUES:
        return False
    if name == "Annotated" and isinstance(inner, ast.Tuple):
        return class_typed(inner.elts[0])
    return class_typed(inner)


def _quoted(annotation: str) -> bool:
    try:
        return class_typed(ast.parse(annotation.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError):
        return False


def member_of(text: object) -> str | None:
    """The expression for a class that is given as a string, or nothing."""
    if not isinstance(text, str) or text not in CLASS_NAMES:
        return None
    return f"DataClass.{DataClass(text).name}"
