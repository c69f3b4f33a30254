"""Reads that return labelled values: what each kind of session adds for the classes it may read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from catalog.data_classes import DataClass
from catalog.label_issuing import labelled, read_key
from catalog.labelled import (
    AnonymizedBenchmark,
    AscendPlatformMetric,
    ClassT,
    FundPrivate,
    Labelled,
    MixedClasses,
    ReadKey,
    TenantPrivate,
)
from catalog.registry import Dataset

__all__ = [
    "AnonymizedBenchmarkReads",
    "AscendPlatformMetricReads",
    "FundPrivateReads",
    "TenantPrivateReads",
    "require_one_class",
]

# Any: a row's values have the types of their columns.
Row = Mapping[str, Any]


class _Reads(Protocol):
    def read(
        self, data_class: DataClass, dataset_name: str, *, limit: int | None = None
    ) -> list[Row]: ...


def require_one_class(dataset: Dataset) -> None:
    """Refuse a read of whole rows whose columns have several classes: no one label is true."""
    others = {dataset.class_of(column) for column in dataset.columns} - {dataset.data_class}
    if others:
        message = (
            f"{dataset.qualified_name} [{dataset.data_class}] holds columns of "
            f"{', '.join(sorted(others))}: a mixed-class read is refused; split the dataset by "
            "class"
        )
        raise MixedClasses(message)


def _read(
    session: _Reads, marker: type[ClassT], dataset_name: str, limit: int | None
) -> Labelled[ClassT, list[Row]]:
    return labelled(marker, session.read(marker.data_class, dataset_name, limit=limit))


class TenantPrivateReads:
    """For sessions that may read one tenant's private data."""

    @property
    def tenant_private_key(self) -> ReadKey[TenantPrivate]:
        """Opens what `read_tenant_private` returned."""
        return read_key(TenantPrivate)

    def read_tenant_private(
        self: _Reads, dataset_name: str, limit: int | None = None
    ) -> Labelled[TenantPrivate, list[Row]]:
        """Rows of one of this tenant's datasets, in order of its key."""
        return _read(self, TenantPrivate, dataset_name, limit)


class FundPrivateReads:
    """For sessions that may read one fund's aggregates."""

    @property
    def fund_private_key(self) -> ReadKey[FundPrivate]:
        """Opens what `read_fund_private` returned."""
        return read_key(FundPrivate)

    def read_fund_private(
        self: _Reads, dataset_name: str, limit: int | None = None
    ) -> Labelled[FundPrivate, list[Row]]:
        """Rows of one of this fund's datasets, in order of its key."""
        return _read(self, FundPrivate, dataset_name, limit)


class AnonymizedBenchmarkReads:
    """For sessions that may read what everyone may."""

    @property
    def anonymized_benchmark_key(self) -> ReadKey[AnonymizedBenchmark]:
        """Opens what `read_anonymized_benchmark` returned."""
        return read_key(AnonymizedBenchmark)

    def read_anonymized_benchmark(
        self: _Reads, dataset_name: str, limit: int | None = None
    ) -> Labelled[AnonymizedBenchmark, list[Row]]:
        """Rows of one anonymized dataset, in order of its key."""
        return _read(self, AnonymizedBenchmark, dataset_name, limit)


class AscendPlatformMetricReads:
    """For the platform's own session."""

    @property
    def ascend_platform_metric_key(self) -> ReadKey[AscendPlatformMetric]:
        """Opens what `read_ascend_platform_metric` returned."""
        return read_key(AscendPlatformMetric)

    def read_ascend_platform_metric(
        self: _Reads, dataset_name: str, limit: int | None = None
    ) -> Labelled[AscendPlatformMetric, list[Row]]:
        """Rows of one dataset of operating data, in order of its key."""
        return _read(self, AscendPlatformMetric, dataset_name, limit)
