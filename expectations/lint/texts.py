"""The text that an expression makes, as far as the source says it: pieces unknown become {}."""

from __future__ import annotations

import ast
from collections.abc import Callable

from expectations.lint.module_facts import Scope, last_name
from expectations.lint.sql_text import touches_rows

__all__ = ["text_of"]

_WRAPPERS = frozenset({"text", "SQL", "dedent", "cleandoc", "str"})
_DEEPEST = 20


def text_of(node: ast.expr | None, scope: Scope, *, depth: int = 0) -> str | None:
    """The text, names resolved to what was last assigned to them; None where it is no text."""
    if depth > _DEEPEST or node is None:
        return None
    reader = _READERS.get(type(node))
    return reader(node, scope, depth + 1) if reader else None


def _constant(node: ast.Constant, _: Scope, __: int) -> str | None:
    value = node.value
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value if isinstance(value, str) else None


def _joined(node: ast.JoinedStr, scope: Scope, depth: int) -> str:
    return "".join(_piece(part, scope, depth) for part in node.values)


def _operation(node: ast.BinOp, scope: Scope, depth: int) -> str | None:
    left = text_of(node.left, scope, depth=depth)
    if isinstance(node.op, ast.Mod):
        return left
    if not isinstance(node.op, ast.Add):
        return None
    right = text_of(node.right, scope, depth=depth)
    return None if left is None and right is None else f"{_or_hole(left)}{_or_hole(right)}"


def _chosen(node: ast.IfExp, scope: Scope, depth: int) -> str | None:
    return text_of(node.body, scope, depth=depth) or text_of(node.orelse, scope, depth=depth)


def _name(node: ast.Name, scope: Scope, depth: int) -> str | None:
    return _assigned(node.id, scope, depth)


def _assigned(name: str, scope: Scope, depth: int) -> str | None:
    """Of all that was assigned to a name, alone or added up, what touches rows; else the last."""
    known = [text_of(value, scope, depth=depth) for value in scope.assigned_to(name)]
    texts = [text for text in known if text is not None]
    if not texts:
        return None
    return next(filter(touches_rows, ["".join(texts), *texts]), texts[-1])


def _piece(part: ast.expr, scope: Scope, depth: int) -> str:
    value = part.value if isinstance(part, ast.FormattedValue) else part
    # A name inside an f-string stands for itself: what it holds is the registry's business.
    if isinstance(value, ast.Name):
        return "{}"
    return _or_hole(text_of(value, scope, depth=depth))


def _called(call: ast.Call, scope: Scope, depth: int) -> str | None:
    name = last_name(call.func)
    if name in _WRAPPERS and call.args:
        return text_of(call.args[0], scope, depth=depth)
    if isinstance(call.func, ast.Attribute):
        if name in {"format", "strip", "lstrip", "encode", "replace"}:
            return text_of(call.func.value, scope, depth=depth)
        if name == "join" and call.args and isinstance(call.args[0], ast.List | ast.Tuple):
            glue = text_of(call.func.value, scope, depth=depth) or ""
            return glue.join(
                _or_hole(text_of(part, scope, depth=depth)) for part in call.args[0].elts
            )
    return None


def _or_hole(text: str | None) -> str:
    return "{}" if text is None else text


_READERS: dict[type[ast.expr], Callable[..., str | None]] = {
    ast.Constant: _constant,
    ast.JoinedStr: _joined,
    ast.BinOp: _operation,
    ast.IfExp: _chosen,
    ast.Name: _name,
    ast.Call: _called,
}
