"""What the server acknowledged it keeps: killed, with a full disk, or with an older file."""

from __future__ import annotations

import random
import signal
import sqlite3
import threading
from typing import TYPE_CHECKING

import datahub.metadata.schema_classes as models
import psutil
import pytest
import requests
from datahub.configuration.common import OperationalError
from datahub.emitter.rest_emitter import DatahubRestEmitter

from catalog.embedded_datahub.server import EmbeddedDataHub
from catalog.embedded_server import start_embedded, stop_embedded
from tests.catalog.datahub_builders import TOKEN, dataset, proposal, schema, tags

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from datahub.ingestion.graph.client import DataHubGraph

pytestmark = pytest.mark.integration


class Process:
    """A server in a process of its own, as `classline up` starts it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.start()

    def start(self) -> None:
        start_embedded(self.folder)
        port = int((self.folder / "port").read_text())
        self.url = f"http://127.0.0.1:{port}"
        self.token = (self.folder / "token").read_text()
        self.process = psutil.Process(int((self.folder / "pid").read_text()))

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def emitter(self) -> DatahubRestEmitter:
        return DatahubRestEmitter(self.url, token=self.token, retry_max_times=0)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path / "served")
    yield process
    stop_embedded(process.folder)


def test_a_killed_server_has_all_that_it_acknowledged(served: Process) -> None:
    """The outbox forgets what was acknowledged, so the catalog may not; nor its index."""
    drawn = random.Random(6)
    acknowledged: list[str] = []
    for round_ in range(3):
        emitter = served.emitter()
        is_due = threading.Event()
        killer = threading.Thread(target=lambda due=is_due: (due.wait(), served.kill()))
        killer.start()
        number, due_at = 0, drawn.randrange(2, 9)
        while killer.is_alive():
            urn = dataset(f"round_{round_}_{number}")
            if number == due_at:  # the kill and the next proposals race
                is_due.set()
            try:
                emitter.emit_mcps([proposal(urn, tags("kept")), proposal(urn, schema("id"))])
            except OperationalError:
                break
            acknowledged.append(urn)
            number += 1
        killer.join()
        emitter.close()
        served.start()
    assert len(acknowledged) >= 3 * 2
    graph = served.emitter().to_graph()
    found = set(graph.get_urns_by_filter(entity_types=["dataset"], query="kept"))
    assert found >= set(acknowledged)
    tagged = [{"field": "tags", "values": ["urn:li:tag:kept"], "condition": "EQUAL"}]
    assert set(graph.get_urns_by_filter(extraFilters=tagged)) == found
    # A batch is one transaction: no dataset has the first of its aspects alone.
    schemas = graph.get_entities("dataset", sorted(found), ["schemaMetadata", "globalTags"])
    assert all(aspects.keys() == {"schemaMetadata", "globalTags"} for aspects in schemas.values())
    graph.close()


def test_a_full_disk_refuses_and_harms_nothing(served: Process) -> None:
    """What cannot be written is refused as 'try again', and tried again it is written."""
    emitter = served.emitter()
    emitter.emit_mcp(proposal(dataset("before"), tags("a")))
    largest = max(path.stat().st_size for path in served.folder.iterdir())
    served.process.rlimit(psutil.RLIMIT_FSIZE, (largest + 20_000, psutil.RLIM_INFINITY))
    refused = None
    for number in range(200):
        try:
            emitter.emit_mcp(proposal(dataset(f"t{number}"), schema(*map(str, range(200)))))
        except OperationalError as error:
            refused = error
            break
    assert refused is not None
    assert refused.info["status"] == 503
    assert "free its disk" in refused.info["message"]
    assert str(served.folder) not in str(refused)
    answer = requests.get(f"{served.url}/health", timeout=10)
    assert answer.status_code == 200
    served.process.rlimit(psutil.RLIMIT_FSIZE, (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY))
    emitter.emit_mcp(proposal(dataset("after"), tags("a")))
    graph = emitter.to_graph()
    stored = set(graph.get_urns_by_filter(entity_types=["dataset"]))
    assert {
        dataset("before"),
        dataset("after"),
        *(dataset(f"t{n}") for n in range(number)),
    } <= stored
    assert dataset(f"t{number}") not in stored
    graph.close()


def test_a_search_that_cannot_bring_its_index_up_to_date_is_refused(
    hub: EmbeddedDataHub, graph: DataHubGraph
) -> None:
    """Better no answer than one that leaves out what was just written."""
    index = hub._index
    with index.catalog.transaction() as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON search_document "
            "BEGIN SELECT RAISE(ABORT, 'as if full'); END"
        )
    graph.emit_mcp(proposal(dataset("a"), tags("a")))
    answer = requests.post(
        f"{hub.url}/api/graphql",
        json={"query": 'query { scrollAcrossEntities(input: {query: "*"}) { total } }'},
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=10,
    )
    assert answer.status_code == 500
    assert "as if full" not in answer.text
    with index.catalog.transaction() as connection:
        connection.execute("DROP TRIGGER full")
    assert list(graph.get_urns_by_filter(entity_types=["dataset"])) == [dataset("a")]


def test_an_aspect_of_ten_megabytes_is_kept_and_found(graph: DataHubGraph) -> None:
    """Below the cap of 16 MB an aspect is an aspect; its last word can be searched."""
    words = "word " * 2_000_000 + "haystackneedle"
    stated = models.DatasetPropertiesClass(name="large", description=words)
    graph.emit_mcp(proposal(dataset("large"), stated))
    stored = graph.get_aspect(dataset("large"), models.DatasetPropertiesClass)
    assert stored is not None
    assert stored.description == words
    assert list(graph.get_urns_by_filter(query="haystackneedle")) == [dataset("large")]


def test_writers_and_readers_at_once_see_whole_batches(hub: EmbeddedDataHub) -> None:
    """A reader between two writers sees each batch whole or not at all."""
    seen: list[int] = []
    done = threading.Event()

    def write(number: int) -> None:
        emitter = DatahubRestEmitter(hub.url, token=TOKEN)
        for batch in range(10):
            urns = [dataset(f"w{number}_{batch}_{n}") for n in range(7)]
            emitter.emit_mcps([proposal(urn, tags("batch")) for urn in urns])
        emitter.close()

    def read() -> None:
        graph = DatahubRestEmitter(hub.url, token=TOKEN).to_graph()
        while not done.is_set():
            seen.append(len(list(graph.get_urns_by_filter(entity_types=["dataset"]))))
        graph.close()

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert all(count % 7 == 0 for count in seen)
    assert seen == sorted(seen)
    graph = DatahubRestEmitter(hub.url, token=TOKEN).to_graph()
    assert len(list(graph.get_urns_by_filter(entity_types=["dataset"]))) == 4 * 10 * 7
    graph.close()


# The tables of the first format, as far as the second reads them.
_FIRST_FORMAT = """
CREATE TABLE entity (id INTEGER PRIMARY KEY, urn TEXT NOT NULL UNIQUE, type TEXT NOT NULL,
    removed INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX entity_by_type ON entity (type, urn);
CREATE TABLE aspect (entity_id INTEGER NOT NULL REFERENCES entity (id) ON DELETE CASCADE,
    name TEXT NOT NULL, value BLOB NOT NULL, system BLOB NOT NULL, version INTEGER NOT NULL,
    PRIMARY KEY (entity_id, name)) STRICT, WITHOUT ROWID;
CREATE TABLE event (id INTEGER PRIMARY KEY, urn TEXT NOT NULL, name TEXT NOT NULL,
    happened_at INTEGER NOT NULL, identity TEXT NOT NULL, value BLOB NOT NULL,
    UNIQUE (urn, name, identity)) STRICT;
CREATE TABLE search_value (field TEXT); CREATE TABLE aspect_text (content TEXT);
CREATE VIRTUAL TABLE entity_text USING fts5 (content); CREATE TABLE edge (source TEXT);
PRAGMA user_version = 1;
"""


def test_a_catalog_of_the_first_format_is_taken_over(tmp_path: Path) -> None:
    """Stewards' edits live nowhere else: an upgrade must not ask for a new file."""
    database = tmp_path / "catalog.db"
    with sqlite3.connect(database) as connection:
        connection.executescript(_FIRST_FORMAT)
        connection.execute("INSERT INTO entity VALUES (1, ?, 'dataset', 0)", (dataset("old"),))
        connection.execute(
            "INSERT INTO aspect VALUES (1, 'globalTags', ?, ?, 3)",
            (b'{"tags":[{"tag":"urn:li:tag:by.hand"}]}', b"{}"),
        )
    connection.close()
    for _ in range(2):
        with EmbeddedDataHub(database, TOKEN) as again:
            graph = DatahubRestEmitter(again.url, token=TOKEN).to_graph()
            tagged = [{"field": "tags", "values": ["urn:li:tag:by.hand"], "condition": "EQUAL"}]
            assert list(graph.get_urns_by_filter(extraFilters=tagged)) == [dataset("old")]
            graph.close()


def test_a_forgotten_entity_leaves_nothing_in_the_index(
    hub: EmbeddedDataHub, graph: DataHubGraph
) -> None:
    """A number may be given again; the next entity must not inherit the last one's labels."""
    graph.emit_mcps([proposal(dataset("a"), tags("x")), proposal(dataset("a"), schema("id"))])
    assert list(graph.get_urns_by_filter(query="id")) == [dataset("a")]
    graph.delete_entity(dataset("a"), hard=True)
    with hub._index.reading() as connection:
        for table in ("search_value", "search_document", "edge", "unindexed", "entity_text"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
    graph.emit_mcp(proposal(dataset("b"), tags("y")))
    assert list(graph.get_urns_by_filter(query="id")) == []


def test_the_server_listens_on_this_machine_only(served: Process) -> None:
    """The catalog is nobody's business elsewhere."""
    listening = [c for c in served.process.net_connections() if c.status == psutil.CONN_LISTEN]
    assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}
    assert (served.folder / "catalog.db").stat().st_mode & 0o077 == 0
