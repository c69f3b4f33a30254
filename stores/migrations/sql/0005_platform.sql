CREATE TABLE platform.error_ledger (
    error_id BIGINT GENERATED ALWAYS AS IDENTITY,
    occurred_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    component TEXT NOT NULL,
    error_code TEXT NOT NULL,
    occurrences BIGINT DEFAULT 1 NOT NULL,
    tenant_id TEXT,
    CONSTRAINT error_ledger_pkey PRIMARY KEY (error_id)
);
COMMENT ON TABLE platform.error_ledger IS '[ascend_platform_metric] Errors of the platform and the load, by component; never the value that caused one.';
COMMENT ON COLUMN platform.error_ledger.error_id IS '[ascend_platform_metric] Running number';
COMMENT ON COLUMN platform.error_ledger.occurred_at IS '[ascend_platform_metric] When it happened';
COMMENT ON COLUMN platform.error_ledger.component IS '[ascend_platform_metric] Part of the platform that failed';
COMMENT ON COLUMN platform.error_ledger.error_code IS '[ascend_platform_metric] Kind of error';
COMMENT ON COLUMN platform.error_ledger.occurrences IS '[ascend_platform_metric] How often';
COMMENT ON COLUMN platform.error_ledger.tenant_id IS '[ascend_platform_metric] Tenant concerned';
CREATE TABLE platform.decision_log (
    decision_id BIGINT GENERATED ALWAYS AS IDENTITY,
    decided_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    decided_by TEXT NOT NULL,
    subject TEXT NOT NULL,
    decision TEXT NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT decision_log_pkey PRIMARY KEY (decision_id)
);
COMMENT ON TABLE platform.decision_log IS '[ascend_platform_metric] Decisions of stewards about workflows.';
COMMENT ON COLUMN platform.decision_log.decision_id IS '[ascend_platform_metric] Running number';
COMMENT ON COLUMN platform.decision_log.decided_at IS '[ascend_platform_metric] When it was decided';
COMMENT ON COLUMN platform.decision_log.decided_by IS '[ascend_platform_metric] The steward who decided';
COMMENT ON COLUMN platform.decision_log.subject IS '[ascend_platform_metric] What was decided about';
COMMENT ON COLUMN platform.decision_log.decision IS '[ascend_platform_metric] approved or rejected';
COMMENT ON COLUMN platform.decision_log.reason IS '[ascend_platform_metric] Why, in the steward''s words';
CREATE TABLE platform.kv_audit (
    entry_id BIGINT GENERATED ALWAYS AS IDENTITY,
    written_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    from_value TEXT,
    to_value TEXT,
    reason TEXT NOT NULL,
    CONSTRAINT kv_audit_pkey PRIMARY KEY (entry_id)
);
COMMENT ON TABLE platform.kv_audit IS '[ascend_platform_metric] Every administrative write that crosses a class boundary. Append only.';
COMMENT ON COLUMN platform.kv_audit.entry_id IS '[ascend_platform_metric] Running number';
COMMENT ON COLUMN platform.kv_audit.written_at IS '[ascend_platform_metric] When it was written';
COMMENT ON COLUMN platform.kv_audit.actor IS '[ascend_platform_metric] Login that wrote';
COMMENT ON COLUMN platform.kv_audit.action IS '[ascend_platform_metric] What was done';
COMMENT ON COLUMN platform.kv_audit.subject IS '[ascend_platform_metric] What it was done to';
COMMENT ON COLUMN platform.kv_audit.from_value IS '[ascend_platform_metric] What held before';
COMMENT ON COLUMN platform.kv_audit.to_value IS '[ascend_platform_metric] What holds now';
COMMENT ON COLUMN platform.kv_audit.reason IS '[ascend_platform_metric] Why';
CREATE TABLE platform.agent_run_aggregates (
    tool_name TEXT NOT NULL,
    month DATE NOT NULL,
    runs BIGINT NOT NULL,
    success_rate NUMERIC NOT NULL,
    latency_p50_ms NUMERIC NOT NULL,
    latency_p95_ms NUMERIC NOT NULL,
    cost_per_run_usd NUMERIC NOT NULL,
    promotion_id UUID NOT NULL,
    CONSTRAINT agent_run_aggregates_pkey PRIMARY KEY (tool_name, month)
);
COMMENT ON TABLE platform.agent_run_aggregates IS '[ascend_platform_metric] How agents'' tools perform, per tool and month, over all tenants.';
COMMENT ON COLUMN platform.agent_run_aggregates.tool_name IS '[ascend_platform_metric] The tool';
COMMENT ON COLUMN platform.agent_run_aggregates.month IS '[ascend_platform_metric] First day of the month';
COMMENT ON COLUMN platform.agent_run_aggregates.runs IS '[ascend_platform_metric] Number of runs';
COMMENT ON COLUMN platform.agent_run_aggregates.success_rate IS '[ascend_platform_metric] Share that succeeded, 0 to 1';
COMMENT ON COLUMN platform.agent_run_aggregates.latency_p50_ms IS '[ascend_platform_metric] Median latency in milliseconds, two digits kept';
COMMENT ON COLUMN platform.agent_run_aggregates.latency_p95_ms IS '[ascend_platform_metric] 95th percentile of latency in milliseconds, two digits';
COMMENT ON COLUMN platform.agent_run_aggregates.cost_per_run_usd IS '[ascend_platform_metric] Mean cost of a run in US dollars, two digits kept';
COMMENT ON COLUMN platform.agent_run_aggregates.promotion_id IS '[ascend_platform_metric] The promotion that released the row';
CREATE TABLE platform.kv_entries (
    key TEXT NOT NULL,
    value JSONB NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    promotion_id UUID,
    CONSTRAINT kv_entries_pkey PRIMARY KEY (key)
);
COMMENT ON TABLE platform.kv_entries IS '[ascend_platform_metric] The platform''s key-value store; each key''s prefix is registered by itself.';
COMMENT ON COLUMN platform.kv_entries.key IS '[ascend_platform_metric] The key, prefix first';
COMMENT ON COLUMN platform.kv_entries.value IS '[ascend_platform_metric] The value';
COMMENT ON COLUMN platform.kv_entries.updated_at IS '[ascend_platform_metric] When it was written';
COMMENT ON COLUMN platform.kv_entries.promotion_id IS '[ascend_platform_metric] The promotion that released it';
