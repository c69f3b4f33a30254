"""An open connection to DataHub over its SDK: emits proposals, searches, and follows lineage.

It imports the SDK, so only `catalog.datahub_client.connect` imports it, once the SDK is silenced.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal, Self

import requests
from datahub.cli.cli_utils import fixup_gms_url
from datahub.configuration.common import ConfigurationError, GraphError, OperationalError
from datahub.emitter.rest_emitter import EmitMode
from datahub.ingestion.graph.client import DataHubGraph
from datahub.ingestion.graph.config import DatahubClientConfig
from datahub.sdk.lineage_client import LineageResult
from datahub.sdk.main_client import DataHubClient
from datahub.sdk.search_filters import FilterDsl as F

from catalog import datahub_names, datahub_search, datahub_trail
from catalog.data_classes import DataClass
from catalog.datahub_as_held import Plain
from catalog.datahub_client import (
    ColumnStep,
    DataHubSettings,
    FoundDataset,
    Lineage,
    LineageStep,
    Trail,
)
from catalog.datahub_errors import (
    DataHubError,
    DataHubFailing,
    DataHubRefused,
    DataHubTokenRefused,
    DataHubUnreachable,
)
from catalog.datahub_nameless import nameless
from catalog.datahub_proposals import Proposal
from catalog.registry import StoreKind
from catalog.retry_after import asked_to_wait

__all__ = ["DataHubConnection", "open_connection"]

_CONNECT_SECONDS = 4.0
_ANSWER_SECONDS = 30.0
_BUSY = frozenset({429, 502, 503, 504})
_TOKEN_REFUSED = frozenset({401, 403})
_FIRST_FAILURE = 500
_LONGEST_REASON = 600
_PAGE = 500
_DATASET, _RUN = "DATASET", "DATA_PROCESS_INSTANCE"


def open_connection(settings: DataHubSettings) -> DataHubConnection:
    """Ask DataHub for its configuration with a short deadline, then keep a patient session."""
    with _translated(settings), _graph(settings, _CONNECT_SECONDS) as probe:
        answer = probe.session.get(f"{fixup_gms_url(settings.url)}/config")
        answer.raise_for_status()
        if answer.json().get("noCode") != "true":
            message = (
                f"what answers at {settings.address} is not DataHub's metadata service; "
                "correct DATAHUB_GMS_URL (its usual port is 8080)"
            )
            raise DataHubRefused(message)
    return DataHubConnection(settings, _graph(settings, _ANSWER_SECONDS))


class DataHubConnection:
    """The one connection; close it, or use it in a `with` block."""

    def __init__(self, settings: DataHubSettings, graph: DataHubGraph) -> None:
        self.settings = settings
        self._graph = graph
        self._client = DataHubClient(graph=graph)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the session."""
        self._graph.close()

    def emit(self, proposals: Sequence[Proposal]) -> None:
        """Send proposals; DataHub has them all when this returns."""
        with _translated(self.settings):
            # Synchronous whatever the environment says: an event is delivered once it is stored.
            self._graph.emit_mcps(nameless(proposals), emit_mode=EmitMode.SYNC_PRIMARY)

    def read(
        self, entity_type: str, urns: Sequence[str], aspects: Sequence[str]
    ) -> dict[str, Plain]:
        """The named aspects of those entities as plain JSON, as far as DataHub has them."""
        found: dict[str, Plain] = {}
        address = f"{fixup_gms_url(self.settings.url)}/openapi/v3/entity/{entity_type}/batchGet"
        wanted: dict[str, object] = {name: {} for name in aspects}
        with _translated(self.settings):
            for first in range(0, len(urns), _PAGE):
                asked = [{"urn": urn, **wanted} for urn in urns[first : first + _PAGE]]
                answer = self._graph.session.post(
                    address,
                    data=json.dumps(asked),
                    headers={"Content-Type": "application/json"},
                )
                answer.raise_for_status()
                for entity in answer.json():
                    found[entity["urn"]] = {
                        name: held["value"] for name, held in entity.items() if name != "urn"
                    }
        return found

    def dataset_urns(self, platforms: Sequence[str]) -> list[str]:
        """Every dataset on those platforms that is not removed."""
        rule = F.and_(F.entity_type("dataset"), F.platform(list(platforms)))
        with _translated(self.settings):
            return [str(urn) for urn in self._client.search.get_urns(filter=rule)]

    def search(
        self,
        *,
        data_class: DataClass | None = None,
        text: str | None = None,
        columns: bool = False,
        kind: StoreKind | None = None,
        owner: str | None = None,
    ) -> tuple[FoundDataset, ...]:
        """Datasets of that class, kind and owner (a URN) that match the text, by name.

        With ``columns`` also datasets that merely hold a matching column; each result then names
        its columns of that class whose name or description holds the text.
        """
        with _translated(self.settings):
            return datahub_search.search(
                self._graph,
                data_class=data_class,
                text=text,
                columns=columns,
                kind=kind,
                owner=owner,
            )

    def classes(self) -> Mapping[str, DataClass | None]:
        """The class that is shown of every dataset, by URN; None where none is."""
        with _translated(self.settings):
            rule = F.entity_type("dataset")
            urns = [str(urn) for urn in self._client.search.get_urns(filter=rule)]
        held = self.read("dataset", urns, datahub_search.LABEL_ASPECTS)
        return {urn: datahub_search.class_as_read(held.get(urn, {})) for urn in urns}

    def trail(
        self,
        dataset_urn: str,
        *,
        direction: Literal["upstream", "downstream"] = "upstream",
        most_hops: int = 10,
        columns: bool = False,
        promotions: bool = False,
    ) -> Trail:
        """The tree of lineage from a dataset, each change of class marked with its promotion."""
        with _translated(self.settings):
            return datahub_trail.follow(
                self._client,
                self._graph,
                dataset_urn,
                direction=direction,
                most_hops=most_hops,
                columns=columns,
                promotions=promotions,
            )

    def lineage(
        self,
        dataset_urn: str,
        *,
        direction: Literal["upstream", "downstream"] = "upstream",
        max_hops: int = 3,
    ) -> Lineage:
        """Datasets, workflows and columns that lineage reaches; from 3 hops on, all of them."""
        with _translated(self.settings):
            reached = self._client.lineage.get_lineage(
                source_urn=dataset_urn, direction=direction, max_hops=max_hops, count=_PAGE
            )
            return Lineage(
                steps=tuple(_step(found) for found in reached if found.type != _RUN),
                columns=tuple(self._column_steps(dataset_urn, direction, max_hops)),
                promotions=tuple(
                    found.urn.rpartition(":")[2] for found in reached if found.type == _RUN
                ),
            )

    def _column_steps(
        self, dataset_urn: str, direction: Literal["upstream", "downstream"], max_hops: int
    ) -> Iterator[ColumnStep]:
        for column in datahub_search.column_names(self._graph, dataset_urn):
            for found in self._client.lineage.get_lineage(
                source_urn=dataset_urn,
                source_column=column,
                direction=direction,
                max_hops=max_hops,
                count=_PAGE,
            ):
                dataset, name = datahub_search.column_parts(found.urn)
                yield ColumnStep(column, dataset, name, found.hops)


def _step(found: LineageResult) -> LineageStep:
    is_dataset = found.type == _DATASET
    return LineageStep(
        urn=found.urn,
        kind=found.type,
        name=datahub_names.dataset_name(found.urn) if is_dataset else found.name or found.urn,
        platform=found.platform or "",
        hops=found.hops,
    )


def _graph(settings: DataHubSettings, seconds: float) -> DataHubGraph:
    # No retries: an event that is refused for now waits in the outbox, which tries again.
    graph = DataHubGraph(
        DatahubClientConfig(
            server=settings.url, token=settings.token, timeout_sec=seconds, retry_max_times=0
        )
    )
    if settings.embedded:
        # Else a proxy of the environment would get the token, or .netrc replace it.
        graph.session.trust_env = False
    return graph


@contextmanager
def _translated(settings: DataHubSettings) -> Iterator[None]:
    """Turn the SDK's errors into ours."""
    try:
        yield
    except (ConfigurationError, GraphError, OperationalError, requests.RequestException) as error:
        raise _translation(error, settings) from None


def _translation(error: Exception, settings: DataHubSettings) -> DataHubError:
    cause: BaseException = error.__cause__ or error
    response = cause.response if isinstance(cause, requests.HTTPError) else None
    status = response.status_code if response is not None else None
    if status in _TOKEN_REFUSED:
        return _token_refused(settings)
    is_unreadable = isinstance(cause, requests.exceptions.JSONDecodeError)
    is_unanswered = isinstance(cause, requests.RequestException) and status is None
    if status in _BUSY or (is_unanswered and not is_unreadable):
        kind = type(cause).__name__ if status is None else f"HTTP {status}"
        message = (
            f"DataHub does not answer at {settings.address} ({kind}); start it, "
            "or correct DATAHUB_GMS_URL. What waits in the outbox is not lost"
        )
        headers = response.headers if response is not None else {}
        return DataHubUnreachable(message, wait_seconds=asked_to_wait(headers, datetime.now(UTC)))
    if is_unreadable or (status is not None and status >= _FIRST_FAILURE):
        told = "an unreadable answer" if status is None else f"HTTP {status}"
        message = (
            f"DataHub at {settings.address} failed ({told}): {_reason(error)}. What waits in the "
            "outbox is not lost; its own log says what is wrong"
        )
        return DataHubFailing(message)
    return DataHubRefused(f"DataHub at {settings.address} refused: {_reason(error)}")


def _token_refused(settings: DataHubSettings) -> DataHubTokenRefused:
    message = (
        f"DataHub at {settings.address} does not accept the token; set DATAHUB_GMS_TOKEN to one "
        "that it issued"
    )
    return DataHubTokenRefused(message)


def _reason(error: Exception) -> str:
    """The server's own words, without the stack trace the SDK keeps beside them."""
    text = str(error.args[0]) if error.args else type(error).__name__
    if isinstance(error, OperationalError):
        stated = error.info.get("message") if isinstance(error.info, dict) else None
        text = stated if isinstance(stated, str) else text
    return json.dumps(text[:_LONGEST_REASON], ensure_ascii=False)[1:-1]
