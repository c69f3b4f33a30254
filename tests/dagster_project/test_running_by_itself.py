"""What Dagster does while nobody looks: schedules, tenants as partitions, alerts, retries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dagster import (
    AddDynamicPartitionsRequest,
    AssetCheckResult,
    AssetCheckSpec,
    DagsterInstance,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    DeleteDynamicPartitionsRequest,
    ExecuteInProcessResult,
    Failure,
    JobDefinition,
    SensorResult,
    SkipReason,
    TableMetadataValue,
    asset,
    build_run_status_sensor_context,
    build_sensor_context,
    define_asset_job,
    job,
    op,
)
from dagster import Definitions as OtherDefinitions
from sqlalchemy import text

from anonymization.promote import publish_candidate
from anonymization.registered import WORKFLOWS
from anonymization.workflows.pipeline_benchmark import PIPELINE_BENCHMARK
from catalog.data_classes import PrincipalKind
from dagster_project import tenant_partitions
from dagster_project.alert_sensors import OVERDUE_AFTER, failed_runs, overdue_reviews
from dagster_project.audit_assets import NO_OPEN_FINDING, audit_schedules
from dagster_project.dagster_home import ensure_dagster_home
from dagster_project.definitions import PROMOTIONS, defs
from dagster_project.errors_without_values import RETRIES, errors_without_values
from dagster_project.tenant_partitions import TENANTS, tenants_join_and_leave
from stores.errors import BoundaryRefused, DatabaseUnreachable
from stores.keyring import new_login, store_logins
from stores.platform import Platform
from tests.desk import Desk, a_desk
from tests.lineage.outbox_builders import unguarded


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One installation for all of these tests; each leaves it as it was."""
    with a_desk(tmp_path_factory.mktemp("house")) as made:
        yield made


@pytest.fixture
def at_home(house: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The installation that sensors find; no webhook is set."""
    monkeypatch.setenv("CLASSLINE_HOME", str(house.platform.home.root))
    monkeypatch.delenv("CLASSLINE_SLACK_WEBHOOK", raising=False)
    return house


def tenants_of(platform: Platform) -> set[str]:
    """The ids of the tenants that have a login."""
    return {owner for kind, owner in platform.keyring.logins if kind is PrincipalKind.TENANT}


def alerts_of(platform: Platform) -> list[tuple[str, str]]:
    """Each stored alert's kind and subject."""
    with platform.platform_session("test") as session:
        stored = session.alerts_ascend_platform_metric().all()
    return [(alert["kind"], alert["subject"]) for alert in stored]


def compared(instance: DagsterInstance) -> SensorResult | SkipReason:
    """What the partitions' sensor asks for now."""
    found = tenants_join_and_leave()(build_sensor_context(instance=instance))
    assert isinstance(found, SensorResult | SkipReason)
    return found


def carried_out(instance: DagsterInstance, result: SensorResult | SkipReason) -> None:
    """Do what the daemon does with a sensor's requests."""
    assert isinstance(result, SensorResult)
    for request in result.dynamic_partitions_requests or ():
        name, keys = request.partitions_def_name, list(request.partition_keys)
        if isinstance(request, AddDynamicPartitionsRequest):
            instance.add_dynamic_partitions(name, keys)
        if isinstance(request, DeleteDynamicPartitionsRequest):
            for key in keys:
                instance.delete_dynamic_partition(name, key)


def test_each_workflow_runs_once_a_night_and_no_two_at_once() -> None:
    """Nobody has to turn a schedule on, and each runs the job that people know by name."""
    audits = {each.name for each in audit_schedules()}
    schedules = [each for each in defs.schedules or () if each.name not in audits]
    assert [each.job_name for each in schedules] == [flow.name for flow in WORKFLOWS]
    assert len({str(each.cron_schedule) for each in schedules}) == len(WORKFLOWS)
    assert {each.default_status for each in schedules} == {DefaultScheduleStatus.RUNNING}
    assert all(each.description for each in schedules)


def test_every_sensor_is_on_and_says_what_it_is_for() -> None:
    """A sensor that waits to be turned on protects nobody."""
    assert {each.default_status for each in defs.sensors or ()} == {DefaultSensorStatus.RUNNING}
    assert all(each.description for each in defs.sensors or ())


def test_what_reads_many_tenants_waits_its_turn_and_must_stay_fresh(tmp_path: Path) -> None:
    """Candidates share a pool of one run; a workflow that stops running is seen as stale."""
    with DagsterInstance.from_config(str(ensure_dagster_home(tmp_path))) as instance:
        limits = instance.get_concurrency_config().pool_config
        assert limits.default_pool_limit == 1
        assert limits.pool_granularity is not None
    for promotion in PROMOTIONS:
        assert promotion.candidate.op.pool == "anonymizer"
        for made in (promotion.candidate, promotion.published):
            (spec,) = made.specs
            assert spec.freshness_policy is not None
            assert made.op.retry_policy == RETRIES


@pytest.mark.parametrize(
    ("error", "again"),
    [(DatabaseUnreachable("away"), True), (BoundaryRefused("CL001", "no"), False)],
    ids=["away", "refused"],
)
def test_only_a_database_that_is_away_is_tried_again(error: Exception, *, again: bool) -> None:
    """A refusal stays one however often it is asked for."""
    with pytest.raises(Failure) as failed, errors_without_values():
        raise error
    assert failed.value.allow_retries is again


@pytest.mark.integration
def test_tenants_become_partitions_in_batches_and_leave_when_removed(
    at_home: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten thousand tenants must not hold the daemon up, and one that is gone must not stay."""
    monkeypatch.setattr(tenant_partitions, "BATCH", 25)
    everyone = tenants_of(at_home.platform)
    assert len(everyone) == 40
    with DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("tenant", ["removed-long-ago"])
        for expected in (25, 40):
            carried_out(instance, compared(instance))
            assert len(instance.get_dynamic_partitions("tenant")) == expected
        assert set(instance.get_dynamic_partitions("tenant")) == everyone
        assert isinstance(compared(instance), SkipReason)


@pytest.mark.integration
def test_ten_thousand_tenants_join_in_one_tick(at_home: Desk) -> None:
    """The size the platform is built for; the partitions' keys are ids and nothing else."""
    before = at_home.platform.home.secrets / "keyring.json"
    kept = before.read_bytes()
    store_logins(
        at_home.platform.home,
        [new_login(PrincipalKind.TENANT, f"tenant-{number}") for number in range(9_960)],
    )
    try:
        with DagsterInstance.ephemeral() as instance:
            carried_out(instance, compared(instance))
            assert len(instance.get_dynamic_partitions("tenant")) == 10_000
    finally:
        before.write_bytes(kept)


@pytest.mark.integration
def test_one_tenants_holdings_are_counted_by_its_own_login(at_home: Desk) -> None:
    """The figures are what the database lets that tenant see, and a stranger's key is refused."""
    tenant, *_ = sorted(tenants_of(at_home.platform))
    with at_home.platform.admin_engine().connect() as connection:
        accounts = connection.execute(
            text("SELECT count(*) FROM tenant_private.crm_accounts WHERE tenant_id = :t"),
            {"t": tenant},
        ).scalar_one()
    counting = defs.resolve_job_def("count_what_tenants_hold")
    with DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("tenant", [tenant, "a-stranger"])
        ended = counting.execute_in_process(instance=instance, partition_key=tenant)
        (made,) = ended.asset_materializations_for_node("tenant_private__tenant_holdings")
        refused = counting.execute_in_process(
            instance=instance, partition_key="a-stranger", raise_on_error=False
        )
    table = made.metadata["rows_by_store"]
    assert isinstance(table, TableMetadataValue)
    rows = {str(record.data["store"]): record.data["rows"] for record in table.records}
    assert made.partition == tenant
    assert rows["crm_accounts"] == accounts > 0
    assert made.metadata["dagster/partition_row_count"].value == sum(map(int, rows.values()))
    assert not refused.success


def reported(ended: ExecuteInProcessResult, instance: DagsterInstance) -> str:
    """What the sensor said of a run that failed."""
    context = build_run_status_sensor_context(
        sensor_name="alert_when_a_run_fails",
        dagster_event=ended.get_run_failure_event(),
        dagster_instance=instance,
        dagster_run=ended.dagster_run,
    )
    told = failed_runs()(context)
    assert isinstance(told, SkipReason)
    return str(told.skip_message)


@pytest.mark.integration
def test_a_run_that_fails_alerts_once(at_home: Desk) -> None:
    """The alert names the job and holds nothing of the error, whose text may quote a row."""

    @op
    def breaks() -> None:
        message = "secret value of a row"
        raise ValueError(message)

    @job
    def a_broken_job() -> None:
        breaks()

    with DagsterInstance.ephemeral() as instance:
        ended = a_broken_job.execute_in_process(instance=instance, raise_on_error=False)
        assert "an alert was raised: run_failed" in reported(ended, instance)
        assert "raised just now" in reported(ended, instance)
    assert alerts_of(at_home.platform).count(("run_failed", "a_broken_job")) == 1


@pytest.mark.integration
def test_a_check_that_stops_a_release_alerts_as_such(at_home: Desk) -> None:
    """Whoever reads the alert knows that data was at fault, not the machine."""

    @asset(check_specs=[AssetCheckSpec("holds", asset="cells", blocking=True)])
    def cells() -> Iterator[AssetCheckResult]:
        yield AssetCheckResult(passed=False)

    checked = OtherDefinitions(assets=[cells], jobs=[define_asset_job("checked_release")])
    release: JobDefinition = checked.resolve_job_def("checked_release")
    with DagsterInstance.ephemeral() as instance:
        ended = release.execute_in_process(instance=instance, raise_on_error=False)
        assert not ended.success
        assert "release_blocked, 1 failed checks" in reported(ended, instance)
    assert ("release_blocked", "checked_release") in alerts_of(at_home.platform)


@pytest.mark.integration
def test_stewards_are_called_when_a_candidate_waits_too_long(at_home: Desk) -> None:
    """Not on the first day; then once a day, however often the sensor looks."""
    remind = overdue_reviews()
    filed_now = at_home.candidate(PIPELINE_BENCHMARK)
    publish_candidate(at_home.platform, PIPELINE_BENCHMARK, filed_now.promotion_id)
    assert "no review is overdue" in str(remind(build_sensor_context()))
    filed = datetime.now(UTC) - OVERDUE_AFTER - timedelta(minutes=1)
    with at_home.platform.admin_engine().begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        with unguarded(connection, "promotions"):
            connection.execute(
                text("UPDATE control.promotions SET created_at = :at"), {"at": filed}
            )
    for _ in range(2):
        assert "1 of pipeline_benchmark" in str(remind(build_sensor_context()))
    subjects = alerts_of(at_home.platform)
    assert subjects.count(("review_overdue", PIPELINE_BENCHMARK.name)) == 1


def test_a_partition_is_named_like_its_tenant() -> None:
    """Other code adds and backfills partitions under this name."""
    assert TENANTS.name == "tenant"


@pytest.mark.integration
def test_an_audit_is_an_asset_with_a_check_and_drift_is_told_once(
    at_home: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DataHub is away here, which is a finding; a second audit in the week is no second alert."""
    monkeypatch.setenv("DATAHUB_GMS_URL", "http://127.0.0.1:1")
    auditing = defs.resolve_job_def("audit_every_store_daily")
    with DagsterInstance.ephemeral() as instance:
        for _ in range(2):
            ended = auditing.execute_in_process(instance=instance, partition_key="daily")
            (seen,) = ended.get_asset_check_evaluations()
    assert (seen.check_name, seen.passed) == (NO_OPEN_FINDING, False)
    (made,) = ended.asset_materializations_for_node("ascend_platform_metric__audit_reports")
    assert made.metadata["open_findings"].value == 1
    told = [kind for kind, _ in alerts_of(at_home.platform)]
    assert told.count("audit_found_drift") == 1
