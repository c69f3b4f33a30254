"""Vectors: a tenant's nearest are its own and all of them, whatever other tenants hold."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text

from catalog.data_classes import DataClass, PrincipalKind
from catalog.declared import REGISTRY
from catalog.registry import UnknownDataset
from stores.boundary.claims import Claim
from stores.errors import BoundaryRefused, ClassRefused
from stores.platform import SERVICE, Platform
from stores.sessions import PlatformSession, StewardSession
from stores.vectors import VectorItem, VectorNamespace, VectorRefused, WritableVectorNamespace
from tests.stores.conftest import CANARY, Owners

DIMENSIONS = 384
NAMESPACE = REGISTRY.get("semantic_memories")


def drawn(seed: int) -> list[float]:
    """A vector of no particular direction."""
    source = random.Random(seed)
    return [source.gauss(0, 1) for _ in range(DIMENSIONS)]


def beside(vector: list[float], away: float, seed: int = 0) -> list[float]:
    """A vector that far from another one."""
    return [one + away * other for one, other in zip(vector, drawn(10_000 + seed), strict=True)]


QUERY = drawn(1)
RARE = uuid4()


@pytest.fixture(scope="module")
def memories(platform: Platform, owners: Owners) -> Owners:
    """Forty memories of A far from the query, and two hundred of B right beside it."""
    for tenant, word, away, count in (
        (owners.a, "own", 2.0, 40),
        (owners.b, CANARY, 0.001, 200),
    ):
        with platform.tenant_session(tenant, "test") as session:
            session.vectors_tenant_private().upsert(
                VectorItem(f"m{n:03}", f"{word} {n}", beside(QUERY, away, n)) for n in range(count)
            )
    return owners


@pytest.fixture
def refusing() -> WritableVectorNamespace:
    """A namespace over no database: what it refuses, it refuses before it asks."""

    def unreachable(statement: str, **parameters: object) -> list[Any]:
        raise AssertionError(statement, parameters)

    return WritableVectorNamespace(unreachable, NAMESPACE)


# --- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vector", "words"),
    [
        ([], "384 numbers and this one has 0"),
        (QUERY[:-1], "384 numbers and this one has 383"),
        ([*QUERY, 1.0], "384 numbers and this one has 385"),
        ([0.5] * 100_000, "384 numbers and this one has 100,000"),
        ("1" * DIMENSIONS, "384 numbers and this one has 0"),
        ([float("nan"), *QUERY[1:]], "no NaN and no infinity"),
        ([float("-inf"), *QUERY[1:]], "no NaN and no infinity"),
        ([10**400, *QUERY[1:]], "no NaN and no infinity"),
        ([1e39, *QUERY[1:]], "length lies between"),
        ([0.0] * DIMENSIONS, "length lies between"),
        ([1e-46] * DIMENSIONS, "length lies between"),
        ([1e-30] * DIMENSIONS, "length lies between"),
        (["1.0"] * DIMENSIONS, "numbers alone"),
        ([None, *QUERY[1:]], "numbers alone"),
        ([True] * DIMENSIONS, "numbers alone"),
        ([1j] * DIMENSIONS, "numbers alone"),
    ],
)
def test_what_is_no_vector_is_refused(
    refusing: WritableVectorNamespace, vector: Any, words: str
) -> None:
    """Before the database is asked, in a query as in an item, and the error shows no number."""
    with pytest.raises(VectorRefused, match=words):
        refusing.query(vector, 10)
    with pytest.raises(VectorRefused, match=words) as refused:
        refusing.upsert([VectorItem("1", CANARY, QUERY), VectorItem("2", CANARY, vector)])
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize("k", [0, -1, 1_001, True, 2.5, "10"])
def test_a_senseless_k_is_refused(refusing: WritableVectorNamespace, k: Any) -> None:
    """The number stands in the statement itself, so it must be whole and bounded."""
    with pytest.raises(VectorRefused, match="k must be a whole number"):
        refusing.query(QUERY, k)


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"tenant_id": "x"}, "the owner comes from the login"),
        ({"embedding": "x"}, "name no column"),
        ({"distance": 1}, "name no column"),
        ({"content = content OR true --": "x"}, "name no column"),
        ({"content": None}, "one value"),
        ({"content": ["a", "b"]}, "one value"),
        ({"content": "a\0b"}, "NUL"),
    ],
)
def test_a_filter_names_declared_columns_alone(
    refusing: WritableVectorNamespace, filters: dict[str, object], words: str
) -> None:
    """A filter's name becomes SQL, and its owner would be a claim of the caller's own."""
    with pytest.raises(VectorRefused, match=words):
        refusing.query(QUERY, 10, filters)


@pytest.mark.parametrize("item_id", ["", "a\0b", "a\nb", "x" * 513, None, 7])
def test_a_senseless_id_is_refused(refusing: WritableVectorNamespace, item_id: Any) -> None:
    """An id is read back, listed and logged by name."""
    with pytest.raises(VectorRefused, match="printable"):
        refusing.upsert([VectorItem(item_id, "text", QUERY)])
    with pytest.raises(VectorRefused, match="printable"):
        refusing.delete([item_id])


def test_an_item_twice_in_one_batch_is_refused(refusing: WritableVectorNamespace) -> None:
    """Which of the two would stay is nobody's decision."""
    with pytest.raises(VectorRefused, match="names an item twice"):
        refusing.upsert([VectorItem("1", "a", QUERY), VectorItem("1", "b", QUERY)])
    with pytest.raises(VectorRefused, match="text without NUL"):
        refusing.upsert([VectorItem("1", "a\0", QUERY)])


def test_shared_and_fund_namespaces_cannot_be_written() -> None:
    """publish() alone writes them, so their namespace has nothing to write with."""
    assert not hasattr(VectorNamespace, "upsert")
    assert not hasattr(VectorNamespace, "delete")
    for kind in (PlatformSession, StewardSession):
        assert not hasattr(kind, "vectors_tenant_private")
        assert not hasattr(kind, "vectors_fund_private")


@pytest.mark.integration
def test_a_namespace_is_registered_and_of_its_class(platform: Platform, owners: Owners) -> None:
    """Neither a table, nor another class, nor an invented name opens as a namespace."""
    with platform.tenant_session(owners.a, "test") as session:
        with pytest.raises(VectorRefused, match="not as a vector namespace"):
            session.vectors_tenant_private("crm_accounts")
        with pytest.raises(ClassRefused):
            session.vectors_tenant_private("fund_patterns")
        with pytest.raises(ClassRefused):
            session.vectors_anonymized_benchmark("semantic_memories")
        with pytest.raises(UnknownDataset):
            session.vectors_tenant_private("nobody_registered")
    with platform.fund_session(owners.fund, "test") as session:
        for name in ("semantic_memories", "pattern_bank"):
            with pytest.raises(ClassRefused):
                session.vectors_fund_private(name)
        with pytest.raises(BoundaryRefused):
            VectorNamespace(session._rows, NAMESPACE).query(QUERY, 10)


# --- a tenant's own --------------------------------------------------------------------------


@pytest.mark.integration
@pytest.mark.parametrize("k", [1, 10, 40, 100])
def test_a_tenants_nearest_are_all_its_own(platform: Platform, memories: Owners, k: int) -> None:
    """Recall is 1.0 although two hundred vectors of B lie nearer than any of A."""
    with platform.tenant_session(memories.a, "test") as session:
        found = session.vectors_tenant_private().query(QUERY, k)
    with platform.admin_engine().connect() as connection:
        true = connection.execute(
            text(
                "SELECT item_id, embedding <=> CAST(:q AS vector) AS distance"
                " FROM tenant_private.semantic_memories WHERE tenant_id = :t"
                " ORDER BY distance, item_id LIMIT :k"
            ),
            {"q": str(QUERY), "t": memories.a, "k": k},
        ).all()
    assert [n.item_id for n in found] == [row.item_id for row in true]
    assert [n.distance for n in found] == pytest.approx([row.distance for row in true])
    assert len(found) == min(k, 40)
    assert all(str(n.columns["content"]).startswith("own ") for n in found)
    assert all(set(n.columns) == {"content", "created_at"} for n in found)


@pytest.mark.integration
def test_a_tenants_answers_do_not_depend_on_another(platform: Platform, memories: Owners) -> None:
    """What B adds and deletes changes nothing that A sees."""
    with platform.tenant_session(memories.a, "test") as session:
        before = session.vectors_tenant_private().query(QUERY, 10)
    with platform.tenant_session(memories.b, "test") as session:
        session.vectors_tenant_private().upsert([VectorItem("exact", CANARY, QUERY)])
        session.vectors_tenant_private().delete(["m000", "m001"])
    with platform.tenant_session(memories.a, "test") as session:
        assert session.vectors_tenant_private().query(QUERY, 10) == before


@pytest.mark.integration
def test_a_filter_narrows_before_the_k_nearest_are_taken(
    platform: Platform, memories: Owners
) -> None:
    """The furthest item is found when it is the one asked for; a filter's value is no SQL."""
    with platform.tenant_session(memories.a, "test") as session:
        namespace = session.vectors_tenant_private()
        furthest = namespace.query(QUERY, 40)[-1]
        (found,) = namespace.query(QUERY, 10, {"item_id": furthest.item_id})
        assert found == furthest
        filters = {"content": furthest.columns["content"], "item_id": furthest.item_id}
        assert namespace.query(QUERY, 10, filters) == (furthest,)
        assert namespace.query(QUERY, 10, {"content": "x' OR 'a' = 'a"}) == ()
        assert namespace.query(QUERY, 10, {"content": f"{CANARY} 5"}) == ()
        created = {"created_at": datetime(2020, 1, 1, tzinfo=UTC)}
        assert namespace.query(QUERY, 10, created) == ()


@pytest.mark.integration
def test_items_of_one_id_belong_to_their_own_tenants(platform: Platform, memories: Owners) -> None:
    """A writes and deletes the id that B has too; B's item is as it was."""
    shared = "m150"
    with platform.tenant_session(memories.a, "test") as session:
        namespace = session.vectors_tenant_private()
        assert namespace.delete([shared, "exact"]) == 0
        assert namespace.upsert([VectorItem(shared, "own", QUERY)]) == 1
        assert namespace.upsert([VectorItem(shared, "own again", drawn(5))]) == 1
        (found,) = namespace.query(QUERY, 10, {"item_id": shared})
        assert found.columns["content"] == "own again"
        assert namespace.delete([shared]) == 1
        assert namespace.delete([]) == namespace.upsert([]) == 0
    with platform.tenant_session(memories.b, "test") as session:
        (found,) = session.vectors_tenant_private().query(QUERY, 10, {"item_id": shared})
        assert found.columns["content"] == f"{CANARY} 150"


@pytest.mark.integration
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT content FROM tenant_private.semantic_memories ORDER BY embedding <=> '{q}' LIMIT 9",
        "SELECT content FROM tenant_private.semantic_memories WHERE tenant_id = '{b}'",
        "SELECT avg(embedding) IS NULL, max(content) FROM tenant_private.semantic_memories",
        "SELECT content FROM tenant_private.semantic_memories WHERE embedding <=> '{q}' < 0.1",
        (
            "SET enable_indexscan = off; SELECT content FROM tenant_private.semantic_memories"
            " ORDER BY embedding <-> '{q}' LIMIT 9"
        ),
        "UPDATE tenant_private.semantic_memories SET content = content RETURNING content",
        "DELETE FROM tenant_private.semantic_memories WHERE tenant_id = '{b}' RETURNING content",
        (
            "INSERT INTO tenant_private.semantic_memories VALUES ('{b}', 'm150', 'x', '{q}', now())"
            " ON CONFLICT (tenant_id, item_id) DO UPDATE SET content = 'x' RETURNING content"
        ),
        "CREATE INDEX ON tenant_private.semantic_memories USING hnsw (embedding vector_l2_ops)",
        "SELECT content FROM fund_private.fund_patterns",
        "INSERT INTO anonymized.capability_index VALUES ('x', 'x', '{q}', gen_random_uuid())",
        "SELECT content FROM staging.staged_semantic_memories",
    ],
)
def test_no_statement_reaches_another_tenants_vectors(
    raw_login: Any, platform: Platform, memories: Owners, claim_of_a: str, statement: str
) -> None:
    """With A's own login and claim, any SQL ends in an error or in A's rows alone."""
    seen = ""
    with raw_login(PrincipalKind.TENANT, memories.a, claim_of_a) as connection:
        try:
            for part in statement.format(b=memories.b, q=QUERY).split("; "):
                cursor = connection.execute(part)
                seen += str(cursor.fetchall()) if cursor.description else ""
        except psycopg.Error as error:
            seen += str(error)
    assert CANARY not in seen
    with platform.tenant_session(memories.b, "test") as session:
        (found,) = session.vectors_tenant_private().query(QUERY, 10, {"item_id": "m150"})
        assert found.columns["content"] == f"{CANARY} 150"


@pytest.mark.integration
@pytest.mark.parametrize("kind", [PrincipalKind.FUND, PrincipalKind.PLATFORM, PrincipalKind.LOADER])
def test_nobody_else_reads_memories(raw_login: Any, owners: Owners, kind: PrincipalKind) -> None:
    """An embedding can be turned back into text: no fund and no service reads one."""
    owner = owners.fund if kind is PrincipalKind.FUND else SERVICE
    with (
        raw_login(kind, owner) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("SELECT embedding FROM tenant_private.semantic_memories")


# --- a fund's own and what all share ---------------------------------------------------------


@pytest.fixture(scope="module")
def patterns(platform: Platform, owners: Owners) -> Owners:
    """Patterns of both funds, and a shared bank whose rarest patterns lie furthest off."""
    promotions = [uuid4(), RARE]
    with platform.admin_engine().begin() as connection:
        for fund, word in ((owners.fund, "own"), (owners.other_fund, CANARY)):
            connection.execute(
                text(
                    "INSERT INTO fund_private.fund_patterns VALUES"
                    " (:f, '1', :w, CAST(:e AS vector), gen_random_uuid())"
                ),
                {"f": fund, "w": word, "e": str(QUERY)},
            )
        connection.execute(
            text(
                "INSERT INTO anonymized.pattern_bank VALUES (:i, 'text', CAST(:e AS vector), :p,"
                " 'email', '*', :i, 'brief', '2026-Q1', 5, 0.1, 0.1)"
            ),
            [
                {
                    "i": f"{n:04}",
                    "e": str(beside(QUERY, 0.1 if n < 1_500 else 5.0, n)),
                    "p": promotions[n >= 1_500],
                }
                for n in range(1_512)
            ],
        )
    return owners


@pytest.mark.integration
def test_a_fund_searches_its_own_patterns(platform: Platform, patterns: Owners) -> None:
    """The other fund's pattern, as near as its own, is not among them."""
    with platform.fund_session(patterns.fund, "test") as session:
        found = session.vectors_fund_private().query(QUERY, 10)
    assert [neighbour.columns["content"] for neighbour in found] == ["own"]


@pytest.mark.integration
@pytest.mark.usefixtures("patterns")
def test_a_rare_filter_still_gives_k_rows(platform: Platform) -> None:
    """The index walks on past what the filter drops, and the rows are read where it gives up."""
    with platform.platform_session("test") as session:
        namespace = session.vectors_anonymized_benchmark()
        found = namespace.query(QUERY, 10, {"promotion_id": RARE})
        assert len(found) == 10
        assert all(neighbour.item_id >= "1500" for neighbour in found)
        assert len(namespace.query(QUERY, 20, {"promotion_id": RARE})) == 12
        assert len(namespace.query(QUERY, 500)) == 500


@pytest.mark.integration
def test_every_reader_searches_what_all_share(platform: Platform, patterns: Owners) -> None:
    """Tenants, funds and the platform find the same patterns, nearest first."""
    answers = []
    for opening in (
        platform.tenant_session(patterns.a, "test"),
        platform.fund_session(patterns.fund, "test"),
        platform.platform_session("test"),
    ):
        with opening as session:
            answers.append(session.vectors_anonymized_benchmark().query(QUERY, 10))
    assert answers[0] == answers[1] == answers[2]
    distances = [neighbour.distance for neighbour in answers[0]]
    assert distances == sorted(distances)
    with platform.platform_session("test") as session:
        assert session.vectors_anonymized_benchmark("capability_index").query(QUERY, 10) == ()


@pytest.mark.integration
@pytest.mark.usefixtures("patterns")
def test_a_shared_search_uses_the_index(platform: Platform, raw_login: Any, sealed: Any) -> None:
    """Without it every search would read the whole bank."""
    login = platform.keyring.login(PrincipalKind.PLATFORM, SERVICE).login
    token = sealed(platform.keyring, Claim(login, (DataClass.ANONYMIZED_BENCHMARK,), "test"))
    with raw_login(PrincipalKind.PLATFORM, SERVICE, token) as connection:
        connection.execute("SET enable_seqscan = off")
        plan = connection.execute(
            "EXPLAIN SELECT item_id FROM anonymized.pattern_bank"
            f" ORDER BY embedding <=> '{QUERY}' LIMIT 10"
        ).fetchall()
    assert "pattern_bank_embedding_hnsw" in str(plan)


@pytest.mark.integration
def test_no_index_stands_on_an_owners_vectors(platform: Platform) -> None:
    """Under row-level security an approximate index loses an owner's rows: recall fell to 0.06."""
    query = text("SELECT tablename FROM pg_indexes WHERE indexdef LIKE '%USING hnsw%' ORDER BY 1")
    with platform.admin_engine().connect() as connection:
        found = connection.execute(query).scalars().all()
    assert found == [
        "anonymized_brief_patterns",
        "anonymized_review_patterns",
        "capability_index",
        "pattern_bank",
    ]
