"""One pass over a module's syntax tree: what rules look at, each with the scope it stands in."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

__all__ = ["Function", "ModuleFacts", "Scope", "facts_of", "last_name"]

Function = ast.FunctionDef | ast.AsyncFunctionDef
_LITERALS = (ast.Constant, ast.JoinedStr)


@dataclass(slots=True, eq=False)
class Scope:
    """A module, class or function: what is assigned in it, and the types its names are given."""

    node: ast.Module | ast.ClassDef | Function
    parent: Scope | None = None
    assigned: dict[str, list[ast.expr]] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    calls: list[ast.Call] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Its qualified name within the module; empty for the module itself."""
        own = getattr(self.node, "name", "")
        return f"{self.parent.name}.{own}" if self.parent and self.parent.name else own

    def outwards(self) -> Iterator[Scope]:
        """This scope and those around it."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def assigned_to(self, name: str) -> list[ast.expr]:
        """Every expression assigned to that name, in order, here or further out."""
        found = next((s.assigned[name] for s in self.outwards() if name in s.assigned), [])
        return sorted(found, key=lambda each: (each.lineno, each.col_offset))

    def assign(self, name: str, value: ast.expr) -> None:
        """Note that the name is given that value."""
        self.assigned.setdefault(name, []).append(value)

    def type_of(self, name: str) -> str:
        """The last word of the type that the name was given, or nothing."""
        return next((s.types[name] for s in self.outwards() if name in s.types), "")


@dataclass(slots=True)
class ModuleFacts:
    """What one module holds, in order of no particular kind."""

    scope: Scope
    imports: list[ast.Import | ast.ImportFrom] = field(default_factory=list)
    type_only: set[ast.AST] = field(default_factory=set)
    origins: dict[str, str] = field(default_factory=dict)
    functions: list[Scope] = field(default_factory=list)
    classes: list[Scope] = field(default_factory=list)
    calls: list[tuple[ast.Call, Scope]] = field(default_factory=list)
    strings: list[tuple[ast.expr, Scope]] = field(default_factory=list)
    attributes: list[tuple[ast.Attribute, Scope]] = field(default_factory=list)
    compares: list[tuple[ast.Compare, Scope]] = field(default_factory=list)


def last_name(node: ast.AST | None) -> str:
    """The last word of a dotted name, a call or a subscript of one; empty for anything else."""
    while isinstance(node, ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def facts_of(tree: ast.Module) -> ModuleFacts:
    """Read the tree once; annotations and docstrings are left out."""
    facts = ModuleFacts(Scope(tree))
    waiting: list[tuple[ast.AST, Scope]] = [(child, facts.scope) for child in tree.body]
    while waiting:
        node, scope = waiting.pop()
        kind = node.__class__
        visit = _VISITS.get(kind)
        if visit is not None:
            visit(node, scope, facts, waiting)
            continue
        # Written out, not a function of its own: this runs for every node of a code base.
        for name in _FIELDS[kind]:
            value = getattr(node, name, None)
            if value.__class__ is list:
                for each in value:
                    if each.__class__ not in _BARREN:
                        waiting.append((each, scope))  # noqa: PERF401 - as above
            elif value is not None and value.__class__ not in _BARREN:
                waiting.append((value, scope))
    return facts


_Waiting = list[tuple[ast.AST, Scope]]


def _call(node: ast.Call, scope: Scope, facts: ModuleFacts, waiting: _Waiting) -> None:
    scope.calls.append(node)
    facts.calls.append((node, scope))
    waiting.append((node.func, scope))
    waiting.extend((argument, scope) for argument in node.args)
    waiting.extend((keyword.value, scope) for keyword in node.keywords)


def _attribute(node: ast.Attribute, scope: Scope, facts: ModuleFacts, waiting: _Waiting) -> None:
    facts.attributes.append((node, scope))
    waiting.append((node.value, scope))


def _constant(node: ast.Constant, scope: Scope, facts: ModuleFacts, _: _Waiting) -> None:
    if node.value.__class__ is str:
        facts.strings.append((node, scope))


def _import(node: ast.Import | ast.ImportFrom, _: Scope, facts: ModuleFacts, __: _Waiting) -> None:
    facts.imports.append(node)
    _note_origins(node, facts.origins)


def _statement(node: ast.Expr, scope: Scope, _: ModuleFacts, waiting: _Waiting) -> None:
    # A constant that stands alone is a docstring, or does nothing.
    if not isinstance(node.value, ast.Constant):
        waiting.append((node.value, scope))


def _joined(node: ast.JoinedStr, scope: Scope, facts: ModuleFacts, waiting: _Waiting) -> None:
    facts.strings.append((node, scope))
    waiting.extend((p.value, scope) for p in node.values if isinstance(p, ast.FormattedValue))


def _operation(node: ast.BinOp, scope: Scope, facts: ModuleFacts, waiting: _Waiting) -> None:
    if not isinstance(node.op, ast.Add | ast.Mod):
        waiting += [(node.left, scope), (node.right, scope)]
        return
    leaves = _leaves(node)
    if any(isinstance(leaf, _LITERALS) for leaf in leaves):
        facts.strings.append((node, scope))
    waiting.extend((leaf, scope) for leaf in leaves if not _is_text(leaf))


def _compare(node: ast.Compare, scope: Scope, facts: ModuleFacts, waiting: _Waiting) -> None:
    facts.compares.append((node, scope))
    waiting.append((node.left, scope))
    waiting.extend((each, scope) for each in node.comparators)


def _assign(node: ast.Assign, scope: Scope, _: ModuleFacts, waiting: _Waiting) -> None:
    for target in node.targets:
        _note_assigned(target, node.value, scope)
        waiting.append((target, scope))
    waiting.append((node.value, scope))


def _annotated(node: ast.AnnAssign, scope: Scope, _: ModuleFacts, waiting: _Waiting) -> None:
    if isinstance(node.target, ast.Name):
        scope.types[node.target.id] = _annotated_type(node.annotation)
        if node.value is not None:
            scope.assign(node.target.id, node.value)
    if node.value is not None:
        waiting.append((node.value, scope))


def _added(node: ast.AugAssign, scope: Scope, _: ModuleFacts, waiting: _Waiting) -> None:
    if isinstance(node.target, ast.Name):
        scope.assign(node.target.id, node.value)
    waiting.append((node.value, scope))


def _named(node: ast.NamedExpr, scope: Scope, _: ModuleFacts, waiting: _Waiting) -> None:
    scope.assign(node.target.id, node.value)
    waiting.append((node.value, scope))


def _with(node: ast.withitem, scope: Scope, _: ModuleFacts, waiting: _Waiting) -> None:
    if isinstance(node.optional_vars, ast.Name):
        scope.types[node.optional_vars.id] = _session_type(node.context_expr)
    waiting.append((node.context_expr, scope))


def _if(node: ast.If, scope: Scope, facts: ModuleFacts, waiting: _Waiting) -> None:
    if _is_type_checking(node.test):
        for statement in node.body:
            facts.type_only.update(ast.walk(statement))
    waiting.append((node.test, scope))
    waiting.extend((each, scope) for each in (*node.body, *node.orelse))


def _definition(
    node: ast.ClassDef | Function, scope: Scope, facts: ModuleFacts, waiting: _Waiting
) -> None:
    inner = Scope(node, scope)
    outside: list[ast.AST] = list(node.decorator_list)
    if isinstance(node, ast.ClassDef):
        facts.classes.append(inner)
        outside += [*node.bases, *(keyword.value for keyword in node.keywords)]
    else:
        facts.functions.append(inner)
        parameters = node.args
        outside += [default for default in parameters.kw_defaults if default is not None]
        outside += parameters.defaults
        for parameter in (*parameters.posonlyargs, *parameters.args, *parameters.kwonlyargs):
            inner.types[parameter.arg] = _annotated_type(parameter.annotation)
    waiting.extend((each, scope) for each in outside)
    # Last in is looked at first: a function's statements are read before what follows it.
    waiting.extend((each, inner) for each in reversed(node.body))


def _annotated_type(annotation: ast.expr | None) -> str:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return annotation.value.split("|")[0].strip().rpartition(".")[2]
    if isinstance(annotation, ast.BinOp):
        return _annotated_type(annotation.left)
    return last_name(annotation)


def _session_type(opened: ast.expr) -> str:
    """`platform.tenant_session(...)` opens a TenantSession."""
    name = last_name(opened)
    if not name.endswith("_session"):
        return name
    return "".join(map(str.title, name.split("_")))


def _note_assigned(target: ast.expr, value: ast.expr, scope: Scope) -> None:
    if isinstance(target, ast.Name):
        scope.assign(target.id, value)
        if isinstance(value, ast.Call):
            scope.types.setdefault(target.id, _session_type(value))
    elif isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
        for one, its in zip(target.elts, value.elts, strict=False):
            _note_assigned(one, its, scope)


def _note_origins(node: ast.Import | ast.ImportFrom, origins: dict[str, str]) -> None:
    for alias in node.names:
        if isinstance(node, ast.Import):
            bound = alias.asname or alias.name.partition(".")[0]
            origins[bound] = alias.name if alias.asname else bound
        else:
            dots = "." * node.level
            origins[alias.asname or alias.name] = f"{dots}{node.module or ''}.{alias.name}"


def _leaves(node: ast.expr) -> list[ast.expr]:
    leaves: list[ast.expr] = []
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.BinOp) and isinstance(one.op, ast.Add | ast.Mod):
            waiting += [one.right, one.left]
        else:
            leaves.append(one)
    return leaves


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_type_checking(test: ast.expr) -> bool:
    return last_name(test) == "TYPE_CHECKING"


_VISITS: dict[type[ast.AST], Callable[..., None]] = {
    ast.Call: _call,
    ast.Attribute: _attribute,
    ast.Constant: _constant,
    ast.Import: _import,
    ast.ImportFrom: _import,
    ast.Expr: _statement,
    ast.JoinedStr: _joined,
    ast.BinOp: _operation,
    ast.Compare: _compare,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _added,
    ast.NamedExpr: _named,
    ast.withitem: _with,
    ast.If: _if,
    ast.FunctionDef: _definition,
    ast.AsyncFunctionDef: _definition,
    ast.ClassDef: _definition,
}
_ALL = [kind for kind in vars(ast).values() if isinstance(kind, type) and issubclass(kind, ast.AST)]
_FIELDS = {kind: tuple(f for f in kind._fields if f not in {"annotation", "ctx"}) for kind in _ALL}
_BARREN = frozenset(
    {ast.Name, ast.Pass, ast.Break, ast.Continue, str, int, bool, type(None)}
    | {kind for kind in _ALL if not kind._fields}
)
