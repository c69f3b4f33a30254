"""The tables that are attacked: generated deals, and the real Adult data with tenants added."""

from __future__ import annotations

import csv
from pathlib import Path
from random import Random

import pytest

from tests.anonymization.attacks.released_files import Row, a_hierarchy, a_source
from tests.conftest import SHARED_DATA

ADULT_QI = "sex,age,marital-status,education"
DEALS_QI = "town,size,sector"
_TOWNS = [f"town {n:02}" for n in range(24)]
_SECTORS = [f"sector {n}" for n in range(8)]
_TENANTS = [f"t{n:03}" for n in range(60)]


def a_file_of_deals(path: Path, *, rows: int = 4_000, spread: float = 1.2) -> Path:
    """Deals of sixty Zipf tenants, each mostly in a town of its own.

    Amounts differ the more, the larger ``spread``.
    """
    draw = Random(21)
    deals: list[Row] = []
    zipf = [1 / (n + 1) for n in range(len(_TENANTS))]
    for _ in range(rows):
        (tenant,) = draw.choices(_TENANTS, zipf)
        number = _TENANTS.index(tenant)
        town = _TOWNS[number % 24] if draw.random() < 0.5 else draw.choice(_TOWNS)
        stage = "won" if town in _TOWNS[:4] else draw.choice(["won", "lost", "open"])
        deals.append(
            {
                "town": town,
                "size": str(draw.randrange(1, 40)),
                "sector": draw.choice(_SECTORS),
                "tenant": tenant,
                "fund": f"f{number % 7}",
                "stage": stage,
                "value": _an_amount(draw, spread),
            }
        )
    return a_source(path, deals)


def hierarchies_of_deals(folder: Path) -> Path:
    """Two levels above each column."""
    towns = [(town, f"region {n % 4}", "*") for n, town in enumerate(_TOWNS)]
    sizes = [(str(n), f"{n // 10 * 10}s", "*") for n in range(1, 40)]
    sectors = [(sector, f"group {n % 2}", "*") for n, sector in enumerate(_SECTORS)]
    a_hierarchy(folder, "town", towns)
    a_hierarchy(folder, "size", sizes)
    return a_hierarchy(folder, "sector", sectors)


def adult_folder() -> Path:
    """Where the Adult data and its hierarchies are."""
    folder = SHARED_DATA / "adult"
    if not folder.is_dir():
        pytest.skip(f"the Adult data is not on this machine ({folder})")
    return folder


def adult_with_tenants(path: Path, *, spread: float = 1.2) -> Path:
    """Adult's rows, 200 Zipf tenants whose order of size depends on education, and amounts."""
    draw = Random(22)
    zipf = [1 / (n + 1) for n in range(200)]
    names: dict[str, list[str]] = {}
    rows: list[Row] = []
    with (adult_folder() / "adult.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter=";"):
            ranked = names.setdefault(
                row["education"], draw.sample([f"t{n:03}" for n in range(200)], 200)
            )
            (tenant,) = draw.choices(ranked, zipf)
            fund = f"f{int(tenant[1:]) % 20}"
            rows.append({**row, "tenant": tenant, "fund": fund, "value": _an_amount(draw, spread)})
    return a_source(path, rows)


def _an_amount(draw: Random, spread: float) -> str:
    """Six digits or so, none of them a round number."""
    return str(10 * int(draw.lognormvariate(11, spread)) + draw.randrange(1, 10))
