"""The rules for code, with their ids. docs/lint.md describes each; a test compares the two."""

from __future__ import annotations

from expectations.audit.findings import Rule, Severity

__all__ = ["RULES"]

_RULES = (
    Rule(
        "CLS001",
        "A file cannot be read as Python",
        Severity.ERROR,
        "mend it, or leave it out with an [[tool.classline.lint.exempt]] that says why",
    ),
    Rule(
        "CLS002",
        "A waiver names no rule or gives no reason",
        Severity.ERROR,
        "write `# classline: CLS101 - why this line may`, in three words or more",
    ),
    Rule("CLS003", "A waiver waives nothing", Severity.WARNING, "remove it (`--fix` does)"),
    Rule(
        "CLS101",
        "A function reads or writes data without a data class",
        Severity.ERROR,
        "give it a parameter of type DataClass, or the class in its name: read_tenant_private",
    ),
    Rule(
        "CLS102",
        "A parameter for the data class is not typed as DataClass",
        Severity.ERROR,
        "annotate it as DataClass (`--fix` does)",
    ),
    Rule(
        "CLS103",
        "A data class is given as a bare string",
        Severity.ERROR,
        "name the member of DataClass (`--fix` does)",
    ),
    Rule(
        "CLS201",
        "Raw SQL outside stores",
        Severity.ERROR,
        "call a session of stores.sessions; add a method there where one is missing",
    ),
    Rule(
        "CLS202",
        "A database driver or engine outside stores",
        Severity.ERROR,
        "open a session with stores.platform; only stores opens databases",
    ),
    Rule(
        "CLS203",
        "A session is reached around outside stores",
        Severity.ERROR,
        "use the session's public methods; the administrator's engine belongs to stores",
    ),
    Rule(
        "CLS301",
        "A labelled value is unwrapped outside a workflow",
        Severity.ERROR,
        "work on it with map and combine, or move the code into a registered workflow",
    ),
    Rule(
        "CLS302",
        "A label or a key is made outside the sessions and the promotion",
        Severity.ERROR,
        "take labelled values and keys from a session of that class",
    ),
    Rule(
        "CLS401",
        "A migration adds a column whose class it does not document",
        Severity.ERROR,
        "add the line `schema.table.column: data_class` to its docstring",
    ),
    Rule(
        "CLS402",
        "A model has no data class",
        Severity.ERROR,
        'give it info={"data_class": DataClass....}, on the table or on every column',
    ),
    Rule(
        "CLS501",
        "A surface has no cross-tenant test",
        Severity.ERROR,
        'write a test marked @pytest.mark.cross_tenant("name") that uses isolation_world',
    ),
    Rule(
        "CLS502",
        "A surface's name is no literal, so that no test can be matched to it",
        Severity.ERROR,
        "register the surface under a name written as a string",
    ),
)

RULES = {rule.rule_id: rule for rule in _RULES}
