"""Checks of tables: owners, row-level security, keys, labels, statistics and triggers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from catalog.promotion_states import LEGAL_EDGES
from stores.boundary.inspection import Check, Inspected
from stores.boundary.rules import (
    ADMIN_WRITES,
    APPEND_ONLY,
    LEDGERED,
    OWNER_OF_SCHEMA,
    STATE_TRIGGERS,
    TOLD_WRITES,
    UNFORCED_SCHEMAS,
    WITHOUT_ROW_SECURITY,
    ledger_trigger,
    owned_datasets,
)
from stores.tables import column_comment, physical_datasets

__all__ = ["TABLE_CHECKS", "lacking"]

_SCHEMAS = sorted(OWNER_OF_SCHEMA)
_OWNED_SCHEMAS = ["tenant_private", "fund_private"]


def _relations(seen: Inspected) -> Iterator[str]:
    declared = {dataset.qualified_name for dataset in physical_datasets(seen.registry)}
    found = {
        row.name: row.kind
        for row in seen.rows(
            "SELECT n.nspname || '.' || c.relname AS name, c.relkind AS kind FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY(:schemas) "
            "AND c.relkind NOT IN ('i', 'I', 'S', 'c') AND NOT c.relispartition",
            schemas=_SCHEMAS,
        )
    }
    yield from (f"{name} is missing" for name in declared - found.keys())
    for name, kind in found.items():
        if name not in declared:
            yield f"{name} is not registered"
        elif kind not in {"r", "p"}:
            yield f"{name} is no table"


def _owners(seen: Inspected) -> Iterator[str]:
    for row in seen.rows(
        "SELECT n.nspname AS schema, n.nspname || '.' || c.relname AS name, "
        "pg_get_userbyid(c.relowner) AS owner FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = ANY(:schemas) AND c.relkind NOT IN ('i', 'I', 'c')",
        schemas=_SCHEMAS,
    ):
        if row.owner != OWNER_OF_SCHEMA[row.schema]:
            yield f"{row.name} is owned by {row.owner}"


def _row_security(seen: Inspected) -> Iterator[str]:
    for row in seen.rows(
        "SELECT n.nspname AS schema, n.nspname || '.' || c.relname AS name, "
        "c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p')",
        schemas=[schema for schema in _SCHEMAS if schema not in WITHOUT_ROW_SECURITY],
    ):
        if not row.enabled:
            yield f"{row.name}: row-level security is off"
        if not row.forced and row.schema not in UNFORCED_SCHEMAS:
            yield f"{row.name}: row-level security is not forced on its owner"


def _keys(seen: Inspected) -> Iterator[str]:
    first = {d.qualified_name: d.owner_column for d in owned_datasets(seen.registry)}
    for row in seen.rows(
        "SELECT n.nspname || '.' || c.relname AS table, k.name, k.kind, a.attname AS first "
        "FROM (SELECT i.indrelid AS rel, x.relname AS name, 'key' AS kind, i.indkey[0] AS first "
        "FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indisunique "
        "OR i.indisexclusion UNION ALL SELECT conrelid, conname, 'foreign key', conkey[1] "
        "FROM pg_constraint WHERE contype = 'f') k JOIN pg_class c ON c.oid = k.rel "
        "JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_attribute a "
        "ON a.attrelid = c.oid AND a.attnum = k.first WHERE n.nspname = ANY(:schemas)",
        schemas=_OWNED_SCHEMAS,
    ):
        wanted = first.get(row.table)
        if wanted is not None and row.first != wanted:
            yield f"{row.table}: {row.kind} {row.name} does not begin with {wanted}"


def _labels(seen: Inspected) -> Iterator[str]:
    found = {
        (row.table, row.column): row.comment
        for row in seen.rows(
            "SELECT n.nspname || '.' || c.relname AS table, a.attname AS column, "
            "col_description(c.oid, a.attnum) AS comment FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a "
            "ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
            "WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p') AND NOT c.relispartition",
            schemas=_SCHEMAS,
        )
    }
    declared = {
        (dataset.qualified_name, column.name): column_comment(dataset, column)
        for dataset in physical_datasets(seen.registry)
        for column in dataset.columns
    }
    for table, column in found.keys() | declared.keys():
        if (table, column) not in declared:
            yield f"{table}.{column} is not registered, so it is tenant_private"
        elif found.get((table, column)) != declared[table, column]:
            yield f"{table}.{column} does not carry its class"


_COLUMNS_WITH_SAMPLES = (
    "FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace "
    "JOIN (SELECT oid AS rel, oid AS tab FROM pg_class WHERE relkind IN ('r', 'p') "
    "UNION ALL SELECT indexrelid, indrelid FROM pg_index) o ON o.tab = t.oid "
    "JOIN pg_class c ON c.oid = o.rel JOIN pg_attribute a ON a.attrelid = c.oid "
    "AND a.attnum > 0 AND NOT a.attisdropped LEFT JOIN pg_index i ON i.indexrelid = c.oid "
    "WHERE n.nspname = ANY(:schemas) AND (i.indexrelid IS NULL OR i.indkey[a.attnum - 1] = 0) "
)


def _statistics_targets(seen: Inspected) -> Iterator[str]:
    for row in seen.rows(
        "SELECT n.nspname || '.' || c.relname AS table, a.attname AS column "  # noqa: S608
        f"{_COLUMNS_WITH_SAMPLES} AND a.attstattarget IS DISTINCT FROM 0",
        schemas=_OWNED_SCHEMAS,
    ):
        yield f"{row.table}.{row.column} may be sampled"


def _statistics_kept(seen: Inspected) -> Iterator[str]:
    for row in seen.rows(
        "SELECT n.nspname || '.' || c.relname AS table, a.attname AS column "  # noqa: S608
        f"{_COLUMNS_WITH_SAMPLES} AND EXISTS (SELECT FROM pg_statistic s "
        "WHERE s.starelid = c.oid AND s.staattnum = a.attnum)",
        schemas=_OWNED_SCHEMAS,
    ):
        yield f"{row.table}.{row.column}: a sample is kept"
    for row in seen.rows(
        "SELECT n.nspname || '.' || c.relname AS table, s.stxname AS name "
        "FROM pg_statistic_ext s JOIN pg_class c ON c.oid = s.stxrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY(:schemas)",
        schemas=_OWNED_SCHEMAS,
    ):
        yield f"{row.table}: extended statistics {row.name} are kept"


def _append_only(seen: Inspected) -> Iterator[str]:
    # tgtype 58: before, for each statement, on UPDATE, DELETE and TRUNCATE.
    sound = {
        row.table
        for row in seen.rows(
            "SELECT n.nspname || '.' || c.relname AS table FROM pg_trigger t "
            "JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE t.tgenabled = 'A' AND t.tgtype = 58 AND t.tgqual IS NULL "
            "AND t.tgfoid = to_regprocedure('control.refuse_change()')"
        )
    }
    yield from (f"{table} can be changed afterwards" for table in APPEND_ONLY - sound)


def _admin_writes(seen: Inspected) -> Iterator[str]:
    for table in lacking(seen, "control.record_admin_write()", ADMIN_WRITES):
        yield f"a write to {table} leaves no row in platform.kv_audit"


def lacking(
    seen: Inspected, function: str, declared: Mapping[str, tuple[str, str, str]]
) -> Iterator[str]:
    """The tables on which that function does not act, with its arguments, on every write."""
    # tgtype 29: after, for each row, on INSERT, UPDATE and DELETE.  32: after TRUNCATE.
    found = {
        (row.table, row.type): tuple(bytes(row.arguments).decode().split("\0")[:-1])
        for row in seen.rows(
            "SELECT n.nspname || '.' || c.relname AS table, t.tgtype AS type, "
            "t.tgargs AS arguments FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE t.tgenabled = 'A' "
            "AND t.tgqual IS NULL AND t.tgattr = '' AND t.tgfoid = to_regprocedure(:function)",
            function=function,
        )
    }
    for table, arguments in declared.items():
        if any(found.get((table, kind)) != arguments for kind in (29, 32)):
            yield table


def _four_eyes(seen: Inspected) -> Iterator[str]:
    # tgtype 7: before, for each row, on INSERT.
    if not seen.rows(
        "SELECT FROM pg_trigger t WHERE t.tgrelid = to_regclass('control.approvals') "
        "AND t.tgenabled = 'A' AND t.tgtype = 7 AND t.tgqual IS NULL "
        "AND t.tgfoid = to_regprocedure('control.require_four_eyes()')"
    ):
        yield "control.approvals takes the approval of who wrote the version"


def _told_writes(seen: Inspected) -> Iterator[str]:
    sound = {
        (row.table, row.type)
        for row in seen.rows(
            "SELECT n.nspname || '.' || c.relname AS table, t.tgtype AS type FROM pg_trigger t "
            "JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE t.tgenabled = 'A' AND t.tgqual IS NULL AND t.tgattr = '' "
            "AND t.tgfoid = to_regprocedure('control.tell_datahub()')"
        )
    }
    for table, kind in TOLD_WRITES.items():
        if (table, kind) not in sound:
            yield f"a change of {table} is not queued for DataHub"


def _state_machine(seen: Inspected) -> Iterator[str]:
    sound = {
        (row.table, row.function, row.type)
        for row in seen.rows(
            "SELECT n.nspname || '.' || c.relname AS table, p.proname AS function, "
            "t.tgtype AS type FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_proc p ON p.oid = t.tgfoid "
            "WHERE p.pronamespace = 'control'::regnamespace AND t.tgenabled = 'A' "
            "AND t.tgqual IS NULL AND t.tgattr = ''"
        )
    }
    yield from (
        f"{table} is not guarded by control.{function}()"
        for table, function, _ in STATE_TRIGGERS - sound
    )
    found = {
        (row.from_state, row.to_state)
        for row in seen.rows("SELECT from_state, to_state FROM control.promotion_edges")
    }
    legal = {(str(was), str(now)) for was, edges in LEGAL_EDGES.items() for now in edges}
    yield from (f"{was} -> {now} is possible" for was, now in found - legal)
    yield from (f"{was} -> {now} is not possible" for was, now in legal - found)


_EVERYWHERE = frozenset(
    {
        "record_admin_write",
        "refuse_change",
        "refuse_entry_change",
        "refuse_hidden_text",
        "require_four_eyes",
        "tell_datahub",
    }
)


def _reactions(seen: Inspected) -> Iterator[str]:
    declared = {(table, function) for table, function, _ in STATE_TRIGGERS}
    declared |= {(table, ledger_trigger(table)) for table in LEDGERED}
    for row in seen.rows(
        "SELECT n.nspname || '.' || c.relname AS table, x.name, x.function FROM ("
        "SELECT t.tgrelid AS rel, 'trigger ' || t.tgname AS name, p.proname AS function "
        "FROM pg_trigger t LEFT JOIN pg_proc p ON p.oid = t.tgfoid "
        "AND p.pronamespace = 'control'::regnamespace WHERE NOT t.tgisinternal "
        "UNION ALL SELECT ev_class, 'rule ' || rulename, NULL FROM pg_rewrite) x "
        "JOIN pg_class c ON c.oid = x.rel JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p')",
        schemas=_SCHEMAS,
    ):
        if row.function in _EVERYWHERE:
            continue
        if (row.table, row.function) not in declared:
            yield f"{row.table}: {row.name} is not declared"


_MIGRATE = "undo the change by hand, then run `classline up` again"
TABLE_CHECKS: tuple[Check, ...] = (
    Check(
        "tables.registered",
        "every table of these schemas is registered, and no view stands beside them",
        "declare it in catalog/datasets with a migration, or drop it",
        _relations,
    ),
    Check("tables.owners", "every table belongs to its schema's owner role", _MIGRATE, _owners),
    Check(
        "tables.row_security",
        "row-level security is enabled, and forced on owners",
        "ALTER TABLE … ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        _row_security,
    ),
    Check(
        "keys.owner_first",
        "the owner's id comes first in every key and foreign key of owned rows",
        "drop the key, or put the owner's id first: a global key tells who else has the value",
        _keys,
    ),
    Check(
        "labels.columns",
        "every column's comment begins with its registered class",
        _MIGRATE,
        _labels,
    ),
    Check(
        "statistics.targets",
        "no column of owned rows is sampled for the planner",
        "ALTER TABLE … ALTER COLUMN … SET STATISTICS 0",
        _statistics_targets,
    ),
    Check(
        "statistics.purged",
        "no sample of owned rows is kept",
        "set the column's statistics to 0 and delete its rows of pg_statistic",
        _statistics_kept,
    ),
    Check(
        "triggers.append_only",
        "what was decided, checked or audited cannot be changed",
        "ALTER TABLE … ENABLE ALWAYS TRIGGER append_only, and find out what was changed",
        _append_only,
    ),
    Check(
        "triggers.admin_writes",
        "a write to memberships, logins, stewards, keys or floors leaves a row in kv_audit",
        "ALTER TABLE … ENABLE ALWAYS TRIGGER admin_write, admin_truncate; revision 0016 makes them",
        _admin_writes,
    ),
    Check(
        "triggers.state_machine",
        "a promotion's state moves along the declared edges alone, and leaves its transition",
        "revision 0022 makes the triggers and the edges; find out what was changed meanwhile",
        _state_machine,
    ),
    Check(
        "triggers.told",
        "every step of a promotion and every decision is queued for DataHub where it is taken",
        "ALTER TABLE … ENABLE ALWAYS TRIGGER tell_datahub; revision 0019 makes them",
        _told_writes,
    ),
    Check(
        "triggers.four_eyes",
        "nobody approves what they wrote, twice, or outside their scope",
        "ALTER TABLE control.approvals ENABLE ALWAYS TRIGGER four_eyes; revision 0023 makes it",
        _four_eyes,
    ),
    Check(
        "triggers.none_else",
        "no other trigger or rule acts on these tables",
        "drop it: it would run with the rights of whoever writes",
        _reactions,
    ),
)
