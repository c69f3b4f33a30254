"""A candidate in Dagster shows its cells by size, and where it is reviewed; counts alone."""

from __future__ import annotations

from base64 import b64decode
from typing import Any, cast
from uuid import uuid4

import pytest

from anonymization.workflows.pipeline_benchmark import PIPELINE_BENCHMARK
from dagster_project.candidate_pictures import candidate_pictures
from tests.dagster_project.promotion_stand_ins import OpenPlatform


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        ({}, "http://127.0.0.1:8765/reviews/pipeline_benchmark"),
        ({"PORT": "9001"}, "http://127.0.0.1:9001/reviews/pipeline_benchmark"),
        ({"URL": "https://desk.example.com/"}, "https://desk.example.com/reviews/pipeline_benchmark"),
    ],
)  # fmt: skip
def test_the_picture_counts_and_the_link_leads_to_the_desk(
    settings: dict[str, str], address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The histogram is drawn from the database's counts; the link is where the desk is served."""
    for name, value in settings.items():
        monkeypatch.setenv(f"CLASSLINE_DESK_{name}", value)
    shown = candidate_pictures(cast("Any", OpenPlatform()), PIPELINE_BENCHMARK, uuid4())
    assert shown["review"].value == address
    drawn = str(shown["cells_by_tenants"].value).partition("base64,")[2].rstrip(")")
    assert "9 cells; the smallest stands for 5 distinct tenants" in b64decode(drawn).decode()
