"""The rules for a Workers project, with their ids. docs/cloudflare.md describes each."""

from __future__ import annotations

from expectations.audit.findings import Rule, Severity

__all__ = ["RULES"]

_RULES = (
    Rule("CFA001", "A file cannot be read", Severity.ERROR, "mend it; the rest was audited"),
    Rule(
        "CFA101",
        "A column has no class",
        Severity.ERROR,
        "add `-- table.column: data_class` to the header comment of its migration; until then it "
        "counts as tenant_private",
    ),
    Rule(
        "CFA102",
        "A column has contradictory classes",
        Severity.ERROR,
        "leave one class; a class is loosened only by a decision record",
    ),
    Rule(
        "CFA103",
        "A column has another class than its database",
        Severity.ERROR,
        "move the table to a database of that class: one store has one class",
    ),
    Rule(
        "CFA104",
        "A label is about no column there is",
        Severity.WARNING,
        "remove it, or correct its name",
    ),
    Rule(
        "CFA105",
        "A label names no class of the policy",
        Severity.ERROR,
        "use tenant_private, fund_private, anonymized_benchmark or ascend_platform_metric",
    ),
    Rule(
        "CFA106",
        "The columns of a table or database cannot be seen",
        Severity.ERROR,
        "list its columns in the CREATE TABLE of a migration",
    ),
    Rule(
        "CFA201",
        "A binding has no class",
        Severity.ERROR,
        "write `# class: data_class` beside it; until then it counts as tenant_private",
    ),
    Rule(
        "CFA202",
        "A binding has contradictory classes",
        Severity.ERROR,
        "leave one class, the same wherever the store is bound",
    ),
    Rule(
        "CFA203",
        "A store of another kind has no class",
        Severity.WARNING,
        "write `# class: data_class` beside it; this audit does not look into it",
    ),
    Rule(
        "CFA301",
        "A key-value prefix has no class",
        Severity.ERROR,
        "fill in its row of the prefix registry; until then it counts as tenant_private",
    ),
    Rule(
        "CFA302",
        "A key-value prefix has contradictory classes",
        Severity.ERROR,
        "give each prefix one class, that of its namespace, and no prefix within another's",
    ),
    Rule(
        "CFA303",
        "A key-value namespace has no prefix registry",
        Severity.ERROR,
        "write docs/KV_KEY_REGISTRY.md with a table of prefix and class",
    ),
    Rule(
        "CFA401",
        "A Workflow does not say what it promotes",
        Severity.WARNING,
        "write `# promotes: data_class -> data_class` or `# promotes: nothing` beside it",
    ),
    Rule(
        "CFA402",
        "A Workflow promotes along an edge that the policy does not allow",
        Severity.ERROR,
        "choose another source or target; see the table of edges in the architecture",
    ),
    Rule(
        "CFA501",
        "The local state holds a table or column that no migration declares",
        Severity.ERROR,
        "add the migration with its classes, or remove it from the local state",
    ),
    Rule(
        "CFA502",
        "Shared data holds personal data, or a name that a tenant is known by",
        Severity.ERROR,
        "find what wrote it and strip it there; clear the rows",
    ),
    Rule(
        "CFA503",
        "Shared data holds a tenant's id",
        Severity.ERROR,
        "remove the id, or mark the column `tenant_reference` where it is platform data",
    ),
    Rule(
        "CFA504",
        "The local state holds keys under no registered prefix",
        Severity.ERROR,
        "register the prefix with its class, or delete the keys",
    ),
)

RULES = {rule.rule_id: rule for rule in _RULES}
