"""Turns what a promotion's steps report into Dagster metadata and back: counts, never values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar
from uuid import UUID

from dagster import JsonMetadataValue, MetadataValue

from anonymization.outcomes import Candidate, Publication
from lineage.promotions import PromotionState

__all__ = [
    "candidate_figures",
    "candidate_from",
    "publication_figures",
    "publication_from",
]

_Value = TypeVar("_Value", str, int, bool)


def candidate_figures(candidate: Candidate) -> Mapping[str, MetadataValue]:
    """A candidate's counts and digest, as its materialization shows them."""
    return {
        "promotion_id": MetadataValue.text(str(candidate.promotion_id)),
        "state": MetadataValue.text(str(candidate.state)),
        "rows_in": MetadataValue.int(candidate.rows_in),
        "cells_in": MetadataValue.int(candidate.cells_in),
        "cells_kept": MetadataValue.int(candidate.cells_kept),
        "dagster/row_count": MetadataValue.int(candidate.cells_kept),
        "suppressed": MetadataValue.json(dict(candidate.suppressed)),
        "texts_dropped": MetadataValue.json(dict(candidate.texts_dropped)),
        "candidate_digest": MetadataValue.text(candidate.candidate_digest),
        "k": MetadataValue.int(candidate.k_tenants),
        "already_recorded": MetadataValue.bool(candidate.already_recorded),
    }


def candidate_from(metadata: Mapping[str, MetadataValue]) -> Candidate:
    """The candidate that a materialization's metadata tells of."""
    return Candidate(
        promotion_id=UUID(_read(metadata, "promotion_id", str)),
        state=PromotionState(_read(metadata, "state", str)),
        rows_in=_read(metadata, "rows_in", int),
        cells_in=_read(metadata, "cells_in", int),
        cells_kept=_read(metadata, "cells_kept", int),
        suppressed=_counts(metadata, "suppressed"),
        candidate_digest=_read(metadata, "candidate_digest", str),
        k_tenants=_read(metadata, "k", int),
        already_recorded=_read(metadata, "already_recorded", bool),
        texts_dropped=_counts(metadata, "texts_dropped"),
    )


def publication_figures(publication: Publication, k_tenants: int) -> Mapping[str, MetadataValue]:
    """How a promotion ended, as the released asset shows it."""
    return {
        "promotion_id": MetadataValue.text(str(publication.promotion_id)),
        "state": MetadataValue.text(str(publication.state)),
        "reason": MetadataValue.text(publication.reason),
        "rows_published": MetadataValue.int(publication.rows_published),
        "dagster/row_count": MetadataValue.int(publication.rows_published),
        "cells_held": MetadataValue.int(publication.cells_held),
        "cells_superseding": MetadataValue.int(publication.cells_superseding),
        "held": MetadataValue.json(dict(publication.held)),
        "approved_by": MetadataValue.text(publication.approved_by or ""),
        "k": MetadataValue.int(k_tenants),
        "already_recorded": MetadataValue.bool(publication.already_recorded),
    }


def publication_from(metadata: Mapping[str, MetadataValue]) -> Publication:
    """The publication that an event's metadata tells of."""
    return Publication(
        promotion_id=UUID(_read(metadata, "promotion_id", str)),
        state=PromotionState(_read(metadata, "state", str)),
        reason=_read(metadata, "reason", str),
        rows_published=_read(metadata, "rows_published", int),
        cells_held=_read(metadata, "cells_held", int),
        cells_superseding=_read(metadata, "cells_superseding", int),
        held=_counts(metadata, "held"),
        approved_by=_read(metadata, "approved_by", str) or None,
        already_recorded=_read(metadata, "already_recorded", bool),
    )


def _counts(metadata: Mapping[str, MetadataValue], name: str) -> dict[str, int]:
    held = metadata[name]
    counts = held.value if isinstance(held, JsonMetadataValue) else None
    return {str(k): int(v) for k, v in counts.items()} if isinstance(counts, dict) else {}


def _read(metadata: Mapping[str, MetadataValue], name: str, kind: type[_Value]) -> _Value:
    value = metadata[name].value
    if not isinstance(value, kind):
        message = f"metadata {name} holds a {type(value).__name__}, {kind.__name__} was expected"
        raise TypeError(message)
    return value
