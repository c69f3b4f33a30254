"""The code location loads fast, alone, and guarded."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from dagster import Definitions

from dagster_project import definitions
from dagster_project.flow_facts import flow_facts, written

HEAVY = ("great_expectations", "datahub", "pandas", "sqlalchemy", "psycopg")


@pytest.mark.integration
def test_loading_the_code_location_imports_nothing_heavy() -> None:
    """Dagster imports it for every run and every step; seconds here are paid each time."""
    program = (
        "import sys, dagster_project.definitions\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        text=True,
        cwd=Path(definitions.__file__).parents[1],
    )
    assert printed.stdout.strip() == "[]"


def test_the_definitions_load() -> None:
    """What the guard lets through, Dagster must accept too."""
    Definitions.validate_loadable(definitions.defs)


def test_the_guard_has_the_last_word() -> None:
    """Definitions that are merged or mapped after the guard would be seen by nobody."""
    source = Path(definitions.__file__).read_text()
    last = ast.parse(source).body[-1]
    assert isinstance(last, ast.Assign)
    assert ast.unparse(last).startswith("defs = guarded(")
    found = [name for name, value in vars(definitions).items() if isinstance(value, Definitions)]
    assert found == ["defs"]


def test_dagster_draws_no_edge_that_the_guard_did_not_see() -> None:
    """The guard reads declarations, Dagster resolves them; the two must not drift apart."""
    graph = definitions.defs.resolve_asset_graph()
    drawn = {
        (parent.to_user_string(), node.key.to_user_string())
        for node in graph.asset_nodes
        for parent in node.parent_keys
    }
    judged = {
        (written(read), written(asset.key))
        for asset in flow_facts(definitions.defs).assets
        for read in asset.reads
    }
    assert drawn == judged
