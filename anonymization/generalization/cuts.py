"""Finds the cut of each part: on its widest column, as near to the median as the models allow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anonymization.generalization.candidate_halves import Candidates, Contents, allowed_by
from anonymization.generalization.part_members import PartMembers
from anonymization.generalization.tenant_windows import CountedTenants, first_allowed_rank
from expectations.disclosure import grouped
from expectations.disclosure.classes import Classes, IntArray
from expectations.disclosure.counting import KRows
from expectations.disclosure.models import BoolArray, Model

__all__ = ["CUTS_TRIED", "Cutter", "Parts"]

CUTS_TRIED = 64
"""How many cuts of one column are tried in one part against models that allow no window."""

_NOTHING = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Parts:
    """Parts that may be cut further, and what lies in each.

    ``witnesses`` are the contributions that decide counts of tenants, ``contributions`` all of
    them, ``values`` the sensitive values; each is empty where no model looks at it.
    """

    combinations: PartMembers
    witnesses: PartMembers
    contributions: PartMembers
    values: PartMembers

    def of(self, chosen: BoolArray) -> Parts:
        """The chosen parts, numbered anew."""
        return Parts(
            self.combinations.of(chosen),
            self.witnesses.of(chosen),
            self.contributions.of(chosen),
            self.values.of(chosen),
        )


class Cutter:
    """The rules of one run: what is cut, in which order of values, and what must hold after.

    Counts of rows and of tenants are decided exactly by windows. Every other model is asked, about
    `CUTS_TRIED` cuts of a column at most.
    """

    def __init__(self, classes: Classes, ranks: IntArray, models: tuple[Model, ...]) -> None:
        self._ranks = ranks  # (columns, combinations)
        self._span = int(ranks.max(initial=0)) + 1
        self._classes = classes
        who, values = classes.contributors, classes.sensitive
        self._tenant = _NOTHING if who is None else who.tenant
        self._fund_of_tenant = _NOTHING if who is None else who.fund_of_tenant
        self._combination_of_entry = _NOTHING if who is None else who.class_of
        self._combination_of_value = _NOTHING if values is None else values.class_of
        self._k_rows = max((model.k for model in models if isinstance(model, KRows)), default=1)
        self._counted = tuple(model for model in models if isinstance(model, CountedTenants))
        self._asked = tuple(
            model for model in models if not isinstance(model, KRows | CountedTenants)
        )

    def whole(self) -> Parts:
        """Everything as one part."""
        values = self._classes.sensitive
        entries = np.arange(len(self._tenant))
        return Parts(
            _one_part(np.arange(len(self._classes))),
            _one_part(self._by_tenant(entries[self._is_witness()])),
            _one_part(self._by_tenant(entries) if self._asked else _NOTHING),
            _one_part(_NOTHING if values is None else np.argsort(values.value, kind="stable")),
        )

    def find(self, parts: Parts, column_of: IntArray) -> IntArray:
        """The rank after which each part is cut on the column given for it; -1 where none may be.

        Cuts are ordered by how evenly they halve the part's rows, the lower cut first.
        """
        candidates = self._candidates(parts, column_of)
        uneven = np.abs(candidates.rows_below - candidates.rows_above)
        candidates = candidates.of(np.lexsort((candidates.rank, uneven, candidates.part_of)))
        if self._asked:
            return self._first_allowed(parts, column_of, candidates)
        return _first_of_each_part(candidates, len(column_of))

    def halved(self, parts: Parts, column_of: IntArray, cut_after: IntArray) -> Parts:
        """Every part cut in two."""

        def cut(members: PartMembers, combination: IntArray) -> PartMembers:
            rank = self._ranks[column_of[members.part_of], combination]
            return members.halved(rank > cut_after[members.part_of])

        return Parts(
            cut(parts.combinations, parts.combinations.items),
            cut(parts.witnesses, self._combination_of_entry[parts.witnesses.items]),
            cut(parts.contributions, self._combination_of_entry[parts.contributions.items]),
            cut(parts.values, self._combination_of_value[parts.values.items]),
        )

    def _by_tenant(self, entries: IntArray) -> IntArray:
        return entries[np.argsort(self._tenant[entries], kind="stable")]

    def _is_witness(self) -> BoolArray:
        """The first tenants of each combination, until they alone satisfy what counts tenants.

        All of them where they never do. Exact: a combination that is cut short satisfies the
        models by itself, and so does every part that holds it.
        """
        if not self._counted:
            return np.zeros(len(self._tenant), dtype=np.bool_)
        combination = self._combination_of_entry
        place = grouped.ranks(combination)
        never = len(self._fund_of_tenant)
        last = np.full(len(self._classes), never)
        present = combination[grouped.starts(combination)]
        number = np.repeat(
            np.arange(len(present)), np.diff(grouped.starts(combination), append=len(place))
        )
        last[present] = first_allowed_rank(
            self._counted, number, self._fund_of_tenant[self._tenant], place, never
        )
        return np.asarray(place <= last[combination], dtype=np.bool_)

    def _candidates(self, parts: Parts, column_of: IntArray) -> Candidates:
        """Every cut after a value that is present, except after the last, inside the windows."""
        members = parts.combinations
        rank = self._ranks[column_of[members.part_of], members.items]
        key = members.part_of * self._span + rank
        order = np.argsort(key, kind="stable")
        key = key[order]
        rows = self._classes.rows[members.items[order]]
        last = np.append(grouped.starts(key)[1:], len(key)) - 1
        part_of, cut_after = np.divmod(key[last], self._span)
        through = np.cumsum(rows)[last]
        ends = np.searchsorted(part_of, np.arange(members.parts), side="right") - 1
        total = np.diff(through[ends], prepend=0)
        below = through - (through[ends] - total)[part_of]
        above = total[part_of] - below
        lowest, highest = self._windows(parts, column_of)
        kept = (
            (below >= self._k_rows)
            & (above >= self._k_rows)
            & (cut_after >= lowest[part_of])
            & (cut_after < highest[part_of])
        )
        return Candidates(part_of[kept], cut_after[kept], below[kept], above[kept])

    def _windows(self, parts: Parts, column_of: IntArray) -> tuple[IntArray, IntArray]:
        """Cuts from the first of these ranks on, before the second, leave tenants enough."""
        if not self._counted:
            count = len(column_of)
            return np.zeros(count, dtype=np.int64), np.full(count, self._span)
        members = parts.witnesses
        combination = self._combination_of_entry[members.items]
        rank = self._ranks[column_of[members.part_of], combination]
        tenant = self._tenant[members.items]
        first = grouped.starts(members.part_of * len(self._fund_of_tenant) + tenant)
        part_of, fund = members.part_of[first], self._fund_of_tenant[tenant[first]]
        top = self._span - 1
        lowest = first_allowed_rank(
            self._counted, part_of, fund, np.minimum.reduceat(rank, first), self._span
        )
        mirrored = first_allowed_rank(
            self._counted, part_of, fund, top - np.maximum.reduceat(rank, first), self._span
        )
        return lowest, top - mirrored

    def _first_allowed(self, parts: Parts, column_of: IntArray, candidates: Candidates) -> IntArray:
        """Ask the models about one cut of each part, then about two more, four, and so on."""
        found = np.full(len(column_of), -1)
        place = grouped.ranks(candidates.part_of)
        start, count = 0, 1
        while start < CUTS_TRIED:
            stop = min(start + count, CUTS_TRIED)
            asked = (place >= start) & (place < stop) & (found[candidates.part_of] < 0)
            if not asked.any():
                break
            chosen = np.zeros(len(column_of), dtype=np.bool_)
            chosen[candidates.part_of[asked]] = True
            some = candidates.of(asked)
            number = np.cumsum(chosen) - 1
            renumbered = Candidates(
                number[some.part_of], some.rank, some.rows_below, some.rows_above
            )
            contents = self._contents(parts.of(chosen), column_of[chosen])
            allowed = allowed_by(self._asked, renumbered, contents)
            best = _first_of_each_part(some.of(allowed), len(column_of))
            found = np.where(found < 0, best, found)
            start, count = stop, 2 * count
        return found

    def _contents(self, parts: Parts, column_of: IntArray) -> Contents:
        def rank(members: PartMembers, combination_of: IntArray) -> IntArray:
            return self._ranks[column_of[members.part_of], combination_of[members.items]]

        return Contents(
            self._classes,
            parts.contributions,
            rank(parts.contributions, self._combination_of_entry),
            parts.values,
            rank(parts.values, self._combination_of_value),
        )


def _one_part(items: IntArray) -> PartMembers:
    return PartMembers(items.astype(np.int64), np.zeros(len(items), dtype=np.int64), 1)


def _first_of_each_part(candidates: Candidates, parts: int) -> IntArray:
    found = np.full(parts, -1)
    first = grouped.starts(candidates.part_of)
    found[candidates.part_of[first]] = candidates.rank[first]
    return found
