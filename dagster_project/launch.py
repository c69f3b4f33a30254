"""Runs workflows inside the calling process: the one way the command line starts Dagster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from dagster import DagsterEvent, DagsterInstance, EventLogEntry

from anonymization.registered import registered_workflow
from dagster_project.dagster_home import ensure_dagster_home
from dagster_project.definitions import PROMOTIONS, defs
from dagster_project.jobs import PROMOTE_EVERYTHING
from dagster_project.promotion_assets import PromotionAssets
from dagster_project.requester import requester_tags
from dagster_project.run_summary import RunSummary, failure_of, outcome_of, progress_line
from stores.errors import DatabaseUnreachable
from stores.home import Home
from stores.keyring import open_keyring

__all__ = ["ensure_dagster_home", "run_workflows"]


def run_workflows(
    names: Sequence[str],
    *,
    home: Path,
    now: datetime | None,
    requested_by: str,
    on_event: Callable[[str], None] | None = None,
) -> RunSummary:
    """Run the named workflows, all of them where none is named; one failing stops no other."""
    chosen = _chosen(names)
    control_key = _control_key(Home(home))
    log_file = Home(home).logs / "dagster.log"
    log_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    run_id = str(uuid4())
    # Named one by one: a selection of assets alone would bring every check of theirs along.
    job = defs.resolve_job_def(PROMOTE_EVERYTHING).get_subset(
        asset_selection={key for promotion in chosen for key in promotion.keys},
        asset_check_selection={
            spec.key for promotion in chosen for spec in promotion.checks.check_specs
        },
    )
    with (
        DagsterInstance.from_config(str(ensure_dagster_home(home))) as instance,
        log_file.open("a") as log,
    ):
        instance.add_event_listener(run_id, _listener(chosen, log.write, on_event))
        result = job.execute_in_process(
            run_id=run_id,
            instance=instance,
            run_config=_run_config(home, now),
            tags=requester_tags(control_key, requested_by, run_id),
            raise_on_error=False,
        )
    events = list(result.all_events)
    return RunSummary(
        success=result.success,
        dagster_run_id=run_id,
        outcomes=tuple(outcome_of(promotion, events) for promotion in chosen),
        error=_run_error(events),
        log_file=log_file,
    )


def _chosen(names: Sequence[str]) -> tuple[PromotionAssets, ...]:
    wanted = [registered_workflow(name) for name in dict.fromkeys(names)]
    return tuple(
        promotion
        for promotion in PROMOTIONS
        if not wanted or any(promotion.workflow is workflow for workflow in wanted)
    )


def _control_key(home: Home) -> bytes:
    """The key that proves who requests; a run never makes one, `classline up` does."""
    if not (home.secrets / "keyring.json").exists():
        message = f"nothing is up in {home.root}; run `classline up` first"
        raise DatabaseUnreachable(message)
    return open_keyring(home).control_key


def _run_config(home: Path, now: datetime | None) -> dict[str, object]:
    installation = {"home": str(home)}
    released_at = {"now": now.isoformat()} if now else {}
    return {
        "resources": {
            "platform": {"config": installation | released_at},
            "promotion_ids": {"config": installation},
        },
        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
    }


def _listener(
    chosen: tuple[PromotionAssets, ...],
    write: Callable[[str], object],
    on_event: Callable[[str], None] | None,
) -> Callable[[EventLogEntry], None]:
    """Writes every event to the log, and tells the person who waits what matters."""

    def listen(entry: EventLogEntry) -> None:
        at = datetime.fromtimestamp(entry.timestamp).astimezone().isoformat(timespec="seconds")
        write(f"{at} {entry.run_id} {entry.step_key or '-'} {entry.message}\n")
        event = entry.dagster_event
        line = progress_line(chosen, event) if event else None
        if line and on_event:
            on_event(line)

    return listen


def _run_error(events: Sequence[DagsterEvent]) -> str | None:
    """Why the run could not begin; a step's own failure is its workflow's."""
    if any(event.is_step_event for event in events if event.is_step_failure):
        return None
    return next((failure for event in events if (failure := failure_of(event))), None)
