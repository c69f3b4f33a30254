"""Checks of row-level policies: those declared and no other, and bound to the login."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from stores.boundary.inspection import Check, Inspected
from stores.boundary.rules import (
    OWNER_OF_SCHEMA,
    OWNERS,
    DeclaredPolicy,
    declared_policies,
    owned_datasets,
)

__all__ = ["POLICY_CHECKS"]

_SCHEMAS = sorted(OWNER_OF_SCHEMA)
# A bare call runs once a row; `( SELECT f() AS f)` runs once a statement.
_BARE_CALL = re.compile(r"control\.\w+\(")
_WRITING = frozenset("*aw")


def _policies(seen: Inspected) -> dict[str, set[DeclaredPolicy]]:
    found: dict[str, set[DeclaredPolicy]] = defaultdict(set)
    for row in seen.rows(
        "SELECT n.nspname || '.' || c.relname AS table, p.polname AS name, p.polcmd AS command, "
        "ARRAY(SELECT CASE r WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(r)::text END "
        "FROM unnest(p.polroles) AS r ORDER BY 1) AS roles, p.polpermissive AS permissive, "
        "pg_get_expr(p.polqual, p.polrelid) AS using, "
        "pg_get_expr(p.polwithcheck, p.polrelid) AS check FROM pg_policy p "
        "JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = ANY(:schemas)",
        schemas=_SCHEMAS,
    ):
        command = row.command if row.permissive else f"restrictive {row.command}"
        found[row.table].add(
            DeclaredPolicy(row.name, command, tuple(sorted(row.roles)), row.using, row.check)
        )
    return found


def _declared_policies(seen: Inspected) -> Iterator[str]:
    found, declared = _policies(seen), declared_policies(seen.registry)
    for table in found.keys() | declared.keys():
        have, want = found.get(table, set()), declared.get(table, frozenset())
        names = {policy.name for policy in want}
        yield from (
            f"{table}: policy {policy.name} is not as declared, or missing"
            for policy in want - have
        )
        yield from (
            f"{table}: policy {policy.name} is not declared"
            for policy in have - want
            if policy.name not in names
        )


def _open_doors(seen: Inspected) -> Iterator[str]:
    for table, policies in _policies(seen).items():
        for policy in policies:
            if "true" in {policy.using, policy.check} and set(policy.roles) - OWNERS:
                yield f"{table}: policy {policy.name} is always true for {', '.join(policy.roles)}"


def _unchecked_writes(seen: Inspected) -> Iterator[str]:
    for table, policies in _policies(seen).items():
        for policy in policies:
            if _WRITING & set(policy.command[-1]) and policy.check is None:
                yield f"{table}: policy {policy.name} has no WITH CHECK"


def _settings_in_policies(seen: Inspected) -> Iterator[str]:
    owned = {dataset.qualified_name for dataset in owned_datasets(seen.registry)}
    for table, policies in _policies(seen).items():
        for policy in policies:
            if table in owned and "current_setting" in f"{policy.using} {policy.check}":
                yield f"{table}: policy {policy.name} trusts a setting that any session can change"


def _calls_per_row(seen: Inspected) -> Iterator[str]:
    for table, policies in _policies(seen).items():
        for policy in policies:
            expressions = f"{policy.using} {policy.check}"
            if len(_BARE_CALL.findall(expressions)) > expressions.count("( SELECT "):
                yield f"{table}: policy {policy.name} calls a function for every row"


_MIGRATE = "undo the change by hand, then run `classline up` again"
POLICY_CHECKS: tuple[Check, ...] = (
    Check("policies.declared", "policies are exactly those declared", _MIGRATE, _declared_policies),
    Check(
        "policies.no_open_door",
        "no policy is always true for a role that logins hold",
        "drop the policy; own rows are `tenant_id = (SELECT control.tenant())`",
        _open_doors,
    ),
    Check(
        "policies.checked_writes",
        "every policy for writing has a WITH CHECK of its own",
        "give it the WITH CHECK that its USING has",
        _unchecked_writes,
    ),
    Check(
        "policies.no_settings",
        "no policy of owned rows trusts a session's setting",
        "own rows are `tenant_id = (SELECT control.tenant())`: the login says it",
        _settings_in_policies,
    ),
    Check(
        "policies.once_a_statement",
        "policies call functions once a statement, in `(SELECT …)`",
        "write the call as `(SELECT control.tenant())`",
        _calls_per_row,
    ),
)
