"""A claim ends when it should, and keys are exchanged without anyone noticing."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from catalog.data_classes import DataClass, PrincipalKind
from stores.boundary.claims import Claim, signed
from stores.boundary.rotation import BadOverlap, rotate_keys
from stores.errors import BoundaryRefused, ClassRefused
from stores.platform import SERVICE, Platform, open_platform
from tests.stores.conftest import Owners

pytestmark = pytest.mark.integration

ACCOUNTS = "SELECT * FROM tenant_private.crm_accounts"


def claim_of(platform: Platform, tenant: str) -> Claim:
    """A sound claim of that tenant."""
    login = platform.keyring.login(PrincipalKind.TENANT, tenant).login
    return Claim(login, (DataClass.TENANT_PRIVATE,), "test", tenant=tenant)


def token(platform: Platform, claim: Claim) -> str:
    """That claim, signed."""
    keyring = platform.keyring
    return signed(claim, kid=keyring.kid, key=keyring.signing_key)


def test_a_revoked_claim_is_refused_with_a_code_of_its_own(
    raw_login: Any, platform: Platform, owners: Owners
) -> None:
    """Revocation works on the next statement, and only on that claim."""
    claim, other = claim_of(platform, owners.a), claim_of(platform, owners.a)
    with raw_login(PrincipalKind.TENANT, owners.a, token(platform, claim)) as connection:
        assert connection.execute(ACCOUNTS).fetchall()
        with platform.platform_session("test") as session:
            assert session.revoke_claim(claim.jti, "for a test")
            assert not session.revoke_claim(claim.jti, "for a test")
        with pytest.raises(psycopg.Error) as refused:
            connection.execute(ACCOUNTS)
        assert refused.value.sqlstate == "CL007"
    with raw_login(PrincipalKind.TENANT, owners.a, token(platform, other)) as connection:
        assert connection.execute(ACCOUNTS).fetchall()


def test_a_claim_bound_to_a_connection_works_on_no_other(
    raw_login: Any, platform: Platform, owners: Owners
) -> None:
    """A claim that was overheard is worth nothing on a second connection of the same login."""
    claim = claim_of(platform, owners.a)
    with raw_login(PrincipalKind.TENANT, owners.a) as connection:
        bound = Claim(
            claim.login, claim.classes, "test", tenant=owners.a,
            backend_pid=connection.info.backend_pid,
        )  # fmt: skip
        stolen = token(platform, bound)
        connection.execute("SELECT set_config('classline.claim', %s, false)", (stolen,))
        assert connection.execute(ACCOUNTS).fetchall()
        with (
            raw_login(PrincipalKind.TENANT, owners.a, stolen) as second,
            pytest.raises(psycopg.Error) as refused,
        ):
            second.execute(ACCOUNTS)
    assert refused.value.sqlstate == "CL008"


def test_every_session_binds_its_claim(platform: Platform, owners: Owners) -> None:
    """The storage layer never hands out a claim that works elsewhere."""
    with platform.tenant_session(owners.a, "test") as session:
        (row,) = session._rows("SELECT current_setting('classline.claim') AS claim")
    body = bytes.fromhex(str(row["claim"]).split(".")[1]).decode()
    assert '"pid": null' not in body


def test_nobody_else_revokes_and_the_list_is_append_only(
    raw_login: Any, platform: Platform, owners: Owners
) -> None:
    """A tenant cannot end another's claim, and nobody brings a revoked one back."""
    sound = token(platform, claim_of(platform, owners.a))
    with (
        raw_login(PrincipalKind.TENANT, owners.a, sound) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("SELECT control.revoke_claim('x', 'because')")
    with (
        pytest.raises(Exception, match="append-only"),
        platform.admin_engine().begin() as connection,
    ):
        connection.exec_driver_sql("DELETE FROM control.revoked_claims")


def test_rotation_has_an_overlap_and_no_downtime(
    raw_login: Any, platform: Platform, owners: Owners
) -> None:
    """Old claims and logins work within the overlap; new sessions use the new ones at once."""
    before = platform.keyring
    old_token = token(platform, claim_of(platform, owners.a))
    with raw_login(PrincipalKind.TENANT, owners.a, old_token) as connection:
        rotated = rotate_keys(platform, overlap=timedelta(minutes=5))
        assert rotated.kid == platform.keyring.kid != before.kid
        assert connection.execute(ACCOUNTS).fetchall()
    for tenant in (owners.a, owners.b):
        with platform.tenant_session(tenant, "test") as session:
            assert session.count(DataClass.TENANT_PRIVATE, "crm_accounts") == 1
        kind = PrincipalKind.TENANT
        assert platform.keyring.login(kind, tenant) != before.login(kind, tenant)


def test_after_the_overlap_the_old_ones_are_worth_nothing(
    raw_login: Any, platform: Platform, owners: Owners
) -> None:
    """The old key verifies nothing, the old password opens nothing, the old roles go."""
    before = platform.keyring
    old_token = token(platform, claim_of(platform, owners.a))
    old_login = before.login(PrincipalKind.TENANT, owners.a)
    rotate_keys(platform, overlap=timedelta(0))
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        psycopg.connect(
            host=str(platform.home.socket_dir),
            dbname="classline",
            user=old_login.login,
            password=old_login.password,
        )
    with (
        raw_login(PrincipalKind.TENANT, owners.a, old_token) as connection,
        pytest.raises(psycopg.Error) as refused,
    ):
        connection.execute(ACCOUNTS)
    assert refused.value.sqlstate == "CL002"
    assert rotate_keys(platform, overlap=timedelta(0)).removed >= len(before.logins)
    with platform.tenant_session(owners.a, "test") as session:
        assert session.count(DataClass.TENANT_PRIVATE, "crm_accounts") == 1


def test_another_process_sees_the_new_keys_at_once(platform: Platform, owners: Owners) -> None:
    """A platform that was opened before a rotation goes on without being told."""
    with open_platform(platform.home) as other:
        with other.tenant_session(owners.a, "test") as session:
            assert session.count(DataClass.TENANT_PRIVATE, "crm_accounts") == 1
        rotate_keys(platform, overlap=timedelta(0))
        with other.tenant_session(owners.a, "test") as session:
            assert session.count(DataClass.TENANT_PRIVATE, "crm_accounts") == 1


def test_reading_goes_on_while_keys_rotate(platform: Platform, owners: Owners) -> None:
    """Readers in other threads meet no error while the keys are exchanged three times."""
    stop, failures, reads = threading.Event(), [], []

    def read_on() -> None:
        with open_platform(platform.home) as own:
            while not stop.is_set():
                try:
                    with own.tenant_session(owners.a, "test") as session:
                        reads.append(session.count(DataClass.TENANT_PRIVATE, "crm_accounts"))
                except Exception as error:  # noqa: BLE001 - any error at all fails the test
                    failures.append(error)

    readers = [threading.Thread(target=read_on) for _ in range(2)]
    for reader in readers:
        reader.start()
    for _ in range(3):
        rotate_keys(platform, overlap=timedelta(minutes=1))
    stop.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert set(reads) == {1}


def test_the_next_rotation_ends_what_an_interrupted_one_left(
    platform: Platform, owners: Owners, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash before the old ones are ended leaves no key or password that works for good."""
    from stores.boundary import rotation

    before = platform.keyring
    old_login = before.login(PrincipalKind.TENANT, owners.a)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as interrupted:
        interrupted.setattr(rotation, "_end_after", crash)
        with pytest.raises(KeyboardInterrupt):
            rotate_keys(platform, overlap=timedelta(0))
    assert platform.keyring.kid != before.kid
    with platform.tenant_session(owners.a, "test") as session:
        assert session.count(DataClass.TENANT_PRIVATE, "crm_accounts") == 1
    rotate_keys(platform, overlap=timedelta(0))
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        psycopg.connect(
            host=str(platform.home.socket_dir),
            dbname="classline",
            user=old_login.login,
            password=old_login.password,
        )
    with platform.admin_engine().connect() as connection:
        kids = connection.exec_driver_sql(
            "SELECT kid FROM control.signing_keys WHERE not_after > clock_timestamp()"
        ).scalars()
        assert list(kids) == [platform.keyring.kid]


def test_a_rotation_leaves_a_row_in_the_audit(platform: Platform) -> None:
    """Rule 7: who exchanged which key for which, and when."""
    rotated = rotate_keys(platform)
    with platform.platform_session("test") as session:
        entries = session.read(DataClass.ASCEND_PLATFORM_METRIC, "kv_audit")
    assert entries[-1]["action"] == "keys rotated"
    assert entries[-1]["to_value"] == rotated.kid


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=8)])
def test_a_senseless_overlap_is_refused(platform: Platform, overlap: timedelta) -> None:
    """Old keys neither end in the past nor live on for good."""
    with pytest.raises(BadOverlap):
        rotate_keys(platform, overlap=overlap)


def test_the_auditor_counts_inside_an_open_run_and_sees_no_row(
    raw_login: Any, platform: Platform, owners: Owners
) -> None:
    """Counts over all owners leave it; a value never does, and outside a run nothing does."""
    with platform.platform_session("test") as session:
        run = session.start_audit("for a test")
    with platform.auditor_session(run) as auditor:
        assert auditor.count_rows(DataClass.TENANT_PRIVATE, "crm_accounts") >= 2
        with pytest.raises(BoundaryRefused):
            auditor.count_rows(DataClass.TENANT_PRIVATE, "control.tenants")
    with platform.auditor_session(run) as auditor, pytest.raises(ClassRefused):
        auditor.count_rows(DataClass.FUND_PRIVATE, "crm_accounts")
    with platform.platform_session("test") as session:
        session.finish_audit(run)
    with (
        platform.auditor_session(run) as auditor,
        pytest.raises(BoundaryRefused, match="no open audit run"),
    ):
        auditor.count_rows(DataClass.TENANT_PRIVATE, "crm_accounts")
    with (
        raw_login(PrincipalKind.AUDITOR, SERVICE) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(ACCOUNTS)
    del owners


@pytest.mark.parametrize("dataset", ["tenant_private.crm_accounts", "platform.error_ledger"])
def test_the_auditor_counts_only_the_classes_in_its_claim(
    raw_login: Any, platform: Platform, dataset: str
) -> None:
    """PostgreSQL enforces a claim's classes for the auditor as for everyone."""
    with platform.platform_session("test") as session:
        run = session.start_audit("for a test")
    claim = Claim(
        platform.keyring.login(PrincipalKind.AUDITOR, SERVICE).login,
        (DataClass.ANONYMIZED_BENCHMARK,),
        "test",
        run=run,
    )
    with raw_login(PrincipalKind.AUDITOR, SERVICE, token(platform, claim)) as connection:
        count = "SELECT control.audit_count(%s)"
        assert connection.execute(count, ("anonymized.anonymized_tactics",)).fetchone()
        with pytest.raises(psycopg.Error) as refused:
            connection.execute(count, (dataset,))
    assert refused.value.sqlstate == "CL005"
