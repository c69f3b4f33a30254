"""The rules of the audit of our own stores: what must hold, how bad it is, what to do."""

from __future__ import annotations

from expectations.audit.findings import Rule, Severity

__all__ = [
    "BOUNDARY_BROKEN",
    "CLASS_LOOSENED",
    "CLASS_LOOSENED_BY_DECISION",
    "DATAHUB_SILENT",
    "EXPECTATION_FAILED",
    "FOREIGN_DATA_REACHED",
    "LABEL_DIFFERS",
    "LABEL_MISSING",
    "LABEL_OF_NOTHING",
    "MIGRATION_DIFFERS",
    "NOT_CHECKED",
    "NOT_PROBED",
    "NO_CONTROL",
    "PREFIX_UNREGISTERED",
    "RULES",
]

BOUNDARY_BROKEN = Rule(
    "AUD101",
    "The database is closed as declared",
    Severity.ERROR,
    "`classline boundary verify` names the remedy of each rule; `classline up` refuses meanwhile",
)
EXPECTATION_FAILED = Rule(
    "AUD201",
    "A store holds what its class demands",
    Severity.ERROR,
    "find where it came from (`classline lineage`), revoke what was released, and correct it",
)
NOT_CHECKED = Rule(
    "AUD202",
    "Every expectation on a store can be checked",
    Severity.WARNING,
    "an unchecked store has shown nothing: remove what kept it from being read, and audit again",
)
PREFIX_UNREGISTERED = Rule(
    "AUD301",
    "Every key's prefix is registered",
    Severity.ERROR,
    "register the prefix with its class in catalog/datasets, or delete its keys; until then they "
    "are tenant_private",
)
LABEL_MISSING = Rule(
    "AUD401",
    "DataHub shows every store with its class",
    Severity.ERROR,
    "deliver the catalog with `classline datahub sync`; a store without a class is tenant_private",
)
LABEL_DIFFERS = Rule(
    "AUD402",
    "DataHub shows the class that the registry says",
    Severity.ERROR,
    "find out who changed it, then put it back with `classline datahub sync`",
)
LABEL_OF_NOTHING = Rule(
    "AUD403",
    "DataHub shows no store that is not registered",
    Severity.WARNING,
    "register the store, or let `classline datahub sync` withdraw it",
)
DATAHUB_SILENT = Rule(
    "AUD404",
    "DataHub's labels can be read",
    Severity.WARNING,
    "start it or correct its address, then audit again",
)
FOREIGN_DATA_REACHED = Rule(
    "AUD501",
    "A tenant or a fund reaches nothing that is not its own",
    Severity.ERROR,
    "close the way now: `classline boundary verify` and docs/threat-model.md; then treat it as a "
    "leak",
)
NOT_PROBED = Rule(
    "AUD502",
    "Every attempt to reach foreign data is answered",
    Severity.WARNING,
    "an attempt that ended in an error has shown nothing: correct what broke, and audit again",
)
NO_CONTROL = Rule(
    "AUD503",
    "Attempts are made by a login that sees rows of its own",
    Severity.NOTE,
    "load data, or run the workflow that gives funds theirs; a fund without a release has no rows",
)
CLASS_LOOSENED = Rule(
    "AUD601",
    "A class is loosened only by a decision record",
    Severity.ERROR,
    "put the class back, or write the record in docs/decisions and name it in the registry entry",
)
CLASS_LOOSENED_BY_DECISION = Rule(
    "AUD602",
    "A steward has approved each loosened class",
    Severity.WARNING,
    "read the decision record, and acknowledge this finding to approve it",
)
MIGRATION_DIFFERS = Rule(
    "AUD701",
    "Migrations document the class of every column",
    Severity.ERROR,
    "correct the docstring of the revision that adds the column, or the registry",
)

RULES = (
    BOUNDARY_BROKEN,
    EXPECTATION_FAILED,
    NOT_CHECKED,
    PREFIX_UNREGISTERED,
    LABEL_MISSING,
    LABEL_DIFFERS,
    LABEL_OF_NOTHING,
    DATAHUB_SILENT,
    FOREIGN_DATA_REACHED,
    NOT_PROBED,
    NO_CONTROL,
    CLASS_LOOSENED,
    CLASS_LOOSENED_BY_DECISION,
    MIGRATION_DIFFERS,
)
