"""A page for each workflow in force, made of its declaration alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from anonymization.registered import WORKFLOWS
from anonymization.workflow import Measure, Workflow
from catalog.declared import REGISTRY

__all__ = ["page_of", "pages"]


def pages() -> dict[str, str]:
    """The pages by file name, and one that lists them."""
    listed = _table(
        ("workflow", "from", "to", "what it does"),
        [(f"[{w.name}]({w.name}.md)", w.from_class, w.to_class, w.description) for w in WORKFLOWS],
    )
    index = f"# Workflows in force\n\nThe only ways in which a datum changes its class.\n\n{listed}"
    return {"README.md": index} | {f"{w.name}.md": page_of(w) for w in WORKFLOWS}


def page_of(workflow: Workflow) -> str:
    """What it reads, releases and demands, for people who did not write it."""
    target = workflow.target_dataset
    told = {*workflow.dimension_names, *(measure.column for measure in workflow.measures)}
    cells = _table(
        ("column", "what it is", "levels", "made of"),
        [
            (d.column, target.column(d.column).description, d.levels, ", ".join(d.made_of))
            for d in workflow.dimensions
        ],
    )
    measures = _table(
        ("column", "what it is", "computed as", "rounded to", "made of"),
        [
            (
                m.column,
                target.column(m.column).description,
                f"`{m.expression}`",
                _rounding(m),
                ", ".join(m.from_columns),
            )
            for m in workflow.measures
        ]
        + [
            (name, target.column(name).description, "-", "-", ", ".join(made_of))
            for name, made_of in workflow.column_lineage.items()
            if name not in told
        ],
    )
    policy = _table(("rule", "value"), workflow.policy.as_parameters().items())
    sources = "\n".join(
        f"- `{d.qualified_name}` [{d.data_class}]: {d.description}"
        for d in (REGISTRY.get(name) for name in workflow.sources)
    )
    checks = ", ".join(f"`{check}`" for check in workflow.required_checks)
    return f"""# {workflow.name}

{workflow.description}

It releases into `{target.qualified_name}` [{target.data_class}] once a {workflow.period} has ended,
as family `{workflow.family}`: a cell is published {workflow.publish_mode}. Its source is
`{workflow.module}`.

## Reads

{sources}

## A cell is made of

{cells}
## It shows

{measures}
## A cell is released only if

{policy}
and these checks have passed: {checks}.
"""


def _rounding(measure: Measure) -> str:
    if measure.decimals is not None:
        return f"{measure.decimals} decimals"
    if measure.significant_digits is not None:
        return f"{measure.significant_digits} digits"
    return "a count"


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(str(cell) for cell in line)} |\n" for line in lines)
