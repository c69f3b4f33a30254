"""What of PostgreSQL's own catalog is closed to every login, and what may be installed at all.

Revision 0012 closes it; a newer server may bring more that these patterns name, so it is checked.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "CLOSED_FUNCTIONS",
    "CLOSED_RELATIONS",
    "EXECUTORS_OF_CATALOG",
    "EXTENSIONS",
    "OPEN_COLUMNS",
]

EXTENSIONS = frozenset({"plpgsql", "vector"})

# Tables and views of pg_catalog that show other logins, their sessions or the values they keep.
CLOSED_RELATIONS = (
    "^(pg_stat.*|pg_aios|pg_auth_members|pg_authid|pg_backend_memory_contexts|pg_class|pg_config"
    "|pg_db_role_setting|pg_file_settings|pg_group|pg_hba_file_rules|pg_ident_file_mappings"
    "|pg_largeobject|pg_largeobject_metadata|pg_locks|pg_prepared_xacts|pg_publication_tables"
    "|pg_replication_origin|pg_replication_origin_status|pg_replication_slots|pg_roles"
    "|pg_sequences|pg_shadow|pg_shdepend|pg_shdescription|pg_shmem_allocations"
    "|pg_shmem_allocations_numa|pg_shseclabel|pg_subscription|pg_user|pg_user_mapping"
    "|pg_user_mappings)$"
)
OPEN_COLUMNS = frozenset({"oid", "relname", "relnamespace", "relkind"})
# Functions of pg_catalog that signal, count, measure or carry data past the policies.
CLOSED_FUNCTIONS = (
    "^(pg_(try_)?advisory_|pg_stat_get_|pg_stat_reset|pg_stat_file$|lo_|loread$|lowrite$"
    "|pg_(terminate|cancel)_backend$|pg_sequence_last_value$|pg_get_sequence_data$"
    "|(query|table|schema|database|cursor)_to_xml|ts_stat$|pg_ls_|pg_read_|pg_log_"
    "|pg_(relation|total_relation|table|indexes|database|tablespace)_size$"
    "|pg_relation_file(node|path)$|pg_filenode_relation$|pg_tablespace_databases$"
    "|pg_lock_status$|pg_(safe_snapshot_)?blocking_pids$|pg_isolation_test_"
    "|pg_prepared_xact$|pg_export_snapshot$|pg_notification_queue_usage$"
    "|pg_current_wal_|pg_last_|pg_wal_summary|pg_available_wal_|pg_get_wal_"
    "|pg_xact_(commit_timestamp|status)|txid_status$|pg_get_multixact_members$"
    "|pg_control_|pg_logical_|pg_replication_|pg_show_replication_|pg_sync_replication_"
    "|pg_(create|drop|copy)_.*slot|pg_get_replication_slots$|pg_get_publication_tables$"
    "|pg_(clear|restore)_(attribute|relation)_stats$|pg_get_loaded_modules$"
    "|pg_(hba_file_rules|ident_file_mappings|show_all_file_settings)$|pg_get_shmem_"
    "|pg_get_backend_memory_contexts$|pg_get_aios$|currtid2$|binary_upgrade_"
    "|pg_import_system_collations$|pg_stop_making_pinned_objects$)"
)
EXECUTORS_OF_CATALOG: Mapping[str, frozenset[str]] = {
    "pg_advisory_xact_lock(bigint)": frozenset({"cl_key"}),
}
