"""anonypy's Mondrian of a Parquet file: FILE QI,QI,... NUMERIC TENANT K L CELLS.

L distinct tenants by its l-diversity, the tenant taken for its sensitive value; 0 for K rows alone.
Runs in anonypy's environment; one line of JSON when the data is loaded and one for each step. The
cell of each row is written to CELLS.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pandas as pd
from anonypy import anonypy, mondrian

file, quasi_identifiers, numeric, tenant = sys.argv[1], sys.argv[2].split(","), *sys.argv[3:5]
k, tenants, cells = int(sys.argv[5]), int(sys.argv[6]), sys.argv[7]
rows = pd.read_parquet(file, columns=[*quasi_identifiers, tenant])
for name in rows.columns:
    if name not in numeric.split(","):
        rows[name] = rows[name].astype("category")
print(json.dumps({"step": "loaded"}), flush=True)

started = time.perf_counter()
parts = mondrian.Mondrian(rows, quasi_identifiers, tenant).partition(k, tenants)
seconds = time.perf_counter() - started
print(json.dumps({"step": "partition", "seconds": seconds, "cells": len(parts)}), flush=True)

started = time.perf_counter()
anonypy.anonymize(rows, parts, quasi_identifiers, tenant)
seconds = time.perf_counter() - started
print(json.dumps({"step": "label", "seconds": seconds}), flush=True)

cell_of = np.empty(len(rows), dtype=np.int64)
for number, part in enumerate(parts):
    cell_of[part] = number
np.save(cells, cell_of)
