"""Builders for storage tests: two tenants of one fund and one of another, with a row each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from catalog.data_classes import DataClass, PrincipalKind
from stores.boundary.claims import Claim, signed
from stores.boundary.provisioning import OwnerIds, ensure_owners
from stores.platform import Platform

CANARY = "canary-8d1f"


@dataclass(frozen=True)
class Owners:
    """Ids of the owners every storage test knows."""

    a: str
    b: str
    fund: str
    other_fund: str


@pytest.fixture(scope="module")
def owners(platform: Platform) -> Owners:
    """Tenants A and B, with one account each; B's carries a canary."""
    ids: OwnerIds = ensure_owners(
        platform, {"Portco A": "Fund One", "Portco B": "Fund Two"}, reason="test"
    )
    a, b = ids.tenants["Portco A"], ids.tenants["Portco B"]
    for tenant, name in ((a, "own account"), (b, CANARY)):
        with platform.tenant_session(tenant, "test") as session:
            session.write_tenant_private(
                "crm_accounts", [{"tenant_id": tenant, "account_id": "1", "name": name}]
            )
    return Owners(a, b, ids.funds["Fund One"], ids.funds["Fund Two"])


@pytest.fixture
def raw_login(platform: Platform) -> Any:
    """A bare driver connection under a principal's own login, with or without a claim."""

    @contextmanager
    def connect(
        kind: PrincipalKind, owner: str, claim: str | None = None
    ) -> Iterator[psycopg.Connection[Any]]:
        secret = platform.keyring.login(kind, owner)
        url = platform.database.login_url(secret)
        with psycopg.connect(
            host=url.query["host"],
            dbname=url.database,
            user=url.username,
            password=url.password,
            autocommit=True,
        ) as connection:
            if claim is not None:
                connection.execute("SELECT set_config('classline.claim', %s, false)", (claim,))
            yield connection

    return connect


@pytest.fixture
def claim_of_a(platform: Platform, owners: Owners) -> str:
    """A sound claim of tenant A."""
    return signed(
        Claim(
            platform.keyring.login(PrincipalKind.TENANT, owners.a).login,
            (DataClass.TENANT_PRIVATE, DataClass.ANONYMIZED_BENCHMARK),
            "test",
            tenant=owners.a,
        ),
        kid=platform.keyring.kid,
        key=platform.keyring.signing_key,
    )
