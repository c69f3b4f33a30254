CREATE TABLE tenant_private.tenant_kv_entries (
    tenant_id TEXT NOT NULL,
    key TEXT NOT NULL,
    value JSONB NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT tenant_kv_entries_pkey PRIMARY KEY (tenant_id, key),
    CONSTRAINT tenant_kv_entries_key_check
        CHECK (starts_with(key, 'tenant:') AND octet_length(key) <= 512),
    CONSTRAINT tenant_kv_entries_value_check CHECK (octet_length(value::text) <= 1048576)
);
COMMENT ON TABLE tenant_private.tenant_kv_entries IS '[tenant_private] The tenant''s key-value store; each key''s prefix is registered by itself.';
COMMENT ON COLUMN tenant_private.tenant_kv_entries.tenant_id IS '[tenant_private] Opaque id of the portfolio company that owns the row';
COMMENT ON COLUMN tenant_private.tenant_kv_entries.key IS '[tenant_private] The key, prefix first';
COMMENT ON COLUMN tenant_private.tenant_kv_entries.value IS '[tenant_private] The value';
COMMENT ON COLUMN tenant_private.tenant_kv_entries.updated_at IS '[tenant_private] When it was written';
COMMENT ON COLUMN tenant_private.tenant_kv_entries.expires_at IS '[tenant_private] When it ends; never, where empty';
CREATE INDEX tenant_kv_entries_expiry ON tenant_private.tenant_kv_entries (tenant_id, expires_at)
    WHERE expires_at IS NOT NULL;
ALTER TABLE tenant_private.tenant_kv_entries
    ALTER COLUMN tenant_id SET STATISTICS 0,
    ALTER COLUMN key SET STATISTICS 0,
    ALTER COLUMN value SET STATISTICS 0;

ALTER TABLE tenant_private.tenant_kv_entries OWNER TO cl_owner;
ALTER TABLE tenant_private.tenant_kv_entries ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenant_private.tenant_kv_entries FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON tenant_private.tenant_kv_entries TO tenant_rw
    USING (tenant_id = (SELECT control.tenant()))
    WITH CHECK (tenant_id = (SELECT control.tenant()));
GRANT SELECT, INSERT, UPDATE, DELETE ON tenant_private.tenant_kv_entries TO tenant_rw;
CREATE POLICY run_sources ON tenant_private.tenant_kv_entries FOR SELECT TO anonymizer_r
    USING ((SELECT control.run_reads('tenant_private.tenant_kv_entries')));
GRANT SELECT ON tenant_private.tenant_kv_entries TO anonymizer_r;

ALTER TABLE platform.kv_entries ADD COLUMN expires_at TIMESTAMP WITH TIME ZONE;
COMMENT ON COLUMN platform.kv_entries.expires_at IS '[ascend_platform_metric] When it ends; never, where empty';
CREATE INDEX kv_entries_expiry ON platform.kv_entries (expires_at) WHERE expires_at IS NOT NULL;

-- The platform writes keys of its own.  capability_index: has one writer, control.publish(), and a
-- value may not name a tenant: no column of this table is a tenant reference.
CREATE POLICY own_keys ON platform.kv_entries TO platform_rw
    USING (starts_with(key, 'platform:') AND promotion_id IS NULL
           AND (SELECT control.platform_reads()))
    WITH CHECK (starts_with(key, 'platform:') AND promotion_id IS NULL
                AND octet_length(key) <= 512 AND octet_length(value::text) <= 1048576
                AND key !~ 'tn_[a-z]{16}' AND value::text !~ 'tn_[a-z]{16}'
                AND (SELECT control.platform_reads()));
GRANT INSERT (key, value, updated_at, expires_at), UPDATE (value, updated_at, expires_at), DELETE
    ON platform.kv_entries TO platform_rw;

-- Across tenants nothing splits the rows, so nearest neighbours need an index.  A tenant's or a
-- fund's own namespace has none: under row-level security an approximate index loses its rows.
CREATE INDEX pattern_bank_embedding_hnsw ON anonymized.pattern_bank
    USING hnsw (embedding vector_cosine_ops) WITH (ef_construction = 128);
CREATE INDEX capability_index_embedding_hnsw ON anonymized.capability_index
    USING hnsw (embedding vector_cosine_ops) WITH (ef_construction = 128);
