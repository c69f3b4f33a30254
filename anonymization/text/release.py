"""Declares the text of a workflow: what is read of it, and how a pattern is put into words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from anonymization.text.features import Feature

__all__ = ["PREPARED_TEXTS", "TEXT_COLUMNS", "TextRelease"]

PREPARED_TEXTS = (
    "jsonb_to_recordset(CAST(:prepared AS jsonb)) "
    "AS t (tenant_id text, source_row text, structure text, theme text, templates jsonb)"
)
"""What was made of the texts, for a workflow's ``rows`` to join: nothing else is known of them."""

TEXT_COLUMNS = ("item_id", "content", "embedding")
"""The columns of a pattern that are written from its cell."""


@dataclass(frozen=True, slots=True)
class TextRelease:
    """The text of a workflow.

    ``reads`` is a SELECT over the sources that yields ``tenant_id``, ``source_row`` and ``texts``,
    an array; it binds ``:closed_before``. ``described`` puts a released cell's dimensions into
    words of ours. ``sharers`` says who shares a sentence, in the plural.
    """

    reads: str
    from_columns: tuple[str, ...]
    features: tuple[Feature, ...]
    described: Callable[[Mapping[str, object]], str]
    sharers: str
    themes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
