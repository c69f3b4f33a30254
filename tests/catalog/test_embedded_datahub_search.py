"""Search finds entities by class tag, term, property, platform and words, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import datahub.metadata.schema_classes as models
import pytest
from datahub.configuration.common import GraphError
from datahub.ingestion.graph.filters import RemovedStatusFilter
from datahub.sdk.main_client import DataHubClient
from datahub.sdk.search_filters import FilterDsl as F
from datahub.specific.dataset import DatasetPatchBuilder

from catalog.data_classes import DataClass
from catalog.datahub_names import CLASS_PROPERTY
from catalog.datahub_search import class_as_read
from catalog.embedded_datahub.server import EmbeddedDataHub
from tests.catalog.datahub_builders import (
    TOKEN,
    class_property,
    classed,
    column,
    dataset,
    proposal,
    schema,
    tags,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datahub.ingestion.graph.client import DataHubGraph
    from datahub.sdk.search_filters import Filter

CRM = dataset("tenant_private.crm_accounts")
CALLS = dataset("tenant_private.calls", platform="pgvector")
BENCHMARK = dataset("anonymized.anonymized_benchmarks")
DOMAIN = "urn:li:domain:growth"


@pytest.fixture
def filled(client: DataHubClient) -> DataHubClient:
    return fill(client)


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataHubClient]:
    """A filled catalog for tests that only read it."""
    database = tmp_path_factory.mktemp("unchanged") / "catalog.db"
    with EmbeddedDataHub(database, TOKEN) as running:
        yield fill(DataHubClient(server=running.url, token=running.token))


def fill(client: DataHubClient) -> DataHubClient:
    edited = DatasetPatchBuilder(CALLS)
    edited.for_field("body").add_tag(models.TagAssociationClass("urn:li:tag:edited"))
    client._graph.emit_mcps(
        [
            class_property(),
            proposal(CRM, tags("class.tenant_private")),
            proposal(CRM, schema("email", tagged="pii")),
            proposal(CRM, classed("tenant_private")),
            proposal(CRM, models.DomainsClass([DOMAIN])),
            proposal(
                CRM,
                models.DatasetPropertiesClass(
                    name="CRM accounts",
                    description="Customer relations of one portco, 100% private",
                    customProperties={"tier": "gold"},
                ),
            ),
            proposal(column(CRM, "email"), classed("tenant_private")),
            proposal(
                CRM,
                models.OwnershipClass([models.OwnerClass("urn:li:corpuser:ann", "DATAOWNER")]),
            ),
            proposal(CALLS, tags("class.tenant_private")),
            *edited.build(),
            proposal(BENCHMARK, tags("class.anonymized_benchmark")),
            proposal(BENCHMARK, classed("anonymized_benchmark")),
            proposal(
                BENCHMARK,
                models.GlossaryTermsClass(
                    [models.GlossaryTermAssociationClass("urn:li:glossaryTerm:anonymized")],
                    models.AuditStampClass(0, "urn:li:corpuser:ann"),
                ),
            ),
            proposal("urn:li:tag:class.tenant_private", models.TagPropertiesClass("tenant")),
        ]
    )
    return client


def found(client: DataHubClient, rule: Filter | None = None, query: str | None = None) -> set[str]:
    return {str(urn) for urn in client.search.get_urns(query=query, filter=rule)}


PRIVATE = "urn:li:tag:class.tenant_private"
PROPERTY = "structuredProperties.classline.data_class"
PROPERTY_FIELD = "structuredProperties.classline_data_class"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (F.tag(PRIVATE), {CRM, CALLS}),
        (F.and_(F.entity_type("dataset"), F.not_(F.tag(PRIVATE))), {BENCHMARK}),
        (
            F.or_(F.glossary_term("urn:li:glossaryTerm:anonymized"), F.domain(DOMAIN)),
            {CRM, BENCHMARK},
        ),
        (F.platform("pgvector"), {CALLS}),
        (F.and_(F.platform("postgres"), F.env("PROD")), {CRM, BENCHMARK}),
        (F.owner(["urn:li:corpuser:ann"]), {CRM}),
        (F.has_custom_property("tier", "gold"), {CRM}),
        (F.custom_filter(PROPERTY, "EQUAL", ["tenant_private"]), {CRM, column(CRM, "email")}),
        (F.custom_filter(PROPERTY, "EXISTS", []), {CRM, BENCHMARK, column(CRM, "email")}),
        (F.custom_filter("fieldTags", "EQUAL", ["urn:li:tag:pii"]), {CRM}),
        (F.custom_filter("fieldTags", "EQUAL", [PRIVATE]), set()),
        (F.custom_filter("hasDescription", "EQUAL", ["true"]), {CRM}),
        (F.custom_filter("urn", "EQUAL", [CRM]), {CRM}),
        (F.custom_filter("name", "CONTAIN", ["BENCH"]), set()),
        (F.custom_filter("id", "CONTAIN", ["BENCH"]), {BENCHMARK}),
        (F.custom_filter("id", "START_WITH", ["tenant_private."]), {CRM, CALLS}),
    ],
)
def test_filters_find_what_they_name(
    unchanged: DataHubClient, rule: Filter, expected: set[str]
) -> None:
    """A steward's filters must answer as DataHub's, alone and combined."""
    assert found(unchanged, rule) == expected


@pytest.mark.parametrize("tag", ["urn:li:tag:pii", "urn:li:tag:edited"])
def test_a_tag_filter_also_finds_tags_of_columns(unchanged: DataHubClient, tag: str) -> None:
    """DataHub reads `tags` as the tags of columns too, and so must every client of ours."""
    assert len(found(unchanged, F.tag(tag))) == 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("customer relations", {CRM}),
        ("customers", {CRM}),
        ("anonymized", {BENCHMARK}),
        ("crm_acc", {CRM}),
        ('"relations of one"', {CRM}),
        ('"one of relations"', set()),
        ("customer benchmarks", set()),
    ],
)
def test_words_are_found_in_names_and_descriptions(
    unchanged: DataHubClient, query: str, expected: set[str]
) -> None:
    """Every word must be there, in any order unless quoted, and its beginning is enough."""
    assert found(unchanged, F.entity_type("dataset"), query) == expected


@pytest.mark.parametrize(
    "query",
    [
        "' OR 1=1 --",
        '"); DROP TABLE entity; --',
        "NEAR(a b) OR *",
        'content : "x" NOT',
        "%",
        "\x00",
        "a\x00b*",
        '"""',
    ],
)
def test_text_that_looks_like_a_command_is_only_text(unchanged: DataHubClient, query: str) -> None:
    """Neither SQL nor the text index's own language may be reached from a query or a filter."""
    assert found(unchanged, query=query) == set()
    for condition in ("EQUAL", "CONTAIN", "GREATER_THAN"):
        found(unchanged, F.custom_filter("name", condition, [query]))
        with pytest.raises(GraphError, match="search knows no field"):
            found(unchanged, F.custom_filter(query, condition, [query]))
    assert found(unchanged, F.custom_filter("customProperties", "CONTAIN", ["%"])) == set()
    assert found(unchanged, F.tag(PRIVATE)) == {CRM, CALLS}


def test_scrolling_visits_every_entity_once(graph: DataHubGraph) -> None:
    """Pages must neither overlap nor leave anything out, whatever the order asked for."""
    urns = [dataset(f"platform.table_{number:02}") for number in range(25)]
    graph.emit_mcps(
        [
            proposal(urn, models.DatasetPropertiesClass(name=f"name {number % 3}"))
            for number, urn in enumerate(urns)
        ]
    )
    for sort in (None, "name"):
        for order in ("ASCENDING", "DESCENDING"):
            pages = graph.get_urns_by_filter(
                entity_types=["dataset"], batch_size=4, sort_by=sort, sort_order=order
            )
            assert sorted(pages) == urns


def test_removed_entities_are_hidden(filled: DataHubClient) -> None:
    """A soft-deleted entity is shown only to those who ask for it."""
    graph = filled._graph
    graph.soft_delete_entity(CRM)
    assert found(filled, F.tag(PRIVATE)) == {CALLS}
    only = graph.get_urns_by_filter(status=RemovedStatusFilter.ONLY_SOFT_DELETED)
    assert list(only) == [CRM]
    everything = graph.get_urns_by_filter(status=RemovedStatusFilter.ALL, platform="postgres")
    assert set(everything) == {CRM, BENCHMARK}
    graph.set_soft_delete_status(CRM, delete=False)
    assert found(filled, F.tag(PRIVATE)) == {CRM, CALLS}


def test_what_was_overwritten_is_no_longer_found(filled: DataHubClient) -> None:
    """The index follows the aspect: an old class must not be searchable."""
    filled._graph.emit_mcp(proposal(CRM, tags("class.anonymized_benchmark")))
    filled._graph.emit_mcp(proposal(CRM, models.DatasetPropertiesClass(name="renamed")))
    assert found(filled, F.tag(PRIVATE)) == {CALLS}
    assert found(filled, query="customer") == set()
    filled._graph.delete_entity(BENCHMARK, hard=True)
    assert found(filled, F.tag("urn:li:tag:class.anonymized_benchmark")) == {CRM}


@pytest.mark.parametrize(
    "rule",
    [
        F.custom_filter("structuredProperties.classline.typo", "EQUAL", ["tenant_private"]),
        F.custom_filter("tagz", "EQUAL", [PRIVATE]),
        F.not_(F.custom_filter("tagz", "EQUAL", [PRIVATE])),
        F.custom_filter("tags", "EQUAL", []),
        F.custom_filter("tags", "DESCENDANTS_INCL", [PRIVATE]),
    ],
)
def test_a_filter_that_cannot_be_evaluated_is_refused(
    unchanged: DataHubClient, rule: Filter
) -> None:
    """An empty answer would read as 'nothing is of this class'."""
    with pytest.raises(GraphError):
        found(unchanged, rule)


def test_columns_are_read_with_a_search(unchanged: DataHubClient) -> None:
    """The SDK reads the schemas of many tables through one search."""
    rows = dict(unchanged._graph._bulk_fetch_schema_info_by_filter(platform="postgres"))
    assert [field["fieldPath"] for field in rows[CRM]["fields"]] == ["email"]


def facets(client: DataHubClient, asked: str, **flags: object) -> dict[str, dict[str, int]]:
    """Field, value and count of the facets that a search answers with."""
    query = (
        "query q($flags: SearchFlags) { searchAcrossEntities(input: "
        f"{{query: {asked!r}, types: [DATASET], searchFlags: $flags}}) "
        "{ facets { field aggregations { value count entity { urn type } } } } }"
    ).replace("'", '"')
    answer = client._graph.execute_graphql(query, variables={"flags": flags})
    return {
        facet["field"]: {a["value"]: a["count"] for a in facet["aggregations"]}
        for facet in answer["searchAcrossEntities"]["facets"] or []
    }


def test_facets_count_the_values_of_what_was_found(unchanged: DataHubClient) -> None:
    """A steward sees how many datasets each tag, platform and owner has, for this search."""
    everything = facets(unchanged, "*")
    assert everything["_entityType"] == {"DATASET": 3}
    assert everything["tags"] == {PRIVATE: 2, "urn:li:tag:class.anonymized_benchmark": 1}
    assert everything["owners"] == {"urn:li:corpuser:ann": 1}
    assert facets(unchanged, "customer")["tags"] == {PRIVATE: 1}
    assert facets(unchanged, "*", maxAggValues=1)["tags"] == {PRIVATE: 2}
    assert facets(unchanged, "*", skipAggregates=True) == {}


def test_asked_for_facets_are_counted_and_unknown_ones_refused(unchanged: DataHubClient) -> None:
    """A facet by a misspelt name would read as 'nothing has a class'."""
    query = (
        "query q($facets: [String]) "
        '{ aggregateAcrossEntities(input: {query: "*", facets: $facets}) '
        "{ facets { field aggregations { value count } } } }"
    )
    answer = unchanged._graph.execute_graphql(query, variables={"facets": [PROPERTY_FIELD]})
    (facet,) = answer["aggregateAcrossEntities"]["facets"]
    counts = {found["value"]: found["count"] for found in facet["aggregations"]}
    assert counts == {"tenant_private": 2, "anonymized_benchmark": 1}
    with pytest.raises(GraphError, match="search knows no field"):
        unchanged._graph.execute_graphql(query, variables={"facets": ["klass"]})


def test_extra_fields_come_with_the_results(unchanged: DataHubClient) -> None:
    """The SDK reads search's own fields along with the URNs."""
    rows = unchanged._graph.get_results_by_filter(
        entity_types=["dataset"], extra_source_fields=["name", "owners"], platform="postgres"
    )
    named = {
        row["entity"]["urn"]: {p["name"]: p["value"] for p in row["extraProperties"]}
        for row in rows
    }
    assert named[CRM] == {"name": '"CRM accounts"', "owners": '"urn:li:corpuser:ann"'}
    with pytest.raises(GraphError, match="search knows no field"):
        list(unchanged._graph.get_results_by_filter(extra_source_fields=["nmae"]))


@pytest.mark.parametrize("said", [{"string": "public"}, {"double": 1.0}, {}, {"string": None}])
def test_a_label_that_is_no_class_shows_none(said: dict[str, object]) -> None:
    """Anybody with a right to edit the catalog can write one: it ends no audit."""
    labelled = {
        "structuredProperties": {"properties": [{"propertyUrn": CLASS_PROPERTY, "values": [said]}]}
    }
    assert class_as_read(labelled) is None
    labelled["structuredProperties"]["properties"][0]["values"] = [{"string": "tenant_private"}]
    assert class_as_read(labelled) is DataClass.TENANT_PRIVATE
