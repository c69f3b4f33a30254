"""The real Adult data, drawn again until it is as long as a figure asks, with tenants and amounts.

Rows are drawn with replacement and their age moved by at most five years, so that combinations keep
growing with the rows. Tenants are Zipf-distributed; the same rows come out of every run.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

__all__ = ["CACHE", "OCCUPATION", "QUASI_IDENTIFIERS", "adult_folder", "adult_parquet"]

CACHE = Path(os.environ.get("CLASSLINE_HOME", ".classline")) / "bench"
QUASI_IDENTIFIERS = (
    "sex",
    "age",
    "race",
    "marital-status",
    "education",
    "native-country",
    "workclass",
    "salary-class",
)
OCCUPATION = "occupation"
TENANTS = 200
FUNDS = 20
ZIPF_EXPONENT = 1.1
AGES = (17, 90)
_JITTER = 5
_BATCH = 1_000_000
_SEED = 7
_MADE = "adult-v1"  # a change of the recipe takes a new name, so that no old file is measured


def adult_folder() -> Path | None:
    """Where the Adult file and its hierarchies are, on a machine that has them."""
    shared = Path(
        os.environ.get("CLASSLINE_SHARED_DATA")
        or Path(__file__).resolve().parents[3] / "shared" / "data"
    )
    folder = shared / "adult"
    return folder if (folder / "adult.csv").is_file() else None


def adult_parquet(rows: int) -> Path:
    """The file of that many rows, made once."""
    path = CACHE.resolve() / f"{_MADE}-{rows}.parquet"
    if path.exists():
        return path
    folder = adult_folder()
    if folder is None:
        raise FileNotFoundError("the Adult data is not on this machine (CLASSLINE_SHARED_DATA)")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    _write(folder / "adult.csv", partial, rows)
    partial.rename(path)
    return path


def _write(source: Path, target: Path, rows: int) -> None:
    table = csv.read_csv(source, parse_options=csv.ParseOptions(delimiter=";")).combine_chunks()
    age_at = table.schema.get_field_index("age")
    ages = table["age"].to_numpy()
    random = np.random.default_rng(_SEED)
    weights = 1 / np.arange(1, TENANTS + 1) ** ZIPF_EXPONENT
    weights /= weights.sum()
    tenants = pa.array([f"t{n:03}" for n in range(TENANTS)])
    funds = pa.array([f"f{n % FUNDS:02}" for n in range(TENANTS)])
    writer = None
    for done in range(0, rows, _BATCH):
        size = min(_BATCH, rows - done)
        drawn = random.integers(0, len(table), size)
        age = np.clip(ages[drawn] + random.integers(-_JITTER, _JITTER + 1, size), *AGES)
        tenant = pa.array(random.choice(TENANTS, size, p=weights))
        batch = table.take(pa.array(drawn))
        batch = batch.set_column(age_at, "age", pa.array(age.astype("int32")))
        batch = batch.append_column("tenant", tenants.take(tenant))
        batch = batch.append_column("fund", funds.take(tenant))
        amount = np.round(random.lognormal(7, 1, size)).astype("int64")
        batch = batch.append_column("amount", pa.array(amount))
        writer = writer or pq.ParquetWriter(target, batch.schema)
        writer.write_table(batch)
    if writer is not None:
        writer.close()
