"""A value of one class must not become one of another, for mypy and at run time."""

from __future__ import annotations

import ast
import copy
import json
import logging
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import orjson
import pytest

from catalog import labelled as labelled_module
from catalog.data_classes import DataClass
from catalog.label_issuing import labelled, promotion_key, read_key
from catalog.labelled import (
    AnonymizedBenchmark,
    AscendPlatformMetric,
    FundPrivate,
    KeyRefused,
    LabelImmutable,
    Labelled,
    LabelledCallFailed,
    MixedClasses,
    PromotionKey,
    ReadKey,
    TenantPrivate,
    ValueHidden,
    promoted,
)
from catalog.registry import Column, ColumnType, Dataset
from stores.labelled_reads import TenantPrivateReads, require_one_class

_ROOT = Path(labelled_module.__file__).parents[1]
_CANARY = "canary-51ab"

_GIVEN = """
    from catalog.labelled import (
        AnonymizedBenchmark, AscendPlatformMetric, FundPrivate, Labelled, PromotionKey, ReadKey,
        TenantPrivate, promoted,
    )
    Tenant = Labelled[TenantPrivate, list[int]]
    Benchmark = Labelled[AnonymizedBenchmark, list[int]]
    def write_anonymized_benchmark(rows: Benchmark) -> None: ...
"""

_REFUSED = {
    "a direct leak": """
        def leak(rows: Tenant) -> None:
            write_anonymized_benchmark(rows)  # refused
    """,
    "a leak through map": """
        def leak(rows: Tenant) -> None:
            write_anonymized_benchmark(rows.map(sorted))  # refused
    """,
    "a leak through combine": """
        def leak(rows: Tenant, known: Benchmark) -> None:
            known.combine(rows, lambda one, two: one + two)  # refused
    """,
    "the wrong label from a function": """
        def leak(rows: Tenant) -> Benchmark:
            return rows  # refused
    """,
    "a promotion without a key": """
        def leak(rows: Tenant) -> Benchmark:
            return promoted(rows)  # refused
    """,
    "a promotion with the key of another edge": """
        def leak(rows: Tenant, key: PromotionKey[TenantPrivate, FundPrivate]) -> None:
            write_anonymized_benchmark(promoted(rows, key))  # refused
    """,
    "a promotion with the key turned round": """
        def leak(rows: Tenant, key: PromotionKey[AnonymizedBenchmark, TenantPrivate]) -> None:
            promoted(rows, key)  # refused
    """,
    "a promotion with a read key": """
        def leak(rows: Tenant, key: ReadKey[TenantPrivate]) -> Benchmark:
            return promoted(rows, key)  # refused
    """,
    "opened with the key of another class": """
        def leak(rows: Tenant, key: ReadKey[AnonymizedBenchmark]) -> list[int]:
            return rows.unwrap(key)  # refused
    """,
    "opened without a key": """
        def leak(rows: Tenant) -> list[int]:
            return rows.unwrap()  # refused
    """,
    "a label of several classes": """
        def leak(rows: Labelled[TenantPrivate | AnonymizedBenchmark, int]) -> None:  # refused
            pass
    """,
    "a label of no class": """
        def leak(rows: Labelled[object, int]) -> None:  # refused
            pass
    """,
    "an escape through object": """
        def leak(rows: Tenant) -> None:
            shelf: object = rows
            write_anonymized_benchmark(shelf)  # refused
    """,
    "an escape through a list": """
        def leak(shelf: list[Benchmark], rows: Tenant) -> None:
            shelf.append(rows)  # refused
    """,
    "a subclass of a class": """
        class Loose(TenantPrivate):  # refused
            pass
    """,
    "a label made by hand": """
        def leak(values: list[int]) -> None:
            Labelled(None, AnonymizedBenchmark, values)  # refused
    """,
    "a key made by hand": """
        def leak() -> None:
            PromotionKey(None, (TenantPrivate, AnonymizedBenchmark), "w", bool)  # refused
    """,
    "used as the bare value": """
        def leak(rows: Tenant) -> list[int]:
            return [row for row in rows]  # refused
    """,
    "a label without its class": """
        def leak(rows: Labelled) -> None:  # refused
            pass
    """,
    "a session's read under another label": """
        from collections.abc import Mapping
        from typing import Any
        from catalog.data_classes import DataClass
        from stores.labelled_reads import TenantPrivateReads

        class Session(TenantPrivateReads):
            def read(
                self, data_class: DataClass, dataset_name: str, *, limit: int | None = None
            ) -> list[Mapping[str, Any]]:
                raise NotImplementedError

        def leak(session: Session) -> Labelled[AnonymizedBenchmark, list[Mapping[str, Any]]]:
            return session.read_tenant_private("crm_accounts")  # refused
    """,
}

_ACCEPTED = {
    "written where it belongs": """
        def write(rows: Benchmark) -> None:
            write_anonymized_benchmark(rows)
    """,
    "mapped in its class": """
        def total(rows: Tenant) -> Labelled[TenantPrivate, int]:
            return rows.map(sum)
    """,
    "combined in its class": """
        def both(one: Tenant, two: Tenant) -> Tenant:
            return one.combine(two, lambda a, b: a + b)
    """,
    "opened with its key": """
        def read(rows: Tenant, key: ReadKey[TenantPrivate]) -> list[int]:
            return rows.unwrap(key)
    """,
    "promoted with its key": """
        def promote(rows: Tenant, key: PromotionKey[TenantPrivate, AnonymizedBenchmark]) -> None:
            write_anonymized_benchmark(promoted(rows, key))
    """,
    "seen as a wider type of the same class": """
        from collections.abc import Sequence
        def widen(rows: Tenant) -> Labelled[TenantPrivate, Sequence[int]]:
            return rows
    """,
}


@pytest.fixture(scope="module")
def errors_by_line(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], str]:
    """What `mypy --strict` says of every snippet, in one run."""
    folder = tmp_path_factory.mktemp("snippets")
    for name, snippet in (_REFUSED | _ACCEPTED).items():
        (folder / f"{_module(name)}.py").write_text(_source(snippet))
    (folder / "mypy.ini").write_text("[mypy]\nstrict = True\nfollow_imports = silent\n")
    run = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--config-file", str(folder / "mypy.ini")),
            *("--cache-dir", str(folder / "cache"), "--no-error-summary", "--hide-error-context"),
            *map(str, sorted(folder.glob("*.py"))),
        ],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={"MYPYPATH": str(_ROOT), "PATH": ""},
    )
    assert not run.stderr, run.stderr
    found = re.findall(r"(\w+)\.py:(\d+): error: (.*)", run.stdout)
    return {(module, int(line)): message for module, line, message in found}


def _module(name: str) -> str:
    return re.sub(r"\W+", "_", f"snippet {name}")


def _source(snippet: str) -> str:
    return dedent(_GIVEN) + dedent(snippet)


@pytest.mark.parametrize("name", _REFUSED)
def test_mypy_refuses(errors_by_line: dict[tuple[str, int], str], name: str) -> None:
    """The error stands on the line that leaks, and on no other."""
    lines = _source(_REFUSED[name]).splitlines()
    (planted,) = (number for number, line in enumerate(lines, 1) if line.endswith("# refused"))
    found = {line for module, line in errors_by_line if module == _module(name)}
    assert found == {planted}


@pytest.mark.parametrize("name", _ACCEPTED)
def test_mypy_accepts(errors_by_line: dict[tuple[str, int], str], name: str) -> None:
    """The positive control: sound code is not in the way, so a refusal above means something."""
    assert {key for key in errors_by_line if key[0] == _module(name)} == set()


@pytest.fixture
def private() -> Labelled[TenantPrivate, list[str]]:
    """A tenant's value that must not show."""
    return labelled(TenantPrivate, [_CANARY])


@pytest.mark.parametrize(
    "shown",
    [
        repr,
        str,
        "{}".format,
        "{:>40}".format,
        "%s".__mod__,
        lambda value: repr([value, {"x": value}]),
        lambda value: str(
            [getattr(value, name, None) for name in dir(value) if name != "__getstate__"]
        ),
    ],
)
def test_no_text_of_it_shows_the_value(
    private: Labelled[TenantPrivate, list[str]], shown: Callable[[object], str]
) -> None:
    """What logs, tracebacks and debuggers print is the class alone."""
    text = shown(private)
    assert _CANARY not in text
    assert "tenant_private" in text


@pytest.mark.parametrize(
    "stored",
    [
        pickle.dumps,
        json.dumps,
        orjson.dumps,
        vars,
        bool,
        list,
        len,
        lambda value: value.__getstate__(),
        lambda value: json.dumps(value, default=vars),
    ],
)
def test_it_is_not_stored_or_measured(
    private: Labelled[TenantPrivate, list[str]], stored: Callable[[object], object]
) -> None:
    """A class ends at the process; a length or emptiness says something of the value."""
    with pytest.raises(TypeError) as refused:
        stored(private)
    assert _CANARY not in str(refused.value)


def test_a_log_line_shows_the_class_alone(
    private: Labelled[TenantPrivate, list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    """The commonest leak: somebody logs what they hold."""
    logging.getLogger("test").warning("rows: %s %r", private, private)
    assert _CANARY not in caplog.text


def test_equality_answers_no_guess(private: Labelled[TenantPrivate, list[str]]) -> None:
    """Equal content is not equal: else a guess could be confirmed."""
    assert private != labelled(TenantPrivate, [_CANARY])
    assert private == copy.deepcopy(private) == copy.copy(private)


@pytest.mark.parametrize("name", ["_marker", "_value", "data_class", "more"])
def test_it_is_immutable(private: Labelled[TenantPrivate, list[str]], name: str) -> None:
    """A label cannot be changed on a value that has one."""
    with pytest.raises(LabelImmutable):
        setattr(private, name, AnonymizedBenchmark)
    with pytest.raises(LabelImmutable):
        delattr(private, name)


def test_a_mixed_class_combination_raises(private: Labelled[TenantPrivate, list[str]]) -> None:
    """What mypy refuses is refused at run time too, before the function sees a value."""
    seen: list[object] = []
    for other in (labelled(AnonymizedBenchmark, [1]), [1], None):
        with pytest.raises(MixedClasses):
            private.combine(other, lambda one, two: seen.extend((one, two)))  # type: ignore[arg-type]
    assert seen == []


def test_a_label_inside_a_label_is_refused(private: Labelled[TenantPrivate, list[str]]) -> None:
    """A benchmark that carries a tenant's value would be of two classes."""
    with pytest.raises(MixedClasses):
        labelled(AnonymizedBenchmark, 1).map(lambda _: private)


def test_map_and_combine_keep_the_class(private: Labelled[TenantPrivate, list[str]]) -> None:
    """Whatever is made of a class's values is of that class."""
    longer = private.combine(private.map(len), lambda rows, count: rows * (count + 1))
    assert longer.data_class is DataClass.TENANT_PRIVATE
    assert longer.unwrap(read_key(TenantPrivate)) == [_CANARY, _CANARY]


def test_an_error_inside_map_does_not_carry_the_value(
    private: Labelled[TenantPrivate, list[str]],
) -> None:
    """``int("secret")`` says the secret, and so would its traceback and context."""
    with pytest.raises(LabelledCallFailed) as refused:
        private.map(lambda rows: int(rows[0]))
    assert _CANARY not in str(refused.value)
    assert refused.value.__context__ is None
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("key", [read_key(AnonymizedBenchmark), None, object()])
def test_only_the_key_of_its_class_opens_it(
    private: Labelled[TenantPrivate, list[str]], key: object
) -> None:
    """A session that may not read the class has no key to it."""
    with pytest.raises(KeyRefused):
        private.unwrap(key)  # type: ignore[arg-type]


def test_labels_and_keys_are_not_made_by_hand() -> None:
    """Whoever labels a value decides who reads it."""
    for make in (
        lambda: Labelled(object(), AnonymizedBenchmark, 1),  # type: ignore[arg-type]
        lambda: ReadKey(object(), TenantPrivate),  # type: ignore[arg-type]
        lambda: PromotionKey(
            object(),  # type: ignore[arg-type]
            (TenantPrivate, AnonymizedBenchmark),
            "w",
            lambda: True,
        ),
    ):
        with pytest.raises(KeyRefused):
            make()
    with pytest.raises(LabelImmutable):
        TenantPrivate()
    with pytest.raises(LabelImmutable):
        type("Loose", (TenantPrivate,), {})


def test_a_key_crosses_its_own_edge_during_its_run_alone(
    private: Labelled[TenantPrivate, list[str]],
) -> None:
    """A key kept after the run, or used from another class, promotes nothing."""
    with promotion_key(TenantPrivate, AnonymizedBenchmark, workflow="w") as key:
        released = promoted(private, key)
        assert released.data_class is DataClass.ANONYMIZED_BENCHMARK
        with pytest.raises(KeyRefused):
            promoted(labelled(FundPrivate, 1), key)  # type: ignore[type-var, arg-type]
        with pytest.raises(KeyRefused):
            promoted(private, read_key(TenantPrivate))  # type: ignore[arg-type]
        with pytest.raises(ValueHidden):
            pickle.dumps(key)
    with pytest.raises(KeyRefused, match="over"):
        promoted(private, key)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (FundPrivate, TenantPrivate),
        (FundPrivate, AscendPlatformMetric),
        (AscendPlatformMetric, AnonymizedBenchmark),
        (TenantPrivate, TenantPrivate),
    ],
)
def test_no_key_is_made_for_an_edge_without_workflows(source: type, target: type) -> None:
    """The policy's table decides which edges a workflow may promote along."""
    with pytest.raises(KeyRefused), promotion_key(source, target, workflow="w"):
        pass


def test_a_session_reads_with_the_label_of_the_method() -> None:
    """The class in a method's name, in the read and in the label are the same."""
    asked: list[DataClass] = []

    class ASession(TenantPrivateReads):
        def read(
            self, data_class: DataClass, dataset_name: str, *, limit: int | None = None
        ) -> list[dict[str, object]]:
            asked.append(data_class)
            return [{"dataset": dataset_name, "limit": limit}]

    session = ASession()
    rows = session.read_tenant_private("crm_accounts", limit=1)  # type: ignore[misc]
    assert asked == [rows.data_class] == [DataClass.TENANT_PRIVATE]
    assert rows.unwrap(session.tenant_private_key) == [{"dataset": "crm_accounts", "limit": 1}]


def test_a_mixed_class_read_raises() -> None:
    """Rows with columns of two classes have no one label that is true."""
    column = Column("id", ColumnType.TEXT, "Id")
    other = Column("x", ColumnType.TEXT, "X", data_class=DataClass.ANONYMIZED_BENCHMARK)
    mixed = Dataset(
        name="mixed",
        schema="tenant_private",
        data_class=DataClass.TENANT_PRIVATE,
        description="d",
        owner="o",
        columns=(column, other),
        primary_key=("id",),
    )
    with pytest.raises(MixedClasses, match="mixed-class read"):
        require_one_class(mixed)


def test_only_the_sessions_and_the_promotion_issue_labels() -> None:
    """An import of the issuing module anywhere else would be a way round the classes."""
    allowed = {"catalog/label_issuing.py", "stores/labelled_reads.py", "anonymization/promote.py"}
    private_names = {"_SEAL", "_Seal"}
    packages = ("anonymization", "catalog", "dagster_project", "expectations", "lineage")
    found = set()
    for package in (*packages, "steward", "stores"):
        for path in (_ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                names = {
                    alias.name for alias in getattr(node, "names", ()) if hasattr(alias, "name")
                }
                module = getattr(node, "module", None) or ""
                if "label_issuing" in {*names, *module.split(".")} or names & private_names:
                    found.add(path.relative_to(_ROOT).as_posix())
    assert found <= allowed
