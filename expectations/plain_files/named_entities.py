"""Asks a language model for names in a sample of texts: advice, which no check counts.

The extra `classline[ner]` brings Presidio; the model is the user's own, since none comes with it.
"""

from __future__ import annotations

import importlib.util
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from expectations.errors import CouldNotCheck

__all__ = ["NamesSeen", "names_seen"]

_SAMPLE = 200
_LONGEST = 5_000
_ENTITIES = ("PERSON", "LOCATION", "NRP", "ORGANIZATION")


@dataclass(frozen=True, slots=True)
class NamesSeen:
    """How many texts were sampled, and in how many of them each kind of name was seen."""

    sampled: int
    texts_by_kind: Mapping[str, int]


def names_seen(texts: Sequence[str], model: str, *, seed: int = 0) -> NamesSeen:
    """What that spaCy model, a package or a folder, sees in at most 200 of the texts.

    Nothing is fetched: a model that is not there is refused.
    """
    if importlib.util.find_spec("presidio_analyzer") is None:
        message = "names: Presidio is not installed: could not look; pip install 'classline[ner]'"
        raise CouldNotCheck(message)
    if not Path(model).is_dir() and importlib.util.find_spec(model) is None:
        message = (
            "names: no spaCy model of that name is installed and no folder has it: could not look; "
            "install one, or name its folder"
        )
        raise CouldNotCheck(message)
    # Imported here: an extra, and seconds of CPU.
    from presidio_analyzer.nlp_engine import SpacyNlpEngine  # noqa: PLC0415
    from presidio_analyzer.predefined_recognizers import SpacyRecognizer  # noqa: PLC0415

    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": model}])
    engine.load()
    recognizer = SpacyRecognizer(supported_entities=list(_ENTITIES))
    chance = random.Random(seed)  # noqa: S311 - a sample, not a secret
    sample = chance.sample(list(texts), min(_SAMPLE, len(texts)))
    seen: Counter[str] = Counter()
    for text in sample:
        artifacts = engine.process_text(text[:_LONGEST], "en")
        found = recognizer.analyze(text[:_LONGEST], list(_ENTITIES), artifacts)
        seen.update({each.entity_type for each in found})
    return NamesSeen(len(sample), dict(sorted(seen.items())))
