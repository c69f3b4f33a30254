"""`registry`: the documents made from the registry of stores."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from steward.console import say

__all__ = ["add_to"]

_FOLDER = Path("docs/registry")


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    registry = typer.Typer(no_args_is_help=True, help="The registry of stores.")
    registry.callback()(_registry)
    registry.command("docs")(docs)
    app.add_typer(registry, name="registry")


def _registry() -> None:
    """Every store, its class and its columns, as documents."""


def docs(
    to: Annotated[Path, typer.Option(help="The folder of the documents.")] = _FOLDER,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if stale.")] = False,  # noqa: FBT002
) -> None:
    """Write the registries of tables, key-value prefixes and vector namespaces."""
    from catalog.declared import REGISTRY  # noqa: PLC0415
    from catalog.registry_documents import require_fresh, write_documents  # noqa: PLC0415

    if check:
        require_fresh(REGISTRY, to)
        say(f"{to}: as the registry says")
        return
    changed = write_documents(REGISTRY, to)
    for name in changed:
        say(f"wrote {to / name}")
    if not changed:
        say(f"{to}: nothing to change")
