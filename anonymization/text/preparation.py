"""Reads a workflow's texts inside its run, strips them, and keeps features and templates alone.

The known identifiers of all tenants are read inside the same run, and go with it. A text that
cannot be proven clean is dropped whole: neither its features nor its outcome are released.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256

from anonymization.stripping import StrippedText, strip_texts
from anonymization.text.features import structure_of, theme_of
from anonymization.text.release import TextRelease
from anonymization.text.sentences import templates_of
from anonymization.workflow import Workflow
from expectations.identifiers import IdentifierKind, KnownIdentifiers
from expectations.suites import CheckName, CheckResult
from expectations.text_scan import FOUND, KINDS_SOUGHT, TEXTS
from stores.sessions import AnonymizerSession

__all__ = [
    "PreparedText",
    "PreparedTexts",
    "known_to_all_tenants",
    "prepared_text",
    "prepared_texts",
]

_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class PreparedText:
    """All that is kept of one text: two labels, and templates to be counted."""

    structure: str
    theme: str
    templates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PreparedTexts:
    """What was made of the texts: one JSON record each, why texts were dropped, and a digest.

    ``identifiers_digest`` is of the identifiers that were looked for; ``removed`` counts by kind
    what was taken out.
    """

    records: Sequence[Mapping[str, object]]
    dropped: Mapping[str, int] = field(default_factory=dict)
    identifiers_digest: str = ""
    removed: Mapping[str, int] = field(default_factory=dict)

    @property
    def bound(self) -> Mapping[str, object]:
        """The parameter that a workflow's rows read them from."""
        return {"prepared": json.dumps(list(self.records))}

    @property
    def stripping(self) -> CheckResult:
        """What was taken out, by kind: what is left was looked at again, or dropped whole."""
        return CheckResult(
            CheckName.TEXTS_STRIPPED,
            passed=True,
            observed={
                TEXTS: len(self.records) + sum(self.dropped.values()),
                KINDS_SOUGHT: len(IdentifierKind),
                **{f"dropped_{reason}": texts for reason, texts in self.dropped.items()},
                **{f"{FOUND}{kind.lower()}": count for kind, count in self.removed.items()},
            },
        )


def known_to_all_tenants(session: AnonymizerSession) -> tuple[KnownIdentifiers, str]:
    """The identifiers of all tenants and a digest of them; only a run that looks may ask."""
    pairs = sorted(
        (str(row["kind"]), str(row["identifier"]))
        for row in session.known_identifiers_tenant_private()
    )
    digest = sha256()
    for kind, identifier in pairs:
        digest.update(f"{kind}\x00{identifier}\x00".encode("utf-8", "surrogatepass"))
    known = KnownIdentifiers.build((IdentifierKind(kind), text) for kind, text in pairs)
    return known, digest.hexdigest()


def prepared_texts(
    session: AnonymizerSession, workflow: Workflow, *, closed_before: date
) -> PreparedTexts:
    """The workflow's texts, stripped and taken to features and templates."""
    if workflow.text is None:
        return PreparedTexts(())
    known, digest = known_to_all_tenants(session)
    rows = session.query_sources(
        workflow.from_class, workflow.text.reads, closed_before=closed_before
    )
    records: list[Mapping[str, object]] = []
    dropped: Counter[str] = Counter()
    removed: Counter[str] = Counter()
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        stripped = strip_texts(["\n\n".join(filter(None, row["texts"])) for row in batch], known)
        for row, each in zip(batch, stripped, strict=True):
            removed.update({str(kind): count for kind, count in each.removed.items()})
            if each.text is None:
                dropped[str(each.dropped or "empty")] += 1
            else:
                records.append(_record(row, each, workflow.text))
    return PreparedTexts(
        records, dict(sorted(dropped.items())), digest, dict(sorted(removed.items()))
    )


def prepared_text(stripped: StrippedText, text: TextRelease) -> PreparedText:
    """What is kept of one stripped text."""
    left = stripped.text or ""
    return PreparedText(
        structure_of(left, text.features), theme_of(left, text.themes), templates_of(left)
    )


def _record(
    row: Mapping[str, object], stripped: StrippedText, text: TextRelease
) -> Mapping[str, object]:
    kept = prepared_text(stripped, text)
    return {
        "tenant_id": row["tenant_id"],
        "source_row": row["source_row"],
        "structure": kept.structure,
        "theme": kept.theme,
        "templates": kept.templates,
    }
