"""Recall and precision on labelled texts that others wrote, and silence on ordinary prose."""

from __future__ import annotations

import json
import re
from collections import Counter
from pydoc_data import topics
from typing import Any

import pytest

from expectations.identifiers import IdentifierKind as Kind
from expectations.identifiers import find_identifiers
from tests.conftest import SHARED_DATA

CORPORA = ("datafog_corpus", "presidio_synth_dev")
LEAST_RECALL = {
    Kind.EMAIL: 0.99,
    Kind.URL: 0.99,
    Kind.SSN: 0.99,
    Kind.IP: 0.99,
    Kind.IBAN: 0.99,
    Kind.CREDIT_CARD: 0.95,
    Kind.PHONE: 0.85,
}
LEAST_PHONE_PRECISION = 0.85


def labelled(corpus: str) -> list[dict[str, Any]]:
    file = SHARED_DATA / "pii" / f"{corpus}.jsonl"
    if not file.is_file():
        pytest.skip(f"the labelled corpus is not on this machine ({file})")
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("corpus", CORPORA)
def test_labelled_identifiers_are_found_under_their_kind(corpus: str) -> None:
    """Each kind at its least recall; telephone numbers at their least precision too."""
    rows = labelled(corpus)
    found = find_identifiers([row["text"] for row in rows])
    there: Counter[str] = Counter()
    hit: Counter[str] = Counter()
    phones = right = 0
    for row, finds in zip(rows, found, strict=True):
        for span in row["spans"]:
            over = [f for f in finds if f.start < span["end"] and f.end > span["start"]]
            there[span["type"]] += 1
            hit[span["type"]] += any(each.kind == span["type"] for each in over)
        for each in (each for each in finds if each.kind is Kind.PHONE):
            phones += 1
            right += any(
                span["start"] < each.end and span["end"] > each.start
                for span in row["spans"]
                if span["type"] == Kind.PHONE
            )
    print(corpus, {kind: f"{hit[kind]}/{there[kind]}" for kind in LEAST_RECALL if there[kind]})
    for kind, least in LEAST_RECALL.items():
        assert hit[kind] >= least * there[kind], kind
    assert right >= LEAST_PHONE_PRECISION * phones


@pytest.mark.parametrize("corpus", CORPORA)
def test_rows_without_an_identifier_are_left_alone(corpus: str) -> None:
    """At most one of the clean rows is flagged."""
    rows = [row["text"] for row in labelled(corpus) if not row["spans"]]
    assert sum(map(bool, find_identifiers(rows))) <= 1


def test_ordinary_prose_is_hardly_ever_flagged() -> None:
    """At most 2 % of a thousand paragraphs: the reference manual of the language, full of code."""
    paragraphs = [
        re.sub(r"\s+", " ", paragraph).strip()
        for topic in topics.topics.values()
        for paragraph in topic.split("\n\n")
    ]
    prose = [each for each in dict.fromkeys(paragraphs) if len(each.split()) > 8]
    assert len(prose) >= 1_000
    flagged = sum(map(bool, find_identifiers(prose)))
    print(f"{flagged} of {len(prose)}")
    assert flagged <= 0.02 * len(prose)
