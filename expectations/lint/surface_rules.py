"""CLS501 and CLS502: every registered surface has a cross-tenant test that can fail."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from expectations.lint.module_facts import Scope, last_name
from expectations.lint.problems import Module, Problem, at
from expectations.lint.texts import text_of

__all__ = ["surfaces_of", "tested_surfaces", "untested"]

_REGISTERS = frozenset({"surface", "register_surface"})
_KIT = "stores.isolation_kit"
_FIXTURE = "isolation_world"
_NO_TEST = frozenset({"skip", "xfail"})


def surfaces_of(module: Module) -> Iterator[tuple[str | None, Problem]]:
    """Name of each surface that the module registers, and the problem it would be untested."""
    for call, scope in module.facts.calls:
        if not _registers(call, module):
            continue
        name = text_of(_name(call), scope)
        if name is None or "{}" in name:
            subject = scope.name or "module"
            yield None, at(call, "CLS502", subject, "a surface's name cannot be seen in the source")
        else:
            message = f"surface {name[:60]!r} has no cross-tenant test"
            yield name, at(call, "CLS501", name, message)


def _registers(call: ast.Call, module: Module) -> bool:
    head = last_name(call.func)
    named = call.func.id if isinstance(call.func, ast.Name) else ""
    origin = module.facts.origins.get(named, "")
    if named:
        return origin.rpartition(".")[2] in _REGISTERS and origin.startswith(_KIT)
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    through = module.facts.origins.get(last_name(receiver), "")
    return head in _REGISTERS and through.startswith(_KIT)


def _name(call: ast.Call) -> ast.expr | None:
    if call.args:
        return call.args[0]
    return next((keyword.value for keyword in call.keywords if keyword.arg == "name"), None)


def tested_surfaces(module: Module) -> set[str]:
    """Surfaces that a test of the module attacks: marked, with the world, and not skipped."""
    found: set[str] = set()
    for function in module.facts.functions:
        node = function.node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not node.name.startswith("test") or not _uses_world(node):
            continue
        marks = list(_marks(function, module))
        if not _NO_TEST & {last_name(mark) for mark, _ in marks}:
            found |= {name for mark, scope in marks for name in _named(mark, scope)}
    return found


def _marks(function: Scope, module: Module) -> Iterator[tuple[ast.expr, Scope]]:
    """The marks on a test, on the class around it and on the whole module."""
    for scope in function.outwards():
        if not isinstance(scope.node, ast.Module):
            yield from ((mark, function) for mark in scope.node.decorator_list)
    for whole in module.facts.scope.assigned_to("pytestmark"):
        each = whole.elts if isinstance(whole, ast.List | ast.Tuple) else [whole]
        yield from ((mark, function) for mark in each)


def _named(mark: ast.expr, scope: Scope) -> Iterator[str]:
    if isinstance(mark, ast.Call) and last_name(mark.func) == "cross_tenant":
        yield from (name for argument in mark.args if (name := text_of(argument, scope)))


def _uses_world(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(each.arg == _FIXTURE for each in (*node.args.args, *node.args.kwonlyargs))


def untested(
    surfaces: Iterable[tuple[str, str | None, Problem]], tested: set[str]
) -> Iterator[tuple[str, Problem]]:
    """File and problem of each surface that no test attacks, or that cannot be told."""
    for path, name, problem in surfaces:
        if name is None or name not in tested:
            yield path, problem
