"""The functions of schema control as declared: owner, rights, search path and who may run them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stores.boundary.rules import LEDGERED, ledger_trigger

__all__ = ["FUNCTIONS", "DeclaredFunction"]


@dataclass(frozen=True, slots=True)
class DeclaredFunction:
    """A function of schema control: its owner, who may run it and the settings it fixes."""

    executors: frozenset[str] = frozenset()
    owner: str = "cl_key"
    definer: bool = True
    search_path: str = "pg_catalog, pg_temp"
    in_utc: bool = False

    @property
    def settings(self) -> str:
        """What it sets while it runs, as PostgreSQL keeps it."""
        return f"{'TimeZone=UTC;' if self.in_utc else ''}search_path={self.search_path}"


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
            "differences(uuid,integer[],text[],text[],text[])",
            "differencing_rules(uuid)",
            "earlier_releases(uuid)",
            "families_beside(uuid)",
            "families_sharing(text,text,text[])",
            "judge(control.promotions,text)",
            "measured_columns(jsonb)",
            "own_filing(uuid)",
            "own_promotion(uuid)",
            "own_states(uuid,bigint,bigint,text[],text[])",
            "owned_ever()",
            "partition_digest(jsonb)",
            "policy_in_force(uuid)",
            "record_release(control.promotions,jsonb)",
            "require_family(control.workflow_registrations)",
            "require_partition(text,text,text[],jsonb,boolean)",
            "require_red_team(control.workflow_registrations)",
            "require_whole_candidate()",
            "require_whole_contributions(control.promotions)",
            "write_keys(control.promotions)",
            "write_rows(control.promotions,regclass)",
            "erase_ledger_entries(text[],text[])",
            "number_leaves()",
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
            "frontier_root(bytea)",
            "grown_frontier(bigint,bytea,bigint)",
            "require_head(bigint,bytea)",
            "require_note(text,bigint,bytea,text[],text[])",
            "verifier_id(text,text)",
            "hides_text(text)",
            "characters_seen(text)",
            "refuse_hidden_text()",
            "supersede_candidates(uuid)",
            "supersede_releases(uuid)",
            "take_approval(control.promotions,control.approvals)",
            "require_four_eyes()",
            "steward_of_audits(text)",
            "require_platform()",
            "tell_datahub()",
            "tell_once(text,text,text)",
        ),
        _run_by(),
    ),
    **dict.fromkeys(
        (
            "alert_result(bigint,text)",
            "catalog_changed(text)",
            "erase_old_candidates(integer)",
            "file_audit_report(uuid,text,jsonb,text,integer)",
            "finish_audit(uuid)",
            "finish_run(uuid)",
            "number_ledger()",
            "record_checkpoint(bigint,bytea,bytea,text)",
            "record_handover(bigint,text,text,text,text)",
            "note_errors(text,text,bigint)",
            "outbox_again()",
            "outbox_result(bigint[],text,text)",
            "platform_reads()",
            "record_alert(text,text,text,integer,text,uuid,double precision)",
            "record_provenance(jsonb)",
            "register_workflow(jsonb)",
            "rest_outbox(double precision)",
            "revive_outbox()",
            "revoke_claim(text,text)",
            "start_audit(text,integer)",
            "start_run(text,text,integer)",
            "take_alerts(double precision,integer)",
            "take_outbox(double precision,integer)",
            "wake_outbox()",
        ),
        _run_by("platform_rw"),
    ),
    **dict.fromkeys(
        (
            "attack_cells(uuid)",
            "await_review(uuid,text)",
            "ended_attempts(text)",
            "add_to_candidate(uuid,bigint,text,text,text,text,text,text,text,text)",
            "begin_candidate(jsonb)",
            "complete_candidate(uuid,jsonb)",
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
    "known_identifiers()": DeclaredFunction(frozenset({"anonymizer_r"}), owner="cl_auditor"),
    **dict.fromkeys(("owner_names()", "require_looking_run()"), _run_by("cl_auditor")),
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
    "acknowledge_finding(text,text,timestamp with time zone)": _run_by("steward_w"),
    "sign_off_audit(uuid,text,text)": _run_by("steward_w"),
    "require_last_decision(text,text,bigint)": _run_by("steward_w"),
    "review_cells(uuid,text,integer)": _run_by("steward_w"),
    "cell_figures(uuid)": _run_by("steward_w", "platform_rw"),
    "refuse_change()": DeclaredFunction(definer=False),
    **dict.fromkeys(
        (
            "canonical_json(jsonb)",
            "pseudonym(jsonb,control.pseudonym_keys)",
            "recorded_row(jsonb,text[],control.pseudonym_keys)",
            "matches_record(jsonb,jsonb,control.pseudonym_keys)",
            "refuse_entry_change()",
            "recorded_value(jsonb,boolean,control.pseudonym_keys)",
            "hidden(json,control.pseudonym_keys)",
            "ledger_pseudonym(text)",
            "ledger_column(text,regtype,text,boolean)",
            "ledger_row(regclass,text,text,text)",
            "ledger_open(text)",
            "ledger_statement(regclass,text,text,text,text,text,text,boolean)",
            "ledger_source(regclass,text,text,text)",
            "ledgered_tables()",
            "keep_ledgers()",
        ),
        DeclaredFunction(definer=False),
    ),
    **dict.fromkeys(
        (
            "append_entry(text,text,text,jsonb,text[])",
            *(f"{ledger_trigger(table)}()" for table in LEDGERED),
        ),
        DeclaredFunction(in_utc=True),
    ),
    "keep_ledger_of(regclass,text,text,text)": DeclaredFunction(definer=False, in_utc=True),
    "ledger_differences()": DeclaredFunction(frozenset({"platform_rw"}), in_utc=True),
    "ingest(text,uuid)": DeclaredFunction(
        frozenset({"loader_w"}), owner="cl_ingest", search_path=_WITH_VECTORS
    ),
    **dict.fromkeys(
        ("audit_count(text)", "audit_labels(text)", "audit_nulls(text,text)"),
        DeclaredFunction(frozenset({"auditor_r"}), owner="cl_auditor"),
    ),
    "audit_texts(text,text[])": DeclaredFunction(frozenset({"auditor_r"}), owner="cl_auditor"),
    **dict.fromkeys(
        ("audit_prefixes(text)", "audit_sample(text,text[],double precision)"),
        DeclaredFunction(frozenset({"auditor_r"}), owner="cl_auditor"),
    ),
    "audited_table(text)": DeclaredFunction(frozenset({"cl_key"}), owner="cl_auditor"),
    "audit_cells(text)": _run_by("auditor_r"),
}
