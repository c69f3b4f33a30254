"""The one registry of this platform, made of all declarations in `catalog.datasets`."""

from __future__ import annotations

from catalog.datasets import (
    anonymized_benchmark,
    ascend_platform_metric,
    control,
    fund_private,
    review,
    staging,
    tenant_private,
)
from catalog.registry import Registry

__all__ = ["REGISTRY"]

REGISTRY = Registry(
    (
        *tenant_private.DATASETS,
        *fund_private.DATASETS,
        *anonymized_benchmark.DATASETS,
        *ascend_platform_metric.DATASETS,
        *control.DATASETS,
        *review.DATASETS,
        *staging.DATASETS,
    )
)
