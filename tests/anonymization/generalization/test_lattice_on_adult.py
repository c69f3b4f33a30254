"""On the real Adult data the search finds what trying every node finds."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from anonymization.engines.combining import read_combinations
from anonymization.engines.duckdb_engine import duckdb_engine
from anonymization.engines.sources import table_of
from anonymization.generalization.hierarchy_files import hierarchy_from_csv
from anonymization.generalization.lattice import SearchResult, search
from anonymization.generalization.metrics import Metric
from expectations.disclosure.counting import KRows
from expectations.disclosure.diversity import EntropyDiversity
from tests.conftest import SHARED_DATA

ALL = (
    "sex",
    "age",
    "race",
    "marital-status",
    "education",
    "native-country",
    "workclass",
    "salary-class",
)
SOME = ("sex", "age", "race", "marital-status", "education")
K, LIMIT = 5, int(0.04 * 30_162)


@pytest.fixture(scope="module")
def adult() -> Path:
    """The folder of the real Adult data, where this machine has it."""
    folder = SHARED_DATA / "adult"
    if not folder.is_dir():
        pytest.skip(f"the real Adult data is not on this machine ({folder})")
    return folder


def found_in(
    adult: Path, columns: tuple[str, ...], metric: Metric, *models: KRows | EntropyDiversity
) -> SearchResult:
    """What the search finds, through the same engine as every release."""
    with duckdb_engine() as engine:
        table = read_combinations(
            engine,
            table_of(adult / "adult.csv"),
            quasi_identifiers=columns,
            sensitive="occupation",
        )
    hierarchies = [
        hierarchy_from_csv(adult / f"adult_hierarchy_{column}.csv", column, domain)
        for column, domain in zip(table.columns, table.domains, strict=True)
    ]
    return search(table, hierarchies, models, suppression=0.04, metric=metric)


class Rows:
    """The rows themselves, generalized one by one with no help of the library's own code."""

    def __init__(self, adult: Path, columns: tuple[str, ...]) -> None:
        with (adult / "adult.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file, delimiter=";"))
        self.labels: list[list[npt.NDArray[np.int64]]] = []
        for column in columns:
            name = f"adult_hierarchy_{column}.csv"
            with (adult / name).open(encoding="utf-8") as file:
                levels = {line[0]: line for line in csv.reader(file, delimiter=";")}
            depth = len(next(iter(levels.values())))
            self.labels.append(
                [
                    np.unique([levels[row[column]][level] for row in rows], return_inverse=True)[1]
                    for level in range(depth)
                ]
            )
        self.leaf_loss = [self._losses(adult, column, rows) for column in columns]

    @staticmethod
    def _losses(adult: Path, column: str, rows: list[dict[str, str]]) -> list[float]:
        with (adult / f"adult_hierarchy_{column}.csv").open(encoding="utf-8") as file:
            lines = list(csv.reader(file, delimiter=";"))
        losses = []
        for level in range(len(lines[0])):
            covered: dict[str, int] = {}
            for line in lines:
                covered[line[level]] = covered.get(line[level], 0) + 1
            of_leaf = {line[0]: (covered[line[level]] - 1) / (len(lines) - 1) for line in lines}
            losses.append(sum(of_leaf[row[column]] for row in rows) / len(rows))
        return losses

    def nodes(self) -> list[tuple[int, ...]]:
        return list(itertools.product(*(range(len(levels)) for levels in self.labels)))

    def class_sizes(self, node: tuple[int, ...]) -> npt.NDArray[np.int64]:
        """The size of each row's class."""
        key = np.zeros(len(self.labels[0][0]), dtype=np.int64)
        for levels, level in zip(self.labels, node, strict=True):
            key = key * 128 + levels[level]
        _, inverse, counts = np.unique(key, return_inverse=True, return_counts=True)
        return counts[inverse]

    def bits(self, node: tuple[int, ...]) -> float:
        total = 0.0
        for levels, level in zip(self.labels, node, strict=True):
            before, after = np.bincount(levels[0]), np.bincount(levels[level])
            total -= np.log2(before[levels[0]] / after[levels[level]]).sum()
        return total

    def loss(self, node: tuple[int, ...]) -> float:
        by = [losses[level] for losses, level in zip(self.leaf_loss, node, strict=True)]
        return sum(by) / len(by)


@pytest.mark.parametrize("metric", [Metric.NUE, Metric.LOSS])
def test_the_cheapest_safe_node_of_all_eight_columns(adult: Path, metric: Metric) -> None:
    """Nodes tried from the cheapest on: the first that is 5-anonymous must be the result."""
    rows = Rows(adult, ALL)
    price = rows.bits if metric is Metric.NUE else rows.loss
    for node in sorted(rows.nodes(), key=lambda each: (price(each), each)):
        suppressed = int((rows.class_sizes(node) < K).sum())
        if suppressed <= LIMIT:
            break
    found = found_in(adult, ALL, metric, KRows(K))
    assert found.proven_optimal
    assert (found.node, found.suppressed_rows) == (node, suppressed)
    assert found.loss == pytest.approx(price(node))
    assert found.checks < found.lattice_size / 4


@pytest.mark.parametrize("metric", list(Metric))
def test_every_metric_against_all_nodes_of_five_columns(adult: Path, metric: Metric) -> None:
    """No pruning may lose the optimum of a metric that depends on the classes."""
    rows = Rows(adult, SOME)
    cheapest = np.inf
    for node in rows.nodes():
        size = rows.class_sizes(node)
        kept = size[size >= K]
        suppressed = len(size) - len(kept)
        if suppressed > LIMIT:
            continue
        cost = {
            Metric.NUE: rows.bits(node),
            Metric.NUE_SUPPRESSED: rows.bits(node) + _entropy(rows, node, size < K),
            Metric.LOSS: rows.loss(node),
            Metric.DM_KEPT: float(kept.sum()),
            Metric.DM: float(kept.sum() + suppressed * len(size)),
            Metric.AECS: len(kept) / (1 / kept).sum() / K,
        }[metric]
        cheapest = min(cheapest, cost)
    assert found_in(adult, SOME, metric, KRows(K)).loss == pytest.approx(cheapest)


def _entropy(rows: Rows, node: tuple[int, ...], out: npt.NDArray[np.bool_]) -> float:
    total = 0.0
    for levels, level in zip(rows.labels, node, strict=True):
        count = np.bincount(levels[level][out])
        count = count[count > 0]
        total -= float((count * np.log2(count / out.sum())).sum())
    return total


def test_a_stricter_question_costs_more(adult: Path) -> None:
    """Asking for diversity too can only raise the cost, and keeps the suppression limit."""
    found = found_in(adult, ALL, Metric.LOSS, KRows(K), EntropyDiversity(3))
    without = found_in(adult, ALL, Metric.LOSS, KRows(K))
    assert found.loss > without.loss
    assert found.suppressed_rows <= LIMIT
