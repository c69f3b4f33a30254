"""Reads the distinct combinations of a table's quasi-identifiers, and who and what is in them.

Rows stay in the engine. What leaves it is one line a combination and tenant, and one a combination
and sensitive value; the names of tenants and funds become codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from anonymization.engines.amounts import amount_units, require_amounts
from anonymization.engines.coding import CodedTable, coded_rows, open_coded
from anonymization.engines.engine import Engine
from anonymization.engines.errors import ChangedTable, UnusableColumn
from anonymization.engines.sources import ColumnKind, Table
from anonymization.generalization.combinations import Combinations
from expectations.disclosure.classes import Classes, Contributors, IntArray, SensitiveValues

__all__ = ["Roles", "fund_of_tenant", "read_combinations", "require_roles"]

_PARTS = ("tenant", "sensitive")
_INT64_BITS = 63


@dataclass(frozen=True, slots=True)
class Roles:
    """Which column plays which part."""

    quasi_identifiers: tuple[str, ...]
    tenant: str | None = None
    fund: str | None = None
    amount: str | None = None
    sensitive: str | None = None

    @property
    def coded(self) -> dict[str, str]:
        """The columns besides the quasi-identifiers that become codes, by plain name."""
        parts = {"tenant": self.tenant, "fund": self.fund, "sensitive": self.sensitive}
        return {name: column for name, column in parts.items() if column is not None}


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
    coded = open_coded(
        engine, table, roles.quasi_identifiers, roles.coded, {"amount": amount} if amount else {}
    )
    if amount:
        require_amounts(engine, coded.source, table.column(amount), "amount")
    funds = fund_of_tenant(engine, coded, roles) if tenant else None
    groups = engine.fetch(_grouping_sql(coded, roles, table))
    table.require_unchanged()
    _require_coded(coded, groups, [part for part in _PARTS if part in roles.coded])
    return _combinations(coded, roles, table, groups, funds)


def require_roles(table: Table, roles: Roles) -> None:
    """Refuse parts that no column of the table can play."""
    if not roles.quasi_identifiers:
        raise UnusableColumn("no quasi-identifier is named; name at least one column")
    named = [*roles.quasi_identifiers, *roles.coded.values()]
    table.require_columns([*named, *([roles.amount] if roles.amount else [])])
    twice = sorted({each for each in named if roles.quasi_identifiers.count(each) > 1})
    if twice:
        message = f"{', '.join(twice)} is named more than once as a quasi-identifier; name it once"
        raise UnusableColumn(message)
    if roles.tenant is None and (roles.fund or roles.amount):
        message = "a fund or an amount is counted per tenant: name the tenant column too"
        raise UnusableColumn(message)
    odd = [each for each in named if table.column(each).kind is ColumnKind.OTHER]
    if odd:
        message = (
            f"{', '.join(sorted(odd))}: holds lists, bytes or the like, which have no value to "
            "compare; leave it out or turn it into text"
        )
        raise UnusableColumn(message)


def fund_of_tenant(engine: Engine, coded: CodedTable, roles: Roles) -> IntArray:
    """The fund code of each tenant; refuses rows without tenant and a tenant under two funds."""
    tenants = coded.others["tenant"]
    if tenants.has_null:
        query = f"SELECT COUNT(*) AS n FROM {coded.source} WHERE tenant IS NULL"
        message = (
            f"column {roles.tenant}: {engine.fetch(query)['n'][0].as_py():,} rows name no tenant, "
            "so nobody could be counted behind them; fill the column or leave the rows out"
        )
        raise UnusableColumn(message)
    fund = np.asarray(-1 - np.arange(len(tenants), dtype=np.int64))
    if roles.fund is None:
        return fund
    pairs = engine.fetch(f"SELECT DISTINCT tenant, fund FROM {coded.source}")
    in_two_funds = len(pairs) - len(tenants)
    if in_two_funds:
        message = (
            f"column {roles.fund}: {in_two_funds:,} tenants stand under two funds (or once under "
            "none), so leaving out a fund cannot be decided; give each tenant one fund"
        )
        raise UnusableColumn(message)
    owned = pairs.filter(pc.is_valid(pairs["fund"]))
    owner = pc.index_in(owned["fund"], value_set=coded.others["fund"].values)
    fund[_ints(pc.index_in(owned["tenant"], value_set=tenants.values))] = _ints(owner)
    return fund


def _grouping_sql(coded: CodedTable, roles: Roles, table: Table) -> str:
    """One line a combination and tenant, and one a combination and sensitive value, unordered.

    The code of either goes into the last key with the combination's own: a group of fewer columns
    is found faster. Where a line belongs to the other, the key is null.
    """
    *before, last = coded.keys
    parts = [part for part in _PARTS if part in roles.coded]
    packed = [f"{last} * {_width(coded, part)} + {part}_code AS {part}_key" for part in parts]
    keys = [f"{part}_key" for part in parts] or [last]
    sums, plain = [], []
    if roles.amount:
        units = amount_units(table.column(roles.amount), "s.amount").sql
        plain.append(f"{units} AS amount")
        sums.append("CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS amount")
    inner = ", ".join([*before, *(packed or [last]), *(["amount"] if roles.amount else [])])
    selected = ", ".join([*before, *keys, "COUNT(*) AS row_count", *sums])
    grouping = ", ".join(f"({', '.join([*before, key])})" for key in keys)
    return (
        f"SELECT {selected} FROM (SELECT {inner} FROM ({coded_rows(coded, parts, plain)}) coded) "
        f"packed GROUP BY GROUPING SETS ({grouping})"
    )


def _width(coded: CodedTable, part: str) -> int:
    """How many codes a tenant or sensitive value takes of a key."""
    return coded.others[part].null_code + 1


def _combinations(
    coded: CodedTable, roles: Roles, table: Table, groups: pa.Table, funds: IntArray | None
) -> Combinations:
    by_tenant = _entries(coded, groups, "tenant") if roles.tenant else None
    by_value = _entries(coded, groups, "sensitive") if roles.sensitive else None
    finest = by_tenant or by_value or _entries(coded, groups, None)
    class_of, first = _classes_of(finest.keys)
    rows = np.add.reduceat(finest.ints("row_count"), first)
    contributors, values, scale = None, None, 0
    if by_tenant is not None and funds is not None:
        amounts = by_tenant.ints("amount") if roles.amount else None
        contributors = Contributors(
            class_of, by_tenant.codes, by_tenant.ints("row_count"), amounts, funds
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


@dataclass(frozen=True, slots=True)
class _Entries:
    """The lines of one grouping, sorted by key, then code; no codes where there is no part."""

    keys: list[IntArray]
    codes: IntArray
    lines: pa.Table
    order: npt.NDArray[np.intp]

    def ints(self, column: str) -> IntArray:
        return _ints(self.lines[column])[self.order]


def _entries(coded: CodedTable, groups: pa.Table, part: str | None) -> _Entries:
    last = f"{part}_key" if part else coded.keys[-1]
    lines = groups.filter(pc.is_valid(groups[last]))
    before = [_ints(lines[each]) for each in coded.keys[:-1]]
    packed = _ints(lines[last])
    order = np.lexsort((packed, *reversed(before))) if before else _order_of(packed)
    key, codes = packed[order], np.zeros(0, dtype=np.int64)
    if part:
        key, codes = np.divmod(key, _width(coded, part))
    return _Entries([*(each[order] for each in before), key], codes, lines, order)


def _order_of(keys: IntArray) -> npt.NDArray[np.intp]:
    """The order that sorts distinct keys of at least 0.

    Whole numbers sort several times faster than their places do, so a place rides in the low bits
    of its key while both fit into 63.
    """
    places = len(keys).bit_length()
    if int(keys.max(initial=0)).bit_length() + places > _INT64_BITS:
        return np.argsort(keys)
    tagged = (keys << places) | np.arange(len(keys))
    tagged.sort()
    return tagged & ((1 << places) - 1)


def _require_coded(coded: CodedTable, groups: pa.Table, parts: Sequence[str]) -> None:
    """Refuse a line without a key: a value that was not there when the domains were read."""
    uncoded = pc.is_null(groups[f"{parts[0]}_key" if parts else coded.keys[-1]])
    for part in parts[1:]:
        uncoded = pc.and_(uncoded, pc.is_null(groups[f"{part}_key"]))
    for key in coded.keys[:-1]:
        uncoded = pc.or_(uncoded, pc.is_null(groups[key]))
    if pc.any(uncoded).as_py():
        message = "the table has other values than when its domains were read; read it again"
        raise ChangedTable(message)


def _classes_of(keys: Sequence[IntArray]) -> tuple[IntArray, npt.NDArray[np.intp]]:
    """The class of each sorted entry, and the first entry of each class."""
    starts = np.ones(len(keys[0]), dtype=np.bool_)
    starts[1:] = False
    for key in keys:
        starts[1:] |= key[1:] != key[:-1]
    return np.cumsum(starts, dtype=np.int64) - 1, np.flatnonzero(starts)


def _sensitive(coded: CodedTable, column: str, by_value: _Entries) -> SensitiveValues:
    class_of, _ = _classes_of(by_value.keys)
    rows = by_value.ints("row_count")
    overall = np.zeros(len(coded.others["sensitive"]), dtype=np.int64)
    np.add.at(overall, by_value.codes, rows)
    return SensitiveValues(column, class_of, by_value.codes, rows, overall)


def _ints(column: pa.ChunkedArray) -> IntArray:
    return np.asarray(column.to_numpy(), dtype=np.int64)
