"""CLS101 to CLS103: who reads or writes data says which class it is, by type or by name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from expectations.lint.classes_in_names import carries_class, class_typed, member_of
from expectations.lint.module_facts import Scope, last_name
from expectations.lint.problems import Edit, Module, Problem, at
from expectations.lint.sql_text import is_sql, touches_rows
from expectations.lint.texts import text_of
from expectations.lint.vocabulary import EXECUTING, READING

__all__ = ["access_problems"]

_HANDLES = re.compile(
    r"(?:.*_)?(?:cur|cursor|conn|connection|session|engine|db|database|tx|transaction)"
)
_HANDLE_TYPES = re.compile(r"(?:\w*Session|\w*Connection|Engine|\w*Cursor|Database)")
_STATEMENTS = frozenset({"select", "insert", "update", "delete", "union", "exists"})
_CLASS_NAMED = frozenset({"data_class", "from_class", "to_class"})


def access_problems(module: Module) -> Iterator[Problem]:
    """Every function of the module that touches data without a class, or with one badly given."""
    for function in module.facts.functions:
        yield from _untyped_classes(function)
        if not _carries(function):
            yield from _unclassed_access(function)
    for call, scope in module.facts.calls:
        yield from _bare_class_given(call, scope)
    for compare, scope in module.facts.compares:
        yield from _bare_class_compared(compare, scope)


def _carries(scope: Scope) -> bool:
    """Whether a function, or a function or type around it, says which class it is about."""
    return any(_carries_itself(each) for each in scope.outwards())


def _carries_itself(scope: Scope) -> bool:
    node = scope.node
    if isinstance(node, ast.Module):
        return False
    if carries_class(node.name):
        return True
    if isinstance(node, ast.ClassDef):
        return any(map(class_typed, _made_of(node))) or _base_carries(node, scope)
    return class_typed(node.returns) or any(
        class_typed(each.annotation) for each in _all(node.args)
    )


def _base_carries(node: ast.ClassDef, scope: Scope) -> bool:
    """Whether a base, as far as this module defines it, carries a class."""
    module = next(each for each in scope.outwards() if isinstance(each.node, ast.Module)).node
    defined = {each.name: each for each in module.body if isinstance(each, ast.ClassDef)}
    bases = [last_name(base) for base in node.bases]
    return any(
        carries_class(name) or (name in defined and any(map(class_typed, _made_of(defined[name]))))
        for name in bases
    )


def _made_of(node: ast.ClassDef) -> Iterator[ast.expr | None]:
    """The annotations of what a type is made of: its fields, or its constructor's parameters."""
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign):
            yield statement.annotation
        elif isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            yield from (each.annotation for each in _all(statement.args))


def _all(arguments: ast.arguments) -> list[ast.arg]:
    starred = [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *starred]


def _unclassed_access(function: Scope) -> Iterator[Problem]:
    node = function.node
    if isinstance(node, ast.Module | ast.ClassDef):
        return
    reason = next((why for call in function.calls if (why := _access(call, function))), "")
    if reason:
        message = f"{node.name} {reason}, and neither takes a DataClass nor has a class in its name"
        yield at(node, "CLS101", function.name, message)


def _access(call: ast.Call, scope: Scope) -> str:
    """How the call touches data without naming its class, or nothing."""
    name = last_name(call.func)
    if carries_class(name) or any(_is_class(each, scope) for each in _given(call)):
        return ""
    if name in {"read_sql_table", "to_sql"}:
        return "reads or writes a whole table"
    if name in EXECUTING and (why := _executes(call, name, scope)):
        return why
    if isinstance(call.func, ast.Attribute) and name in READING and _is_session(call.func, scope):
        return f"calls {name} on a session"
    return ""


def _executes(call: ast.Call, name: str, scope: Scope) -> str:
    statement = _statement(call)
    if statement is None:
        return ""
    text = text_of(statement, scope)
    if text is not None and is_sql(text):
        return "executes a statement over rows" if touches_rows(text) else ""
    if _builds_statement(statement, scope):
        return "executes a statement over rows"
    if text is None and _is_handle(call.func, scope) and not _passes_on(statement, scope):
        return f"hands a statement that cannot be seen to {name}"
    return ""


def _statement(call: ast.Call) -> ast.expr | None:
    if call.args:
        return call.args[0]
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    return next(
        (named[key] for key in ("statement", "query", "sql", "operation") if key in named), None
    )


def _builds_statement(expression: ast.expr, scope: Scope) -> bool:
    if isinstance(expression, ast.Name):
        return any(map(_calls_select, scope.assigned_to(expression.id)))
    return _calls_select(expression)


def _calls_select(expression: ast.expr) -> bool:
    return any(
        isinstance(node, ast.Call) and last_name(node.func) in _STATEMENTS
        for node in ast.walk(expression)
    )


def _is_handle(called: ast.expr, scope: Scope) -> bool:
    """Whether it is a method of something that reaches a database."""
    if not isinstance(called, ast.Attribute):
        return False
    receiver = last_name(called.value)
    if receiver in {"self", "cls"} and called.attr in {"_rows", "_one", "_call"}:
        return True
    return bool(_HANDLES.fullmatch(receiver.lstrip("_"))) or _is_session(called, scope)


def _is_session(called: ast.Attribute, scope: Scope) -> bool:
    if not isinstance(called.value, ast.Name):
        return False
    receiver = called.value.id
    if receiver == "self":
        around = next((s.node for s in scope.outwards() if isinstance(s.node, ast.ClassDef)), None)
        bases = around.bases if around else []
        return any(re.fullmatch(r"\w*Session", last_name(base)) for base in bases)
    return bool(_HANDLE_TYPES.fullmatch(scope.type_of(receiver)))


def _passes_on(statement: ast.expr, scope: Scope) -> bool:
    """Whether a private helper runs its own parameter: its callers are looked at instead."""
    node = scope.node
    if isinstance(node, ast.Module | ast.ClassDef) or not node.name.startswith("_"):
        return False
    parameters = {each.arg for each in _all(node.args)}
    return any(isinstance(n, ast.Name) and n.id in parameters for n in ast.walk(statement))


def _given(call: ast.Call) -> Iterator[ast.expr]:
    yield from call.args
    yield from (keyword.value for keyword in call.keywords)


def _is_class(expression: ast.expr, scope: Scope) -> bool:
    """Whether an argument is a DataClass, as far as the source says."""
    match expression:
        case ast.Attribute(value=ast.Name(id="DataClass")) | ast.Attribute(attr="data_class"):
            return True
        case ast.Attribute(attr=name):
            return name in _CLASS_NAMED
        case ast.Name(id=name):
            assigned = scope.assigned_to(name)
            known = name in _CLASS_NAMED or scope.type_of(name) in {"DataClass", "Dataset"}
            return known or (bool(assigned) and all(map(_is_member, assigned)))
        case ast.Call(func=ast.Name(id=name)):
            return name in {"DataClass", "parse_data_class"}
        case _:
            return False


def _is_member(expression: ast.expr) -> bool:
    match expression:
        case ast.Attribute(value=ast.Name(id="DataClass")) | ast.Attribute(attr="data_class"):
            return True
        case _:
            return False


def _untyped_classes(function: Scope) -> Iterator[Problem]:
    node = function.node
    if isinstance(node, ast.Module | ast.ClassDef):
        return
    for parameter in _all(node.args):
        if parameter.arg != "data_class" or class_typed(parameter.annotation):
            continue
        message = f"{node.name} takes a data_class that is not typed as DataClass"
        yield at(parameter, "CLS102", function.name, message, _annotated(parameter))
    defaults = [
        *zip(
            reversed([*node.args.posonlyargs, *node.args.args]),
            reversed(node.args.defaults),
            strict=False,
        ),
        *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True),
    ]
    for parameter, default in defaults:
        if default is not None and class_typed(parameter.annotation):
            yield from _bare(default, function.name)


def _annotated(parameter: ast.arg) -> Edit | None:
    if parameter.annotation is None:
        end = (parameter.end_lineno or parameter.lineno, parameter.end_col_offset or 0)
        return Edit(end, end, ": DataClass", needs_data_class=True)
    if isinstance(parameter.annotation, ast.Name) and parameter.annotation.id == "str":
        return _replaced(parameter.annotation, "DataClass")
    return None


def _bare_class_given(call: ast.Call, scope: Scope) -> Iterator[Problem]:
    subject = scope.name or "module"
    for keyword in call.keywords:
        if keyword.arg in _CLASS_NAMED:
            yield from _bare(keyword.value, subject)
    on_session = isinstance(call.func, ast.Attribute) and _is_session(call.func, scope)
    if on_session and call.args:
        yield from _bare(call.args[0], subject)


def _bare_class_compared(compare: ast.Compare, scope: Scope) -> Iterator[Problem]:
    sides = [compare.left, *compare.comparators]
    if not any(last_name(side) in _CLASS_NAMED for side in sides):
        return
    for side in sides:
        yield from _bare(side, scope.name or "module")


def _bare(expression: ast.expr, subject: str) -> Iterator[Problem]:
    if isinstance(expression, ast.Constant) and (member := member_of(expression.value)):
        message = f"a data class is given as a string; write {member}"
        yield at(expression, "CLS103", subject, message, _replaced(expression, member))


def _replaced(node: ast.expr, text: str) -> Edit:
    start = (node.lineno, node.col_offset)
    end = (node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
    return Edit(start, end, text, needs_data_class=True)
