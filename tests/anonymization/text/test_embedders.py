"""The embedder is a plug-in, counts in the approved digest, and is held to what it says it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

import pytest

from anonymization.embedders import embedder as embedders
from anonymization.embedders.embedder import (
    EmbedderRefused,
    embedder_in_force,
    written_embeddings,
)
from anonymization.embedders.feature_hashing import FEATURE_HASHING
from anonymization.source_digest import source_digest
from anonymization.workflows.pipeline_benchmark import PIPELINE_BENCHMARK
from anonymization.workflows.sdr_draft_to_pattern_bank import SDR_DRAFT_TO_PATTERN_BANK
from expectations.suites import WrittenVector


@dataclass(frozen=True)
class Other:
    """An embedder that a package could bring along."""

    vector: Sequence[float]
    name: str = "other"
    digest: str = "d" * 64

    def embed(self, texts: Sequence[str]) -> list[Sequence[float]]:
        """The same vector for every text."""
        return [self.vector for _ in texts]


class Point:
    """An entry point, as an installed package has one."""

    def __init__(self, loaded: object) -> None:
        self._loaded = loaded

    def load(self) -> object:
        """What it names."""
        return self._loaded


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[Point]:
    """The embedders that installed packages offer under the name that is set."""
    points: list[Point] = []

    class Points(list[Point]):
        names = frozenset({"other"})

    monkeypatch.setattr(embedders, "entry_points", lambda **_: Points(points))
    monkeypatch.setenv("CLASSLINE_EMBEDDER", "other")
    return points


def test_without_a_setting_features_are_hashed() -> None:
    """Nothing is downloaded, and the same text has the same vector everywhere."""
    assert embedder_in_force() is FEATURE_HASHING
    (first,), (again,) = FEATURE_HASHING.embed(["We help"]), FEATURE_HASHING.embed(["We help"])
    assert first == again
    assert len(first) == 384
    assert fsum(x * x for x in first) == pytest.approx(1.0)


def test_texts_that_share_words_lie_closer() -> None:
    """That is all that hashing promises."""
    near, far, asked = FEATURE_HASHING.embed(
        ["emails that ask for a meeting", "quarterly coverage shrank", "asks for meetings by email"]
    )
    assert sum(a * b for a, b in zip(asked, near, strict=True)) > 0.2
    assert abs(sum(a * b for a, b in zip(asked, far, strict=True))) < 0.2


@pytest.mark.parametrize("text", ["", "!", "\u200b", "x" * 10_000])
def test_every_text_has_a_direction(text: str) -> None:
    """A vector of nothing but zeros is near to nothing, and is refused by the store."""
    (written,) = written_embeddings(FEATURE_HASHING, [text])
    vector = WrittenVector.parsed(written)
    assert vector is not None
    assert any(vector.numbers)


def test_another_embedder_needs_another_approval(installed: list[Point]) -> None:
    """What determines a release is in the digest a steward approves; tables have no embedder."""
    installed.append(Point(Other([1.0] * 384)))
    texts, tables = source_digest(SDR_DRAFT_TO_PATTERN_BANK), source_digest(PIPELINE_BENCHMARK)
    installed[0] = Point(Other([1.0] * 384, digest="e" * 64))
    assert source_digest(SDR_DRAFT_TO_PATTERN_BANK) != texts
    assert source_digest(PIPELINE_BENCHMARK) == tables


def test_an_unknown_embedder_is_refused_by_name(installed: list[Point]) -> None:
    """A misspelled setting must not fall back to another model."""
    assert installed == []
    with pytest.raises(EmbedderRefused, match="take one of feature-hashing, other"):
        embedder_in_force()


def test_two_packages_of_one_name_are_refused(installed: list[Point]) -> None:
    """Which of them made a vector could not be told."""
    installed += [Point(Other([1.0] * 384)), Point(Other([1.0] * 384))]
    with pytest.raises(EmbedderRefused, match="2 installed packages"):
        embedder_in_force()


@pytest.mark.parametrize("loaded", [object(), Other([1.0] * 384, digest="")])
def test_what_is_no_embedder_is_refused(installed: list[Point], loaded: object) -> None:
    """Without a digest nobody could approve it."""
    installed.append(Point(loaded))
    with pytest.raises(EmbedderRefused, match="correct the package"):
        embedder_in_force()


@pytest.mark.parametrize(
    "vector", [[1.0] * 383, [0.0] * 384, [float("nan")] * 384, [float("inf")] * 384]
)
def test_a_vector_that_is_none_is_refused(vector: list[float]) -> None:
    """Before it stands in any candidate."""
    with pytest.raises(EmbedderRefused, match="vector of 384"):
        written_embeddings(Other(vector), ["a text"])


@pytest.mark.parametrize("text", ["", "[1", "[1,true]", '["1"]', "[NaN]", "{}", None, 1, [0.5]])
def test_what_writes_out_no_vector_is_none(text: object) -> None:
    """A candidate's vector is text that is a list of finite numbers."""
    assert WrittenVector.parsed(text) is None


def test_a_vector_shows_no_number() -> None:
    """Its digits are no text to search for phones, nor to find in a log."""
    assert (
        str(WrittenVector.parsed("[0.25,1]")) == repr(WrittenVector.parsed("[0.5]")) == "a vector"
    )
