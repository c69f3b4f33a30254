"""A process that files a candidate in many parts, killed with SIGKILL at its n-th statement.

Run as a program by `test_killed_filings`: it loads everything once and forks for each n.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine

from catalog.data_classes import DataClass
from stores import candidate_filing
from stores.platform import open_platform
from tests.anonymization.filings import Filing, counted

__all__ = ["CELLS"]

CELLS = range(1, 8)
"""What is filed, two cells a part."""


def killed_at(statement: int) -> None:
    """Die after the n-th statement of the anonymizer's, its commit counted as the last one."""
    seen = iter(range(1, 1_000_000))

    def done(connection: Connection, *_: object) -> None:
        login = str(connection.engine.url.username)
        if login.startswith("a_") and next(seen) == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "after_cursor_execute", done)
    event.listen(Engine, "commit", done)


def main(home: Path, digest: str, run: UUID, tenants: list[str]) -> None:
    """Read ``KEY N`` from standard input until it ends; answer each with the exit status."""
    candidate_filing._CELLS_AT_ONCE = 2
    for line in sys.stdin:
        key, statement = line.split()
        child = os.fork()
        if child == 0:
            killed_at(int(statement))
            with open_platform(home) as platform:
                filing = Filing(platform, digest, run, tenants)
                with filing.session() as session:
                    session.file_candidate(
                        DataClass.TENANT_PRIVATE,
                        filing.header(key),
                        filing.cells(*CELLS),
                        counted,
                    )
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], UUID(sys.argv[3]), sys.argv[4:])
