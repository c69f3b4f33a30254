"""Surface 1, the Dagster UI: every store and promotion as an asset, behind the class-flow guard."""
