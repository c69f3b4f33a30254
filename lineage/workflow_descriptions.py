"""What DataHub is told of a workflow beside its registration: handed in, since it is code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["WorkflowDescription"]


@dataclass(frozen=True, slots=True)
class WorkflowDescription:
    """A workflow in words, and which source columns each released column is made of.

    ``column_lineage`` maps a column of the target to ``schema.dataset.column`` names.
    """

    name: str
    description: str
    module: str
    sources: tuple[str, ...]
    target: str
    column_lineage: Mapping[str, tuple[str, ...]]
