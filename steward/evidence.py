"""What was counted of a workflow's newest candidate, as it is on record: counts, never a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from anonymization.cell_attacks import HELD
from anonymization.text.planted_identifiers import DISGUISES
from anonymization.text.red_team import IN_PART, LEFT, PLANTED, WHOLE
from expectations.suites import CheckName
from expectations.text_scan import FOUND, KINDS_SOUGHT, TEXTS
from stores.sessions import PlatformSession, Row

__all__ = ["Attacked", "Evidence", "Searched", "evidence_of"]

_SEARCHES = (CheckName.NO_PII_SHAPED_VALUE, CheckName.NO_KNOWN_IDENTIFIERS)
_STRIPPED = CheckName.TEXTS_STRIPPED


@dataclass(frozen=True, slots=True)
class Searched:
    """What one search for personal data found, by kind; ``kinds`` is None where none were told."""

    check: str
    phase: str
    texts: int
    kinds: int | None
    found: Mapping[str, int]
    unanswered: int


@dataclass(frozen=True, slots=True)
class Attacked:
    """How many of the identifiers that were planted in one disguise came through.

    ``left`` by stripping alone; ``whole`` and ``in_part`` as far as a pattern.
    """

    disguise: str
    planted: int
    left: int
    whole: int
    in_part: int
    must_hold: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was counted of the newest candidate.

    ``cells`` are the database's own counts of who stands behind the cells: ``tenants`` maps
    distinct tenants to cells, ``largest_share`` is the largest part one tenant has of any cell.
    ``stripped`` is what was taken out of the source texts, None where none are read; ``searched``,
    ``attacked`` and ``cell_attacks`` are of the newest result of each check.
    """

    promotion: Row
    suppressed_share: float
    cells: Mapping[str, Any]
    checks: tuple[Row, ...]
    stripped: Searched | None
    searched: tuple[Searched, ...]
    attacked: tuple[Attacked, ...]
    cell_attacks: Mapping[str, int]

    @property
    def would_be_held(self) -> Mapping[str, int]:
        """Cells that the release guard would hold, by rule, when they were attacked."""
        return {
            name.removeprefix(HELD): cells
            for name, cells in sorted(self.cell_attacks.items())
            if name.startswith(HELD)
        }


def evidence_of(session: PlatformSession, workflow: str, digest: str) -> Evidence | None:
    """The evidence on that version's newest candidate; None where it never ran."""
    promotions = session.records_ascend_platform_metric(
        "promotions", "workflow = :workflow AND source_digest = :digest",
        workflow=workflow, digest=digest,
    )  # fmt: skip
    if not promotions:
        return None
    newest = max(promotions, key=lambda row: row["created_at"])
    results = sorted(
        session.records_ascend_platform_metric(
            "check_results", "promotion_id = :p", p=newest["promotion_id"]
        ),
        key=lambda row: row["result_id"],
    )
    by_phase = {(row["check_name"], row["phase"]): row for row in results}
    latest = {row["check_name"]: row for row in results}
    return Evidence(
        promotion=newest,
        suppressed_share=sum(newest["suppressed"].values()) / max(int(newest["cells_in"]), 1),
        cells=session.cell_figures_ascend_platform_metric(newest["promotion_id"]),
        checks=tuple(by_phase.values()),
        stripped=_searched(latest[_STRIPPED]) if _STRIPPED in latest else None,
        searched=tuple(_searched(latest[name]) for name in _SEARCHES if name in latest),
        attacked=_attacked(latest.get(CheckName.RED_TEAM)),
        cell_attacks=dict(latest.get(CheckName.RED_TEAM_CELLS, {}).get("observed", {})),
    )


def _searched(result: Row) -> Searched:
    observed: Mapping[str, Any] = result["observed"]
    return Searched(
        check=result["check_name"],
        phase=result["phase"],
        texts=observed.get(TEXTS, observed.get("rows", 0)),
        kinds=observed.get(KINDS_SOUGHT),
        found={
            name.removeprefix(FOUND): int(rows)
            for name, rows in observed.items()
            if name.startswith(FOUND)
        },
        unanswered=observed.get("could_not_check", 0),
    )


def _attacked(result: Row | None) -> tuple[Attacked, ...]:
    observed: Mapping[str, Any] = result["observed"] if result else {}
    names: Sequence[str] = [n.removeprefix(WHOLE) for n in observed if n.startswith(WHOLE)]
    # JSON keeps no order: disguises stand as they are declared, those since gone at the end.
    order = {name: place for place, name in enumerate(DISGUISES)}
    return tuple(
        Attacked(
            disguise=name,
            planted=int(observed.get(PLANTED, 0)),
            left=int(observed.get(f"{LEFT}{name}", 0)),
            whole=int(observed[f"{WHOLE}{name}"]),
            in_part=int(observed.get(f"{IN_PART}{name}", 0)),
            must_hold=name in DISGUISES and DISGUISES[name].must_hold,
        )
        for name in sorted(names, key=lambda name: (order.get(name, len(order)), name))
    )
