"""anjana's k-anonymity of a Parquet file: FILE QI,QI,... HIERARCHIES K SUPPRESSED_PERCENT.

Runs in anjana's environment; one line of JSON when the data is loaded and one for the search.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pandas as pd
from anjana.anonymity import k_anonymity
from anjana.anonymity.utils import utils

file, quasi_identifiers = sys.argv[1], sys.argv[2].split(",")
folder, k, suppressed_percent = Path(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
rows = pd.read_parquet(file, columns=quasi_identifiers)
hierarchies = {}
for name in quasi_identifiers:
    levels = pd.read_csv(folder / f"adult_hierarchy_{name}.csv", sep=";", header=None)
    hierarchies[name] = {level: levels[level].to_numpy() for level in levels.columns}
print(json.dumps({"step": "loaded"}), flush=True)
started = time.perf_counter()
released = k_anonymity(rows, [], quasi_identifiers, k, suppressed_percent, hierarchies)
seconds = time.perf_counter() - started
found = {
    "step": "k_anonymity",
    "seconds": seconds,
    "node": utils.get_transformation(released, quasi_identifiers, hierarchies),
    "suppressed": len(rows) - len(released),
}
print(json.dumps(found), flush=True)
