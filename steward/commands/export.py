"""`export` and `scaffold`: the class model for other code bases, and header comments from it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from catalog.header_comments import HeaderKind
from steward.console import ExitCode, fail, say

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    export = typer.Typer(no_args_is_help=True, help="The class model for other code bases.")
    export.callback()(_export)
    export.command("typescript")(typescript)
    app.add_typer(export, name="export")
    scaffold = typer.Typer(no_args_is_help=True, help="Beginnings of files, from the registry.")
    scaffold.callback()(_scaffold)
    scaffold.command("headers")(headers)
    app.add_typer(scaffold, name="scaffold")


def _export() -> None:
    """Write the classes, the policy and the stores in another language."""


def _scaffold() -> None:
    """Write what a file must begin with."""


def typescript(
    out: Annotated[Path | None, typer.Option(help="The file; standard output without.")] = None,
) -> None:
    """The data classes, the policy and the stores as one TypeScript module."""
    from catalog.declared import REGISTRY  # noqa: PLC0415
    from catalog.typescript import typescript_module  # noqa: PLC0415

    _write(typescript_module(REGISTRY), out)


def headers(
    stores: Annotated[list[str] | None, typer.Argument(help="Stores; all without.")] = None,
    kind: Annotated[
        HeaderKind, typer.Option("--for", help="Where it will stand.")
    ] = HeaderKind.SQL,
    out: Annotated[Path | None, typer.Option(help="The file; standard output without.")] = None,
) -> None:
    """Header comments with the class of every column, as the audit reads them."""
    from catalog.declared import REGISTRY  # noqa: PLC0415
    from catalog.header_comments import header_comments  # noqa: PLC0415

    chosen = (
        [REGISTRY.get(name) for name in stores]
        if stores
        else [store for store in REGISTRY if not store.internal]
    )
    _write(header_comments(chosen, kind), out)


def _write(text: str, out: Path | None) -> None:
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.write_text(text, "utf-8")
    except OSError as error:
        fail(f"{out}: cannot be written ({type(error).__name__})", ExitCode.BAD_USAGE)
    say(f"wrote {out}")
