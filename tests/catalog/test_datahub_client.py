"""The connection to DataHub: it finds what the registry says, and fails fast and plainly."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import datahub.metadata.schema_classes as models
import pytest
from datahub.emitter.mcp import MetadataChangeProposalWrapper
from datahub.sdk.main_client import DataHubClient
from datahub.sdk.search_filters import Filter
from datahub.sdk.search_filters import FilterDsl as F
from datahub.specific.dataset import DatasetPatchBuilder

from catalog import datahub_names
from catalog.data_classes import DataClass
from catalog.datahub_client import (
    DataHubRefused,
    DataHubSettings,
    DataHubTokenRefused,
    DataHubUnreachable,
    connect,
    datahub_settings,
)
from catalog.datahub_connection import DataHubConnection
from catalog.datahub_model import catalog_batches
from catalog.declared import REGISTRY
from catalog.embedded_datahub.server import EmbeddedDataHub
from catalog.registry import Dataset, StoreKind

TOKEN = "a-token-that-only-tests-know"
ACCOUNTS = REGISTRY.get("tenant_private.crm_accounts")
BENCHMARKS = REGISTRY.get("anonymized.anonymized_industry_benchmarks")

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedDataHub]:
    """A server that has the whole catalog."""
    with EmbeddedDataHub(tmp_path_factory.mktemp("hub") / "catalog.db", TOKEN) as running:
        with connect(DataHubSettings(running.url, TOKEN, embedded=True)) as connection:
            for batch in catalog_batches(REGISTRY, datetime(2026, 3, 2, tzinfo=UTC)):
                connection.emit(batch)
        yield running


@pytest.fixture
def connection(hub: EmbeddedDataHub) -> Iterator[DataHubConnection]:
    with connect(DataHubSettings(hub.url, TOKEN, embedded=True)) as opened:
        yield opened


def names(datasets: tuple[Dataset, ...] | list[Dataset]) -> set[str]:
    return {dataset.qualified_name for dataset in datasets}


@pytest.mark.parametrize("data_class", list(DataClass))
def test_a_class_finds_the_datasets_that_the_registry_gives_it(
    connection: DataHubConnection, data_class: DataClass
) -> None:
    """This is what a steward asks first: what do we hold of this class."""
    found = connection.search(data_class=data_class)
    assert {dataset.name for dataset in found} == names(REGISTRY.of_class(data_class))
    assert {dataset.data_class for dataset in found} == {data_class}
    assert not any(dataset.columns for dataset in found)


@pytest.mark.parametrize("data_class", list(DataClass))
def test_a_class_finds_its_columns(connection: DataHubConnection, data_class: DataClass) -> None:
    """A column is found by its own class, wherever it stands."""
    found = connection.search(data_class=data_class, columns=True)
    expected = {
        dataset.qualified_name: {
            c.name for c in dataset.columns if dataset.class_of(c) is data_class
        }
        for dataset in REGISTRY
    }
    assert {d.name: set(d.columns) for d in found} == {n: c for n, c in expected.items() if c}


def test_each_label_alone_finds_the_class(connection: DataHubConnection) -> None:
    """Stewards search by tag, by term or by property; all three must agree."""
    client = DataHubClient(graph=connection._graph)

    def urns(rule: Filter) -> set[str]:
        rule = F.and_(F.entity_type("dataset"), rule)
        return {str(urn) for urn in client.search.get_urns(filter=rule)}

    for data_class in DataClass:
        declared = {datahub_names.dataset_urn(d) for d in REGISTRY.of_class(data_class)}
        held = F.custom_filter("structuredProperties.classline.data_class", "EQUAL", [data_class])
        assert urns(F.tag(datahub_names.class_tag(data_class))) == declared
        assert urns(F.glossary_term(datahub_names.class_term(data_class))) == declared
        assert urns(held) == declared


def test_platform_and_subtype_tell_the_kinds_of_store_apart(connection: DataHubConnection) -> None:
    """A steward looks for key-value prefixes and vector namespaces by name."""
    client = DataHubClient(graph=connection._graph)
    for rule, kind in (
        (
            F.and_(F.platform("classline-kv"), F.entity_type("dataset")),
            StoreKind.KV_PREFIX,
        ),
        (F.entity_subtype("Vector Namespace"), StoreKind.VECTOR_NAMESPACE),
    ):
        found = {str(urn) for urn in client.search.get_urns(filter=rule)}
        declared = {datahub_names.dataset_urn(d) for d in REGISTRY if d.kind is kind}
        assert found == declared


def test_words_narrow_a_class(connection: DataHubConnection) -> None:
    """Words and class hold together, and name the columns that the words stand in."""
    found = connection.search(
        data_class=DataClass.ANONYMIZED_BENCHMARK, text="median won value", columns=True
    )
    assert [(d.name, d.columns) for d in found] == [(BENCHMARKS.qualified_name, ("value_p50",))]
    everywhere = connection.search(text="oauth_tokens")
    assert {d.name for d in everywhere} >= {"tenant_private.oauth_tokens"}
    assert connection.search(text="nothing holds this word") == ()


def test_a_tag_set_by_hand_does_not_move_a_labelled_store(connection: DataHubConnection) -> None:
    """The registry's property decides; a stray tag must not pass tenant data off as anonymized."""
    tag = datahub_names.class_tag(DataClass.ANONYMIZED_BENCHMARK)
    urn = datahub_names.dataset_urn(ACCOUNTS)
    patch = DatasetPatchBuilder(urn).add_tag(models.TagAssociationClass(tag))
    connection.emit(patch.build())
    found = connection.search(data_class=DataClass.ANONYMIZED_BENCHMARK, columns=True)
    assert ACCOUNTS.qualified_name not in {d.name for d in found}
    connection.emit(DatasetPatchBuilder(urn).remove_tag(tag).build())


def test_a_dataset_of_others_is_found_by_its_tag(connection: DataHubConnection) -> None:
    """What a steward labels in DataHub counts where the registry says nothing."""
    urn = "urn:li:dataset:(urn:li:dataPlatform:snowflake,sales.deals,PROD)"
    tag = datahub_names.class_tag(DataClass.FUND_PRIVATE)
    patch = DatasetPatchBuilder(urn).set_description("Deals of a fund")
    connection.emit(patch.add_tag(models.TagAssociationClass(tag)).build())
    try:
        found = {d.name: d for d in connection.search(data_class=DataClass.FUND_PRIVATE)}
        assert found["sales.deals"].platform == "snowflake"
        assert found["sales.deals"].data_class is DataClass.FUND_PRIVATE
    finally:
        connection._graph.delete_entity(urn, hard=True)


def test_a_refused_proposal_says_why(connection: DataHubConnection) -> None:
    """A refusal must name what DataHub did not accept, so that someone can mend it."""
    assigned = models.StructuredPropertyValueAssignmentClass(
        datahub_names.CLASS_PROPERTY, ["no such class"]
    )
    proposal = MetadataChangeProposalWrapper(
        entityUrn=datahub_names.dataset_urn(ACCOUNTS),
        aspect=models.StructuredPropertiesClass([assigned]),
    )
    with pytest.raises(DataHubRefused, match="allowed values"):
        connection.emit([proposal])


def test_a_search_in_an_empty_datahub_is_refused(tmp_path: Path) -> None:
    """An empty answer would read as 'there is nothing of this class'."""
    with (
        EmbeddedDataHub(tmp_path / "catalog.db", TOKEN) as empty,
        connect(DataHubSettings(empty.url, TOKEN, embedded=True)) as connection,
        pytest.raises(DataHubRefused, match="not defined"),
    ):
        connection.search(data_class=DataClass.TENANT_PRIVATE)


def test_a_wrong_token_is_refused_and_not_repeated(hub: EmbeddedDataHub) -> None:
    """Whoever reads the message learns what to do, and no token."""
    wrong = "another-token-entirely"
    with pytest.raises(DataHubTokenRefused, match="DATAHUB_GMS_TOKEN") as refusal:
        connect(DataHubSettings(hub.url, wrong, embedded=True))
    assert wrong not in str(refusal.value)


def test_an_unreachable_datahub_fails_at_once() -> None:
    """A run that has published must not wait for a catalog that is down."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    started = time.monotonic()
    with pytest.raises(DataHubUnreachable, match="outbox"):
        connect(DataHubSettings(url, TOKEN, embedded=True))
    assert time.monotonic() - started < 5


def test_a_mute_datahub_fails_soon() -> None:
    """A server that accepts and never answers is as good as none."""
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(DataHubUnreachable):
            connect(DataHubSettings(url, TOKEN, embedded=True))
        assert time.monotonic() - started < 6


def test_settings_prefer_the_environment(tmp_path: Path) -> None:
    """A real DataHub takes the embedded one's place by URL alone."""
    environ = {"DATAHUB_GMS_URL": "https://hub.example:8080/", "DATAHUB_GMS_TOKEN": "hush-hush"}
    settings = datahub_settings(tmp_path, environ)
    assert settings == DataHubSettings("https://hub.example:8080", "hush-hush")
    assert "hush" not in repr(settings)
    (tmp_path / "port").write_text("4321\n")
    (tmp_path / "token").write_text(TOKEN)
    expected = DataHubSettings("http://127.0.0.1:4321", TOKEN, embedded=True)
    assert datahub_settings(tmp_path, {}) == expected


@pytest.mark.parametrize("url", ["hub.example:8080", "ftp://hub", "http://", "http://a:b:c"])
def test_an_unusable_address_is_refused(tmp_path: Path, url: str) -> None:
    """A typing error must not end as a riddle of the SDK."""
    with pytest.raises(DataHubUnreachable, match="DATAHUB_GMS_URL"):
        datahub_settings(tmp_path, {"DATAHUB_GMS_URL": url})


def test_without_any_datahub_the_way_out_is_named(tmp_path: Path) -> None:
    """Nothing runs: the message must say how to change that."""
    with pytest.raises(DataHubUnreachable, match="classline up"):
        datahub_settings(tmp_path, {})


def test_credentials_of_an_address_are_never_shown() -> None:
    """Some put a password into the URL; a message must not carry it on."""
    settings = DataHubSettings("http://ann:secret@127.0.0.1:1")
    assert settings.address == "http://127.0.0.1:1"
    with pytest.raises(DataHubUnreachable) as failure:
        connect(settings)
    assert "secret" not in str(failure.value)


_QUIET = """
import os, sys
from catalog.datahub_client import DataHubSettings, connect
assert "datahub" not in sys.modules
connect(DataHubSettings(sys.argv[1], sys.argv[2], embedded=True)).close()
from datahub.telemetry.telemetry import telemetry_instance as telemetry
assert not telemetry.enabled and telemetry.mp is None and not telemetry.sentry_enabled
assert os.environ["SENTRY_DSN"] and "DATAHUB_TELEMETRY_ENABLED" not in os.environ
"""


def test_the_sdk_reports_to_nobody_and_leaves_no_trace(
    hub: EmbeddedDataHub, tmp_path: Path
) -> None:
    """Telemetry would tell a third party what we do, and write into the user's home."""
    environment = {
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        "SENTRY_DSN": "https://key@sentry.example/1",
    }
    command = [sys.executable, "-W", "error", "-c", _QUIET, hub.url, TOKEN]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_the_light_modules_do_not_load_the_sdk() -> None:
    """A code location and `--help` must not pay a second for a catalog they do not touch."""
    modules = (
        "catalog.datahub_client, catalog.datahub_names, catalog.embedded_server, "
        "lineage.outbox, lineage.promotions, lineage.workflow_descriptions"
    )
    code = f"import sys, {modules}; sys.exit('datahub' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
