"""Pictures and links in a candidate's metadata: its cells by size, and where it is reviewed."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from dagster import MetadataValue

from anonymization.workflow import Workflow
from lineage.cell_picture import cell_size_picture

if TYPE_CHECKING:
    from stores.platform import Platform

__all__ = ["candidate_pictures"]

_DEFAULT_PORT = "8765"


def candidate_pictures(
    platform: Platform, workflow: Workflow, promotion_id: UUID
) -> Mapping[str, MetadataValue]:
    """A histogram made of counts, and the address of the candidate's review on the desk."""
    with platform.platform_session("candidate picture") as session:
        figures = session.cell_figures_ascend_platform_metric(promotion_id)
    sizes = {int(size): int(cells) for size, cells in figures["tenants"].items()}
    drawn = b64encode(cell_size_picture(sizes, workflow.policy.k_tenants).encode()).decode()
    return {
        "cells_by_tenants": MetadataValue.md(
            f"![Cells by number of distinct tenants](data:image/svg+xml;base64,{drawn})"
        ),
        "review": MetadataValue.url(f"{_desk()}/reviews/{workflow.name}"),
    }


def _desk() -> str:
    port = os.environ.get("CLASSLINE_DESK_PORT") or _DEFAULT_PORT
    return (os.environ.get("CLASSLINE_DESK_URL") or f"http://127.0.0.1:{port}").rstrip("/")
