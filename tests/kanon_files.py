"""Builders of small files for `classline kanon`: a table of deals, hierarchies of its columns."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

HEADER = ("town", "age", "tenant", "fund", "stage", "value")
TOWNS = {"Ulm": "South", "Aalen": "South", "Bonn": "West", "Köln": "West"}
STAGES = ("won", "lost", "open")


def a_file(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], mark: str) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=mark)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def a_table_of_deals(path: Path, *, rows: int = 400, tenants: int = 12, mark: str = ";") -> Path:
    """Deals of tenants in three funds; every tenant in every town and age."""
    drawn = random.Random(7)
    deals = []
    for number in range(rows):
        tenant = number % tenants
        town = drawn.choice(list(TOWNS))
        deals.append(
            (
                town,
                20 + drawn.randrange(4),
                f"t{tenant}",
                f"f{tenant % 3}",
                STAGES[number % 3],
                drawn.randrange(100, 1000),
            )
        )
    return a_file(path, HEADER, deals, mark)


def hierarchies_of_deals(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "deals_hierarchy_town.csv").write_text(
        "".join(f"{town};{region};*\n" for town, region in TOWNS.items()), encoding="utf-8"
    )
    (folder / "deals_hierarchy_age.csv").write_text(
        "".join(f"{age};{'20-21' if age < 22 else '22-23'};*\n" for age in range(20, 24))
    )
    (folder / "deals_hierarchy_stage.csv").write_text(
        "won;closed;*\nlost;closed;*\nopen;going on;*\n"
    )
    return folder
