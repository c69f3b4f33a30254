"""Applies the edits that are safe: each file is rewritten whole or left as it is."""

from __future__ import annotations

import ast
import io
import os
import re
import tokenize
from collections.abc import Iterable, Mapping
from pathlib import Path

from expectations.lint.classes_in_names import CLASS_NAMES
from expectations.lint.module_facts import facts_of
from expectations.lint.problems import Edit
from expectations.lint.source_files import parse

__all__ = ["apply_fixes", "fixed"]

_IMPORT = "from catalog.data_classes import DataClass"
_ENDS = re.compile(r"\r\n|\r|\n")


def apply_fixes(edits: Mapping[Path, Iterable[Edit]]) -> int:
    """Rewrite the files; returns how many edits were made. Links and unsafe edits are left."""
    made = 0
    for file, wanted in edits.items():
        if file.is_symlink():
            continue
        content = file.read_bytes()
        changed, count = fixed(content, wanted)
        if count:
            _replace(file, changed)
            made += count
    return made


def fixed(content: bytes, edits: Iterable[Edit]) -> tuple[bytes, int]:
    """The source with the edits made that fit it, and how many; what would not parse is refused."""
    source = parse(content)
    if source.tree is None:
        return content, 0
    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    lines = _lines(content.decode(encoding))
    imported = _imports(source.tree)
    made, needs_import, before = 0, False, (len(lines) + 1, 0)
    for edit in sorted(set(edits), key=lambda each: each.start, reverse=True):
        if edit.needs_data_class and imported is None:
            continue
        if edit.start >= before or not _make(edit, lines):
            continue
        made, before = made + 1, edit.start
        needs_import |= edit.needs_data_class
    if needs_import and imported is False:
        _add_import(source.tree, lines)
    changed = "".join(lines).encode(encoding)
    return (changed, made) if made and parse(changed).tree is not None else (content, 0)


def _lines(text: str) -> list[str]:
    """The lines with their ends, as Python's own parser counts them."""
    lines, start = [], 0
    for end in _ENDS.finditer(text):
        lines.append(text[start : end.end()])
        start = end.end()
    return [*lines, text[start:]]


def _make(edit: Edit, lines: list[str]) -> bool:
    """Make one edit within a line, if what stands there is what the edit is about."""
    if edit.start[0] != edit.end[0]:
        return False
    raw = lines[edit.start[0] - 1].encode()
    body = raw.rstrip(b"\r\n")
    end = len(body) if edit.end[1] < 0 else edit.end[1]
    before, segment, after = body[: edit.start[1]], body[edit.start[1] : end], body[end:]
    if edit.end[1] < 0:
        # Removals count characters, as tokens do.
        text = body.decode()
        before, segment, after = text[: edit.start[1]].rstrip().encode(), b"#", b""
        if not text[edit.start[1] :].startswith("#"):
            return False
    elif not _fits(before.decode(), segment.decode()):
        return False
    lines[edit.start[0] - 1] = (before + edit.text.encode() + after).decode() + raw[
        len(body) :
    ].decode()
    return True


def _fits(before: str, segment: str) -> bool:
    if segment in {"", "str"}:
        return before.endswith("data_class") or segment == "str"
    try:
        return ast.literal_eval(segment) in CLASS_NAMES
    except (ValueError, SyntaxError):
        return False


def _imports(tree: ast.Module) -> bool | None:
    """Whether DataClass is imported for use at run time; None where the name is another's."""
    facts = facts_of(tree)
    origin = facts.origins.get("DataClass")
    bound = "DataClass" in facts.scope.assigned or any(
        getattr(each.node, "name", "") == "DataClass" for each in facts.classes
    )
    if bound or (origin is not None and not origin.startswith("catalog.")):
        return None
    return any(
        alias.name == "DataClass" and alias.asname is None
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    )


def _add_import(tree: ast.Module, lines: list[str]) -> None:
    """Put the import before the first other one, or after the docstring."""
    after = 0
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            after = node.end_lineno or after
        elif isinstance(node, ast.Import | ast.ImportFrom):
            after = node.lineno - 1
            break
        elif not after and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            after = node.end_lineno or after
        else:
            break
    ending = next((m.group() for line in lines if (m := _ENDS.search(line))), "\n")
    if after and not lines[after - 1].endswith(("\n", "\r")):
        lines[after - 1] += ending
    lines.insert(after, _IMPORT + ending)


def _replace(file: Path, content: bytes) -> None:
    beside = file.with_name(f".{file.name}.classline-lint")
    beside.write_bytes(content)
    beside.chmod(file.stat().st_mode & 0o7777)
    os.replace(beside, file)  # noqa: PTH105 - atomic
