"""`workflow`: begin one, list those in force, and write what the documentation says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from steward.console import ExitCode, fail, print_json, print_table, say

__all__ = ["add_to"]

_FOLDER = Path("docs/workflows")


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(no_args_is_help=True, help="Begin a workflow; list those in force.")
    group.command("new")(new)
    group.command("list")(list_workflows)
    group.command("docs")(docs)
    app.add_typer(group, name="workflow")


def new(
    name: Annotated[str, typer.Argument(help="Its name, like pipeline_benchmark.")],
    source: Annotated[str, typer.Option(help="The dataset it reads.")],
    target: Annotated[str, typer.Option(help="The dataset it releases into.")],
    root: Annotated[Path, typer.Option(help="Root of the project.")] = Path(),
) -> None:
    """Write a workflow's module and tests, and register it."""
    from anonymization.scaffold import write_scaffold  # noqa: PLC0415

    made = write_scaffold(root, name, source, target)
    for path in made.files:
        say(f"wrote {path}")
    say("registered it in anonymization/registered.py")
    if made.left:
        say(f"left for you, marked TODO in its module: {', '.join(made.left)}")
    say("next: `make format check`, its test, then `classline run` and a steward's review")


def list_workflows(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,  # noqa: FBT002
) -> None:
    """Show the workflows in force with their present versions."""
    from anonymization.registered import WORKFLOWS  # noqa: PLC0415
    from anonymization.source_digest import source_digest  # noqa: PLC0415

    rows = [
        {
            "workflow": workflow.name,
            "version": source_digest(workflow),
            "from_class": str(workflow.from_class),
            "to_class": str(workflow.to_class),
            "sources": list(workflow.sources),
            "target": workflow.target,
        }
        for workflow in WORKFLOWS
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        "Workflows in force",
        ("workflow", "version", "from -> to", "reads", "releases into"),
        [
            (
                row["workflow"],
                str(row["version"])[:12],
                f"{row['from_class']} -> {row['to_class']}",
                ", ".join(row["sources"]),
                row["target"],
            )
            for row in rows
        ],
    )


def docs(
    folder: Annotated[Path, typer.Option(help="Where the pages stand.")] = _FOLDER,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if stale.")] = False,  # noqa: FBT002
) -> None:
    """Write a page for each workflow from its declaration."""
    from anonymization.workflow_pages import pages  # noqa: PLC0415

    made = {folder / name: content for name, content in pages().items()}
    stale = sorted(
        [
            *(path for path, content in made.items() if not _says(path, content)),
            *(path for path in folder.glob("*.md") if path not in made),
        ]
    )
    if check:
        if stale:
            fail(
                f"{', '.join(map(str, stale))} does not say what the code declares; "
                "run `classline workflow docs`",
                ExitCode.REFUSED,
            )
        return
    folder.mkdir(parents=True, exist_ok=True)
    for path in stale:
        if path in made:
            path.write_text(made[path], encoding="utf-8")
            say(f"wrote {path}")
        else:
            path.unlink()
            say(f"removed {path}")


def _says(path: Path, content: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == content
