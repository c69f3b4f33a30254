"""Findings as SARIF 2.1.0, the format in which code hosts show the results of checks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import quote

from expectations.audit.findings import Finding, Rule

__all__ = ["sarif_log"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_FINGERPRINT = "classlineFinding/v1"


def sarif_log(tool: str, rules: Iterable[Rule], findings: Sequence[Finding]) -> dict[str, object]:
    """One run of that tool; every rule is described, every finding keeps its stable id."""
    described = sorted(rules, key=lambda rule: rule.rule_id)
    positions = {rule.rule_id: position for position, rule in enumerate(described)}
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": tool, "rules": [_rule(rule) for rule in described]}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, positions) for finding in findings],
            }
        ],
    }


def _rule(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.rule_id,
        "shortDescription": {"text": rule.title},
        "help": {"text": rule.to_do},
        "defaultConfiguration": {"level": str(rule.severity)},
    }


def _result(finding: Finding, positions: dict[str, int]) -> dict[str, object]:
    location: dict[str, object] = {
        "artifactLocation": {"uri": quote(finding.place.name, errors="surrogateescape")}
    }
    if finding.place.line is not None:
        region = {"startLine": finding.place.line}
        if finding.place.column is not None:
            region["startColumn"] = finding.place.column
        location["region"] = region
    return {
        "ruleId": finding.rule.rule_id,
        "ruleIndex": positions[finding.rule.rule_id],
        "level": str(finding.rule.severity),
        "message": {"text": f"{finding.message}. To do: {finding.to_do or finding.rule.to_do}"},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {_FINGERPRINT: finding.finding_id},
        "properties": {"counts": dict(finding.counts)},
    }
