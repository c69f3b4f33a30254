"""The boundary as declared: who owns, reads, writes and runs what inside PostgreSQL.

The tables come from the registry, the privileges from the matrices below; whatever the database
grants beyond them is a violation, and so is whatever it lacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from catalog.data_classes import POLICIES, DataClass, PrincipalKind
from catalog.registry import Dataset, Registry
from stores.tables import physical_datasets

__all__ = [
    "ADMIN_WRITES",
    "APPEND_ONLY",
    "COLUMN_GRANTS",
    "GROUPS",
    "LEDGERED",
    "OWNERS",
    "OWNER_OF_SCHEMA",
    "SAID_COLUMNS",
    "SCHEMA_USAGE",
    "STATE_TRIGGERS",
    "TOLD_WRITES",
    "UNFORCED_SCHEMAS",
    "WITHOUT_ROW_SECURITY",
    "DeclaredPolicy",
    "declared_grants",
    "declared_policies",
    "ledger_trigger",
    "owned_datasets",
]

GROUPS: Mapping[PrincipalKind, str] = {
    PrincipalKind.TENANT: "tenant_rw",
    PrincipalKind.FUND: "fund_r",
    PrincipalKind.PLATFORM: "platform_rw",
    PrincipalKind.STEWARD: "steward_w",
    PrincipalKind.LOADER: "loader_w",
    PrincipalKind.ANONYMIZER: "anonymizer_r",
    PrincipalKind.AUDITOR: "auditor_r",
}
OWNERS = frozenset({"cl_owner", "cl_key", "cl_ingest", "cl_auditor"})
OWNER_OF_SCHEMA: Mapping[str, str] = {
    "tenant_private": "cl_owner",
    "fund_private": "cl_owner",
    "anonymized": "cl_owner",
    "platform": "cl_owner",
    "control": "cl_key",
    "quarantine": "cl_key",
    "staging": "cl_ingest",
}
# Row-level security binds an owner only where it is forced; cl_key verifies claims in its own.
UNFORCED_SCHEMAS = frozenset({"control", "quarantine"})
# COPY is refused under row-level security; staging is closed by having no reader.
WITHOUT_ROW_SECURITY = frozenset({"staging"})

_READERS = ("tenant_rw", "fund_r", "platform_rw", "steward_w", "anonymizer_r")
SCHEMA_USAGE: Mapping[str, frozenset[str]] = {
    "tenant_private": frozenset({"tenant_rw", "anonymizer_r", "cl_ingest", "cl_auditor", "cl_key"}),
    "fund_private": frozenset({"fund_r", "anonymizer_r", "cl_key", "cl_auditor"}),
    "anonymized": frozenset({*_READERS, "cl_key", "cl_auditor"}),
    "platform": frozenset({"platform_rw", "cl_key", "cl_auditor"}),
    "control": frozenset(
        {*_READERS, "loader_w", "auditor_r", "cl_owner", "cl_ingest", "cl_auditor"}
    ),
    "quarantine": frozenset({"anonymizer_r"}),
    "staging": frozenset({"loader_w"}),
    "public": frozenset({*_READERS, "loader_w", "cl_owner", "cl_key", "cl_ingest"}),
}

_Grants = Mapping[str, str]
_SCHEMA_GRANTS: Mapping[str, _Grants] = {
    "tenant_private": {
        "tenant_rw": "SELECT INSERT UPDATE DELETE",
        "cl_ingest": "SELECT INSERT UPDATE",
        "anonymizer_r": "SELECT",
        "cl_auditor": "SELECT",
    },
    "fund_private": {
        "fund_r": "SELECT",
        "cl_key": "SELECT INSERT UPDATE DELETE",
        "cl_auditor": "SELECT",
    },
    "anonymized": dict.fromkeys((*_READERS, "cl_auditor"), "SELECT")
    | {"cl_key": "SELECT INSERT UPDATE DELETE"},
    "platform": {"platform_rw": "SELECT", "cl_key": "INSERT", "cl_auditor": "SELECT"},
    "staging": {"loader_w": "INSERT"},
}
_TABLE_GRANTS: Mapping[str, _Grants] = {
    "tenant_private.oauth_tokens": {
        name: privileges
        for name, privileges in _SCHEMA_GRANTS["tenant_private"].items()
        if name != "anonymizer_r"
    },
    "tenant_private.tenant_kv_entries": {
        name: privileges
        for name, privileges in _SCHEMA_GRANTS["tenant_private"].items()
        if name != "cl_ingest"
    },
    "fund_private.op_partner_briefs": {
        **_SCHEMA_GRANTS["fund_private"],
        "anonymizer_r": "SELECT",
    },
    "platform.agent_run_aggregates": {
        "platform_rw": "SELECT",
        "cl_key": "SELECT INSERT UPDATE DELETE",
        "cl_auditor": "SELECT",
    },
    "platform.kv_entries": {
        "platform_rw": "SELECT DELETE",
        "cl_key": "SELECT INSERT UPDATE DELETE",
        "cl_auditor": "SELECT",
    },
    "platform.kv_audit": {
        "platform_rw": "SELECT",
        "cl_key": "SELECT INSERT",
        "cl_auditor": "SELECT",
    },
    "control.portfolio_membership": {"anonymizer_r": "SELECT"},
    "control.cell_contributors": {"anonymizer_r": "SELECT"},
    "quarantine.candidate_cells": {"anonymizer_r": "SELECT"},
    "control.audit_runs": {"platform_rw": "SELECT", "cl_auditor": "SELECT"},
}

# Privileges on single columns: role, privilege, column.
COLUMN_GRANTS: Mapping[str, frozenset[tuple[str, str, str]]] = {
    "platform.kv_entries": frozenset(
        ("platform_rw", privilege, column)
        for privilege, columns in (
            ("INSERT", "key value updated_at expires_at"),
            ("UPDATE", "value updated_at expires_at"),
        )
        for column in columns.split()
    ),
}


def declared_grants(registry: Registry) -> dict[str, frozenset[tuple[str, str]]]:
    """The privileges each table grants, by qualified name: pairs of role and privilege."""
    return {
        dataset.qualified_name: frozenset(
            (role, privilege)
            for role, privileges in _grants_of(dataset).items()
            for privilege in privileges.split()
        )
        for dataset in physical_datasets(registry)
    }


def _grants_of(dataset: Dataset) -> _Grants:
    own = _TABLE_GRANTS.get(dataset.qualified_name)
    if own is not None:
        return own
    if dataset.schema == "control" and dataset.data_class is DataClass.ASCEND_PLATFORM_METRIC:
        return {"platform_rw": "SELECT"}
    return _SCHEMA_GRANTS.get(dataset.schema, {})


@dataclass(frozen=True, slots=True, order=True)
class DeclaredPolicy:
    """A row-level policy, its expressions as PostgreSQL writes them back."""

    name: str
    command: str
    roles: tuple[str, ...]
    using: str | None = None
    check: str | None = None


_TENANT = "(tenant_id = ( SELECT control.tenant() AS tenant))"
_FUND = "(fund_id = ( SELECT control.fund() AS fund))"
_BENCHMARK = "( SELECT control.may_read('anonymized_benchmark'::text) AS may_read)"
_PLATFORM = "( SELECT control.platform_reads() AS platform_reads)"
_PROMOTION = "(NULLIF(current_setting('classline.promotion'::text, true), ''::text))::uuid"
_CANDIDATE = (
    f'((promotion_id = ( SELECT {_PROMOTION} AS "nullif"))'
    f" AND ( SELECT control.run_owns({_PROMOTION}) AS run_owns))"
)
_BRIEFS = (
    "(( SELECT control.may_read('fund_private'::text) AS may_read) AND "
    "( SELECT control.run_reads('fund_private.op_partner_briefs'::text) AS run_reads))"
)
_OWN_KEY = "starts_with(key, 'platform:'::text) AND (promotion_id IS NULL)"
_NO_TENANT = "(key !~ 'tn_[a-z]{16}'::text) AND ((value)::text !~ 'tn_[a-z]{16}'::text)"
_SMALL = "(octet_length(key) <= 512) AND (octet_length((value)::text) <= 1048576)"
_AUDIT = DeclaredPolicy("audit_counts", "r", ("cl_auditor",), "true")
_PLATFORM_READS = DeclaredPolicy("platform_reads", "r", ("platform_rw",), _PLATFORM)
_PUBLISHED = DeclaredPolicy("published", "*", ("cl_key",), "true", "true")
_SCHEMA_POLICIES: Mapping[str, tuple[DeclaredPolicy, ...]] = {
    "fund_private": (DeclaredPolicy("own_rows", "r", ("fund_r",), _FUND), _PUBLISHED, _AUDIT),
    "anonymized": (
        DeclaredPolicy("every_reader", "r", tuple(sorted(_READERS)), _BENCHMARK),
        _PUBLISHED,
        _AUDIT,
    ),
    "platform": (
        _PLATFORM_READS,
        DeclaredPolicy("written", "*", ("cl_key",), "true", "true"),
        _AUDIT,
    ),
}
_TABLE_POLICIES: Mapping[str, tuple[DeclaredPolicy, ...]] = {
    "fund_private.op_partner_briefs": (
        *_SCHEMA_POLICIES["fund_private"],
        DeclaredPolicy("run_sources", "r", ("anonymizer_r",), _BRIEFS),
    ),
    "platform.kv_entries": (
        *_SCHEMA_POLICIES["platform"],
        DeclaredPolicy(
            "own_keys",
            "*",
            ("platform_rw",),
            f"({_OWN_KEY} AND {_PLATFORM})",
            f"({_OWN_KEY} AND {_SMALL} AND {_NO_TENANT} AND {_PLATFORM})",
        ),
    ),
    "control.portfolio_membership": (
        DeclaredPolicy(
            "inside_a_run",
            "r",
            ("anonymizer_r",),
            "( SELECT ((control.open_run()).run_id IS NOT NULL))",
        ),
    ),
    "control.cell_contributors": (
        DeclaredPolicy("own_candidates", "r", ("anonymizer_r",), _CANDIDATE),
    ),
    "quarantine.candidate_cells": (
        DeclaredPolicy("own_candidates", "r", ("anonymizer_r",), _CANDIDATE),
    ),
    "control.audit_runs": (
        _PLATFORM_READS,
        DeclaredPolicy("counting", "r", ("cl_auditor",), "true"),
    ),
}


def declared_policies(registry: Registry) -> dict[str, frozenset[DeclaredPolicy]]:
    """The policies of each table, by qualified name."""
    return {
        dataset.qualified_name: frozenset(_policies_of(dataset))
        for dataset in physical_datasets(registry)
    }


def _policies_of(dataset: Dataset) -> Iterable[DeclaredPolicy]:
    own = _TABLE_POLICIES.get(dataset.qualified_name)
    if own is not None:
        return own
    if dataset.schema == "tenant_private":
        return _tenant_policies(dataset)
    if dataset.schema == "control" and dataset.data_class is DataClass.ASCEND_PLATFORM_METRIC:
        return (_PLATFORM_READS,)
    return _SCHEMA_POLICIES.get(dataset.schema, ())


def _tenant_policies(dataset: Dataset) -> Iterable[DeclaredPolicy]:
    yield DeclaredPolicy("own_rows", "*", ("tenant_rw",), _TENANT, _TENANT)
    yield _AUDIT
    readers = _grants_of(dataset)
    if "cl_ingest" in readers:
        yield DeclaredPolicy("ingest", "*", ("cl_ingest",), "true", "true")
    if "anonymizer_r" in readers:
        reads = f"( SELECT control.run_reads('{dataset.qualified_name}'::text) AS run_reads)"
        yield DeclaredPolicy("run_sources", "r", ("anonymizer_r",), reads)


def owned_datasets(registry: Registry) -> tuple[Dataset, ...]:
    """The tables whose rows belong to one tenant or one fund, in the schemas of their classes."""
    schemas = {
        POLICIES[data_class].schema
        for data_class in (DataClass.TENANT_PRIVATE, DataClass.FUND_PRIVATE)
    }
    return tuple(dataset for dataset in physical_datasets(registry) if dataset.schema in schemas)


APPEND_ONLY = frozenset(
    {
        "control.approvals",
        "control.audit_acknowledgements",
        "control.audit_reports",
        "control.audit_signoffs",
        "control.check_results",
        "control.promotion_edges",
        "control.promotion_transitions",
        "control.ledger_checkpoints",
        "control.ledger_handovers",
        "control.ledger_leaves",
        "control.revoked_claims",
        "control.source_texts",
        "control.version_provenance",
        "platform.decision_log",
        "platform.kv_audit",
    }
)

# Triggers by which the state of a promotion cannot move but as it may: table, name, what it calls,
# and when. 31: before each row on INSERT, UPDATE, DELETE. 21: after each row on INSERT, UPDATE.
# 34: before TRUNCATE. 7, 5: before, after each row on INSERT. 6: before INSERT.
STATE_TRIGGERS = frozenset(
    {
        ("control.promotions", "guard_promotion", 31),
        ("control.promotions", "record_transition", 21),
        ("control.promotions", "refuse_change", 34),
        ("control.promotions", "require_whole_candidate", 5),
        ("control.promotion_transitions", "guard_transition", 7),
        ("control.promotion_edges", "refuse_change", 6),
        ("control.approvals", "await_turn_to_decide", 7),
        ("control.approvals", "move_on_decision", 5),
    }
)

# What an administrator writes across a class boundary: table, then the arguments of its trigger,
# which leaves the row in kv_audit.
ADMIN_WRITES: Mapping[str, tuple[str, str, str]] = {
    "control.portfolio_membership": ("portfolio membership", "tenant_id", "fund_id"),
    "control.logins": ("login", "login", "kind tenant_id fund_id"),
    "control.stewards": ("steward", "steward_name", "login"),
    "control.steward_scopes": ("steward scope", "steward_name to_class", "to_class"),
    "control.steward_identities": ("steward identity", "kind identity", "steward_name"),
    "control.signing_keys": ("signing key", "kid", "not_after"),
    "control.class_floors": (
        "floor",
        "from_class to_class",
        "k_tenants k_after_leaving_out_a_fund k_funds max_share p_percent",
    ),
}

# Where what somebody said is kept: table, column. A trigger refuses what hides in it.
SAID_COLUMNS: Mapping[str, str] = {
    "control.approvals": "reason",
    "control.audit_acknowledgements": "reason",
    "control.audit_runs": "reason",
    "control.audit_signoffs": "note",
    "control.ledger_handovers": "reason",
    "control.promotion_transitions": "reason",
    "control.revoked_claims": "reason",
    "control.tenant_removals": "reason",
    "platform.decision_log": "reason",
    "platform.kv_audit": "reason",
}

# Whose every change is queued for DataHub in its own transaction, and what counts as one: the
# type of the trigger, 21 for rows inserted or updated, 5 for rows inserted.
TOLD_WRITES: Mapping[str, int] = {"control.promotions": 21, "control.approvals": 5}

# Whose rows leave a leaf in the ledger: table, then the arguments of its trigger: the kind, the
# column of the key, and the columns whose texts the record shows; other texts are pseudonyms.
# After a change of a table's columns: SELECT control.keep_ledgers(), in the same migration.
LEDGERED: Mapping[str, tuple[str, str, str]] = {
    "control.promotions": (
        "promotion",
        "promotion_id",
        (
            "promotion_id idempotency_key base_key workflow source_digest run_id from_class "
            "to_class sources target policy snapshot_digest candidate_digest closed_before "
            "suppressed state created_at published_at family partition held superseded"
        ),
    ),
    "control.approvals": (
        "approval",
        "approval_id",
        "workflow source_digest decision decided_at expires_at",
    ),
    "control.promotion_transitions": (
        "transition",
        "transition_id",
        "promotion_id from_state to_state happened_at",
    ),
    "control.ledger_handovers": (
        "handover",
        "new_key",
        "new_key old_key tree_size note handed_at",
    ),
    "platform.kv_audit": ("kv_audit", "entry_id", "written_at action"),
}


def ledger_trigger(table: str) -> str:
    """The function in schema control that appends a table's entries: it is written for it alone."""
    return f"ledger_of_{table.replace('.', '_')}"
