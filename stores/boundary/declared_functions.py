"""The functions of schema control as declared: owner, rights, search path and who may run them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["FUNCTIONS", "DeclaredFunction"]


@dataclass(frozen=True, slots=True)
class DeclaredFunction:
    """A function of schema control: its owner, who may run it and the search path it fixes."""

    executors: frozenset[str] = frozenset()
    owner: str = "cl_key"
    definer: bool = True
    search_path: str = "pg_catalog, pg_temp"


def _run_by(*executors: str) -> DeclaredFunction:
    return DeclaredFunction(frozenset(executors))


_WITH_VECTORS = "pg_catalog, public, pg_temp"
FUNCTIONS: Mapping[str, DeclaredFunction] = {
    **dict.fromkeys(
        (
            "approval_in_force(text,text,text)",
            "require_sound_declaration(control.workflow_registrations)",
            "schema_of(text)",
            "candidate_digest(uuid)",
            "cells_below_policy(uuid)",
            "contributions_to(uuid[])",
            "declared_dimensions(jsonb)",
            "differencing_rules(uuid)",
            "earlier_releases(uuid)",
            "families_sharing(text,text,text[])",
            "judge(control.promotions,text)",
            "measured_columns(jsonb)",
            "own_promotion(uuid)",
            "partition_digest(jsonb)",
            "policy_in_force(uuid)",
            "record_release(control.promotions,jsonb)",
            "require_family(control.workflow_registrations)",
            "require_partition(text,text,text[],jsonb,boolean)",
            "require_whole_contributions(control.promotions)",
            "write_keys(control.promotions)",
            "write_rows(control.promotions,regclass)",
            "record_admin_write()",
            "acting(text)",
            "await_turn_to_decide()",
            "checks_passed(uuid,text)",
            "erase_candidate(uuid)",
            "guard_promotion()",
            "guard_transition()",
            "is_open(text)",
            "move_on_decision()",
            "record_transition()",
            "require_reason(text)",
            "supersede_candidates(uuid)",
            "supersede_releases(uuid)",
            "take_approval(control.promotions,control.approvals)",
            "require_platform()",
            "tell_once(text,text,text)",
        ),
        _run_by(),
    ),
    **dict.fromkeys(
        (
            "alert_result(bigint,text)",
            "catalog_changed(text)",
            "erase_old_candidates(integer)",
            "finish_audit(uuid)",
            "finish_run(uuid)",
            "note_errors(text,text,bigint)",
            "outbox_again()",
            "outbox_result(bigint,text)",
            "platform_reads()",
            "record_alert(text,text,text,integer,text,uuid,double precision)",
            "register_workflow(jsonb)",
            "revoke_claim(text,text)",
            "start_audit(text,integer)",
            "start_run(text,text,integer)",
            "take_alerts(double precision,integer)",
        ),
        _run_by("platform_rw"),
    ),
    **dict.fromkeys(
        (
            "await_review(uuid,text)",
            "ended_attempts(text)",
            "file_candidate(jsonb,jsonb,integer[],text[],text[],bigint[],numeric[],numeric[],text[])",
            "frozen_partition()",
            "hold(uuid,text)",
            "open_run()",
            "publish(uuid)",
            "read_promotion(uuid)",
            "record_checks(uuid,text,jsonb)",
            "run_owns(uuid)",
            "run_reads(text)",
        ),
        _run_by("anonymizer_r"),
    ),
    "claim()": _run_by("cl_auditor"),
    "claim_with_class(text)": _run_by("cl_ingest", "cl_auditor"),
    "is_kind(text)": _run_by("cl_ingest", "cl_auditor"),
    "require_registered(text[])": _run_by("cl_ingest"),
    "tenant()": _run_by("tenant_rw"),
    "fund()": _run_by("fund_r"),
    "may_read(text)": _run_by("tenant_rw", "fund_r", "platform_rw", "steward_w", "anonymizer_r"),
    "steward_name()": _run_by("steward_w"),
    "decide(text,text,text,text)": _run_by("steward_w"),
    "revoke_promotion(uuid,text)": _run_by("steward_w"),
    "releases_built_on(uuid)": _run_by("steward_w", "platform_rw"),
    "refuse_change()": DeclaredFunction(definer=False),
    "ingest(text,uuid)": DeclaredFunction(
        frozenset({"loader_w"}), owner="cl_ingest", search_path=_WITH_VECTORS
    ),
    **dict.fromkeys(
        ("audit_count(text)", "audit_labels(text)", "audit_nulls(text,text)"),
        DeclaredFunction(frozenset({"auditor_r"}), owner="cl_auditor"),
    ),
    "audit_texts(text,text[])": DeclaredFunction(frozenset({"auditor_r"}), owner="cl_auditor"),
    "audited_table(text)": DeclaredFunction(frozenset({"cl_key"}), owner="cl_auditor"),
    "audit_cells(text)": _run_by("auditor_r"),
}
