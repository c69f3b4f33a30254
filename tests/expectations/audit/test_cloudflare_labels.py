"""Labels of a Workers project: what they are about, what is missing, what contradicts."""

from __future__ import annotations

import re
import resource
from pathlib import Path
from textwrap import dedent

import pytest

from expectations.audit.cloudflare.auditing import Audited, audit_project
from expectations.audit.cloudflare.project import NoProject
from expectations.audit.cloudflare.rules import RULES
from expectations.audit.findings import Finding

PROJECTS = Path(__file__).parent / "projects"
TRIGGER = """
    CREATE TRIGGER x AFTER INSERT ON t BEGIN
        DELETE FROM t; SELECT CASE 1 WHEN 1 THEN 2 END;
    END;
"""
DATABASE = """
    [[d1_databases]] # class: tenant_private
    binding = "DB"
    database_id = "one"
"""


def told(audited: Audited) -> list[str]:
    return [
        f"{finding.place} {finding.rule.rule_id} {finding.subject}" for finding in audited.findings
    ]


def rules(root: Path) -> list[str]:
    return [finding.rule.rule_id for finding in audit_project(root).findings]


def a_project(
    root: Path, configuration: str, *migrations: str, name: str = "wrangler.toml"
) -> Path:
    (root / name).write_text(dedent(configuration), "utf-8")
    (root / "migrations").mkdir(exist_ok=True)
    for number, migration in enumerate(migrations, 1):
        (root / "migrations" / f"{number:04}.sql").write_text(dedent(migration), "utf-8")
    return root


def test_a_labelled_project_has_no_finding() -> None:
    """Whatever language its comments are in, and whichever way its migrations change a table."""
    audited = audit_project(PROJECTS / "labelled")
    assert told(audited) == []
    assert (audited.bindings, audited.migrations, audited.columns) == (12, 4, 16)


def test_a_mislabelled_project_is_told_by_file_and_line() -> None:
    """Each finding once, in order of place; what cannot be read keeps nothing else from being."""
    assert told(audit_project(PROJECTS / "mislabelled")) == [
        "docs/kv-prefixes.md:3 CFA301 session:",
        "docs/kv-prefixes.md:4 CFA302 session:admin:",
        "docs/kv-prefixes.md:5 CFA105 score:",
        "migrations/0001_all.sql:3 CFA102 playbooks.body",
        "migrations/0001_all.sql:4 CFA105 playbooks.author",
        "migrations/0001_all.sql:6 CFA104 nothing.at_all",
        "migrations/0001_all.sql:7 CFA101 playbooks.author",
        "migrations/0001_all.sql:8 CFA103 accounts.name",
        "migrations/0002_broken.sql:2 CFA103 accounts.owner",
        "migrations/0002_broken.sql:3 CFA001 file",
        "migrations/0002_broken.sql:7 CFA001 file",
        "migrations/0002_broken.sql:8 CFA106 copied",
        "migrations/0010_relabel.sql:1 CFA102 accounts.name",
        "migrations/0010_relabel.sql:2 CFA101 search.body",
        "migrations/0010_relabel.sql:2 CFA101 search.title",
        "workers/ingest/wrangler.toml:8 CFA001 file",
        "wrangler.jsonc:7 CFA202 5f6e4c52-0000-4000-8000-00000000000a",
        "wrangler.jsonc:14 CFA201 KV namespace:STATE",
        "wrangler.jsonc:17 CFA202 KV namespace:CACHE",
        "wrangler.jsonc:20 CFA105 Vectorize index:PATTERNS",
        "wrangler.jsonc:23 CFA401 Workflow:ROLLUP",
        "wrangler.jsonc:24 CFA402 Workflow:LEAK",
        "wrangler.jsonc:27 CFA203 other store:FILES",
    ]


def test_ids_stay_when_lines_move(tmp_path: Path) -> None:
    """So that a finding can be acknowledged."""

    def ids(configuration: str) -> set[str]:
        return {f.finding_id for f in audit_project(a_project(tmp_path, configuration)).findings}

    bare = '[[vectorize]]\nbinding = "A"\nindex_name = "a"\n'
    assert ids(bare) == ids("# moved\n\n\n" + bare) != set()


@pytest.mark.parametrize(
    "configuration",
    [
        '[[vectorize]]\nbinding = "A" # CLASS: tenant_private\nindex_name = "a"',
        '# data_class = tenant_private\n[[vectorize]]\nbinding = "A"\nindex_name = "a"',
        '# class: tenant_private\n# 説明\n[[vectorize]]\nbinding = "A"\nindex_name = "a"',
        '[[vectorize]]\n\n# class: tenant_private\n\nbinding = "A"\nindex_name = "a"',
        'vectorize = [{ binding = "A", index_name = "a" }] # class: tenant_private',
        'vectorize = [\n  # class: tenant_private\n  { binding = "A", index_name = "a" },\n]',
        '[[vectorize]]\nbinding = "A"\nindex_name = """\na""" # class: tenant_private',
        '["vectorize"]\nbinding = "A" # class: tenant_private\nindex_name = "a"',
        '[[env.live.vectorize]]\r\nbinding = "A" # class: tenant_private\r\nindex_name = "a"',
    ],
)
def test_a_label_stands_beside_its_binding(tmp_path: Path, configuration: str) -> None:
    """On one of its lines, or alone on the lines right above."""
    assert rules(a_project(tmp_path, configuration)) == []


@pytest.mark.parametrize(
    "configuration",
    [
        '# class: tenant_private\n\n[[vectorize]]\nbinding = "A"',
        '[[vectorize]]\nbinding = "A"\n\n# class: tenant_private\n[vars]\nx = 1',
        'x = 1 # class: tenant_private\n[[vectorize]]\nbinding = "A"',
        '[[vectorize]]\nbinding = "A"\nremark = "# class: tenant_private"',
        '[[vectorize]]\nbinding = "A"\nremark = """\n# class: tenant_private\n"""',
        '[[vectorize]]\nbinding = "A" # never put tenant_private data here',
        '[[vectorize]]\nbinding = "A" # subclass: tenant_private',
        '# [[vectorize]] class: tenant_private\n[vars]\nx = 1\n[[vectorize]]\nbinding = "A"',
    ],
    ids=["a line between", "the next block's", "another line's", "a value", "a long value",
         "prose", "another word", "commented out"],
)  # fmt: skip
def test_what_stands_elsewhere_is_no_label(tmp_path: Path, configuration: str) -> None:
    """A binding is not labelled by its neighbour, nor by its own text."""
    assert rules(a_project(tmp_path, configuration)) == ["CFA201"]


def test_two_stores_on_a_line_do_not_share_one_label_in_silence(tmp_path: Path) -> None:
    """A comment that is beside both is both's; two comments contradict."""
    both = 'vectorize = [{ binding = "A" }, { binding = "B" }] # class: tenant_private'
    assert rules(a_project(tmp_path, both)) == []
    two = f"# class: fund_private\n{both}"
    assert rules(a_project(tmp_path, two)) == ["CFA202", "CFA202"]


@pytest.mark.parametrize(
    ("configuration", "line"),
    [
        ("{", 1),
        ('{"a": [1, 2}', 1),
        ('{\n "a": 1\n "b": 2 }', 3),
        ('{\n "a": 1,\n "a": 2 }', 3),
        ("{\n\n a: 1 }", 3),
        ('{ "a": nan }', 1),
        ("[]", 1),
        ("", 1),
        ('{"a": "\n"}', 1),
        ('{"a":' + "[" * 500 + "]" * 500 + "}", 1),
        ("{}{}", 1),
    ],
)
def test_json_that_is_none_is_told_with_its_line(
    tmp_path: Path, configuration: str, line: int
) -> None:
    """A later name must not hide an earlier one, nor a comment swallow the rest."""
    (finding,) = audit_project(a_project(tmp_path, configuration, name="wrangler.jsonc")).findings
    assert (finding.rule.rule_id, finding.place.line) == ("CFA001", line)


def test_json_with_comments_is_read(tmp_path: Path) -> None:
    """With both kinds of comment and trailing commas; text in strings is none of them."""
    configuration = """
        /* class: fund_private */
        { "vars": { "url": "https://a.b/*c*/" },
          "vectorize": [
            /* 名前
             * class: tenant_private */
            { "binding": "A", "index_name": "// class: fund_private", },
          ], }
    """
    assert rules(a_project(tmp_path, configuration, name="wrangler.jsonc")) == []


@pytest.mark.parametrize(
    ("migrations", "expected"),
    [
        (("-- t.a: tenant_private\nCREATE TABLE T (A)",), []),
        (("-- t.a: tenant_private\nCREATE TABLE main.t ([a] TEXT)",), []),
        (("CREATE TABLE t (a); -- t.a: tenant_private",), ["CFA101"]),
        (("CREATE TABLE t (a TEXT /* t.a: tenant_private */)",), ["CFA101"]),
        (("-- u.a: tenant_private\nCREATE TABLE t (a)",), ["CFA104", "CFA101"]),
        (("-- t.*: tenant_private\nCREATE TABLE t (a, b)", "ALTER TABLE t ADD c"), ["CFA101"]),
        (("-- t.*: tenant_private\nCREATE TABLE t (a, b)",
          "-- t.c: tenant_private\nALTER TABLE t ADD COLUMN c TEXT REFERENCES t (a)"), []),
        (("-- t.a: tenant_private\nCREATE TABLE t (a)", "ALTER TABLE t RENAME TO u",
          "ALTER TABLE u RENAME COLUMN a TO b"), []),
        (("-- t.a: tenant_private\nCREATE TABLE t (a)", "DROP TABLE t;", "CREATE TABLE t (a)"),
         ["CFA101"]),
        (("-- t.a: tenant_private\nCREATE TABLE t (a)", "CREATE TABLE IF NOT EXISTS t (a, b)"), []),
        (("CREATE TABLE t (a)", "-- t.a: tenant_private\nSELECT 1"), []),
        (("-- t.a: tenant_private\nCREATE TABLE t (a)", "-- t.a: fund_private\nSELECT 1"),
         ["CFA102"]),
        (("-- t.x: tenant_private\nCREATE TABLE t AS SELECT 1 AS x",), []),
        (("-- docs.example: see there\n-- t.a: tenant_private\nCREATE TABLE t (a)",), []),
        (("INSERT INTO t VALUES ('CREATE TABLE hidden (a)'); -- CREATE TABLE b (c)",), []),
        (("ALTER TABLE nowhere ADD COLUMN a",), ["CFA001"]),
        (("CREATE TABLE t (a TEXT DEFAULT 'open);\nCREATE TABLE u (b);",), ["CFA001"]),
        (("/* open\nCREATE TABLE u (b);",), ["CFA001"]),
        ((TRIGGER + "CREATE TABLE t (a)",), ["CFA101"]),
        (("CREATE VIRTUAL TABLE t USING fts5(a, tokenize = 'x, y')",), ["CFA101", "CFA101"]),
    ],
)  # fmt: skip
def test_columns_carry_the_class_of_their_headers(
    tmp_path: Path, migrations: tuple[str, ...], expected: list[str]
) -> None:
    """As SQLite would build them, statement by statement."""
    assert sorted(rules(a_project(tmp_path, DATABASE, *migrations))) == sorted(
        expected if migrations else []
    )


def test_a_statement_that_the_parser_does_not_know_reaches_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """It may hold a value; a finding says its line alone."""
    migration = (
        "CREATE TABLE t (a TEXT DEFAULT 'canary-77') SOMETHING NEW;\nALTER TABLE t SET 'canary-77'"
    )
    audited = audit_project(a_project(tmp_path, DATABASE, migration))
    assert {finding.rule.rule_id for finding in audited.findings} == {"CFA001"}
    assert "canary" not in f"{audited} {caplog.text} {capfd.readouterr()}"


def test_migrations_are_applied_by_their_number(tmp_path: Path) -> None:
    """As wrangler does: 2 comes before 10."""
    root = a_project(tmp_path, DATABASE)
    (root / "migrations" / "2_create.sql").write_text("-- t.*: tenant_private\nCREATE TABLE t (a)")
    (root / "migrations" / "10_add.sql").write_text("-- t.b: tenant_private\nALTER TABLE t ADD b")
    assert rules(root) == []


def test_files_that_are_no_text_are_told_and_the_rest_is_read(tmp_path: Path) -> None:
    """Other encodings, nothing at all, and a name that a terminal would act on."""
    root = a_project(tmp_path, DATABASE, "", "\ufeff-- t.a: tenant_private\nCREATE TABLE t (a)")
    folder = root / "migrations"
    (folder / "0003.sql").write_bytes("CREATE TABLE u (a)".encode("utf-16"))
    (folder / "0004\x1b[2J\n.sql").write_text("CREATE TABLE v (a)")
    (folder / "0005.sql").symlink_to(folder / "nowhere.sql")
    (folder / "0006.sql").write_bytes(b"-- t.a: tenant_private \xff\xfe\nALTER TABLE t ADD b")
    (root / "kv_registry.md").write_bytes(b"\xff")
    assert told(audit_project(root)) == [
        "kv_registry.md:1 CFA001 file",
        "migrations/0003.sql:1 CFA001 file",
        "migrations/0004\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}.sql:1 CFA101 v.a",
        "migrations/0005.sql:1 CFA001 file",
        "migrations/0006.sql:2 CFA101 t.b",
    ]


def test_a_migration_of_100_megabytes_is_held_once_at_most(tmp_path: Path) -> None:
    """A seed of many rows: what follows it is still seen, with its line."""
    root = a_project(tmp_path, DATABASE)
    values = ", ".join("('it''s; -- one', '/* no comment')" for _ in range(3_000))
    file = root / "migrations" / "1.sql"
    with file.open("w") as written:
        written.write("-- t.a: tenant_private\n-- t.b: tenant_private\nCREATE TABLE t (a, b);\n")
        for _ in range(1_000):
            written.write(f"INSERT INTO t VALUES {values};\n")
        written.write("ALTER TABLE t ADD c;\n")
    assert file.stat().st_size > 100_000_000
    audit_project(PROJECTS / "labelled")  # what is imported is held for good
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert told(audit_project(root)) == ["migrations/1.sql:1004 CFA101 t.c"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held < 150_000  # of 1,024 bytes


@pytest.mark.parametrize(
    "remark",
    [
        "\u7528\u6237\u8868\uff1b\u5220\u9664 CREATE TABLE z (a)",
        "\u0442\u0430\u0431\u043b; '\u043a\u043b\u0438\u0435\u043d\u0442'",
        '\u062c\u062f\u0648\u0644 \u202e; "\u0627\u0644\u0639\u0645\u0644\u0627\u0621" \u202c',
        "L\u00e4nder\u00fcbersicht \u2013 d\u2019abord: la table t;",
    ],
    ids=["Chinese", "Russian", "Arabic", "German and French"],
)
def test_remarks_in_other_languages_hide_no_label(tmp_path: Path, remark: str) -> None:
    """Quotes, semicolons and SQL inside them end nothing; the labels beside them count."""
    migration = (
        f"-- {remark}\n-- t.a: tenant_private\n/* {remark}\n{remark} */\n"
        f"CREATE TABLE t (a TEXT, -- {remark}\n  b TEXT);\n"
    )
    assert told(audit_project(a_project(tmp_path, DATABASE, "", migration))) == [
        "migrations/0002.sql:5 CFA101 t.b"
    ]


@pytest.mark.parametrize("folder", ["../../..", "/etc", "../outside"])
def test_a_configuration_does_not_lead_out_of_the_project(tmp_path: Path, folder: str) -> None:
    """A project that was sent to be audited must not have other folders read."""
    root = tmp_path / "project"
    root.mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "1.sql").write_text("CREATE TABLE secret (a)")
    a_project(root, f'{DATABASE}    migrations_dir = "{folder}"\n')
    assert told(audit_project(root)) == ["wrangler.toml:2 CFA001 d1 DB"]


def test_a_database_without_migrations_is_a_finding(tmp_path: Path) -> None:
    """Unless another Worker of the project holds them for the same database."""
    root = a_project(tmp_path, DATABASE)
    assert rules(root) == ["CFA106"]
    (root / "other").mkdir()
    a_project(root / "other", DATABASE, "-- t.a: tenant_private\nCREATE TABLE t (a)")
    assert rules(root) == []


def test_migrations_that_no_configuration_names_are_read_too(tmp_path: Path) -> None:
    """A broken configuration must not hide unlabelled columns."""
    root = a_project(tmp_path, "[[d1_databases]\n", "CREATE TABLE t (a)")
    assert told(audit_project(root)) == [
        "migrations/0001.sql:1 CFA101 t.a",
        "wrangler.toml:1 CFA001 file",
    ]


def test_a_namespace_needs_a_registry_of_its_prefixes(tmp_path: Path) -> None:
    """Which says of each the class of its namespace."""
    binding = '[[kv_namespaces]]\nbinding = "STATE" # class: tenant_private\nid = "one"\n'
    root = a_project(tmp_path, binding)
    assert rules(root) == ["CFA303"]
    head = "| Key prefix | Data class |\n|:--|--|\n"
    (root / "KV_REGISTRY.md").write_text(f"{head}| `a:{{x\\|y}}` | tenant_private |\n")
    assert rules(root) == []
    (root / "KV_REGISTRY.md").write_text(f"{head}| `a:` | ascend_platform_metric |\n")
    assert rules(root) == ["CFA302"]


def test_our_own_registry_document_is_one(tmp_path: Path) -> None:
    """What `classline registry docs` writes can be put into a Workers project."""
    ours = Path(__file__).parents[3] / "docs" / "registry" / "KV_KEY_REGISTRY.md"
    root = a_project(tmp_path, '[[vectorize]]\nbinding = "A" # class: fund_private\n')
    (root / ours.name).write_bytes(ours.read_bytes())
    audited = audit_project(root)
    assert (told(audited), audited.prefixes) == ([], 3)


def test_a_folder_without_a_project_is_refused(tmp_path: Path) -> None:
    """Nothing found must not read as nothing wrong."""
    (tmp_path / "node_modules").mkdir()
    a_project(tmp_path / "node_modules", DATABASE)
    with pytest.raises(NoProject):
        audit_project(tmp_path)


def test_another_source_joins_the_audit(tmp_path: Path) -> None:
    """The seam for TypeScript sources and live accounts."""

    class Elsewhere:
        def findings(self, configured: list[object]) -> list[Finding]:
            assert len(configured) == 1
            finding = audit_project(PROJECTS / "mislabelled").findings[0]
            return [finding]

    root = a_project(tmp_path, DATABASE, "-- t.a: tenant_private\nCREATE TABLE t (a)")
    assert len(audit_project(root, sources=[Elsewhere()]).findings) == 1  # type: ignore[list-item]


def test_every_rule_is_in_the_manual() -> None:
    """What a rule asks is written down for people."""
    manual = (Path(__file__).parents[3] / "docs" / "cloudflare.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| (CFA\d{3}) \| (.+?) \|", manual, re.MULTILINE))
    assert rows == {rule_id: rule.title for rule_id, rule in RULES.items()}
