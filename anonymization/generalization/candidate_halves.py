"""Both halves of many candidate cuts as classes, so that any model is checked on all at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from anonymization.generalization.merged_classes import summed
from anonymization.generalization.part_members import PartMembers
from expectations.disclosure import grouped
from expectations.disclosure.classes import Classes, Contributors, IntArray, SensitiveValues
from expectations.disclosure.models import BoolArray, Model, satisfied_by

__all__ = ["Candidates", "Contents", "allowed_by"]

_ENTRIES_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True)
class Candidates:
    """Cuts that could be made: part ``part_of[i]`` after ``rank[i]``; sorted by part."""

    part_of: IntArray
    rank: IntArray
    rows_below: IntArray
    rows_above: IntArray

    def __len__(self) -> int:
        return len(self.part_of)

    def of(self, chosen: BoolArray | IntArray | slice) -> Candidates:
        """The chosen candidates."""
        return Candidates(
            self.part_of[chosen],
            self.rank[chosen],
            self.rows_below[chosen],
            self.rows_above[chosen],
        )


@dataclass(frozen=True, slots=True)
class Contents:
    """Contributions and sensitive values of the parts, each with its rank in the cut column.

    Members are entries of ``classes.contributors`` and ``classes.sensitive``; within a part they
    are sorted by tenant, and by value.
    """

    classes: Classes
    contributions: PartMembers
    contribution_rank: IntArray
    values: PartMembers
    value_rank: IntArray


def allowed_by(models: tuple[Model, ...], candidates: Candidates, contents: Contents) -> BoolArray:
    """Whether both halves of each candidate satisfy every model."""
    allowed = np.zeros(len(candidates), dtype=np.bool_)
    for batch in _batches(candidates, contents):
        some = candidates.of(batch)
        held = satisfied_by(models, _halves(some, contents))
        allowed[batch] = held[: len(some)] & held[len(some) :]
    return allowed


def _batches(candidates: Candidates, contents: Contents) -> Iterator[slice]:
    """Runs of candidates whose entries together fit in memory."""
    entries = np.zeros(len(candidates), dtype=np.int64)
    for members in (contents.contributions, contents.values):
        entries += np.diff(members.starts)[candidates.part_of]
    batch_of = np.cumsum(entries) // _ENTRIES_AT_ONCE
    bounds = np.append(grouped.starts(batch_of), len(candidates))
    for start, stop in pairwise(bounds):
        yield slice(int(start), int(stop))


def _halves(candidates: Candidates, contents: Contents) -> Classes:
    """Class i is the lower half of candidate i; class len(candidates) + i its upper half."""
    rows = np.concatenate((candidates.rows_below, candidates.rows_above))
    who, contributors = contents.classes.contributors, None
    if who is not None:
        class_of, tenant, held, *amounts = _entries(
            candidates,
            contents.contributions,
            contents.contribution_rank,
            who.tenant,
            [who.rows] if who.amounts is None else [who.rows, who.amounts],
        )
        contributors = Contributors(
            class_of, tenant, held, amounts[0] if amounts else None, who.fund_of_tenant
        )
    values, sensitive = contents.classes.sensitive, None
    if values is not None:
        class_of, value, counted = _entries(
            candidates, contents.values, contents.value_rank, values.value, [values.rows]
        )
        sensitive = SensitiveValues(values.column, class_of, value, counted, values.overall)
    return Classes(rows, contributors, sensitive)


def _entries(
    candidates: Candidates,
    members: PartMembers,
    rank: IntArray,
    whose: IntArray,
    measures: list[IntArray],
) -> list[IntArray]:
    """Class, whose, and each measure's sum of every entry of the halves, sorted as `Classes` asks.

    ``whose`` is the tenant, or the sensitive value, of each entry of the finest classes.
    """
    if np.array_equal(candidates.part_of, np.arange(members.parts)):  # one cut each, of all parts
        candidate_of, items = members.part_of, members.items
    else:
        starts = members.starts
        sizes = np.diff(starts)[candidates.part_of]
        candidate_of = np.repeat(np.arange(len(candidates)), sizes)
        place = np.repeat(starts[candidates.part_of], sizes) + grouped.ranks(candidate_of)
        items, rank = members.items[place], rank[place]
    below = rank <= candidates.rank[candidate_of]
    owner = whose[items]
    first = grouped.starts(candidate_of * (int(owner.max(initial=0)) + 1) + owner)
    lower = summed(below.astype(np.int64), first)
    upper = summed((~below).astype(np.int64), first)
    in_lower, in_upper = lower > 0, upper > 0
    candidate_of, owner = candidate_of[first], owner[first]
    found = [
        np.concatenate((candidate_of[in_lower], len(candidates) + candidate_of[in_upper])),
        np.concatenate((owner[in_lower], owner[in_upper])),
    ]
    for measure in measures:
        held = measure[items]
        part = summed(np.where(below, held, 0), first)
        found.append(np.concatenate((part[in_lower], (summed(held, first) - part)[in_upper])))
    return found
