"""What DataHub is told of a workflow beside its registration: handed in, since it is code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["WorkflowDescription"]


@dataclass(frozen=True, slots=True)
class WorkflowDescription:
    """A workflow in words, and which source columns each released column is made of.

    ``column_lineage`` maps a column of the target to ``schema.dataset.column`` names. ``statement``
    is the SELECT that yields its source rows, empty where it has none. ``checks`` says in words
    what each of its checks looks at, by the check's name.
    """

    name: str
    description: str
    module: str
    sources: tuple[str, ...]
    target: str
    column_lineage: Mapping[str, tuple[str, ...]]
    statement: str = ""
    checks: Mapping[str, str] = field(default_factory=dict)

    @property
    def code_location(self) -> str:
        """The file that holds the workflow, from the repository's root; empty where unknown."""
        return f"{self.module.replace('.', '/')}.py" if self.module else ""
