"""What each check of a candidate looks at, in the words that Dagster and DataHub show."""

from __future__ import annotations

from collections.abc import Mapping

from expectations.suites import CheckName

__all__ = ["CHECK_DESCRIPTIONS"]

CHECK_DESCRIPTIONS: Mapping[CheckName, str] = {
    CheckName.OUTPUT_SCHEMA: "Every cell has the declared columns, types and allowed values.",
    CheckName.NO_PII_SHAPED_VALUE: "No cell holds anything shaped like a name, address or secret.",
    CheckName.K_DISTINCT_TENANTS: "Every cell stands for enough different tenants.",
    CheckName.NO_KNOWN_IDENTIFIERS: "No text holds a name or address that a tenant is known by.",
    CheckName.EMBEDDED_FROM_CONTENT: "Every vector was made of the anonymized text beside it.",
    CheckName.TEXTS_STRIPPED: "Every text was stripped until nothing was found, or dropped.",
    CheckName.RED_TEAM: "No planted identifier, in whatever disguise, comes through the text path.",
    CheckName.RED_TEAM_CELLS: "No tenant, fund or earlier release makes a cell tell of too few.",
}
