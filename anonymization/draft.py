"""Makes a candidate of what was read: suppresses cells, measures and templates that are unsafe."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from anonymization.candidate import WHOLE, Cell, Extract, Part
from anonymization.embedders.embedder import embedder_in_force, written_embeddings
from anonymization.rounding import rounded
from anonymization.safe_cells import safe_cells
from anonymization.text.content import content_of, item_id_of, measured_as, shared_templates
from anonymization.workflow import Workflow
from stores.sessions import Contributions

__all__ = ["Draft", "draft_candidate"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A candidate that is ready to be filed."""

    cells: Sequence[Mapping[str, object]]
    contributions: Contributions
    cells_in: int
    suppressed: Mapping[str, int]


def draft_candidate(workflow: Workflow, read: Extract) -> Draft:
    """Keep the cells that satisfy the policy, with rounded measures; count the rest by rule.

    A measure is withheld where the rows it reads do not satisfy the policy by themselves, and so
    is a template; who shares one that is shown is filed like who contributes to a measure.
    """
    order = list(read.cells)
    split = {
        measured: safe_cells(
            {
                number: [part.contribution for part in parts[cell]]
                for number, cell in enumerate(order)
                if cell in parts
            },
            workflow.policy,
        )
        for measured, parts in read.parts.items()
    }
    cells: list[dict[str, object]] = []
    behind: list[tuple[int, str, Part]] = []
    for number in sorted(split[WHOLE].kept):
        cell = order[number]
        withheld = {name for name, decided in split.items() if number not in decided.kept}
        shown = _shown_templates(workflow, read, cell)
        cells.append(_released(workflow, read.cells[cell], withheld, list(shown.values())))
        told = {name: parts[cell] for name, parts in read.parts.items() if name not in withheld}
        told |= {measured_as(each): read.templates[cell][each] for each in shown}
        behind += [
            (len(cells), measured, part)
            for measured, parts in told.items()
            for part in sorted(parts, key=lambda part: part.contribution.tenant_id)
        ]
    return Draft(
        cells=_embedded(cells) if workflow.text else cells,
        contributions=Contributions(
            cell_nos=[number for number, _, _ in behind],
            tenants=[part.contribution.tenant_id for _, _, part in behind],
            measured=[measured for _, measured, _ in behind],
            row_counts=[part.contribution.row_count for _, _, part in behind],
            amounts=[part.contribution.amount for _, _, part in behind],
            digests=[part.digest for _, _, part in behind],
            row_digests=[part.row_digests for _, _, part in behind],
        ),
        cells_in=len(order),
        suppressed={str(rule): count for rule, count in split[WHOLE].suppressed.items()},
    )


def _shown_templates(workflow: Workflow, read: Extract, cell: Cell) -> Mapping[str, str]:
    """The templates that the cell's content shows, and how it writes them."""
    shared = read.templates.get(cell, {})
    return shared_templates(
        {each: [part.contribution for part in parts] for each, parts in shared.items()},
        workflow.policy,
    )


def _released(
    workflow: Workflow,
    cell: Mapping[str, object],
    withheld: Collection[str],
    templates: Sequence[str],
) -> dict[str, object]:
    values: dict[str, object] = {name: _json_value(cell[name]) for name in workflow.dimension_names}
    if workflow.text:
        values["item_id"] = item_id_of(workflow.family, values, workflow.dimension_names)
        values["content"] = content_of(workflow.text, values, templates)
    for measure in workflow.measures:
        value = None if measure.measured in withheld else cell[measure.column]
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
