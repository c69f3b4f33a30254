"""What a promotion runs through is in the digest a steward approves, or is named as not deciding.

A module that decides and is not in the digest could be edited without anybody's approval.
"""

from __future__ import annotations

import ast
from pathlib import Path

from anonymization.source_digest import SHARED_SOURCES, text_sources

ROOT = Path(__file__).resolve().parents[2]
OURS = ("anonymization", "catalog.floors", "expectations", "lineage")

# Imported on the way, and without a say in what is released.
DECIDING_NOTHING = {
    "anonymization.generalization.errors": "words of refusals",
    "anonymization.outcomes": "shapes of reports",
    "anonymization.registered": "the list of workflows, each with a digest of its own",
    "anonymization.source_digest": "the digest itself",
    "expectations.class_suites": "what published stores must hold, not candidates",
    "expectations.disclosure": "names of its modules, which are listed",
    "expectations.disclosure.closeness": "a model that no policy names yet",
    "expectations.disclosure.diversity": "a model that no policy names yet",
    "expectations.group_counts": "counts of published stores",
    "expectations.gx": "a package without code",
    "expectations.gx.custom": "the list of expectations, which are listed",
    "expectations.gx.disclosure_expectations": "expectations of published stores",
    "expectations.gx.label_expectations": "expectations of published stores",
    "expectations.gx.library": "how the library is imported",
    "expectations.gx.sql_counts": "counts on databases, where no candidate is judged",
    "lineage.promotions": "reads of what is recorded",
}


def source_of(module: str) -> Path | None:
    """The module's file; looked up by name, since importing would run what is only to be read."""
    place = ROOT.joinpath(*module.split("."))
    files = (place.with_suffix(".py"), place / "__init__.py")
    return next((file for file in files if file.is_file()), None)


def reached_from(module: str, reached: set[str]) -> set[str]:
    """The module and all of ours that it imports, at whatever depth."""
    file = source_of(module)
    if module in reached or file is None:
        return reached
    reached.add(module)
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(OURS):
            assert node.module
            for each in (node.module, *(f"{node.module}.{name.name}" for name in node.names)):
                reached_from(each, reached)
    return reached


def test_every_module_of_a_promotion_is_in_the_digest_or_decides_nothing() -> None:
    """New code on the way of a release must be put on one of the two lists."""
    reached = reached_from("anonymization.promote", set())
    workflows = {module for module in reached if module.startswith("anonymization.workflows.")}
    listed = {*SHARED_SOURCES, *text_sources(), *DECIDING_NOTHING}
    assert reached - listed - workflows == set()


def test_every_module_listed_is_one_that_a_promotion_runs_through() -> None:
    """A list that names what is gone hides what is missing."""
    reached = reached_from("anonymization.promote", set())
    packages = {module.rpartition(".")[0] for module in reached}
    assert {*SHARED_SOURCES, *text_sources(), *DECIDING_NOTHING} <= reached | packages
