-- What a login's own SQL could learn of others from catalogs, statistics and server functions.
-- Grants on pg_catalog belong to one database; `classline up` verifies them in each.
REVOKE USAGE ON LANGUAGE plpgsql, sql FROM PUBLIC;

DO $$
DECLARE r record;
BEGIN
    FOR r IN
        SELECT c.oid::regclass AS name FROM pg_class c
        WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind IN ('r', 'v')
          AND (c.relname ~ '^pg_stat' OR c.relname = ANY (ARRAY[
              'pg_aios', 'pg_auth_members', 'pg_authid', 'pg_backend_memory_contexts', 'pg_class',
              'pg_config', 'pg_db_role_setting', 'pg_file_settings', 'pg_group',
              'pg_hba_file_rules', 'pg_ident_file_mappings', 'pg_largeobject',
              'pg_largeobject_metadata', 'pg_locks', 'pg_prepared_xacts', 'pg_publication_tables',
              'pg_replication_origin', 'pg_replication_origin_status', 'pg_replication_slots',
              'pg_roles', 'pg_sequences', 'pg_shadow', 'pg_shdepend', 'pg_shdescription',
              'pg_shmem_allocations', 'pg_shmem_allocations_numa', 'pg_shseclabel',
              'pg_subscription', 'pg_user', 'pg_user_mapping', 'pg_user_mappings']))
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM PUBLIC', r.name);
    END LOOP;
END $$;
GRANT SELECT (oid, relname, relnamespace, relkind) ON pg_catalog.pg_class TO PUBLIC;

DO $$
DECLARE r record;
BEGIN
    FOR r IN
        SELECT p.oid::regprocedure AS signature FROM pg_proc p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname ~ (
            '^(pg_(try_)?advisory_|pg_stat_get_|pg_stat_reset|pg_stat_file$|lo_|loread$|lowrite$'
            '|pg_(terminate|cancel)_backend$|pg_sequence_last_value$|pg_get_sequence_data$'
            '|(query|table|schema|database|cursor)_to_xml|ts_stat$|pg_ls_|pg_read_|pg_log_'
            '|pg_(relation|total_relation|table|indexes|database|tablespace)_size$'
            '|pg_relation_file(node|path)$|pg_filenode_relation$|pg_tablespace_databases$'
            '|pg_lock_status$|pg_(safe_snapshot_)?blocking_pids$|pg_isolation_test_'
            '|pg_prepared_xact$|pg_export_snapshot$|pg_notification_queue_usage$'
            '|pg_current_wal_|pg_last_|pg_wal_summary|pg_available_wal_|pg_get_wal_'
            '|pg_xact_(commit_timestamp|status)|txid_status$|pg_get_multixact_members$'
            '|pg_control_|pg_logical_|pg_replication_|pg_show_replication_|pg_sync_replication_'
            '|pg_(create|drop|copy)_.*slot|pg_get_replication_slots$|pg_get_publication_tables$'
            '|pg_(clear|restore)_(attribute|relation)_stats$|pg_get_loaded_modules$'
            '|pg_(hba_file_rules|ident_file_mappings|show_all_file_settings)$|pg_get_shmem_'
            '|pg_get_backend_memory_contexts$|pg_get_aios$|currtid2$|binary_upgrade_'
            '|pg_import_system_collations$|pg_stop_making_pinned_objects$)')
    LOOP
        EXECUTE format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', r.signature);
    END LOOP;
END $$;
-- control.tell_once() lines up writers of one subject.
GRANT EXECUTE ON FUNCTION pg_catalog.pg_advisory_xact_lock(bigint) TO cl_key;

-- The planner's samples of other owners' values show in EXPLAIN's estimates.
DO $$
DECLARE r record;
BEGIN
    FOR r IN
        SELECT a.attrelid::regclass AS name, a.attname, a.attnum, c.relkind
        FROM pg_attribute a
        JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_index i ON i.indexrelid = c.oid
        JOIN pg_class t ON t.oid = COALESCE(i.indrelid, c.oid)
        JOIN pg_namespace n ON n.oid = t.relnamespace
        WHERE n.nspname IN ('tenant_private', 'fund_private') AND a.attnum > 0
          AND NOT a.attisdropped
          AND (c.relkind IN ('r', 'p') OR i.indkey[a.attnum - 1] = 0)
    LOOP
        IF r.relkind IN ('r', 'p') THEN
            EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS 0', r.name, r.attname);
        ELSE
            EXECUTE format('ALTER INDEX %s ALTER COLUMN %s SET STATISTICS 0', r.name, r.attnum);
        END IF;
    END LOOP;
END $$;
DELETE FROM pg_statistic s USING pg_class c
    LEFT JOIN pg_index i ON i.indexrelid = c.oid,
    pg_class t, pg_namespace n
    WHERE c.oid = s.starelid AND t.oid = COALESCE(i.indrelid, c.oid) AND n.oid = t.relnamespace
      AND n.nspname IN ('tenant_private', 'fund_private');

-- The catalogs of other databases of this server stay open, so no login of ours may connect there.
DO $$
DECLARE r record;
BEGIN
    FOR r IN SELECT datname FROM pg_database WHERE datname IN ('postgres', 'template1') LOOP
        EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', r.datname);
    END LOOP;
END $$;
