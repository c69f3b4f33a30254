"""Scans each text of a file of JSON lines with datafog-core, and prints the seconds it took."""

import json
import sys
import time

import datafog_core

with open(sys.argv[1], encoding="utf-8") as lines:  # noqa: PTH123
    texts = [json.loads(line) for line in lines]
datafog_core.scan("warm jane@acme.com")
print(json.dumps({"step": "loaded"}), flush=True)
started = time.process_time()
found = sum(len(datafog_core.scan(text)) for text in texts)
print(json.dumps({"step": "scan", "seconds": time.process_time() - started, "found": found}))
