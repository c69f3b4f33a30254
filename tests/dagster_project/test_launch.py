"""What the command line gets back from a run, however the workflows end."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import Promotions  # noqa: TC002

from anonymization.registered import WORKFLOWS, UnregisteredWorkflow
from anonymization.workflow import CheckName
from dagster_project.launch import run_workflows
from dagster_project.run_summary import RunSummary, WorkflowOutcome
from lineage.promotions import PromotionState
