"""Starts the embedded DataHub from the command line."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from catalog.embedded_datahub.errors import StartRefused
from catalog.embedded_datahub.guard import read_token
from catalog.embedded_datahub.server import serve

__all__ = ["main"]


def main() -> int:
    """Serve until told to stop; 2 if the server may not start."""
    parser = argparse.ArgumentParser(prog="python -m catalog.embedded_datahub")
    parser.add_argument("--database", type=Path, required=True, help="SQLite file of the catalog")
    parser.add_argument("--token-file", type=Path, required=True, help="0600 file of the token")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--port-file", type=Path, help="written once the server listens")
    asked = parser.parse_args()
    try:
        serve(asked.database, read_token(asked.token_file), asked.port, asked.port_file)
    except (StartRefused, OSError) as refusal:
        sys.stderr.write(f"embedded DataHub: {refusal}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
