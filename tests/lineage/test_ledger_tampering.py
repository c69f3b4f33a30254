"""Whatever a superuser does to the ledger or to its rows, one checkpoint outside finds it."""

from __future__ import annotations

import pytest

from lineage.ledger import verify_installation
from lineage.ledger_places import local_place
from lineage.ledger_sealing import seal
from stores.platform import Platform
from tests.lineage.ledger_attacks import ATTACKS, Attack, attacked, record_something, verified

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def held(platform: Platform) -> list[str]:
    """A checkpoint of before the attacks, taken outside."""
    record_something(platform)
    seal(platform)
    return local_place(platform.home).notes()[-1:]


def test_an_untouched_ledger_is_whole(platform: Platform, held: list[str]) -> None:
    """The positive control: what finds something everywhere would find every attack."""
    report = verify_installation(platform, held)
    assert (report.findings, report.unprotected, report.signed_only) == ((), 0, 0)
    assert report.covered == report.leaves > 80


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_is_found(platform: Platform, held: list[str], attack: Attack) -> None:
    """Named by what was done, and not by accident of something else."""
    with attacked(platform, attack.do) as ledger:
        report = verified(platform, ledger, held)
    assert {str(finding.kind) for finding in report.findings} >= attack.found
    assert report.findings
