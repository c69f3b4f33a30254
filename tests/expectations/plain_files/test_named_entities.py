"""Names are advice from the user's own model; without one, it is said that nobody looked."""

from __future__ import annotations

from pathlib import Path

import pytest

from expectations.errors import CouldNotCheck
from expectations.plain_files.named_entities import names_seen


def a_model(folder: Path) -> Path:
    """A small spaCy pipeline that knows one name, as a user's own model would be installed."""
    import spacy

    pipeline = spacy.blank("en")
    pipeline.add_pipe("entity_ruler").add_patterns([{"label": "PERSON", "pattern": "Jane Doering"}])
    pipeline.to_disk(folder)
    return folder


def test_texts_with_names_are_counted(tmp_path: Path) -> None:
    """In how many of the sampled texts, not which and not who."""
    pytest.importorskip("presidio_analyzer", reason="the extra classline[ner] is not installed")
    texts = ["we met Jane Doering", "nobody here"] * 150
    seen = names_seen(texts, str(a_model(tmp_path / "model")))
    assert seen.sampled == 200
    assert 60 < seen.texts_by_kind["PERSON"] < 140


def test_a_model_that_is_not_there_is_refused_and_not_fetched() -> None:
    """No names from a model that never ran would be believed."""
    with pytest.raises(CouldNotCheck, match="could not look"):
        names_seen(["we met Jane Doering"], "no_such_model_anywhere")
