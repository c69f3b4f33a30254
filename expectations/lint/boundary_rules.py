"""CLS201 to CLS302: SQL, drivers and the inside of sessions belong to stores; labels hold."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from expectations.lint.module_facts import Scope, last_name
from expectations.lint.problems import Module, Problem, at
from expectations.lint.sql_text import is_sql, looks_like_sql, verb_of
from expectations.lint.texts import text_of
from expectations.lint.vocabulary import DRIVERS, EXECUTING, INSIDES

__all__ = ["boundary_problems"]

_OF_SELF = frozenset({"self", "cls"})
_ISSUING = "catalog.label_issuing"
_SEAL = "_SEAL"


def boundary_problems(module: Module) -> Iterator[Problem]:
    """Everything in the module that belongs to stores, or opens what is labelled."""
    if not module.in_stores:
        yield from _sql(module)
        yield from _drivers(module)
        yield from _insides(module)
        yield from _issuing(module)
    if not module.in_stores and not module.in_workflow:
        yield from _unwrapping(module)


def _sql(module: Module) -> Iterator[Problem]:
    told: list[ast.expr] = []
    for call, scope in module.facts.calls:
        if last_name(call.func) in EXECUTING and call.args:
            text = text_of(call.args[0], scope)
            if text is not None and is_sql(text) and isinstance(call.func, ast.Attribute):
                told.append(call.args[0])
                yield _sql_at(call.args[0], text, scope)
    for expression, scope in sorted(module.facts.strings, key=lambda pair: _start(pair[0])):
        text = text_of(expression, scope)
        if text is None or not looks_like_sql(text):
            continue
        if not any(_start(outer) <= _start(expression) < _end(outer) for outer in told):
            told.append(expression)
            yield _sql_at(expression, text, scope)


def _sql_at(node: ast.expr, text: str, scope: Scope) -> Problem:
    # The verb alone: a statement may hold values.
    return at(node, "CLS201", scope.name or "module", f"raw SQL ({verb_of(text)}) outside stores")


def _start(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _end(node: ast.expr) -> tuple[int, int]:
    return node.end_lineno or node.lineno, node.end_col_offset or node.col_offset


def _drivers(module: Module) -> Iterator[Problem]:
    for node in module.facts.imports:
        names = (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
        if node in module.facts.type_only or (isinstance(node, ast.ImportFrom) and node.level):
            continue
        for name in sorted({name.partition(".")[0] for name in names} & DRIVERS):
            yield at(node, "CLS202", name, f"{name} is imported outside stores")
    for call, scope in module.facts.calls:
        if last_name(call.func) in {"import_module", "__import__"} and call.args:
            name = (text_of(call.args[0], scope) or "").partition(".")[0]
            if name in DRIVERS:
                yield at(call, "CLS202", name, f"{name} is imported by its name outside stores")


def _insides(module: Module) -> Iterator[Problem]:
    for attribute, scope in module.facts.attributes:
        if attribute.attr not in INSIDES:
            continue
        receiver = last_name(attribute.value)
        if attribute.attr != "admin_engine" and receiver in _OF_SELF:
            continue
        yield _inside_at(attribute, attribute.attr, scope)
    for call, scope in module.facts.calls:
        name = _reflected(call, scope)
        if name in INSIDES:
            yield _inside_at(call, name, scope)


def _inside_at(node: ast.expr, name: str, scope: Scope) -> Problem:
    return at(node, "CLS203", scope.name or "module", f"{name} is used outside stores")


def _unwrapping(module: Module) -> Iterator[Problem]:
    for attribute, scope in module.facts.attributes:
        if attribute.attr == "unwrap" and not _is_foreign(attribute.value, module):
            if _called_without_key(attribute, module):
                continue
            yield _unwrap_at(attribute, scope)
    for call, scope in module.facts.calls:
        if _reflected(call, scope) == "unwrap":
            yield _unwrap_at(call, scope)


def _unwrap_at(node: ast.expr, scope: Scope) -> Problem:
    message = "a labelled value is unwrapped outside a workflow"
    return at(node, "CLS301", scope.name or "module", message)


def _is_foreign(receiver: ast.expr, module: Module) -> bool:
    """Whether it is a function of another module, such as inspect.unwrap."""
    if not isinstance(receiver, ast.Name):
        return False
    origin = module.facts.origins.get(receiver.id, "")
    return bool(origin) and not origin.startswith("catalog.")


def _called_without_key(attribute: ast.Attribute, module: Module) -> bool:
    """`result.unwrap()` opens no label: those need a key."""
    return any(
        call.func is attribute and not call.args and not call.keywords
        for call, _ in module.facts.calls
    )


def _issuing(module: Module) -> Iterator[Problem]:
    if module.path.startswith("catalog/label"):
        return  # where labels are made
    for node in module.facts.imports:
        names = {alias.name for alias in node.names}
        of = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        issues = (
            of == _ISSUING or _ISSUING in names or (of == "catalog" and "label_issuing" in names)
        )
        if node not in module.facts.type_only and (
            issues or (of == "catalog.labelled" and _SEAL in names)
        ):
            yield at(node, "CLS302", "import", "labels or keys are made outside the sessions")
    for call, scope in module.facts.calls:
        by_name = last_name(call.func) in {"import_module", "__import__"} and bool(call.args)
        if by_name and text_of(call.args[0], scope) == _ISSUING:
            yield at(call, "CLS302", "import", "labels or keys are made outside the sessions")
    for attribute, scope in module.facts.attributes:
        if attribute.attr == _SEAL:
            yield at(attribute, "CLS302", scope.name or "module", "the seal of labels is used")


def _reflected(call: ast.Call, scope: Scope) -> str:
    """The attribute that `getattr(x, "name")` reaches for."""
    if last_name(call.func) not in {"getattr", "methodcaller", "attrgetter"}:
        return ""
    position = 1 if last_name(call.func) == "getattr" else 0
    return text_of(call.args[position], scope) or "" if len(call.args) > position else ""
