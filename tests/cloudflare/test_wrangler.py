"""wrangler's own local state is audited, and the exported class model passes TypeScript's compiler.

`make test-cloudflare` installs both programs; without them these tests are skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from catalog.declared import REGISTRY
from catalog.typescript import typescript_module
from expectations.audit.cloudflare.auditing import audit_project

HERE = Path(__file__).parent
PROGRAMS = HERE / "node_modules" / ".bin"
PROJECT = HERE.parent / "expectations" / "audit" / "projects" / "labelled"
CANARY = "jane.canary@secret-portco.example"
TENANT_ID = "tn_abcdefghijklmnop"

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        not (PROGRAMS / "wrangler").exists() or shutil.which("node") is None,
        reason="wrangler is not installed: `make test-cloudflare` installs it",
    ),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The labelled project after its migrations, with rows and keys that wrangler wrote."""
    root = shutil.copytree(PROJECT, tmp_path_factory.mktemp("wrangler") / "project")

    def wrangler(*arguments: str) -> None:
        environment = os.environ | {
            "CI": "1",
            "WRANGLER_SEND_METRICS": "false",
            "XDG_CONFIG_HOME": str(root.parent),
            "NO_UPDATE_NOTIFIER": "1",
        }
        ran = subprocess.run(
            [PROGRAMS / "wrangler", *arguments, "--local"],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr

    for database in ("TENANT_DB", "BENCHMARK_DB", "PLATFORM_DB"):
        wrangler("d1", "migrations", "apply", database)
    people = f"INSERT INTO people (tenant_id, contact_id, mail) VALUES ('a', '1', '{CANARY}')"
    wrangler("d1", "execute", "TENANT_DB", "--command", people)
    wrangler("d1", "execute", "BENCHMARK_DB", "--command", "CREATE TABLE by_hand (a TEXT)")
    remark = f"INSERT INTO anonymized_industry_benchmarks VALUES ('x', '2026', 1, '{CANARY}')"
    wrangler("d1", "execute", "BENCHMARK_DB", "--command", remark)
    put = ("kv", "key", "put", "--binding", "PLATFORM_STATE", "--preview", "false")
    wrangler(*put, "flag:beta", f"on for {TENANT_ID}")
    wrangler(*put, "stranger:1", "x")
    return root


def test_what_wrangler_left_is_told(project: Path) -> None:
    """The rows, keys and tables that nobody declared, and what shared data may not hold."""
    audited = audit_project(project)
    found = [(f.place.name.partition("#")[2], f.rule.rule_id, f.subject) for f in audited.findings]
    assert found == [
        ("BENCHMARK_DB", "CFA501", "by_hand"),
        ("BENCHMARK_DB", "CFA502", "anonymized_industry_benchmarks.remark EMAIL"),
        ("PLATFORM_STATE", "CFA503", "flag:.value TENANT_ID"),
        ("PLATFORM_STATE", "CFA504", "keys"),
    ]
    assert CANARY not in repr(audited)


def test_the_class_model_compiles_and_refuses_a_leak(tmp_path: Path) -> None:
    """Under --strict; a tenant's value does not fit where a benchmark is asked for."""
    (tmp_path / "classes.ts").write_text(typescript_module(REGISTRY), "utf-8")
    use = """
        import { classOf, flowRule, labelled, type Labelled } from "./classes";
        function publish(rows: Labelled<"anonymized_benchmark", string[]>): number {
          return rows.length;
        }
        publish(labelled("anonymized_benchmark", ["a"]));
        const rule: "never" | string = flowRule("fund_private", classOf("nowhere"));
        console.log(rule);
    """
    (tmp_path / "sound.ts").write_text(use)
    (tmp_path / "leak.ts").write_text(f'{use}\npublish(labelled("tenant_private", ["a"]));\n')
    (tmp_path / "bare.ts").write_text(f'{use}\npublish(["a"]);\n')

    def compiled(name: str) -> int:
        options = ("--strict", "--noEmit", "--noUncheckedIndexedAccess", "--target", "es2022")
        command = [PROGRAMS / "tsc", *options, tmp_path / name]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        return ran.returncode

    assert [compiled(name) for name in ("sound.ts", "leak.ts", "bare.ts")] == [0, 2, 2]
