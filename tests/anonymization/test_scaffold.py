"""A scaffolded workflow is legal, says what it does not know, and its text is what it declares."""

from __future__ import annotations

import ast
import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import text

from anonymization import source_digest as digests
from anonymization.registered import WORKFLOWS
from anonymization.scaffold import CannotScaffold, scaffold, write_scaffold
from anonymization.workflow import IllegalWorkflow, Workflow
from anonymization.workflow_pages import page_of, pages
from anonymization.workflows.pipeline_benchmark import PIPELINE_BENCHMARK
from catalog.registry import UnknownDataset
from stores.platform import Platform

ROOT = Path(__file__).resolve().parents[2]
RUNS, AGGREGATES = "tenant_private.agent_runs", "platform.agent_run_aggregates"
DEALS, BENCHMARKS = (
    "tenant_private.crm_opportunities",
    "anonymized.anonymized_industry_benchmarks",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project's root, as far as a scaffold looks at it."""
    (tmp_path / "anonymization").mkdir()
    shutil.copy(ROOT / "anonymization" / "registered.py", tmp_path / "anonymization")
    return tmp_path


def loaded(path: Path) -> ModuleType:
    """The module of that file, under the name it has when it stands in its place."""
    spec = importlib.util.spec_from_file_location(f"scaffolded.{path.stem}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("source", "target", "left"),
    [
        (RUNS, AGGREGATES, {"success_rate", "latency_p50_ms", "latency_p95_ms"}),
        (DEALS, BENCHMARKS, {"sector", "size_band", "win_rate", "value_p50"}),
    ],
)
def test_a_scaffold_is_a_legal_workflow(
    project: Path, source: str, target: str, left: set[str]
) -> None:
    """It loads as it stands; what is left to be told is marked, and the linter refuses the mark."""
    made = write_scaffold(project, "tool_figures", source, target)
    module = project / "anonymization/workflows/tool_figures.py"
    workflow = loaded(module).TOOL_FIGURES
    assert isinstance(workflow, Workflow)
    assert (workflow.sources, workflow.target) == ((source,), target)
    assert workflow.policy.k_tenants >= 5
    assert left <= set(made.left)
    assert module.read_text().count("# TODO") == len(made.left)
    listed = ast.parse((project / "anonymization/registered.py").read_text())
    (tuple_,) = [
        node.value
        for node in listed.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    ]
    assert isinstance(tuple_, ast.Tuple)
    assert [name.id for name in tuple_.elts if isinstance(name, ast.Name)][-1] == "TOOL_FIGURES"
    assert len(tuple_.elts) == len(WORKFLOWS) + 1
    judged = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--config", ROOT / "pyproject.toml", "--quiet",
         "--output-format", "concise", "--ignore", "E501,I001", *made.files],
        check=False, cwd=project, capture_output=True, text=True,
    )  # fmt: skip
    rules = set(re.findall(r" ([A-Z]+[0-9]+) ", judged.stdout))
    assert rules
    assert rules <= {"FIX002", "TD002", "TD003", "TD004", "INP001", "E501"}, judged.stdout


@pytest.mark.integration
def test_the_rows_of_a_scaffold_can_be_read(project: Path, platform: Platform) -> None:
    """PostgreSQL understands what was written, before anybody has told the rest."""
    for number, (source, target) in enumerate([(RUNS, AGGREGATES), (DEALS, BENCHMARKS)]):
        write_scaffold(project, f"w{number}", source, target)
        workflow = getattr(loaded(project / f"anonymization/workflows/w{number}.py"), f"W{number}")
        with platform.admin_engine().connect() as connection:
            found = connection.execute(text(workflow.rows), {"closed_before": "2026-07-01"})
            names = set(found.keys())
        assert {"tenant_id", "source_row", "amount", *workflow.dimension_names} <= names


@pytest.mark.parametrize(
    ("name", "source", "target", "told"),
    [
        ("Tool-Figures", RUNS, AGGREGATES, "lower case with underscores"),
        ("x" * 49, RUNS, AGGREGATES, "at most 48"),
        ("../escape", RUNS, AGGREGATES, "lower case"),
        ("pipeline_benchmark", DEALS, BENCHMARKS, "in force already"),
        ("w", RUNS, "tenant_private.calls", "no workflow may cover it"),
        ("w", BENCHMARKS, BENCHMARKS, "no workflow may cover it"),
        ("w", RUNS, "platform.decision_log", "takes no releases"),
        ("w", "control.tenants", AGGREGATES, "not owned row by row"),
    ],
)
def test_what_cannot_be_a_workflow_is_not_begun(
    name: str, source: str, target: str, told: str
) -> None:
    """The refusal names the rule; nothing is written."""
    with pytest.raises(CannotScaffold, match=told):
        scaffold(name, source, target)


def test_unknown_datasets_and_foreign_folders_are_refused(project: Path) -> None:
    """A dataset is declared first; a file is never written over."""
    with pytest.raises(UnknownDataset):
        scaffold("w", RUNS, "anonymized.nothing")
    with pytest.raises(CannotScaffold, match="go to its root"):
        write_scaffold(project / "elsewhere", "w", RUNS, AGGREGATES)
    write_scaffold(project, "w", RUNS, AGGREGATES)
    with pytest.raises(CannotScaffold, match="there already"):
        write_scaffold(project, "w", RUNS, AGGREGATES)


@pytest.fixture
def digest_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], str]:
    """The benchmark's digest, as if one module had another text."""
    real = digests._tree_digest

    def with_text(module: str, source: str) -> str:
        changed = digests.digest_of_source(source)
        monkeypatch.setattr(
            digests, "_tree_digest", lambda name: changed if name == module else real(name)
        )
        return digests.source_digest(PIPELINE_BENCHMARK)

    return with_text


@pytest.mark.parametrize(
    ("module", "was", "now", "counts"),
    [
        ("anonymization.rounding", "", "# a remark\n", False),
        ("anonymization.rounding", "\n\n\n", "\n\n\n\n\n", False),
        ("anonymization.rounding", '"""', '"""Said otherwise: ', False),
        ("anonymization.rounding", "return ", "return 0 or ", True),
        ("anonymization.workflows.pipeline_benchmark", '"Retail"', '"Retails"', None),
        ("anonymization.safe_cells", "return ", "return not ", True),
        ("anonymization.generalization.hierarchies", "return ", "return not ", True),
        ("expectations.identifiers.detection", "return ", "return not ", True),
    ],
)
def test_formatting_does_not_change_a_digest_and_a_transformation_does(
    digest_of: Callable[[str, str], str], module: str, was: str, now: str, *, counts: bool | None
) -> None:
    """A digest that always changes teaches stewards to click through; a constant one lies."""
    spec = importlib.util.find_spec(module)
    assert spec
    assert spec.origin
    source = Path(spec.origin).read_text(encoding="utf-8")
    if counts is None:
        was = next(each for each in re.findall(r'"[a-z]+"', source))
        now, counts = '"changed"', True
    same = digest_of(module, source)
    assert (digest_of(module, source.replace(was, now, 1)) != same) is counts


def test_the_policy_and_the_hierarchies_are_in_the_digest() -> None:
    """Also where no text of a module tells them: as values of the declaration."""
    known = digests.source_digest(PIPELINE_BENCHMARK)
    tighter = replace(PIPELINE_BENCHMARK.policy, k_tenants=6)
    assert digests.source_digest(replace(PIPELINE_BENCHMARK, policy=tighter)) != known
    sector = PIPELINE_BENCHMARK.dimensions[0]
    coarser = tuple(dict.fromkeys(level, "all") for level in sector.coarser)
    other = (replace(sector, coarser=coarser), *PIPELINE_BENCHMARK.dimensions[1:])
    assert digests.source_digest(replace(PIPELINE_BENCHMARK, dimensions=other)) != known


def test_a_workflow_releases_what_its_target_declares_into_another_class() -> None:
    """A column too few, and a target of the sources' own class, are refused where declared."""
    with pytest.raises(IllegalWorkflow, match="make them equal"):
        replace(PIPELINE_BENCHMARK, measures=PIPELINE_BENCHMARK.measures[1:])
    with pytest.raises(IllegalWorkflow, match="no workflow may cover it"):
        replace(PIPELINE_BENCHMARK, target="tenant_private.crm_accounts")


def test_the_pages_say_what_is_declared() -> None:
    """Every workflow has a page of its own with all its columns, and the pages kept are these."""
    for workflow in WORKFLOWS:
        page = page_of(workflow)
        for name in (*workflow.sources, workflow.target, *workflow.column_lineage):
            assert name in page
    folder = ROOT / "docs" / "workflows"
    kept = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    assert kept == pages()
