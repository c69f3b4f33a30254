"""Runs a Great Expectations checkpoint whose action is DataHub's own; prints whether it passed."""

from __future__ import annotations

import sys

import great_expectations as gx
import pandas as pd
from datahub_gx_plugin.action_v1 import DataHubValidationAction

url, token = sys.argv[1:]
context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
asset = context.data_sources.add_pandas("frames").add_dataframe_asset("cells")
batch = asset.add_batch_definition_whole_dataframe("all")
suite = context.suites.add(
    gx.ExpectationSuite(
        "cells",
        expectations=[
            gx.expectations.ExpectColumnValuesToNotBeNull(column="industry"),
            gx.expectations.ExpectColumnValuesToBeBetween(column="tenants", min_value=5),
        ],
    )
)
validation = context.validation_definitions.add(
    gx.ValidationDefinition(name="cells", data=batch, suite=suite)
)
action = DataHubValidationAction(
    server_url=url,
    token=token,
    platform="postgres",
    dataset_name="classline.anonymized.cells",
    graceful_exceptions=False,
)
checkpoint = context.checkpoints.add(
    gx.Checkpoint(name="cells", validation_definitions=[validation], actions=[action])
)
frame = pd.DataFrame({"industry": ["retail", "health"], "tenants": [7, 3]})
print(checkpoint.run(batch_parameters={"dataframe": frame}).success)
