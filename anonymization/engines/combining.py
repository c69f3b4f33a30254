"""Reads the distinct combinations of a table's quasi-identifiers, and who and what is in them.

Rows that fit into memory are counted in this process; others stay in the engine. What leaves it is
one line a combination and tenant, and one a combination and sensitive value; the names of tenants
and funds become codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from anonymization.engines.amounts import amount_units, require_amounts
from anonymization.engines.coding import CodedTable, Codes, coded_rows, open_coded, quasi_aliases
from anonymization.engines.domains import Domain
from anonymization.engines.engine import Engine
from anonymization.engines.entries import (
    Entries,
    classes_of,
    entries,
    key_offset,
    of_no_fund,
    part_width,
    whole_numbers,
)
from anonymization.engines.errors import ChangedTable, ContradictoryTable, UnusableColumn
from anonymization.engines.in_memory import CountedRows, count_in_memory
from anonymization.engines.presumed_columns import NotAsPresumed
from anonymization.engines.roles import Roles, require_roles
from anonymization.engines.sources import Table, TableKind
from anonymization.engines.used_values import without_unused
from anonymization.engines.written_values import written_domains
from anonymization.generalization.combinations import Combinations
from expectations.disclosure.classes import (
    Classes,
    Contributors,
    IntArray,
    SensitiveValues,
)

__all__ = ["fund_of_tenant", "read_combinations"]

_OTHER_VALUES = "the table has other values than when its domains were read; read it again"


def read_combinations(
    engine: Engine,
    table: Table,
    *,
    quasi_identifiers: Sequence[str],
    tenant: str | None = None,
    fund: str | None = None,
    amount: str | None = None,
    sensitive: str | None = None,
) -> Combinations:
    """The distinct combinations, sorted by their codes, and what is in each.

    Without ``tenant`` there are no contributors. An amount that is null adds nothing.
    """
    roles = Roles(tuple(quasi_identifiers), tenant, fund, amount, sensitive)
    require_roles(table, roles)
    found = _counted_here(engine, table, roles)
    if found is not None:
        return found
    named = (*roles.quasi_identifiers, *roles.coded.values())
    presumed = written_domains(
        table, [each for each in named if (table, each) not in engine.domains]
    )
    if presumed:
        try:
            found = _read(engine, table, roles, presumed)
        except ChangedTable:
            table.require_unchanged()
        else:
            engine.domains.update({(table, name): each for name, each in presumed.items()})
            return found
    try:
        return _read(engine, table, roles, {})
    except ChangedTable:
        table.require_unchanged()
        if table.kind is not TableKind.PARQUET:
            raise
        # Engines read no nulls where the file says that there are none.
        message = (
            f"{table.paths[0].name}: the file's own statistics do not agree with its rows, most "
            "likely on how many nulls a column has, so nothing is counted of it; write it again"
        )
        raise ContradictoryTable(message) from None


def _counted_here(engine: Engine, table: Table, roles: Roles) -> Combinations | None:
    counted = count_in_memory(table, roles, engine.domains, engine.row_bytes)
    if counted is None:
        return None
    table.require_unchanged()
    try:
        found, domains = without_unused(_combinations(counted, roles, table), counted.codes)
    except NotAsPresumed:
        return None
    columns = {**quasi_aliases(roles.quasi_identifiers), **roles.coded}
    for alias, domain in domains.items():
        engine.domains[table, columns[alias]] = domain
    return found


def _read(
    engine: Engine, table: Table, roles: Roles, presumed: Mapping[str, Domain]
) -> Combinations:
    """Count, refusing domains that do not hold exactly the values that the rows have."""
    plain = {"amount": roles.amount} if roles.amount else {}
    coded = open_coded(engine, table, roles.quasi_identifiers, roles.coded, plain, presumed)
    if roles.amount:
        require_amounts(engine, coded.source, table.column(roles.amount), "amount")
    funds = fund_of_tenant(engine, coded, roles) if roles.tenant else None
    groups = engine.fetch(_grouping_sql(coded, roles, table))
    table.require_unchanged()
    _require_coded(coded, groups)
    found = _combinations(
        CountedRows(coded, entries(coded, groups, roles.parts), funds), roles, table
    )
    _require_all_used(found)
    return found


def fund_of_tenant(engine: Engine, coded: CodedTable, roles: Roles) -> IntArray:
    """The fund code of each tenant; refuses rows without tenant and a tenant under two funds."""
    tenants = coded.others["tenant"]
    if tenants.has_null:
        query = f"SELECT COUNT(*) AS n FROM {coded.source} WHERE tenant IS NULL"
        nameless = engine.fetch(query)["n"][0].as_py()
        if not nameless:
            raise ChangedTable(_OTHER_VALUES)
        message = (
            f"column {roles.tenant}: {nameless:,} rows name no tenant, "
            "so nobody could be counted behind them; fill the column or leave the rows out"
        )
        raise UnusableColumn(message)
    fund = of_no_fund(len(tenants))
    if roles.fund is None:
        return fund
    pairs = engine.fetch(f"SELECT DISTINCT tenant, fund FROM {coded.source}")
    for each in (tenants, coded.others["fund"]):
        column = pairs[each.column]
        found = column.unique().drop_null()
        other = len(found) != len(each.values) or pc.index_in(found, each.values).null_count
        if other or (column.null_count > 0) != each.has_null:
            raise ChangedTable(_OTHER_VALUES)
    in_two_funds = len(pairs) - len(tenants)
    if in_two_funds:
        message = (
            f"column {roles.fund}: {in_two_funds:,} tenants stand under two funds (or once under "
            "none), so leaving out a fund cannot be decided; give each tenant one fund"
        )
        raise UnusableColumn(message)
    owned = pairs.filter(pc.is_valid(pairs["fund"]))
    owner = pc.index_in(owned["fund"], value_set=coded.others["fund"].values)
    fund[whole_numbers(pc.index_in(owned["tenant"], value_set=tenants.values))] = whole_numbers(
        owner
    )
    return fund


def _grouping_sql(coded: CodedTable, roles: Roles, table: Table) -> str:
    """One line a combination and tenant, and one a combination and sensitive value, unordered.

    The code of either goes into the last key with the combination's own: a group of fewer columns
    is found faster. The keys of sensitive values lie above all those of tenants (`key_offset`).
    """
    *before, last = coded.keys
    parts = roles.parts
    packed = [f"{last} * {part_width(coded, part)} + {part}_code AS {part}_key" for part in parts]
    keys = [f"{part}_key" for part in parts] or [last]
    sums, plain = [], []
    if roles.amount:
        units = amount_units(table.column(roles.amount), "s.amount").sql
        plain.append(f"{units} AS amount")
        sums.append("CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS amount")
    inner = ", ".join([*before, *(packed or [last]), *(["amount"] if roles.amount else [])])
    key = keys[0]
    if len(keys) > 1:
        key = (
            f"CASE WHEN GROUPING({keys[0]}) = 0 THEN {keys[0]} "
            f"ELSE {keys[1]} + {key_offset(coded, parts)} END"
        )
    selected = ", ".join([*before, f"{key} AS part_key", "COUNT(*) AS row_count", *sums])
    grouping = ", ".join(f"({', '.join([*before, each])})" for each in keys)
    return (
        f"SELECT {selected} FROM (SELECT {inner} FROM ({coded_rows(coded, parts, plain)}) coded) "
        f"packed GROUP BY GROUPING SETS ({grouping})"
    )


def _combinations(counted: CountedRows, roles: Roles, table: Table) -> Combinations:
    coded, funds = counted.codes, counted.funds
    by_tenant, by_value = counted.by_part.get("tenant"), counted.by_part.get("sensitive")
    finest = next(iter(counted.by_part.values()))
    class_of, first = classes_of(finest.keys)
    rows = np.add.reduceat(finest.rows, first)
    contributors, values, scale = None, None, 0
    if by_tenant is not None and funds is not None:
        contributors = Contributors(
            class_of, by_tenant.codes, by_tenant.rows, by_tenant.amounts, funds
        )
    if by_value is not None and roles.sensitive:
        values = _sensitive(coded, roles.sensitive, by_value)
    if roles.amount:
        scale = amount_units(table.column(roles.amount), "").scale
    return Combinations(
        columns=roles.quasi_identifiers,
        domains=tuple(domain.texts() for domain in coded.quasi),
        codes=coded.packing.unpack([key[first] for key in finest.keys]),
        classes=Classes(rows, contributors, values),
        tenant_count=len(coded.others["tenant"]) if roles.tenant else 0,
        amount_scale=scale,
        sensitive_domain=coded.others["sensitive"].texts() if roles.sensitive else (),
    )


def _require_coded(coded: CodedTable, groups: pa.Table) -> None:
    """Refuse a line without a key: a value that was not there when the domains were read."""
    if any(groups[each].null_count for each in (*coded.keys[:-1], "part_key")):
        raise ChangedTable(_OTHER_VALUES)


def _require_all_used(found: Combinations) -> None:
    """Refuse a domain with a value that no row has."""
    counted = [
        np.bincount(codes, minlength=len(domain))
        for codes, domain in zip(found.codes, found.domains, strict=True)
    ]
    if found.classes.contributors is not None:
        tenant = found.classes.contributors.tenant
        counted.append(np.bincount(tenant, minlength=found.tenant_count))
    if found.classes.sensitive is not None:
        counted.append(found.classes.sensitive.overall)
    if not all(each.all() for each in counted):
        raise ChangedTable(_OTHER_VALUES)


def _sensitive(coded: Codes, column: str, by_value: Entries) -> SensitiveValues:
    class_of, _ = classes_of(by_value.keys)
    overall = np.zeros(len(coded.others["sensitive"]), dtype=np.int64)
    np.add.at(overall, by_value.codes, by_value.rows)
    return SensitiveValues(column, class_of, by_value.codes, by_value.rows, overall)
