"""What a steward asks of a catalog of that size: the median of each question, over HTTP."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable

import psutil
from datahub.ingestion.graph.client import DataHubGraph
from datahub.sdk.main_client import DataHubClient

from benchmarks.datahub.ingestion import DATASETS
from benchmarks.datahub.tables import CHAIN, class_of_table, column_name, table_urn
from catalog import datahub_names

__all__ = ["cpu_seconds", "median_seconds"]

_TIMES = 100
_PAGE = """
query page($filters: [AndFilterInput!], $query: String!) {
  searchAcrossEntities(
    input: {query: $query, types: [DATASET], orFilters: $filters, count: 20}
  ) { total searchResults { entity { urn ... on Dataset { name } } } }
}
"""


def median_seconds(graph: DataHubGraph, process: psutil.Process) -> dict[str, float]:
    """Median seconds by question, and the server's CPU seconds for one."""
    drawn = random.Random(5)  # noqa: S311 - which questions, not a secret
    client = DataHubClient(graph=graph)

    def page(field: str, value: str, words: str = "*") -> None:
        rule = {"field": field, "values": [value], "condition": "EQUAL"}
        answer = graph.execute_graphql(
            _PAGE, variables={"filters": [{"and": [rule]}], "query": words}
        )
        found = answer["searchAcrossEntities"]
        if not found["searchResults"] or found["total"] < len(found["searchResults"]):
            message = f"nothing is of {value}"
            raise AssertionError(message)

    def by_property() -> None:
        page(datahub_names.CLASS_PROPERTY_FIELD, class_of_table(drawn.randrange(4)))

    def by_tag() -> None:
        page("tags", datahub_names.class_tag(class_of_table(drawn.randrange(4))))

    def by_words() -> None:
        number = drawn.randrange(min(97, DATASETS))
        page("tags", datahub_names.class_tag(class_of_table(number)), f"things of kind {number}")

    def along_columns() -> None:
        last = CHAIN * drawn.randrange(DATASETS // CHAIN) + CHAIN - 1
        reached = client.lineage.get_lineage(
            source_urn=table_urn(last),
            source_column=column_name(drawn.randrange(20)),
            direction="upstream",
            max_hops=10,
        )
        if max(found.hops for found in reached) != CHAIN - 1:
            message = f"lineage of {table_urn(last)} ends early"
            raise AssertionError(message)

    questions: dict[str, Callable[[], None]] = {
        "a page of a class and how many there are, by property": by_property,
        "the same by tag": by_tag,
        "the same by tag and words": by_words,
        "a column's lineage over 10 hops": along_columns,
    }
    found: dict[str, float] = {}
    for said, ask in questions.items():
        before = cpu_seconds(process)
        found[f"{said}, p50"] = _median(ask)
        found[f"{said}, CPU of the server"] = (cpu_seconds(process) - before) / _TIMES
    return found


def cpu_seconds(process: psutil.Process) -> float:
    """What a process has used of the processors so far."""
    times = process.cpu_times()
    return times.user + times.system


def _median(ask: Callable[[], None]) -> float:
    seconds = []
    for _ in range(_TIMES):
        started = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)
