"""CLS401 and CLS402: migrations document the class of every column, models carry theirs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from catalog.data_classes import DataClass
from expectations.lint.classes_in_names import carries_class, class_typed
from expectations.lint.module_facts import Scope, last_name
from expectations.lint.problems import Module, Problem, at
from expectations.lint.sql_text import added_columns
from expectations.lint.texts import text_of
from expectations.lint.vocabulary import EXECUTING

__all__ = ["documented_classes", "model_problems"]

_LINE = re.compile(r"^\s*[-*]?\s*(?P<column>[\w.]+)\s*:\s*(?P<label>\w+)\s*$")
_FILE = re.compile(r"[\w.-]+\.sql")
_ADDING = frozenset({"create_table", "add_column", "add_columns"})
_CLASSES = frozenset(map(str, DataClass))


def model_problems(module: Module, file: Path | None) -> Iterator[Problem]:
    """Columns of a migration without a documented class, and models without any."""
    assigned = module.facts.scope.assigned
    if "revision" in assigned and "down_revision" in assigned:
        yield from _migration(module, file)
    else:
        yield from _models(module)


def _migration(module: Module, file: Path | None) -> Iterator[Problem]:
    tree = module.facts.scope.node
    labels, contradictory = documented_classes(ast.get_docstring(tree) or "")
    for column in sorted(contradictory):
        first = tree.body[0]
        if isinstance(first, ast.stmt):
            message = f"the docstring gives {column} no class of the policy, or more than one"
            yield at(first, "CLS401", column, message)
    for call, scope in module.facts.calls:
        for table, column in _columns_added(call, scope, file):
            full = f"{table}.{column}"
            if not _is_labelled(table, column, labels):
                yield at(call, "CLS401", full, f"{full} is added without its class")


def documented_classes(docstring: str) -> tuple[dict[str, str], set[str]]:
    """Class of each column that a docstring documents, and those it gives none or several."""
    labels: dict[str, str] = {}
    wrong: set[str] = set()
    for line in docstring.splitlines():
        match = _LINE.match(line)
        if match is None or "." not in match["column"]:
            continue
        column, label = match["column"].lower(), match["label"]
        if label not in _CLASSES or labels.get(column, label) != label:
            wrong.add(column)
        labels[column] = label
    return labels, wrong


def _is_labelled(table: str, column: str, labels: dict[str, str]) -> bool:
    """Documented under its full name, or without its schema; a whole table by any line of it."""
    short = table.rpartition(".")[2]
    if column == "*":
        return any(name.rpartition(".")[0] in {table, short} for name in labels)
    return f"{table}.{column}" in labels or f"{short}.{column}" in labels


def _columns_added(call: ast.Call, scope: Scope, file: Path | None) -> Iterator[tuple[str, str]]:
    name = last_name(call.func)
    if name in _ADDING and isinstance(call.func, ast.Attribute) and call.args:
        table = _qualified(call, scope)
        for argument in call.args[1:]:
            if isinstance(argument, ast.Starred):
                yield table, "*"
            elif isinstance(argument, ast.Call) and last_name(argument.func) == "Column":
                column = text_of(argument.args[0], scope) if argument.args else None
                yield table, (column or "*").lower()
        return
    if not call.args:
        return
    text = text_of(call.args[0], scope)
    if text is None:
        return
    if _FILE.fullmatch(text) and file is not None:
        text = _sql_file(text, file) or ""
    elif name not in EXECUTING:
        return
    for table, column, _ in added_columns(text):
        yield table, column


def _qualified(call: ast.Call, scope: Scope) -> str:
    table = (text_of(call.args[0], scope) or "{}").lower()
    for keyword in call.keywords:
        if keyword.arg == "schema" and (schema := text_of(keyword.value, scope)):
            return f"{schema.lower()}.{table}"
    return table


def _sql_file(name: str, file: Path) -> str | None:
    """The SQL file that a migration runs, beside it or in a folder `sql` near it."""
    for folder in (
        file.parent,
        file.parent / "sql",
        file.parent.parent,
        file.parent.parent / "sql",
    ):
        candidate = folder / name
        if candidate.is_file():
            return candidate.read_text("utf-8", errors="replace")
    return None


def _models(module: Module) -> Iterator[Problem]:
    for model in module.facts.classes:
        node = model.node
        if (
            isinstance(node, ast.ClassDef)
            and "__tablename__" in model.assigned
            and not (carries_class(node.name) or _class_says(node) or _columns_say(node))
        ):
            yield at(node, "CLS402", model.name, f"the model {node.name} has no data class")
    for call, scope in module.facts.calls:
        if last_name(call.func) == "Table" and _is_sqlalchemy(call, module) and call.args[1:]:
            said = _says_class(call) or _around_says(scope) or _all_columns_say(call.args[2:])
            named = text_of(call.args[0], scope) or "of unknown name"
            if not said:
                yield at(call, "CLS402", named, f"the table {named[:60]} has no data class")


def _is_sqlalchemy(call: ast.Call, module: Module) -> bool:
    head = call.func
    while isinstance(head, ast.Attribute):
        head = head.value
    origin = module.facts.origins.get(head.id, "") if isinstance(head, ast.Name) else ""
    return origin.startswith("sqlalchemy")


def _class_says(node: ast.ClassDef) -> bool:
    """An attribute data_class of the model itself, or its table's info."""
    for statement in node.body:
        targets = (
            statement.targets
            if isinstance(statement, ast.Assign)
            else (
                [statement.target]
                if isinstance(statement, ast.AnnAssign) and statement.value
                else []
            )
        )
        names = {last_name(target) for target in targets}
        value = getattr(statement, "value", None)
        if names & {"data_class", "__data_class__"} and _is_member(value):
            return True
        if "__table_args__" in names and value is not None and _mentions(value):
            return True
    return False


def _columns_say(node: ast.ClassDef) -> bool:
    columns = [
        value
        for statement in node.body
        if isinstance(value := getattr(statement, "value", None), ast.Call)
        and last_name(value.func) in {"Column", "mapped_column", "Field"}
    ]
    return bool(columns) and all(map(_says_class, columns))


def _all_columns_say(arguments: list[ast.expr]) -> bool:
    columns = [
        argument
        for argument in arguments
        if isinstance(argument, ast.Starred)
        or (isinstance(argument, ast.Call) and last_name(argument.func) == "Column")
    ]
    return bool(columns) and all(isinstance(c, ast.Call) and _says_class(c) for c in columns)


def _says_class(call: ast.Call) -> bool:
    return any(keyword.arg == "info" and _mentions(keyword.value) for keyword in call.keywords)


def _mentions(expression: ast.expr) -> bool:
    """Whether a mapping gives "data_class" a member of DataClass, however deep it stands."""
    for node in ast.walk(expression):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if (
                    isinstance(key, ast.Constant)
                    and key.value == "data_class"
                    and _is_member(value)
                ):
                    return True
    return False


def _is_member(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Attribute):
        return last_name(value.value) == "DataClass" or value.attr == "data_class"
    return isinstance(value, ast.Constant) and value.value in _CLASSES


def _around_says(scope: Scope) -> bool:
    for each in scope.outwards():
        node = each.node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            annotations = [a.annotation for a in (*node.args.args, *node.args.kwonlyargs)]
            if carries_class(node.name) or any(map(class_typed, annotations)):
                return True
    return False
