"""Builds one asset check a store: that it holds what its class demands, as far as a count tells.

Texts are scanned by `classline check`. Each check is an op of its own, so it sees one class.
"""

# no `from __future__ import annotations`: Dagster reads the annotations of check functions

from collections.abc import Iterable

from dagster import AssetCheckResult, AssetChecksDefinition, AssetKey, asset_check

from catalog.registry import Dataset
from dagster_project.errors_without_values import errors_without_values
from dagster_project.resources import PlatformResource

__all__ = ["CLASS_CHECK", "class_checks"]

CLASS_CHECK = "holds_what_its_class_demands"


def class_checks(datasets: Iterable[Dataset]) -> tuple[AssetChecksDefinition, ...]:
    """One check for each of these stores."""
    return tuple(_class_check(dataset) for dataset in datasets)


def _class_check(dataset: Dataset) -> AssetChecksDefinition:
    @asset_check(
        asset=AssetKey(dataset.asset_key),
        name=CLASS_CHECK,
        description=(
            "Every column carries its class, every row has an owner where rows are owned, and "
            "enough tenants stand behind what was released."
        ),
    )
    def check(platform: PlatformResource) -> AssetCheckResult:
        # imported here: it loads the database libraries, which a code location does not need
        from expectations.store_checks import check_store  # noqa: PLC0415

        with errors_without_values():
            report = check_store(platform.opened, dataset, reads_text=False)
        return AssetCheckResult(
            passed=report.passed,
            metadata={
                "expectations": len(report.judgements),
                "failed": report.failed,
                "could_not_check": report.could_not_check,
            },
        )

    return check
