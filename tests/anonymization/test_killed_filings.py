"""A process killed between any two statements of a filing leaves nothing of it, or all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from catalog.data_classes import DataClass
from stores.platform import Platform
from tests.anonymization.filings import Filing, a_filing, counted, rows_of
from tests.anonymization.killed_filings import CELLS

pytestmark = pytest.mark.integration

_ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def filing(platform: Platform) -> Filing:
    """One installation, in which one candidate is filed again and again."""
    return a_filing(platform)


def require_nobody_files(filing: Filing) -> None:
    """Wait until the server has noticed that whoever filed is gone: its lock is free then."""
    with filing.platform.admin_engine().begin() as connection:
        connection.execute(
            text(
                "SELECT pg_advisory_xact_lock(hashtextextended('candidates ' || workflow, 0))"
                " FROM control.workflow_registrations"
            )
        )


def test_a_filing_that_is_killed_leaves_nothing_or_all(filing: Filing) -> None:
    """Each kill comes a statement later; the last one finds it committed, and so does the next."""
    nothing = rows_of(filing.platform)
    program = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.anonymization.killed_filings",
            str(filing.platform.home.root),
            filing.digest,
            str(filing.run),
            *filing.tenants,
        ],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdin
    assert program.stdout
    killed = 0
    status = -9
    while status == -9:
        assert rows_of(filing.platform) == nothing
        killed += 1
        program.stdin.write(f"again {killed}\n")
        program.stdin.flush()
        status = int(program.stdout.readline())
        require_nobody_files(filing)
    program.stdin.close()
    assert program.wait(60) == 0
    program.stdout.close()
    assert status == 0
    # The claim, the beginning, four parts, the end and the commit, at least.
    assert killed > 8
    with filing.session() as session:
        promotion, already = session.file_candidate(
            DataClass.TENANT_PRIVATE, filing.header("again"), filing.cells(*CELLS), counted
        )
        record = session.promotion_ascend_platform_metric(promotion)
    assert already
    assert record["cells_kept"] == len(CELLS)
    with filing.session() as session:
        other, _ = session.file_candidate(
            DataClass.TENANT_PRIVATE, filing.header("undisturbed"), filing.cells(*CELLS), counted
        )
        undisturbed = session.promotion_ascend_platform_metric(other)
    assert undisturbed["candidate_digest"] == record["candidate_digest"]
