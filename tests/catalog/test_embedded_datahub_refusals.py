"""What breaks the model, or comes from a stranger, is refused whole and in plain words."""

from __future__ import annotations

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import datahub.metadata.schema_classes as models
import pytest
import requests
from datahub.configuration.common import ConfigurationError, OperationalError
from datahub.emitter.rest_emitter import DatahubRestEmitter

from tests.catalog.datahub_builders import (
    class_property,
    classed,
    dataset,
    proposal,
    tags,
)

if TYPE_CHECKING:
    from datahub.ingestion.graph.client import DataHubGraph

    from catalog.embedded_datahub.server import EmbeddedDataHub

CRM = dataset("tenant_private.crm_accounts")
EVERY_ROUTE = (
    ("GET", "/config"),
    ("POST", "/aspects?action=ingestProposal"),
    ("POST", "/aspects?action=ingestProposalBatch"),
    ("POST", "/entities?action=delete"),
    ("GET", f"/aspects/{CRM}?aspect=status&version=0"),
    ("GET", f"/entitiesV2/{CRM}"),
    ("POST", "/api/graphql"),
    ("GET", "/openapi/relationships/v1/"),
    ("POST", "/openapi/v3/entity/dataset"),
    ("DELETE", f"/openapi/v3/entity/dataset/{CRM}"),
    ("GET", "/no/such/route"),
)


def stated(urn: str, aspect: str, value: object, **more: object) -> dict[str, object]:
    """A proposal as no SDK would write it."""
    return {
        "entityUrn": urn,
        "entityType": urn.split(":")[2] if urn.count(":") > 2 else "dataset",
        "changeType": "UPSERT",
        "aspectName": aspect,
        "aspect": {"value": json.dumps(value), "contentType": "application/json"},
        **more,
    }


def post(hub: EmbeddedDataHub, path: str, body: object, **headers: str) -> requests.Response:
    return requests.post(
        hub.url + path,
        data=body if isinstance(body, bytes) else json.dumps(body),
        headers={"Authorization": f"Bearer {hub.token}", **headers},
        timeout=10,
    )


@pytest.mark.parametrize(
    ("urn", "aspect", "value", "told"),
    [
        ("urn:li:nothing:x", "status", {}, "'nothing' is not in the metadata model"),
        (CRM, "noSuchAspect", {}, "'noSuchAspect' is not in the metadata model"),
        (CRM, "tagProperties", {"name": "x"}, "'dataset' has no aspect 'tagProperties'"),
        (CRM, "status", {"removed": False, "extra": 1}, "extra is not a field of"),
        (CRM, "status", {"removed": "no"}, "removed must be a boolean"),
        (CRM, "status", [], "value is not an object"),
        (CRM, "globalTags", {}, "tags is required"),
        (CRM, "globalTags", {"tags": [{"tag": "pii"}]}, "is not a URN"),
        (CRM, "globalTags", {"tags": [{"tag": "urn:li:corpuser:x"}]}, "must be a tag URN"),
        (CRM, "ownership", {"owners": [{"owner": "urn:li:corpuser:x", "type": "KING"}]}, "one of"),
        ("no urn at all", "status", {"removed": False}, "is not a URN"),
        ("urn:li:dataset:postgres", "status", {"removed": False}, "needs platform, name, origin"),
        ("urn:li:dataset:(urn:li:dataPlatform:p,n,MOON)", "status", {}, "origin must be one of"),
        ("urn:li:tag:" + "x" * 600, "status", {"removed": False}, "at most 512 bytes"),
        (CRM, "datasetKey", {"platform": "a", "name": "b", "origin": "PROD"}, "differs from"),
        (CRM, "structuredProperties", {"properties": [
            {"propertyUrn": "urn:li:structuredProperty:none", "values": [{"string": "x"}]}
        ]}, "is not defined"),
    ],
)  # fmt: skip
def test_a_proposal_that_breaks_the_model_is_refused(
    steady_hub: EmbeddedDataHub, urn: str, aspect: str, value: object, told: str
) -> None:
    """Fail closed: a misspelt aspect or field must not vanish into the store."""
    answer = post(
        steady_hub, "/aspects?action=ingestProposal", {"proposal": stated(urn, aspect, value)}
    )
    assert answer.status_code == 422
    assert told in answer.json()["message"]


def test_a_batch_is_written_whole_or_not_at_all(graph: DataHubGraph) -> None:
    """One bad proposal refuses its batch, and every problem is told at once."""
    with pytest.raises(OperationalError) as refusal:
        graph.emit_mcps(
            [
                proposal(CRM, tags("good")),
                proposal(CRM, models.TagPropertiesClass("bad")),
                proposal(dataset("other"), models.TagPropertiesClass("bad")),
            ]
        )
    assert len(refusal.value.info["problems"]) == 2
    assert not graph.exists(CRM)
    assert list(graph.get_urns_by_filter()) == []


@pytest.mark.parametrize("value", ["tenant-private", "fund_private"])
def test_a_class_outside_the_allowed_values_is_refused(graph: DataHubGraph, value: str) -> None:
    """A typo in a data class must not become a fifth class."""
    graph.emit_mcps([class_property(), proposal(CRM, classed("tenant_private"))])
    with pytest.raises(OperationalError, match="not among its allowed values"):
        graph.emit_mcp(proposal(CRM, classed(value)))
    assert graph.get_aspect(CRM, models.StructuredPropertiesClass) == classed("tenant_private")


@pytest.mark.parametrize(
    "patch",
    [
        [{"op": "move", "path": "/tags", "value": 1}],
        [{"op": "add", "path": "tags", "value": 1}],
        [{"op": "add", "path": "/tags/urn:li:tag:a/tag/deeper", "value": {}}],
        [{"op": "add", "path": "/tags/urn:li:tag:a", "value": {"tag": "urn:li:tag:a", "x": 1}}],
        [{"op": "add", "path": "/other", "value": 1}],
        [],
        {
            "patch": [{"op": "add", "path": "/tags//a", "value": 1}],
            "arrayPrimaryKeys": {"tags": []},
        },
    ],
)
def test_a_patch_that_breaks_the_aspect_is_refused(
    steady_hub: EmbeddedDataHub, patch: object
) -> None:
    """The result of a patch is checked like any other value."""
    mcp = stated(CRM, "globalTags", patch, changeType="PATCH")
    mcp["aspect"]["contentType"] = "application/json-patch+json"
    answer = post(steady_hub, "/aspects?action=ingestProposal", {"proposal": mcp})
    assert answer.status_code in {400, 422}
    assert answer.json()["message"]


def test_the_entity_type_must_be_the_urns(steady_hub: EmbeddedDataHub) -> None:
    """A proposal that names two entity types is ambiguous."""
    mcp = stated(CRM, "status", {"removed": False}, entityType="chart")
    answer = post(steady_hub, "/aspects?action=ingestProposal", {"proposal": mcp})
    assert answer.status_code == 422


@pytest.mark.parametrize("method_and_path", EVERY_ROUTE)
@pytest.mark.parametrize("sent", [None, "Bearer wrong", "Basic x", "a-token", "Bearer "])
def test_every_route_but_health_needs_the_token(
    steady_hub: EmbeddedDataHub, method_and_path: tuple[str, str], sent: str | None
) -> None:
    """Nothing, not even whether a route exists, is told to a stranger."""
    method, path = method_and_path
    headers = {} if sent is None else {"Authorization": sent}
    answer = requests.request(method, steady_hub.url + path, headers=headers, timeout=10)
    assert answer.status_code == 401
    assert steady_hub.token not in answer.text
    assert requests.get(steady_hub.url + "/health", timeout=10).status_code == 200


def test_a_wrong_token_is_told_to_the_sdk(steady_hub: EmbeddedDataHub) -> None:
    """The SDK must say that it is a matter of authentication."""
    with pytest.raises(ConfigurationError, match="authentication error"):
        DatahubRestEmitter(steady_hub.url, token="wrong").test_connection()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 421),
        ("evil.example:80", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.", 421),
        ("", 421),
        ("0.0.0.0", 421),
        ("localhost:1", 200),
        ("127.0.0.1", 200),
    ],
)
def test_a_foreign_host_is_refused(steady_hub: EmbeddedDataHub, host: str, status: int) -> None:
    """A web page that resolves its own name to 127.0.0.1 must not reach the catalog."""
    for path in ("/health", "/config"):
        connection = http.client.HTTPConnection(urlsplit(steady_hub.url).netloc, timeout=10)
        connection.putrequest("GET", path, skip_host=True)
        connection.putheader("Host", host)
        connection.putheader("Authorization", f"Bearer {steady_hub.token}")
        connection.endheaders()
        assert connection.getresponse().status == status
        connection.close()


def test_a_huge_body_is_refused(steady_hub: EmbeddedDataHub) -> None:
    """A declared size is refused before it is read, an undeclared one as soon as it is too much."""
    connection = http.client.HTTPConnection(urlsplit(steady_hub.url).netloc, timeout=10)
    connection.putrequest("POST", "/aspects?action=ingestProposal")
    connection.putheader("Authorization", f"Bearer {steady_hub.token}")
    connection.putheader("Content-Length", "16000001")
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    assert "smaller batches" in json.loads(answer.read())["message"]
    connection.close()
    chunks = (b"x" * 1_000_000 for _ in range(17))
    answer = requests.post(
        steady_hub.url + "/aspects?action=ingestProposal",
        data=chunks,
        headers={"Authorization": f"Bearer {steady_hub.token}"},
        timeout=10,
    )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/aspects?action=ingestProposal", b"{", 400),
        ("/aspects?action=ingestProposal", b"[]", 400),
        ("/aspects?action=ingestProposal", b"\xff\xfe", 400),
        ("/aspects?action=ingestProposal", b"[" * 100_000, 400),
        ("/aspects?action=ingestProposal", {"proposal": {"entityUrn": 1}}, 400),
        ("/aspects?action=ingestProposalBatch", {"proposals": [1]}, 400),
        ("/aspects?action=erase", {}, 404),
        ("/entities?action=ingest", {}, 404),
        ("/entities?action=delete", {"urn": "x"}, 400),
        ("/openapi/v3/entity/dataset", {"urn": CRM}, 400),
        ("/openapi/v3/entity/dataset", [{"urn": CRM}], 400),
        ("/no/such/route", {}, 404),
    ],
)
def test_an_unreadable_request_is_refused(
    steady_hub: EmbeddedDataHub, path: str, body: object, status: int
) -> None:
    """Every refusal is JSON with a message, which the SDK shows to its user."""
    answer = post(steady_hub, path, body)
    assert answer.status_code == status
    assert answer.json()["message"]


@pytest.mark.parametrize(
    "query",
    ["{", "{ nothing }", "mutation { deleteEverything }", "{ a " * 6_000, "query { __typename } }"],
)
def test_a_query_outside_the_schema_is_refused(steady_hub: EmbeddedDataHub, query: str) -> None:
    """GraphQL answers mistakes in its own way, as errors without data."""
    answer = post(steady_hub, "/api/graphql", {"query": query})
    assert answer.status_code == 200
    assert answer.json()["errors"]
    assert not answer.json().get("data")


def test_concurrent_writers_lose_nothing(hub: EmbeddedDataHub) -> None:
    """Two outboxes may drain at once; each batch is its own transaction."""

    def emit(number: int) -> None:
        emitter = DatahubRestEmitter(hub.url, token=hub.token)
        emitter.emit_mcps([proposal(dataset(f"t{number}_{n}"), tags("a")) for n in range(10)])
        emitter.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(emit, range(8)))
    found = DatahubRestEmitter(hub.url, token=hub.token).to_graph()
    assert len(list(found.get_urns_by_filter(entity_types=["dataset"]))) == 80
