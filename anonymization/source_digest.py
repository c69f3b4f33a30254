"""The digest a steward approves: what determines how a workflow changes a datum's class."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import pkgutil
from functools import cache
from pathlib import Path
from typing import Any

import rfc8785

from anonymization.embedders.embedder import embedder_in_force
from anonymization.text.vocabulary import VOCABULARY
from anonymization.workflow import Workflow

__all__ = ["SHARED_SOURCES", "TEXT_PACKAGES", "modules_of", "source_digest", "text_sources"]

SHARED_SOURCES = (
    "anonymization.candidate",
    "anonymization.cell_attacks",
    "anonymization.checks",
    "anonymization.dimensions",
    "anonymization.draft",
    "anonymization.generalization.combinations",
    "anonymization.generalization.descent",
    "anonymization.generalization.hierarchies",
    "anonymization.generalization.lattice",
    "anonymization.generalization.metrics",
    "anonymization.generalization.node_checks",
    "anonymization.generalization.rollup",
    "anonymization.partition",
    "anonymization.promote",
    "anonymization.registration",
    "anonymization.rounding",
    "anonymization.safe_cells",
    "anonymization.sectors",
    "anonymization.workflow",
    "catalog.floors",
    "expectations.disclosure.cells",
    "expectations.disclosure.classes",
    "expectations.disclosure.concentration",
    "expectations.disclosure.counting",
    "expectations.disclosure.grouped",
    "expectations.disclosure.models",
    "expectations.errors",
    "expectations.findings",
    "expectations.gx.candidate_checks",
    "expectations.gx.counted_expectation",
    "expectations.gx.identifier_expectations",
    "expectations.gx.metrics",
    "expectations.gx.pandas_counts",
    "expectations.gx.quiet_validation",
    "expectations.gx.scan_in_force",
    "expectations.gx.value_expectations",
    "expectations.identifiers",
    "expectations.identifiers.anchors",
    "expectations.identifiers.bank_accounts",
    "expectations.identifiers.checksums",
    "expectations.identifiers.contacts",
    "expectations.identifiers.credentials",
    "expectations.identifiers.detection",
    "expectations.identifiers.encodings",
    "expectations.identifiers.fold_tables",
    "expectations.identifiers.folding",
    "expectations.identifiers.kinds",
    "expectations.identifiers.known",
    "expectations.identifiers.name_context",
    "expectations.identifiers.national_numbers",
    "expectations.identifiers.networks",
    "expectations.identifiers.numbers",
    "expectations.identifiers.ordinary_words",
    "expectations.identifiers.overlaps",
    "expectations.identifiers.phones",
    "expectations.identifiers.places",
    "expectations.identifiers.scanning",
    "expectations.identifiers.word_digests",
    "expectations.suites",
    "expectations.text_scan",
    "expectations.verdicts",
    "lineage.idempotency",
)
"""Modules every workflow runs through; its own module is added to them."""

TEXT_PACKAGES = ("anonymization.embedders", "anonymization.text", "expectations.identifiers")
"""Packages that a workflow with texts runs through besides, each with all of its modules."""

_TEXT_MODULES = ("anonymization.stripping",)


def text_sources() -> tuple[str, ...]:
    """The modules that a workflow with texts runs through besides the shared ones."""
    found = [
        f"{package}.{module.name}"
        for package in TEXT_PACKAGES
        for module in pkgutil.iter_modules(_places(package))
    ]
    return tuple(sorted([*TEXT_PACKAGES, *_TEXT_MODULES, *found]))


def modules_of(workflow: Workflow) -> tuple[str, ...]:
    """Every module that determines how the workflow changes a datum's class."""
    return (*SHARED_SOURCES, workflow.module, *(text_sources() if workflow.text else ()))


def _places(package: str) -> list[str]:
    spec = importlib.util.find_spec(package)
    return list(spec.submodule_search_locations or ()) if spec else []


def source_digest(workflow: Workflow) -> str:
    """SHA-256 over the syntax trees of its modules and its policy; formatting does not count."""
    trees = {name: _tree_digest(name) for name in modules_of(workflow)}
    content: dict[str, Any] = {  # Any: the library types JSON as a recursive alias
        "workflow": workflow.name,
        "sources": list(workflow.sources),
        "target": workflow.target,
        "target_columns": [c.name for c in workflow.target_dataset.columns],
        "classes": [str(workflow.from_class), str(workflow.to_class)],
        "policy": workflow.policy.as_parameters(),
        "required_checks": [str(check) for check in workflow.required_checks],
        "publish_mode": str(workflow.publish_mode),
        "family": workflow.family,
        "dimensions": [dimension.declared() for dimension in workflow.dimensions],
        "modules": trees,
    }
    if workflow.text:
        embedder = embedder_in_force()
        content["embedder"] = [embedder.name, embedder.digest]
        content["vocabulary"] = VOCABULARY
    return hashlib.sha256(rfc8785.dumps(content)).hexdigest()


@cache
def _tree_digest(module: str) -> str:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        message = f"{module}: no source is found, so no digest of it can be approved"
        raise ImportError(message)
    return digest_of_source(Path(spec.origin).read_text(encoding="utf-8"))


def digest_of_source(source: str) -> str:
    """SHA-256 of a module's syntax tree without positions, comments or docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(
            node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        ) and (ast.get_docstring(node, clean=False) is not None):
            node.body = node.body[1:]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()
