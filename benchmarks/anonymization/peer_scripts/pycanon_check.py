"""pycanon's k, l and t of a Parquet file: FILE QI,QI,... SENSITIVE; runs in pycanon's environment.

One line of JSON when the data is loaded and one after each model.
"""

from __future__ import annotations

import json
import sys
import time

import pandas as pd
from pycanon import anonymity

file, quasi_identifiers, sensitive = sys.argv[1], sys.argv[2].split(","), sys.argv[3]
rows = pd.read_parquet(file, columns=[*quasi_identifiers, sensitive])
print(json.dumps({"step": "loaded"}), flush=True)
for model, arguments in (
    (anonymity.k_anonymity, (rows, quasi_identifiers)),
    (anonymity.l_diversity, (rows, quasi_identifiers, [sensitive])),
    (anonymity.t_closeness, (rows, quasi_identifiers, [sensitive])),
):
    started = time.perf_counter()
    value = float(model(*arguments))
    seconds = time.perf_counter() - started
    print(json.dumps({"step": model.__name__, "seconds": seconds, "value": value}), flush=True)
