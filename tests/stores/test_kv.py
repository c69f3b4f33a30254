"""Keys: another tenant's stay out of reach, no key leaves its prefix, and what expired is gone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from catalog.data_classes import DataClass, PrincipalKind
from catalog.datasets import staging
from catalog.declared import REGISTRY
from catalog.registry import StoreKind
from stores.boundary.claims import Claim
from stores.errors import BoundaryRefused
from stores.kv import KEY_BYTES, VALUE_BYTES, KeyRefused, KeyValueStore, ValueRefused
from stores.platform import SERVICE, Platform
from stores.sessions import AnonymizerSession, FundSession, StewardSession
from tests.stores.conftest import CANARY, Owners

SHARED_KEY = "tenant:agent:cursor"


@pytest.fixture
def keys(platform: Platform, owners: Owners) -> Owners:
    """The same key of both tenants; B's value is a canary."""
    for tenant, value in ((owners.a, "own value"), (owners.b, CANARY)):
        with platform.tenant_session(tenant, "test") as session:
            session.kv_tenant_private().put(SHARED_KEY, {"value": value})
            session.kv_tenant_private().put(f"tenant:only:{tenant[-4:]}", value)
    return owners


@pytest.fixture
def refusing() -> KeyValueStore:
    """A tenant's store over no database: what it refuses, it refuses before it asks."""

    def unreachable(statement: str, **parameters: object) -> list[Any]:
        raise AssertionError(statement, parameters)

    return KeyValueStore(unreachable, DataClass.TENANT_PRIVATE)


# --- keys that are refused -------------------------------------------------------------------


@pytest.mark.parametrize(
    "key",
    [
        "",
        "tenant",
        "tenant:",
        ":x",
        ":",
        "tenant::x",
        "tenant:x:",
        "tenant:../platform:x",
        "tenant:..",
        "tenant:a:..:b",
        "tenant:a/b",
        "tenant:a\\b",
        "/tenant:a",
        "tenant:\0",
        "tenant:a\nb",
        "tenant:a\x1b[2J",
        "tenant:\x7f",
        "tenant: a",
        "tenant:a ",
        "tenant:" + "x" * KEY_BYTES,
        "tenant:" + "é" * KEY_BYTES,
        "tenant" + "\N{FULLWIDTH COLON}" + "x",
        "tenant:a" + "\N{RATIO}" + "b",
        "tenant:a" + "\N{MODIFIER LETTER COLON}" + "b",
        "tenant:a" + "\N{DIVISION SLASH}" + "b",
        "tenant:a" + "\N{ZERO WIDTH SPACE}" + "b",
        "tenant:a" + "\N{RIGHT-TO-LEFT OVERRIDE}" + "b",
        "tenant:\udc80",
        "TENANT:x",
        " tenant:x",
        "tenant_state:x",
        "tenant%:x",
        "capability_index:email_drafter",
        "platform:x",
        "fund:x",
        "nobody_registered:x",
        "x" * 1_000_000,
    ],
)
def test_a_key_that_leaves_its_prefix_is_refused(refusing: KeyValueStore, key: str) -> None:
    """By every operation, before the database is asked, and the error does not repeat the key."""
    for operation in (
        lambda: refusing.get(key),
        lambda: refusing.put(key, CANARY),
        lambda: refusing.delete(key),
        lambda: refusing.list("tenant:", after=key or ":"),
    ):
        with pytest.raises(KeyRefused) as refused:
            operation()
        assert CANARY not in str(refused.value)
        assert len(key) < 9 or key not in str(refused.value)
        assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    "prefix",
    ["", "tenant", "ten", "%", "tenant%", "platform:", "tenant:..", "tenant::", "tenant:a\0"],
)
def test_a_list_that_leaves_its_prefix_is_refused(refusing: KeyValueStore, prefix: str) -> None:
    """A listing starts inside one registered prefix; an empty one would list them all."""
    with pytest.raises(KeyRefused):
        refusing.list(prefix)


@pytest.mark.parametrize("limit", [0, -1, 1_001, True])
def test_a_page_has_bounds(refusing: KeyValueStore, limit: int) -> None:
    """No listing brings a whole store into memory."""
    with pytest.raises(KeyRefused, match="limit lies between 1 and 1,000"):
        refusing.list("tenant:", limit)


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        {"x": float("inf")},
        object(),
        {"x": {1, 2}},
        b"bytes",
        "\0",
        {"\0": 1},
        "\ud800",
        "x" * VALUE_BYTES,
        {(1, 2): 3},
    ],
)
def test_a_value_that_is_no_json_of_fitting_size_is_refused(
    refusing: KeyValueStore, value: object
) -> None:
    """PostgreSQL would refuse it with an error that may quote it."""
    with pytest.raises(ValueRefused) as refused:
        refusing.put("tenant:x", value)
    assert len(str(refused.value)) < 300


def test_a_value_without_bottom_is_refused(refusing: KeyValueStore) -> None:
    """A value nested too deep to write is refused like any other that is no JSON."""
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(ValueRefused):
        refusing.put("tenant:x", nested)


@pytest.mark.parametrize(
    "ttl", [timedelta(0), timedelta(seconds=-1), timedelta(days=3_651), timedelta.max]
)
def test_a_senseless_life_is_refused(refusing: KeyValueStore, ttl: timedelta) -> None:
    """A life that has ended already, or practically never does, is a mistake of units."""
    with pytest.raises(ValueRefused, match="ttl above 0"):
        refusing.put("tenant:x", 1, ttl)


def test_every_prefix_ends_where_its_store_can_tell() -> None:
    """Prefixes are one part and a colon, so that none stands inside another."""
    prefixes = [d for d in REGISTRY if d.kind is StoreKind.KV_PREFIX]
    starts = [(d.key_pattern or "").partition("{")[0] for d in prefixes]
    assert len(set(starts)) == len(starts) >= 3
    assert all(start.count(":") == 1 and start.endswith(":") for start in starts)
    assert all(REGISTRY.get(d.physical or "").data_class is d.data_class for d in prefixes)


def test_a_key_value_store_is_not_loaded() -> None:
    """Loads write tables alone; a twin of the store would be another place for its keys."""
    assert not [d.name for d in staging.DATASETS if "kv" in d.name or "state" in d.name]


# --- one tenant's keys -----------------------------------------------------------------------


@pytest.mark.integration
def test_a_tenant_keeps_what_it_puts(platform: Platform, owners: Owners) -> None:
    """The positive control: values come back as they were, until they are deleted."""
    value = {"text": 'é\\u0000 "q"', "n": [1, 2.5, None, True], "": {}}
    with platform.tenant_session(owners.a, "test") as session:
        store = session.kv_tenant_private()
        assert store.get("tenant:kept") is None
        store.put("tenant:kept", 1)
        store.put("tenant:kept", value)
    with platform.tenant_session(owners.a, "test") as session:
        store = session.kv_tenant_private()
        entry = store.get("tenant:kept")
        assert entry is not None
        assert (entry.value, entry.expires_at) == (value, None)
        assert store.delete("tenant:kept")
        assert not store.delete("tenant:kept")
        assert store.get("tenant:kept") is None


@pytest.mark.integration
def test_a_listing_takes_its_prefix_literally(platform: Platform, owners: Owners) -> None:
    """% and _ are characters of a key; as wildcards they would list what was not asked for."""
    names = ["tenant:l_st:1", "tenant:list:2", "tenant:l%:3", "tenant:L_st:4", "tenant:l_st:5"]
    with platform.tenant_session(owners.a, "test") as session:
        store = session.kv_tenant_private()
        for name in names:
            store.put(name, name)
        assert [e.key for e in store.list("tenant:l_st")] == ["tenant:l_st:1", "tenant:l_st:5"]
        assert [e.key for e in store.list("tenant:l%")] == ["tenant:l%:3"]
        assert [e.key for e in store.list("tenant:l_st:", 1)] == ["tenant:l_st:1"]
        page = store.list("tenant:l_st:", after="tenant:l_st:1")
        assert [e.value for e in page] == ["tenant:l_st:5"]
        assert [e.key for e in store.list("tenant:")][:2] == ["tenant:L_st:4", "tenant:l%:3"]
        for name in names:
            store.delete(name)


@pytest.mark.integration
def test_what_has_expired_is_never_returned(platform: Platform, owners: Owners) -> None:
    """An entry ends at its moment and not after it: a microsecond has passed on the next call."""
    with platform.tenant_session(owners.a, "test") as session:
        store = session.kv_tenant_private()
        store.put("tenant:brief", CANARY, timedelta(microseconds=1))
        store.put("tenant:long", "stays", timedelta(hours=1))
        assert store.get("tenant:brief") is None
        assert [entry.key for entry in store.list("tenant:brief")] == []
        assert not store.delete("tenant:brief")
        entry = store.get("tenant:long")
        assert entry is not None
        assert entry.expires_at is not None
        assert timedelta(minutes=59) < entry.expires_at - entry.updated_at <= timedelta(hours=1)


@pytest.mark.integration
def test_a_put_without_a_life_ends_an_earlier_life(platform: Platform, owners: Owners) -> None:
    """The last put decides, whatever the one before it said."""
    with platform.tenant_session(owners.a, "test") as session:
        store = session.kv_tenant_private()
        store.put("tenant:again", 1, timedelta(microseconds=1))
        store.put("tenant:again", 2)
        entry = store.get("tenant:again")
        assert entry is not None
        assert (entry.value, entry.expires_at) == (2, None)


@pytest.mark.integration
def test_expired_entries_are_purged_by_later_writes(platform: Platform, owners: Owners) -> None:
    """What ended does not stay on disk for as long as its tenant works."""
    with platform.tenant_session(owners.a, "test") as session:
        store = session.kv_tenant_private()
        for n in range(5):
            store.put(f"tenant:purged:{n}", n, timedelta(microseconds=1))
        store.put("tenant:other", 1)
        rows = session.read(DataClass.TENANT_PRIVATE, "tenant_kv_entries")
    assert not [row["key"] for row in rows if row["key"].startswith("tenant:purged")]


# --- two tenants -----------------------------------------------------------------------------


@pytest.mark.integration
def test_two_tenants_keys_of_one_name_are_two(platform: Platform, keys: Owners) -> None:
    """A reads, lists, overwrites and deletes its own; B's value is as it was."""
    with platform.tenant_session(keys.a, "test") as session:
        store = session.kv_tenant_private()
        entry = store.get(SHARED_KEY)
        assert entry is not None
        assert entry.value == {"value": "own value"}
        assert CANARY not in str(store.list("tenant:", 1_000))
        assert store.get(f"tenant:only:{keys.b[-4:]}") is None
        assert not store.delete(f"tenant:only:{keys.b[-4:]}")
        store.put(SHARED_KEY, "over")
        assert store.delete(SHARED_KEY)
    with platform.tenant_session(keys.b, "test") as session:
        entry = session.kv_tenant_private().get(SHARED_KEY)
        assert entry is not None
        assert entry.value == {"value": CANARY}
        assert session.kv_tenant_private().get(f"tenant:only:{keys.b[-4:]}") is not None


@pytest.mark.integration
def test_one_tenants_writes_purge_nothing_of_another(platform: Platform, keys: Owners) -> None:
    """A sees neither B's expired rows nor deletes them."""
    with platform.tenant_session(keys.b, "test") as session:
        session.kv_tenant_private().put("tenant:ended", CANARY, timedelta(microseconds=1))
    with platform.tenant_session(keys.a, "test") as session:
        session.kv_tenant_private().put("tenant:x", 1)
    with platform.admin_engine().connect() as connection:
        query = text("SELECT count(*) FROM tenant_private.tenant_kv_entries WHERE key = :k")
        assert connection.execute(query, {"k": "tenant:ended"}).scalar_one() == 1


@pytest.mark.integration
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM tenant_private.tenant_kv_entries",
        "SELECT * FROM tenant_private.tenant_kv_entries WHERE tenant_id = '{b}'",
        "SELECT value FROM tenant_private.tenant_kv_entries WHERE key LIKE '%' FOR UPDATE",
        "UPDATE tenant_private.tenant_kv_entries SET value = '1' WHERE tenant_id = '{b}'",
        "UPDATE tenant_private.tenant_kv_entries SET tenant_id = '{b}' RETURNING *",
        "DELETE FROM tenant_private.tenant_kv_entries WHERE tenant_id = '{b}' RETURNING *",
        "INSERT INTO tenant_private.tenant_kv_entries VALUES ('{b}', 'tenant:new', '1')",
        (
            f"INSERT INTO tenant_private.tenant_kv_entries VALUES ('{{b}}', '{SHARED_KEY}', '1')"
            " ON CONFLICT (tenant_id, key) DO UPDATE SET value = '2' RETURNING *"
        ),
        (
            f"MERGE INTO tenant_private.tenant_kv_entries t USING (SELECT '{SHARED_KEY}' AS k) s"
            " ON t.key = s.k AND t.tenant_id = '{b}' WHEN MATCHED THEN DELETE"
        ),
        "COPY tenant_private.tenant_kv_entries TO STDOUT",
        "SELECT most_common_vals FROM pg_stats WHERE tablename = 'tenant_kv_entries'",
        "SELECT * FROM platform.kv_entries",
        "INSERT INTO platform.kv_entries (key, value) VALUES ('platform:x', '1')",
    ],
)
def test_no_statement_reaches_another_tenants_keys(
    raw_login: Any, keys: Owners, claim_of_a: str, platform: Platform, statement: str
) -> None:
    """With A's own login and claim, any SQL ends in an error or in A's rows alone."""
    seen = ""
    with raw_login(PrincipalKind.TENANT, keys.a, claim_of_a) as connection:
        try:
            part = statement.format(b=keys.b)
            if part.startswith("COPY"):
                with connection.cursor().copy(part) as copy:
                    seen += b"".join(copy).decode()
            else:
                cursor = connection.execute(part)
                seen += str(cursor.fetchall()) if cursor.description else ""
        except psycopg.Error as error:
            seen += str(error)
    assert CANARY not in seen
    assert keys.b not in seen
    with platform.tenant_session(keys.b, "test") as session:
        entry = session.kv_tenant_private().get(SHARED_KEY)
        assert entry is not None
        assert entry.value == {"value": CANARY}
        assert session.kv_tenant_private().get("tenant:new") is None


@pytest.mark.integration
@pytest.mark.parametrize(
    "values", ["'{a}', 'platform:x', '1'", "'{a}', 'tenant:' || repeat('x', 600), '1'"]
)
def test_a_tenants_own_sql_stays_under_its_prefix_too(
    raw_login: Any, owners: Owners, claim_of_a: str, values: str
) -> None:
    """What the store would refuse, the table refuses."""
    statement = f"INSERT INTO tenant_private.tenant_kv_entries VALUES ({values})"
    with (
        raw_login(PrincipalKind.TENANT, owners.a, claim_of_a) as connection,
        pytest.raises(psycopg.errors.CheckViolation),
    ):
        connection.execute(statement.format(a=owners.a))


@pytest.mark.integration
@pytest.mark.parametrize("kind", [PrincipalKind.PLATFORM, PrincipalKind.LOADER])
def test_services_do_not_read_tenants_keys(raw_login: Any, kind: PrincipalKind) -> None:
    """The platform has no business in tenants' state."""
    with (
        raw_login(kind, SERVICE) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("SELECT * FROM tenant_private.tenant_kv_entries")


@pytest.mark.integration
def test_a_fund_and_the_anonymizer_do_not_read_tenants_keys(
    raw_login: Any, platform: Platform, owners: Owners, sealed: Any
) -> None:
    """The fund never; the anonymizer not outside a run that declares the store."""
    with (
        raw_login(PrincipalKind.FUND, owners.fund) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("SELECT * FROM tenant_private.tenant_kv_entries")
    login = platform.keyring.login(PrincipalKind.ANONYMIZER, SERVICE).login
    claim = Claim(login, (DataClass.TENANT_PRIVATE,), "promotion", workflow="pipeline_benchmark")
    token = sealed(platform.keyring, claim)
    with (
        raw_login(PrincipalKind.ANONYMIZER, SERVICE, token) as connection,
        pytest.raises(psycopg.Error) as refused,
    ):
        connection.execute("SELECT * FROM tenant_private.tenant_kv_entries")
    assert refused.value.sqlstate == "CL006"


@pytest.mark.parametrize("kind", [FundSession, StewardSession, AnonymizerSession])
def test_only_owners_have_key_value_stores(kind: type) -> None:
    """No other session can even name one."""
    assert not [name for name in dir(kind) if name.startswith("kv_")]


# --- the platform's keys ---------------------------------------------------------------------


@pytest.mark.integration
def test_the_platform_keeps_state_of_its_own(platform: Platform) -> None:
    """Its services put, list and delete under their prefix, with an end where they want one."""
    with platform.platform_session("test") as session:
        store = session.kv_ascend_platform_metric()
        store.put("platform:cursor", {"at": 7})
        store.put("platform:brief", 1, timedelta(microseconds=1))
        assert [entry.key for entry in store.list("platform:")] == ["platform:cursor"]
        entry = store.get("platform:cursor")
        assert entry is not None
        assert entry.value == {"at": 7}
        assert store.delete("platform:cursor")
        assert store.list("capability_index:") == ()


@pytest.mark.integration
def test_the_platform_does_not_write_what_publish_writes(
    platform: Platform, raw_login: Any, sealed: Any
) -> None:
    """capability_index: has one writer; neither the store nor the platform's own SQL is another."""
    with platform.admin_engine().begin() as connection:
        connection.execute(
            text("INSERT INTO platform.kv_entries (key, value) VALUES ('capability_index:t', '1')")
        )
    with platform.platform_session("test") as session:
        store = session.kv_ascend_platform_metric()
        assert [entry.value for entry in store.list("capability_index:")] == [1]
        for attempt in (
            lambda: store.put("capability_index:t", 2),
            lambda: store.delete("capability_index:t"),
        ):
            with pytest.raises(KeyRefused, match="only an approved workflow's publish"):
                attempt()
    login = platform.keyring.login(PrincipalKind.PLATFORM, SERVICE).login
    token = sealed(platform.keyring, Claim(login, (DataClass.ASCEND_PLATFORM_METRIC,), "test"))
    insert = "INSERT INTO platform.kv_entries (key, value) VALUES"
    with raw_login(PrincipalKind.PLATFORM, SERVICE, token) as connection:
        for statement in (
            f"{insert} ('capability_index:new', '1')",
            f"{insert} ('capability_index:t', '2') ON CONFLICT (key) DO UPDATE SET value = '3'",
            f"{insert} ('platform:t', '\"tn_{'a' * 16}\"')",
            "INSERT INTO platform.kv_entries SELECT 'platform:t', '1', now(), gen_random_uuid()",
            "UPDATE platform.kv_entries SET key = 'platform:t'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
        for statement in (
            "UPDATE platform.kv_entries SET value = '2'",
            "DELETE FROM platform.kv_entries",
        ):
            assert connection.execute(statement).rowcount == 0


@pytest.mark.integration
def test_a_claim_without_the_class_writes_no_platform_key(
    platform: Platform, raw_login: Any, sealed: Any
) -> None:
    """A login alone is not enough: the claim must name the class."""
    login = platform.keyring.login(PrincipalKind.PLATFORM, SERVICE).login
    token = sealed(platform.keyring, Claim(login, (DataClass.ANONYMIZED_BENCHMARK,), "test"))
    with (
        raw_login(PrincipalKind.PLATFORM, SERVICE, token) as connection,
        pytest.raises(psycopg.Error) as refused,
    ):
        connection.execute(
            "INSERT INTO platform.kv_entries (key, value) VALUES ('platform:x', '1')"
        )
    assert refused.value.sqlstate == "CL005"


@pytest.mark.integration
def test_the_platforms_keys_name_no_tenant(platform: Platform, owners: Owners) -> None:
    """A tenant id stands in columns registered for it, and in no key and no value."""
    with platform.platform_session("test") as session:
        store = session.kv_ascend_platform_metric()
        for value in (owners.a, {"x": [f"see {owners.a}"]}, {owners.a: 1}):
            with pytest.raises(ValueRefused) as refused_value:
                store.put("platform:x", value)
            assert owners.a not in str(refused_value.value)
        with pytest.raises(KeyRefused) as refused_key:
            store.put(f"platform:{owners.a}", 1)
        assert owners.a not in str(refused_key.value)


@pytest.mark.integration
def test_a_session_of_one_class_is_refused_keys_of_another(
    platform: Platform, owners: Owners
) -> None:
    """Neither side opens the other's prefix, through its own store."""
    with platform.tenant_session(owners.a, "test") as session, pytest.raises(KeyRefused):
        session.kv_tenant_private().get("platform:cursor")
    with platform.platform_session("test") as session, pytest.raises(KeyRefused):
        session.kv_ascend_platform_metric().get(SHARED_KEY)
    with platform.platform_session("test") as session, pytest.raises(BoundaryRefused):
        KeyValueStore(session._rows, DataClass.TENANT_PRIVATE).get(SHARED_KEY)
