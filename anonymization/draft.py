"""Makes a candidate of what is read: suppresses cells, measures and templates that are unsafe.

A few cells are in memory at a time, however many there are: each is decided by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from anonymization.candidate import WHOLE, Extract, Part, ReadCell
from anonymization.embedders.embedder import embedder_in_force, written_embeddings
from anonymization.rounding import rounded
from anonymization.safe_cells import safe_cells
from anonymization.text.content import content_of, item_id_of, measured_as, shared_templates
from anonymization.workflow import Workflow
from expectations.disclosure.cells import DisclosureRule
from stores.candidate_filing import CellCounts, FiledCell, FiledContribution

__all__ = ["Draft"]

_CELLS_AT_ONCE = 2000
_PARTS_AT_ONCE = 50_000


class Draft:
    """A candidate that is made as it is filed: first its cells, then how many there were."""

    def __init__(self, workflow: Workflow, read: Extract) -> None:
        self._workflow = workflow
        self._read = read
        self._cells_in = 0
        self._suppressed: Counter[DisclosureRule] = Counter()

    def cells(self) -> Iterator[FiledCell]:
        """The cells that satisfy the policy, with rounded measures; the rest is counted by rule.

        A measure is withheld where the rows it reads do not satisfy the policy by themselves, and
        so is a template; who shares one that is shown is filed like who contributes to a measure.
        """
        self._cells_in = 0
        self._suppressed.clear()
        for some in _in_batches(self._read.cells()):
            yield from self._safe(some)

    def counted(self) -> CellCounts:
        """Of the cells that were asked for."""
        return CellCounts(
            self._cells_in,
            {
                str(rule): self._suppressed[rule]
                for rule in DisclosureRule
                if self._suppressed[rule]
            },
        )

    def _safe(self, some: Sequence[ReadCell]) -> Iterator[FiledCell]:
        workflow = self._workflow
        split = {
            measured: safe_cells(
                {
                    number: [part.contribution for part in cell.parts[measured]]
                    for number, cell in enumerate(some)
                    if measured in cell.parts
                },
                workflow.policy,
            )
            for measured in (WHOLE, *workflow.measured)
        }
        self._cells_in += len(some)
        self._suppressed.update(split[WHOLE].suppressed)
        released: list[dict[str, object]] = []
        behind: list[list[FiledContribution]] = []
        for number in sorted(split[WHOLE].kept):
            cell = some[number]
            withheld = {name for name, decided in split.items() if number not in decided.kept}
            shown = _shown_templates(workflow, cell)
            released.append(_released(workflow, cell, withheld, list(shown.values())))
            told = {name: parts for name, parts in cell.parts.items() if name not in withheld}
            told |= {measured_as(each): cell.templates[each] for each in shown}
            behind.append(_contributions(told))
        if workflow.text:
            released = _embedded(released)
        yield from map(FiledCell, released, behind)


def _in_batches(cells: Iterator[ReadCell]) -> Iterator[list[ReadCell]]:
    batch: list[ReadCell] = []
    parts = 0
    for cell in cells:
        batch.append(cell)
        parts += sum(map(len, cell.parts.values()))
        if len(batch) >= _CELLS_AT_ONCE or parts >= _PARTS_AT_ONCE:
            yield batch
            batch, parts = [], 0
    if batch:
        yield batch


def _contributions(told: Mapping[str, Sequence[Part]]) -> list[FiledContribution]:
    return [
        FiledContribution(
            part.contribution.tenant_id,
            measured,
            part.contribution.row_count,
            part.contribution.amount,
            part.digest,
            part.row_digests,
        )
        for measured, parts in told.items()
        for part in parts
    ]


def _shown_templates(workflow: Workflow, cell: ReadCell) -> Mapping[str, str]:
    """The templates that the cell's content shows, and how it writes them."""
    return shared_templates(
        {each: [part.contribution for part in parts] for each, parts in cell.templates.items()},
        workflow.policy,
    )


def _released(
    workflow: Workflow, cell: ReadCell, withheld: Collection[str], templates: Sequence[str]
) -> dict[str, object]:
    values: dict[str, object] = {
        name: _json_value(cell.values[name]) for name in workflow.dimension_names
    }
    if workflow.text:
        values["item_id"] = item_id_of(workflow.family, values, workflow.dimension_names)
        values["content"] = content_of(workflow.text, values, templates)
    for measure in workflow.measures:
        value = None if measure.measured in withheld else cell.values[measure.column]
        values[measure.column] = _json_value(rounded(measure, value))
    return values


def _embedded(cells: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """The cells with the embeddings of what they say."""
    embeddings = written_embeddings(embedder_in_force(), [str(cell["content"]) for cell in cells])
    return [
        cell | {"embedding": embedding} for cell, embedding in zip(cells, embeddings, strict=True)
    ]


def _json_value(value: object) -> object:
    """The value as JSON carries it; numbers keep their digits, dates become ISO 8601."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date):
        return value.isoformat()
    return value
