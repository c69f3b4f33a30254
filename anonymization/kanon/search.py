"""Searches the lattice of a file's hierarchies, and says what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from anonymization.generalization.hierarchies import Hierarchy
from anonymization.generalization.lattice import SearchResult
from anonymization.generalization.lattice import search as search_lattice
from anonymization.generalization.metrics import Metric
from anonymization.kanon.errors import MeaninglessRequest
from anonymization.kanon.reading import Subject, all_hierarchies

__all__ = ["Aim", "aim_of", "search", "search_fields", "search_with"]


@dataclass(frozen=True, slots=True)
class Aim:
    """What a search makes smallest, with which share of rows left out, in how long."""

    metric: Metric
    suppression: Fraction
    seconds: float | None = None


def aim_of(metric: str, suppression: str, seconds: float | None) -> Aim:
    """The aim of these flags."""
    try:
        share = Fraction(suppression)
    except (ValueError, ZeroDivisionError):
        share = Fraction(-1)
    if not 0 <= share <= 1:
        raise MeaninglessRequest(["--suppression is a share of rows from 0 to 1"])
    return Aim(Metric(metric), share, seconds)


def search(
    subject: Subject, directory: Path, aim: Aim
) -> tuple[SearchResult, tuple[Hierarchy, ...]]:
    """The best safe node of the hierarchies in a folder, and these."""
    hierarchies = all_hierarchies(subject.combinations, directory)
    return search_with(subject, hierarchies, aim), hierarchies


def search_with(subject: Subject, hierarchies: Sequence[Hierarchy], aim: Aim) -> SearchResult:
    """The best safe node of these hierarchies."""
    return search_lattice(
        subject.combinations,
        hierarchies,
        tuple(subject.models.values()),
        suppression=aim.suppression,
        metric=aim.metric,
        seconds=aim.seconds,
    )


def search_fields(
    subject: Subject, hierarchies: Sequence[Hierarchy], result: SearchResult
) -> dict[str, object]:
    """What was found, as one JSON document; ``node`` in the order of the quasi-identifiers."""
    return {
        "node": list(result.node),
        "loss": result.loss,
        "suppressed_rows": result.suppressed_rows,
        "checks": result.checks,
        "proven_optimal": result.proven_optimal,
        "metric": result.metric.value,
        "quasi_identifiers": list(subject.combinations.columns),
        "levels": [hierarchy.levels for hierarchy in hierarchies],
        "lattice_size": result.lattice_size,
        "rows": result.total_rows,
        "cells": len(result.labels[0]),
        "models": sorted(subject.models),
        "never_hidden": [each.column for each in hierarchies if not each.ends_in_one_label],
    }
