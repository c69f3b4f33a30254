"""A Workers project as it lies in a folder: its configurations, with their bindings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from expectations.audit.cloudflare.bindings import (
    SECTIONS,
    Binding,
    BindingKind,
    Configuration,
    UnreadableConfiguration,
)
from expectations.audit.cloudflare.folders import files_under
from expectations.audit.cloudflare.jsonc_source import read_jsonc
from expectations.audit.cloudflare.rules import RULES
from expectations.audit.cloudflare.toml_source import read_toml
from expectations.audit.findings import Finding, Place, printable
from expectations.errors import ExpectationsError

__all__ = ["Configured", "NoProject", "migrations_folder", "read_configurations"]

_NAMES = ("wrangler.toml", "wrangler.jsonc", "wrangler.json")
_ENVIRONMENT = re.compile(r"env\.(?P<name>[^.]+)\.(?P<section>.+)")
_MOST_BYTES = 10_000_000


class NoProject(ExpectationsError):
    """A folder in which no Workers project lies."""


@dataclass(slots=True)
class Configured:
    """One configuration file: where it lies, what it binds, and what is wrong with it."""

    folder: Path
    name: str
    configuration: Configuration = field(default_factory=lambda: Configuration((), ()))
    bindings: list[Binding] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def read_configurations(root: Path) -> list[Configured]:
    """Every configuration under the folder; `NoProject` where there is none."""
    files = sorted(file for file in files_under(root) if file.name in _NAMES)
    if not files:
        message = (
            f"{printable(str(root))} holds no wrangler.toml, wrangler.jsonc or wrangler.json: "
            "refused; give the folder of a Workers project"
        )
        raise NoProject(message)
    return [_configured(file, root) for file in files]


def migrations_folder(configured: Configured, binding: Binding) -> Path:
    """Where the migrations of a D1 database lie, as wrangler finds them."""
    return configured.folder / str(binding.block.fields.get("migrations_dir") or "migrations")


def _configured(file: Path, root: Path) -> Configured:
    found = Configured(file.parent, printable(file.relative_to(root).as_posix()))
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise UnreadableConfiguration(1, f"it has more than {_MOST_BYTES:,} bytes")  # noqa: TRY301
        text = file.read_text("utf-8-sig")
        found.configuration = read_toml(text) if file.suffix == ".toml" else read_jsonc(text)
    except UnreadableConfiguration as error:
        found.findings.append(_unreadable(found.name, error.line, str(error)))
    except (OSError, UnicodeDecodeError) as error:
        why = f"it cannot be read ({type(error).__name__})"
        found.findings.append(_unreadable(found.name, 1, why))
    found.bindings = list(_bindings(found.configuration))
    return found


def _unreadable(name: str, line: int, why: str) -> Finding:
    return Finding(RULES["CFA001"], Place(name, line), "file", why)


def _bindings(configuration: Configuration) -> Iterator[Binding]:
    for block in configuration.blocks:
        match = _ENVIRONMENT.fullmatch(block.section)
        section = match["section"] if match else block.section
        if section not in SECTIONS:
            continue
        kind, store = SECTIONS[section]
        name = next((block.fields[key] for key in ("binding", "name") if key in block.fields), "")
        which = block.fields.get(store) or block.fields.get("database_name") or name
        environment = match["name"] if match else ""
        yield Binding(BindingKind(kind), str(name), str(which), environment, block)
