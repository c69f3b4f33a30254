"""Scans each text of a file of JSON lines with DataFog's Python expressions; prints the seconds."""

import json
import sys
import time

from datafog.processing.text_processing.regex_annotator.regex_annotator import RegexAnnotator

with open(sys.argv[1], encoding="utf-8") as lines:  # noqa: PTH123
    texts = [json.loads(line) for line in lines]
annotator = RegexAnnotator()
annotator.annotate("warm jane@acme.com")
print(json.dumps({"step": "loaded"}), flush=True)
started = time.process_time()
found = sum(sum(map(len, annotator.annotate(text).values())) for text in texts)
print(json.dumps({"step": "scan", "seconds": time.process_time() - started, "found": found}))
