"""The one way to DataHub: its address, what it answers, and `connect`.

Importing this module is cheap; the SDK is imported by `connect`, with its telemetry switched off.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from catalog.data_classes import DataClass
from catalog.datahub_errors import (
    DataHubError,
    DataHubFailing,
    DataHubRefused,
    DataHubTokenRefused,
    DataHubUnreachable,
)

if TYPE_CHECKING:
    from catalog.datahub_connection import DataHubConnection

__all__ = [
    "ColumnStep",
    "Crossing",
    "DataHubError",
    "DataHubFailing",
    "DataHubRefused",
    "DataHubSettings",
    "DataHubTokenRefused",
    "DataHubUnreachable",
    "FoundDataset",
    "Lineage",
    "LineageStep",
    "PromotionRun",
    "Trail",
    "TrailNode",
    "connect",
    "datahub_settings",
    "silence_sdk",
]


@dataclass(frozen=True, slots=True)
class DataHubSettings:
    """Where DataHub is, and the token it knows us by.

    ``embedded``: it is our own server on this machine, which no proxy stands in front of.
    """

    url: str
    token: str | None = field(default=None, repr=False)
    embedded: bool = False

    @property
    def address(self) -> str:
        """Scheme, host and port: what may stand in a message."""
        parts = urlsplit(self.url)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname}{port}"


@dataclass(frozen=True, slots=True)
class FoundDataset:
    """A dataset that a search found; no class means that nobody has labelled it in DataHub."""

    urn: str
    name: str
    platform: str
    description: str
    data_class: DataClass | None
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LineageStep:
    """A dataset or a workflow that lineage reaches, and in how many hops."""

    urn: str
    kind: str
    name: str
    platform: str
    hops: int


@dataclass(frozen=True, slots=True)
class ColumnStep:
    """A column that lineage reaches from one of the columns asked about."""

    from_column: str
    dataset: str
    column: str
    hops: int


@dataclass(frozen=True, slots=True)
class Lineage:
    """What lineage reaches from one dataset, nearest first; and the promotions on that way."""

    steps: tuple[LineageStep, ...]
    columns: tuple[ColumnStep, ...]
    promotions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PromotionRun:
    """What DataHub knows of one promotion; one that is not published has no moment."""

    run_id: str
    workflow: str
    state: str
    from_class: str
    to_class: str
    approved_by: str | None
    published_at: datetime | None
    cells_kept: str | None


@dataclass(frozen=True, slots=True)
class Crossing:
    """A change of class on an edge: by which workflow, and its latest promotion over that edge.

    No workflow means that no one declared the change; no run, that nothing was promoted yet.
    """

    from_class: DataClass | None
    to_class: DataClass | None
    workflow: str | None
    run: PromotionRun | None


@dataclass(frozen=True, slots=True)
class TrailNode:
    """A dataset or column, and what lineage reaches from it in one hop.

    ``crossings`` lie on the edge to the node above. A ``repeated`` node is followed where it
    stands nearer to the root.
    """

    urn: str
    name: str
    data_class: DataClass | None
    crossings: tuple[Crossing, ...] = ()
    children: tuple[TrailNode, ...] = ()
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Trail:
    """The tree of datasets; a tree for each column that has lineage; and the runs on the way."""

    root: TrailNode
    columns: tuple[TrailNode, ...]
    promotions: tuple[PromotionRun, ...]


def datahub_settings(
    datahub_folder: Path, environ: Mapping[str, str] = os.environ
) -> DataHubSettings:
    """DATAHUB_GMS_URL and DATAHUB_GMS_TOKEN, else the embedded server whose folder that is."""
    url = environ.get("DATAHUB_GMS_URL", "").strip()
    if url:
        _require_http(url)
        return DataHubSettings(url.rstrip("/"), environ.get("DATAHUB_GMS_TOKEN") or None)
    try:
        port = int((datahub_folder / "port").read_text(encoding="ascii"))
        token = (datahub_folder / "token").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        message = (
            "no DataHub is up: the embedded one does not run and DATAHUB_GMS_URL names no other; "
            "run `classline up`"
        )
        raise DataHubUnreachable(message) from None
    return DataHubSettings(f"http://127.0.0.1:{port}", token, embedded=True)


def connect(settings: DataHubSettings) -> DataHubConnection:
    """A connection to the DataHub there; refused at once where none answers."""
    silence_sdk()
    # Imported here: the SDK costs a second, which no code location and no --help should pay.
    from catalog.datahub_connection import open_connection  # noqa: PLC0415

    return open_connection(settings)


def silence_sdk() -> None:
    """Load the SDK without telemetry, without Sentry and without a folder in the user's home.

    The SDK decides on all three while it is first imported, so this must come before.
    """
    # It writes a warning for walks of more than two hops, and request bodies at debug level.
    logging.getLogger("datahub").setLevel(logging.ERROR)
    with _environment({"DATAHUB_TELEMETRY_ENABLED": "false", "SENTRY_DSN": None}):
        from datahub.cli import config_utils  # noqa: PLC0415 - as in `connect`

        config_utils.DATAHUB_ROOT_FOLDER = os.devnull
        from datahub.telemetry.telemetry import telemetry_instance  # noqa: PLC0415
    telemetry_instance.enabled = False
    telemetry_instance.mp = None


@contextmanager
def _environment(changes: Mapping[str, str | None]) -> Iterator[None]:
    """Set or, where None, unset variables of the environment, and put back what was there."""
    before = {name: os.environ.get(name) for name in changes}
    _set(changes)
    try:
        yield
    finally:
        _set(before)


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _require_http(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        message = "DATAHUB_GMS_URL is not an http or https address; set it to http://host:port"
        raise DataHubUnreachable(message)
