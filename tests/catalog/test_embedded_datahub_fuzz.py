"""Whatever is sent, the embedded DataHub answers with JSON, never fails, and loses nothing."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.embedded_datahub.aspect_check import AspectChecks
from catalog.embedded_datahub.aspect_shape import problems_of
from catalog.embedded_datahub.path_plan import EVERY, PathPlan
from catalog.embedded_datahub.schemas import load_model
from catalog.embedded_datahub.server import EmbeddedDataHub
from tests.catalog.datahub_builders import TOKEN, classed, column, dataset, schema, tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CRM = dataset("tenant_private.crm_accounts")
MODEL = load_model()
TABLES = {"entity", "aspect", "event", "search_value", "search_document", "edge", "node", "name"}

hostile = st.sampled_from(
    [
        *("'", '"', "';--", "') OR 1=1 --", '"); DROP TABLE entity; --', "%", "_", "\\", "*"),
        *("NEAR(a b)", "content:x", "NOT", "\x00", "\u241f", "\ufeff", "a\x00b", "/q urn:*"),
        *("urn", "tags", "removed", "_entityType", "degree", "3+", "99999999999999999999"),
        *("structuredProperties.", "structuredProperties.a' OR 'a", CRM, column(CRM, "id")),
        *("urn:li:dataset:(", "urn:li:tag:" + "x" * 600, "UNION SELECT * FROM aspect"),
    ]
)
texts = st.one_of(hostile, st.text(max_size=30))
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
    st.just(2**64 - 1),
)


def nested(inner: st.SearchStrategy[Any], keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.one_of(inner, st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4))


values = nested(nested(nested(scalars, texts), texts), texts)
rules = st.fixed_dictionaries(
    {
        "field": texts,
        "values": st.lists(texts, max_size=3),
        "condition": st.sampled_from(
            ["EQUAL", "CONTAIN", "EXISTS", "START_WITH", "IEQUAL", "GREATER_THAN", "LESS_THAN"]
        ),
        "negated": st.booleans(),
    }
)
searches = st.fixed_dictionaries(
    {
        "query": texts,
        "orFilters": st.lists(
            st.fixed_dictionaries({"and": st.lists(rules, max_size=3)}), max_size=3
        ),
        "count": st.integers(-2, 20_000),
    },
    optional={
        "scrollId": texts,
        "sortInput": st.fixed_dictionaries(
            {
                "sortCriterion": st.fixed_dictionaries(
                    {"field": texts, "sortOrder": st.just("ASCENDING")}
                )
            }
        ),
    },
)
bounded = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., requests.Response]]:
    """Sends to a server that holds one entity; afterwards its file must be sound."""
    database: Path = tmp_path_factory.mktemp("fuzzed") / "catalog.db"
    with EmbeddedDataHub(database, TOKEN) as hub, requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {TOKEN}"

        def send(method: str, path: str, **more: Any) -> requests.Response:
            return session.request(method, hub.url + path, timeout=20, **more)

        planted = {"urn": CRM, "status": {"value": {"removed": False}}}
        assert send("POST", "/openapi/v3/entity/dataset", json=[planted]).status_code == 200
        yield send
        assert send("GET", f"/aspects/{CRM}?aspect=status").status_code == 200
    with sqlite3.connect(database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert not connection.execute("PRAGMA foreign_key_check").fetchall()
        found = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert found >= TABLES


def answered(response: requests.Response) -> Any:
    assert response.status_code in {200, 400, 404, 413, 422}, response.text
    return response.json()


@bounded
@given(asked=searches, field=st.sampled_from(["searchAcrossEntities", "scrollAcrossEntities"]))
def test_no_search_reaches_the_statements(
    fuzzed: Callable[..., requests.Response], asked: dict[str, Any], field: str
) -> None:
    """Fields, values, orders and cursors are bound; at worst they are refused."""
    if field == "searchAcrossEntities":
        asked = {name: value for name, value in asked.items() if name != "scrollId"}
    kind = field[0].upper() + field[1:] + "Input"
    query = (
        f"query q($input: {kind}!) {{ {field}(input: $input) "
        "{ count total searchResults { entity { urn } } } }"
    )
    answer = answered(
        fuzzed("POST", "/api/graphql", json={"query": query, "variables": {"input": asked}})
    )
    assert ("errors" in answer) != (answer.get("data", {}).get(field) is not None)


@bounded
@given(start=texts, degree=texts, text=texts)
def test_no_walk_reaches_the_statements(
    fuzzed: Callable[..., requests.Response], start: str, degree: str, text: str
) -> None:
    """The start of a walk, its distance and its words are bound too."""
    rule = {"field": "degree", "values": [degree]}
    asked = {
        "urn": start,
        "direction": "UPSTREAM",
        "query": text,
        "orFilters": [{"and": [rule]}],
        "scrollId": degree,
    }
    query = (
        "query q($input: ScrollAcrossLineageInput!) "
        "{ scrollAcrossLineage(input: $input) { total } }"
    )
    answered(fuzzed("POST", "/api/graphql", json={"query": query, "variables": {"input": asked}}))


@bounded
@given(
    aspect=st.one_of(texts, st.sampled_from(sorted(MODEL.schemas))),
    change=st.one_of(texts, st.sampled_from(["UPSERT", "PATCH", "CREATE", "DELETE", "RESTATE"])),
    urn=st.one_of(texts, st.just(dataset("other")), st.just(column(CRM, "x"))),
    value=values,
)
def test_no_proposal_makes_the_server_fail(
    fuzzed: Callable[..., requests.Response], aspect: str, change: str, urn: str, value: object
) -> None:
    """Any aspect with any value is stored or refused, over either API."""
    import json

    patch = change == "PATCH"
    stated = {
        "entityType": "dataset",
        "entityUrn": urn,
        "aspectName": aspect,
        "changeType": change,
        "aspect": {
            "value": json.dumps(value),
            "contentType": f"application/json{'-patch+json' if patch else ''}",
        },
    }
    if urn != CRM:
        answered(fuzzed("POST", "/aspects?action=ingestProposal", json={"proposal": stated}))
        body = [{"urn": urn, aspect: {"value": value}}]
        answered(fuzzed("PATCH" if patch else "POST", "/openapi/v3/entity/dataset", json=body))


@bounded
@given(path=st.lists(texts, max_size=4), value=values, action=st.sampled_from(["add", "remove"]))
def test_no_patch_makes_the_server_fail(
    fuzzed: Callable[..., requests.Response], path: list[str], value: object, action: str
) -> None:
    """A patch may address anything; what comes of it must still be an aspect."""
    operation = {"op": action, "path": "/" + "/".join(path), "value": value}
    for aspect in ("globalTags", "upstreamLineage", "editableSchemaMetadata"):
        body = [{"urn": dataset("other"), aspect: {"value": {"patch": [operation]}}}]
        answered(fuzzed("PATCH", "/openapi/v3/entity/dataset", json=body))


@bounded
@given(
    resource=st.sampled_from(
        [
            *("aspects?action=getTimeseriesAspectValues", "aspects?action=getCount"),
            *("entities?action=listUrns", "entities?action=search"),
        ]
    ),
    body=st.dictionaries(
        st.sampled_from(
            ["urn", "aspect", "entity", "start", "count", "limit", "filter", "urnLike", "input"]
        ),
        values,
    ),
)
def test_no_action_makes_the_server_fail(
    fuzzed: Callable[..., requests.Response], resource: str, body: dict[str, Any]
) -> None:
    """Numbers beyond 64 bits, lists for texts: refused by name."""
    answered(fuzzed("POST", f"/{resource}", json=body))


@bounded
@given(
    kind=st.sampled_from(["entity", "relationship", "lineage"]),
    asked=st.dictionaries(
        st.sampled_from(
            ["count", "query", "scrollId", "sort", "direction", "relationshipTypes", "sourceTypes"]
        ),
        texts,
    ),
    body=st.dictionaries(
        st.sampled_from(["entities", "aspects", "filter", "urns", "sourceFilter"]), values
    ),
)
def test_no_scroll_makes_the_server_fail(
    fuzzed: Callable[..., requests.Response],
    kind: str,
    asked: dict[str, str],
    body: dict[str, Any],
) -> None:
    """Parameters of a scroll are bound or refused."""
    answered(fuzzed("POST", f"/openapi/v3/{kind}/scroll", params=asked, json=body))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/aspects?action=ingestProposal", b'{"a":' * 400 + b"1" + b"}" * 400),
        ("/api/graphql", b'{"query": "' + b"{a" * 2_000 + b'"}'),
        ("/openapi/v3/entity/dataset", b"[" * 500 + b"]" * 500),
        ("/aspects?action=ingestProposal", b'{"proposal": "\\ud800"}'),
    ],
)
def test_nothing_is_nested_too_deeply_for_an_answer(
    fuzzed: Callable[..., requests.Response], path: str, body: bytes
) -> None:
    """A document of brackets must not exhaust the server's stack."""
    answer = answered(fuzzed("POST", path, data=body))
    assert "errors" in answer or answer["message"]


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(sorted(MODEL.schemas)), value=values)
def test_the_fast_check_agrees_with_the_one_that_explains(name: str, value: object) -> None:
    """A value passes exactly if no problem of it can be told."""
    shape = MODEL.aspect(name).shape
    assert AspectChecks(MODEL).holds(shape, value) == (not list(problems_of(value, shape, MODEL)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("schemaMetadata", schema("id", "name", tagged="pii")),
        ("globalTags", tags("a", "b")),
        ("structuredProperties", classed("tenant_private")),
    ],
)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_spoilt_aspect_is_seen_by_both_checks(name: str, value: Any, data: st.DataObject) -> None:
    """One wrong part anywhere in a right value must be seen by the fast check too."""
    from datahub.emitter.serialization_helper import pre_json_transform

    stated = pre_json_transform(value.to_obj())
    shape = MODEL.aspect(name).shape
    assert AspectChecks(MODEL).holds(shape, stated)
    part = stated
    while isinstance(part, dict | list) and part:
        keys = sorted(part) if isinstance(part, dict) else range(len(part))
        key = data.draw(st.sampled_from(list(keys)))
        if not isinstance(part[key], dict | list) or data.draw(st.booleans()):
            part[key] = data.draw(values)
            break
        part = part[key]
    held = AspectChecks(MODEL).holds(shape, stated)
    assert held == (not list(problems_of(stated, shape, MODEL)))


paths = st.lists(st.sampled_from(["a", "b", EVERY]), min_size=1, max_size=3).map(tuple)
steps = st.sampled_from(["a", "b"])
leaves = st.one_of(st.none(), st.integers(), st.text(max_size=2))
trees = nested(nested(nested(leaves, steps), steps), steps)


def reached(value: Any, path: tuple[str, ...]) -> list[Any]:
    """What one path reaches, step by step."""
    if value is None:
        return []
    if not path:
        return [value]
    step, rest = path[0], path[1:]
    if step != EVERY:
        return reached(value.get(step), rest) if isinstance(value, dict) else []
    if isinstance(value, list):
        return [found for item in value for found in reached(item, rest)]
    entries = value.items() if isinstance(value, dict) else ()
    return [f for n, item in entries for f in reached(item if rest else f"{n}={item}", rest)]


@settings(max_examples=200, deadline=None)
@given(several=st.lists(paths, max_size=5), value=trees)
def test_merged_paths_reach_what_each_reaches_alone(
    several: list[tuple[str, ...]], value: Any
) -> None:
    """The index is as complete as if every annotation were followed by itself."""
    found = PathPlan(several).values(value)
    assert found == [reached(value, path) for path in several]
