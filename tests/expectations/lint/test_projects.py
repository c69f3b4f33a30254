"""The linter over whole projects: surfaces and their tests, settings, files that cannot be read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from expectations.lint.checking import Linted, lint_paths
from expectations.lint.fixes import apply_fixes
from expectations.lint.settings import BadSettings
from expectations.lint.source_files import NoSuchPath

SURFACE = """
    from stores.isolation_kit.surfaces import surface
    @surface("lookup")
    def look_up_tenant_private(session): ...
"""
TEST = """
    @pytest.mark.cross_tenant("lookup")
    def test_lookup(isolation_world): ...
"""


def a_project(root: Path, files: dict[str, str], settings: str = "") -> Path:
    (root / "pyproject.toml").write_text(dedent(settings))
    for name, source in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(dedent(source))
    return root


def found(linted: Linted) -> list[str]:
    return [f"{finding.place.name} {finding.rule.rule_id}" for finding in linted.findings]


@pytest.mark.parametrize(
    "test",
    [
        "",
        TEST.replace("lookup", "another"),
        TEST.replace("isolation_world", ""),
        TEST.replace("test_lookup", "check_lookup"),
        "    @pytest.mark.skip\n" + TEST.lstrip("\n"),
        "    @pytest.mark.xfail(reason='x')\n" + TEST.lstrip("\n"),
        "    pytestmark = [pytest.mark.skip(reason='x')]\n" + TEST,
    ],
    ids=[
        "none",
        "another's",
        "without a world",
        "no test",
        "skipped",
        "expected to fail",
        "module",
    ],
)
def test_a_surface_without_a_test_that_can_fail_is_found(tmp_path: Path, test: str) -> None:
    """A mark alone proves nothing."""
    root = a_project(tmp_path, {"agents/lookup.py": SURFACE, "tests/test_lookup.py": test})
    assert found(lint_paths([root])) == ["agents/lookup.py CLS501"]


def test_a_tested_surface_is_left_alone_whatever_part_is_linted(tmp_path: Path) -> None:
    """Who lints one folder, or one file from a hook, is not told of tests that are elsewhere."""
    root = a_project(tmp_path, {"agents/lookup.py": SURFACE, "tests/test_lookup.py": TEST})
    for part in (root, root / "agents", root / "agents" / "lookup.py"):
        assert found(lint_paths([part])) == []


def test_a_surface_registered_in_a_conftest_counts(tmp_path: Path) -> None:
    """The isolation kit's manual names a conftest as the place for it."""
    root = a_project(tmp_path, {"tests/conftest.py": SURFACE})
    assert found(lint_paths([root])) == ["tests/conftest.py CLS501"]


def test_a_surface_whose_name_is_made_up_at_run_time_is_found(tmp_path: Path) -> None:
    """No test can be matched to it."""
    source = SURFACE.replace('"lookup"', "name_of(1)")
    root = a_project(tmp_path, {"agents/lookup.py": source})
    assert found(lint_paths([root])) == ["agents/lookup.py CLS502"]


def test_another_librarys_surface_is_none(tmp_path: Path) -> None:
    """Drawing libraries have surfaces too."""
    source = "from pygame import surface\n# isolation_kit\nsurface('lookup')\n"
    assert found(lint_paths([a_project(tmp_path, {"draw.py": source})])) == []


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("[tool.classline.lint]\nstore = ['x']", "unknown key 'store'"),
        ("[tool.classline.lint]\nstores = 'x'", "stores is no list"),
        ("[[tool.classline.lint.exempt]]\npaths = ['*']\nrules = ['CLS201']", "a reason"),
        (
            "[[tool.classline.lint.exempt]]\npaths = ['*']\nrules = ['CLS201']\nreason = 'fine'",
            "3 words",
        ),
        (
            "[[tool.classline.lint.exempt]]\npaths = ['*']\nrules = ['ALL']\nreason = 'a b c'",
            "no rule of this linter: ALL",
        ),
        ("[tool.classline", "no TOML"),
    ],
)
def test_settings_that_would_exempt_in_silence_are_refused(
    tmp_path: Path, settings: str, told: str
) -> None:
    """A typing error must not switch a rule off."""
    with pytest.raises(BadSettings, match=told):
        lint_paths([a_project(tmp_path, {"a.py": ""}, settings)])


def test_an_exemption_holds_for_its_paths_and_rules_alone(tmp_path: Path) -> None:
    """The rest of the file is asked as ever."""
    settings = """
        [[tool.classline.lint.exempt]]
        paths = ["engines/*"]
        rules = ["CLS202"]
        reason = "a compute engine over files"
    """
    source = "import duckdb\nQUERY = 'SELECT * FROM t'\n"
    root = a_project(tmp_path, {"engines/one.py": source, "two.py": "import duckdb\n"}, settings)
    assert found(lint_paths([root])) == ["engines/one.py CLS201", "two.py CLS202"]


def test_what_cannot_be_read_is_told_and_the_rest_is_linted(tmp_path: Path) -> None:
    """With its line where there is one; a hostile name does not reach the terminal."""
    root = a_project(tmp_path, {"good.py": "import psycopg\n", "bad.py": "x = 1\ndef f(:\n"})
    (root / "nul.py").write_bytes(b"x = '\0'\n")
    (root / "coded.py").write_bytes(b"# -*- coding: no-such-thing -*-\n")
    (root / "bytes.py").write_bytes(b"x = '\xff\xfe'\n")
    (root / "deep.py").write_text("x = " + "(" * 5_000 + ")" * 5_000)
    (root / "gone.py").symlink_to(root / "nowhere.py")
    (root / "red\x1b[31m\nline.py").write_text("import redis\n")
    linted = lint_paths([root])
    assert sorted(found(linted)) == [
        "bad.py CLS001",
        "bytes.py CLS001",
        "coded.py CLS001",
        "deep.py CLS001",
        "gone.py CLS001",
        "good.py CLS202",
        "nul.py CLS001",
        "red\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}line.py CLS202",
    ]
    (bad,) = [finding for finding in linted.findings if finding.place.name == "bad.py"]
    assert bad.place.line == 2


def test_folders_of_others_are_not_entered(tmp_path: Path) -> None:
    """Nor a link that leads out, or round in a circle."""
    root = a_project(tmp_path, {".venv/a.py": "import redis", "node_modules/b.py": "import redis"})
    (root / "round").symlink_to(root, target_is_directory=True)
    assert lint_paths([root]).files == 0
    with pytest.raises(NoSuchPath):
        lint_paths([root / "nowhere"])


def test_an_id_outlives_edits_elsewhere(tmp_path: Path) -> None:
    """So that a finding can be acknowledged; two of one function have ids of their own."""
    source = "def f(c):\n    a = 'SELECT * FROM t'\n    b = 'SELECT * FROM t'\n"
    root = a_project(tmp_path, {"a.py": source})
    before = [finding.finding_id for finding in lint_paths([root]).findings]
    (root / "a.py").write_text("import json\n\n\n" + source)
    after = [finding.finding_id for finding in lint_paths([root]).findings]
    assert before == after
    assert len(set(before)) == 2


def test_safe_edits_are_made_and_nothing_else(tmp_path: Path) -> None:
    """The import comes with them; ends of lines, encoding and mode stay."""
    source = (
        '# -*- coding: latin-1 -*-\r\n"""Über."""\r\nfrom __future__ import annotations\r\n'
        "import json  # classline: CLS202 - it was a driver once\r\n"
        "def f(data_class, other: str): ...\r\n"
        "def g(*, data_class: str = 'tenant_private'): ...\r\n"
        "f(data_class='fund_private')\r\n"
        "Q = 'SELECT * FROM t'\r\n"
    )
    root = a_project(tmp_path, {})
    (root / "a.py").write_bytes(source.encode("latin-1"))
    (root / "a.py").chmod(0o640)
    assert apply_fixes(lint_paths([root]).edits) == 4
    assert (root / "a.py").read_bytes().decode("latin-1") == (
        '# -*- coding: latin-1 -*-\r\n"""Über."""\r\nfrom __future__ import annotations\r\n'
        "from catalog.data_classes import DataClass\r\n"
        "import json\r\n"
        "def f(data_class: DataClass, other: str): ...\r\n"
        "def g(*, data_class: DataClass = 'tenant_private'): ...\r\n"
        "f(data_class=DataClass.FUND_PRIVATE)\r\n"
        "Q = 'SELECT * FROM t'\r\n"
    )
    assert (root / "a.py").stat().st_mode & 0o777 == 0o640
    apply_fixes(lint_paths([root]).edits)
    assert found(lint_paths([root])) == ["a.py CLS201"]


@pytest.mark.parametrize(
    "source",
    [
        "from elsewhere import DataClass\ndeclare(data_class='tenant_private')\n",
        "class DataClass: ...\ndeclare(data_class='tenant_private')\n",
        "declare(data_class='''tenant_private'''\n'')\n",
    ],
    ids=["another's DataClass", "a DataClass of its own", "over two lines"],
)
def test_an_edit_that_might_be_wrong_is_not_made(tmp_path: Path, source: str) -> None:
    """The finding stays, for a person."""
    root = a_project(tmp_path, {"a.py": source})
    linted = lint_paths([root])
    assert found(linted) == ["a.py CLS103"]
    assert apply_fixes(linted.edits) == 0
    assert (root / "a.py").read_text() == source


def test_an_import_for_types_alone_is_not_enough(tmp_path: Path) -> None:
    """The member is needed when the code runs."""
    source = """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from catalog.data_classes import DataClass
        declare(data_class="tenant_private")
    """
    root = a_project(tmp_path, {"a.py": source})
    apply_fixes(lint_paths([root]).edits)
    assert "\nfrom catalog.data_classes import DataClass\n" in (root / "a.py").read_text()


def test_it_imports_nothing_heavy() -> None:
    """flake8 loads it for every run; a hook for every commit."""
    heavy = (
        "{'sqlalchemy', 'sqlglot', 'great_expectations', 'dagster', 'datahub', 'pandas', 'typer'}"
    )
    code = (
        "import sys, expectations.lint.flake8_plugin, expectations.lint.__main__;"
        f"sys.exit(', '.join({heavy} & set(sys.modules)) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_our_own_code_keeps_its_rules() -> None:
    """The same run as in `make check`."""
    assert found(lint_paths([Path(__file__).parents[3]])) == []


def test_flake8_shows_the_same_findings(tmp_path: Path) -> None:
    """Over its own command line, with our waivers and settings."""
    source = (
        "import psycopg\n\nimport sqlite3  # classline: CLS202 - a cache of this folder\n"
        "\nprint(psycopg, sqlite3)\n"
    )
    root = a_project(tmp_path, {"a.py": source})
    command = [sys.executable, "-m", "flake8", "--isolated", "--select=CLS", "a.py"]
    ran = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert ran.stdout == "a.py:1:1: CLS202 psycopg is imported outside stores\n"
    assert (ran.returncode, ran.stderr) == (1, "")
