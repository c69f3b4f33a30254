"""Joins a release's measures back to its source: exactly, and by rounding the source alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from anonymization.engines.measures import Quantile
from anonymization.rounding import rounded
from tests.anonymization.attacks import worlds
from tests.anonymization.attacks.released_files import Line, Row, released, rows_of

K = 5
_QUARTILES = ("p25_value", "p50_value", "p75_value")
_TWO_DIGITS = Quantile("value", "value", significant_digits=2)


@pytest.fixture(params=["deals", pytest.param("Adult", marks=pytest.mark.integration)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path, str]:
    if request.param == "Adult":
        source = worlds.adult_with_tenants(tmp_path / "source.csv")
        return request.param, source, worlds.ADULT_QI
    return request.param, worlds.a_file_of_deals(tmp_path / "source.csv"), worlds.DEALS_QI


def published(lines: Iterable[Line], columns: Iterable[str]) -> list[tuple[Line, Decimal]]:
    named = list(columns)
    return [(line, line.seen[c]) for line in lines for c in named if line.seen[c] is not None]


def exactly_joined(lines: Iterable[Line]) -> int:
    """Published numbers that are the value of a row of their cell, or one tenant's sum of it."""
    return sum(
        value in {Decimal(row["value"]) for row in line.rows}
        or value in {Decimal(held) for held in line.amounts().values()}
        for line, value in published(lines, ("sum_value", *_QUARTILES))
    )


def jointly_matched(lines: Iterable[Line], rows: Iterable[Row], *, digits: bool) -> list[int]:
    """For each published quartile: how many tenants of the file have a value that looks like it."""
    tenants: dict[Decimal | int | None, set[str]] = defaultdict(set)
    for row in rows:
        value = Fraction(row["value"])
        tenants[rounded(_TWO_DIGITS, value) if digits else int(value)].add(row["tenant"])
    return [len(tenants[value]) for _, value in published(lines, _QUARTILES)]


def without_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the rounding away: measures leave as they were found."""
    module = "anonymization.engines.released_cells"
    monkeypatch.setattr(f"{module}.rounded", lambda _, value: Decimal(value.numerator))
    monkeypatch.setattr(
        f"{module}.rounded_units", lambda _, units, scale: Decimal(units).scaleb(-scale)
    )
    monkeypatch.setattr(f"{module}._released_type", lambda *_: None)


def test_no_measure_joins_to_its_source(
    world: tuple[str, Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rounded number is nobody's; without rounding every quartile is some row's own value."""
    name, source, qi = world
    asked = {"qi": qi, "tenant": "tenant", "measure": "value", "k": K}
    guarded = released(source, out=tmp_path / "cells.csv", **asked)
    without_rounding(monkeypatch)
    open_ = released(source, out=tmp_path / "open.parquet", **asked)
    counts = exactly_joined(guarded), exactly_joined(open_)
    of = len(published(guarded, ("sum_value", *_QUARTILES)))
    print(f"{name}, exact join: {counts[0]} of {of} numbers with rounding, {counts[1]} without")
    assert counts[0] == 0
    assert counts[1] >= len(published(open_, _QUARTILES)) > 100

    rows = rows_of(source)
    alike = jointly_matched(guarded, rows, digits=True)
    exact = jointly_matched(open_, rows, digits=False)
    alone = alike.count(1), exact.count(1)
    guessed = sum(1 / n for n in alike) / len(alike)
    print(
        f"{name}, rounded join: {alone[0]} of {len(alike)} quartiles fit one tenant of the file, "
        f"{alone[1]} of {len(exact)} without rounding; a guess among those that fit is right in "
        f"{guessed:.1%}"
    )
    # Where a file has few rows, two digits can be somebody's alone: docs/kanon.md says so.
    assert alone[0] <= 0.005 * len(alike)
    assert guessed <= 1 / K
    assert alone[1] > 0.9 * len(exact)
