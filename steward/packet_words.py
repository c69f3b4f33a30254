"""A review packet in words: tables for a terminal, one document for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from expectations.suites import CheckName
from steward.evidence import Attacked, Evidence, Searched
from steward.packet import ReviewPacket

__all__ = ["packet_document", "packet_sections", "seen_by", "what_is_decided", "what_was_counted"]

_Section = tuple[str, tuple[str, ...], list[Sequence[object]]]


def what_is_decided(packet: ReviewPacket) -> dict[str, object]:
    """The declaration, the version and the last decision about it, by name."""
    shown = packet.declared
    decision = packet.decision
    return {
        "workflow": packet.workflow.name,
        "description": packet.workflow.description,
        "source digest": packet.reviewed.source_digest,
        "lock digest": packet.source.lock_digest,
        "source code": packet.workflow.module,
        "reads": ", ".join(shown["sources"]),
        "writes": shown["target"],
        "from class": shown["from_class"],
        "to class": shown["to_class"],
        "policy": shown["policy"],
        "family": shown["family"],
        "cells by": ", ".join(each["column"] for each in shown["dimensions"] or []),
        "columns": ", ".join(packet.workflow.column_lineage),
        "required checks": ", ".join(shown["required_checks"]),
        "requested by": packet.requested_by or "not run yet",
        "written by": packet.source.unknown or ", ".join(packet.source.authors) or "nobody since",
        "approved before": packet.source.approved_digest or "never",
        "decision": str(decision.decision) if decision else "none yet",
        "decided by": decision.steward_name if decision else None,
    }


def what_was_counted(evidence: Evidence) -> dict[str, object]:
    """Counts of the candidate, by name; no value of a row."""
    newest, cells = evidence.promotion, evidence.cells
    return {
        "promotion": newest["promotion_id"],
        "state": newest["state"],
        "rows in": newest["rows_in"],
        "cells kept": newest["cells_kept"],
        "cells suppressed": newest["suppressed"],
        "suppressed share": f"{evidence.suppressed_share:.1%} of {newest['cells_in']:,} cells",
        "fewest tenants in a cell": cells.get("least_tenants"),
        "fewest without any one fund": cells.get("least_without_a_fund"),
        "fewest funds in a cell": cells.get("least_funds"),
        "largest share of one tenant": cells.get("largest_share"),
        "narrowest p%": cells.get("least_p_percent"),
        "levels": {
            each["column"]: f"{each['level']} of 0 to {each['levels'] - 1}"
            for each in newest["partition"] or []
        },
        "cells held by the release guard": newest["held"],
        "candidate digest": newest["candidate_digest"],
        "taken out of the source texts": found_in_words(evidence.stripped)
        if evidence.stripped
        else "no text is read",
        "personal data found": {each.check: found_in_words(each) for each in evidence.searched}
        or "nothing was looked for yet",
        "red team": attacks_in_words(evidence.attacked),
        "attacks on cells": cell_attacks_in_words(evidence.cell_attacks),
        "cells the release guard would hold": evidence.would_be_held,
    }


def cell_attacks_in_words(counts: Mapping[str, int]) -> str:
    """What tenants, funds and earlier releases made of the cells, in one line."""
    if not counts:
        return "no result is stored: checks failed first, or an older version made the candidate"
    return (
        f"{counts['parts']:,} parts of {counts['cells']:,} cells: {counts['guessed']:,} guessed "
        f"within a tenth, {counts['singled_out']:,} with one tenant left; "
        f"{counts['differences']:,} differences to earlier releases: {counts['telling']:,} tell of "
        f"too few tenants, {counts['telling_released']:,} of those would be released"
    )


def seen_by(check: str, observed: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a check saw, as it is shown; of the red team's many counts those that are not zero."""
    if check not in {CheckName.RED_TEAM, CheckName.RED_TEAM_CELLS}:
        return observed
    return {name: seen for name, seen in sorted(observed.items()) if seen}


def found_in_words(searched: Searched) -> str:
    """What a search found, by kind and number of texts; finding nothing says among how much."""
    if searched.kinds is None:
        return "kinds were not told: run the workflow again"
    sought = f"{searched.kinds} {'kind' if searched.kinds == 1 else 'kinds'}"
    where = f"in {searched.texts:,} texts"
    unanswered = f"; {searched.unanswered} looks failed" if searched.unanswered else ""
    if not searched.found:
        return f"none of {sought} found {where}{unanswered}"
    found = ", ".join(f"{kind}: {rows:,}" for kind, rows in sorted(searched.found.items()))
    return f"{found} ({sought} sought {where}){unanswered}"


def attacks_in_words(attacked: Sequence[Attacked]) -> str:
    """How the red team fared, in one line."""
    if not attacked:
        return "no result is stored: it attacks workflows that release text"
    through = [
        f"{each.disguise} {each.left} left by stripping, {each.whole} whole, {each.in_part} in part"
        for each in attacked
        if each.whole or each.in_part or (each.must_hold and each.left)
    ]
    planted = f"{attacked[0].planted} planted in each of {len(attacked)} disguises"
    return f"{planted}; came through: {'; '.join(through) or 'none'}"


def packet_sections(packet: ReviewPacket) -> Iterator[_Section]:
    """Title, columns and rows of each part, in the order a steward reads them."""
    facts = ("what", "value")
    yield f"Review of {packet.workflow.name}", facts, list(what_is_decided(packet).items())
    since = (packet.source.approved_digest or "")[:12]
    yield (
        f"Source changed since {since or 'ever: nothing was approved yet'}",
        ("module", "added", "removed", "decides"),
        [(d.module, d.added, d.removed, d.decides) for d in packet.source.diffs],
    )
    if packet.evidence is None:
        return
    counted = what_was_counted(packet.evidence)
    yield "The newest candidate", facts, list(counted.items())
    yield (
        "Checks of the newest candidate",
        ("check", "phase", "passed", "observed"),
        [
            (c["check_name"], c["phase"], c["passed"], seen_by(c["check_name"], c["observed"]))
            for c in packet.evidence.checks
        ],
    )
    if packet.evidence.attacked:
        yield (
            "Red team: planted identifiers that came through",
            ("disguise", "planted", "left by stripping", "whole", "in part", "blocks"),
            [
                (each.disguise, each.planted, each.left, each.whole, each.in_part, each.must_hold)
                for each in packet.evidence.attacked
            ],
        )
    sizes: Mapping[str, int] = packet.evidence.cells.get("tenants") or {}
    yield (
        "Distinct tenants behind a cell",
        ("tenants", "cells"),
        [(int(size), sizes[size]) for size in sorted(sizes, key=int)],
    )
    if packet.sample.withheld:
        yield "Sample of candidate cells", ("withheld",), [(packet.sample.withheld,)]
    elif packet.sample.cells:
        names = tuple(packet.sample.cells[0])
        rows: list[Sequence[object]] = [
            tuple(cell.get(name) for name in names) for cell in packet.sample.cells
        ]
        yield "Sample of candidate cells", names, rows


def packet_document(packet: ReviewPacket) -> dict[str, Any]:
    """The packet as one JSON document; pictures are SVG texts."""
    evidence = packet.evidence
    return {
        **what_is_decided(packet),
        **(what_was_counted(evidence) if evidence else {}),
        "cells": dict(evidence.cells) if evidence else {},
        "checks": [dict(check) for check in evidence.checks] if evidence else [],
        "stripping": asdict(evidence.stripped) if evidence and evidence.stripped else None,
        "searches": [asdict(each) for each in evidence.searched] if evidence else [],
        "attacks": [asdict(each) for each in evidence.attacked] if evidence else [],
        "cell attacks": dict(evidence.cell_attacks) if evidence else {},
        "source": {
            "approved digest": packet.source.approved_digest,
            "approved lock digest": packet.source.approved_lock_digest,
            "authors": list(packet.source.authors),
            "unknown": packet.source.unknown,
            "changed": [
                {
                    "module": diff.module,
                    "added": diff.added,
                    "removed": diff.removed,
                    "decides": diff.decides,
                    "diff": list(diff.lines),
                }
                for diff in packet.source.diffs
            ],
        },
        "sample": [dict(cell) for cell in packet.sample.cells],
        "sample withheld": packet.sample.withheld,
        "pictures": dict(packet.pictures),
        "history": [
            {
                "approval": each.approval_id,
                "version": each.source_digest,
                "steward": each.steward_name,
                "decision": str(each.decision),
                "reason": each.reason,
                "decided at": each.decided_at,
                "expires at": each.expires_at,
            }
            for each in packet.history
        ],
    }
