"""The rules of the audit of our own stores, with their ids; docs/quarterly-audit.md lists them."""

from __future__ import annotations

from expectations.audit.findings import Rule, Severity

__all__ = ["RULES"]

_RULES = (
    Rule(
        "AUD101",
        "A rule of the storage boundary does not hold",
        Severity.ERROR,
        "see `classline boundary verify` for the remedy of that rule",
    ),
    Rule(
        "AUD201",
        "No migration documents a column's class, or not the registry's",
        Severity.ERROR,
        "add `schema.table.column: data_class` to the docstring of the revision that adds it",
    ),
    Rule(
        "AUD301",
        "DataHub shows another class than the registry",
        Severity.ERROR,
        "find out in DataHub who changed it, and set it back",
    ),
    Rule(
        "AUD302",
        "DataHub does not know a store",
        Severity.WARNING,
        "see what waits with `classline status`; `classline up` delivers the catalog",
    ),
    Rule(
        "AUD303",
        "DataHub lists a store of this platform that nobody registered",
        Severity.ERROR,
        "declare it in catalog/datasets, or remove it; until then it counts as tenant_private",
    ),
    Rule(
        "AUD304",
        "DataHub could not be asked",
        Severity.WARNING,
        "start it with `classline up`, or check DATAHUB_GMS_URL, and audit again",
    ),
    Rule(
        "AUD401",
        "A store does not hold what its class demands",
        Severity.ERROR,
        "see `classline check DATASET`; find what wrote it, and clear the rows",
    ),
    Rule(
        "AUD402",
        "A store could not be checked",
        Severity.WARNING,
        "mend what the reason says, and audit again",
    ),
    Rule(
        "AUD501",
        "The platform's keys stand under a prefix that is not registered",
        Severity.ERROR,
        "register the prefix in catalog/datasets, or delete the keys",
    ),
    Rule(
        "AUD601",
        "A login reaches rows that it must not",
        Severity.ERROR,
        "close the installation to that kind of login, then see `classline boundary verify`",
    ),
    Rule(
        "AUD602",
        "A probe was void: no login of that kind sees rows of its own",
        Severity.WARNING,
        "register an owner and load its data, and audit again",
    ),
)

RULES = {rule.rule_id: rule for rule in _RULES}
