CREATE TABLE control.tenants (
    tenant_id TEXT NOT NULL,
    external_name TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT tenants_pkey PRIMARY KEY (tenant_id),
    CONSTRAINT tenants_external_name_key UNIQUE (external_name)
);
COMMENT ON TABLE control.tenants IS '[tenant_private] Portfolio companies and their opaque ids. No tenant may read it.';
COMMENT ON COLUMN control.tenants.tenant_id IS '[tenant_private] Opaque id';
COMMENT ON COLUMN control.tenants.external_name IS '[tenant_private] Name of the portfolio company';
COMMENT ON COLUMN control.tenants.created_at IS '[tenant_private] When it was added';
CREATE TABLE control.funds (
    fund_id TEXT NOT NULL,
    external_name TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT funds_pkey PRIMARY KEY (fund_id),
    CONSTRAINT funds_external_name_key UNIQUE (external_name)
);
COMMENT ON TABLE control.funds IS '[tenant_private] Funds and their opaque ids. No tenant may read it.';
COMMENT ON COLUMN control.funds.fund_id IS '[tenant_private] Opaque id';
COMMENT ON COLUMN control.funds.external_name IS '[tenant_private] Name of the fund';
COMMENT ON COLUMN control.funds.created_at IS '[tenant_private] When it was added';
CREATE TABLE control.portfolio_membership (
    tenant_id TEXT NOT NULL,
    fund_id TEXT NOT NULL,
    since TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT portfolio_membership_pkey PRIMARY KEY (tenant_id)
);
COMMENT ON TABLE control.portfolio_membership IS '[tenant_private] Which fund owns which portfolio company.';
COMMENT ON COLUMN control.portfolio_membership.tenant_id IS '[tenant_private] The portfolio company';
COMMENT ON COLUMN control.portfolio_membership.fund_id IS '[tenant_private] The fund that owns it';
COMMENT ON COLUMN control.portfolio_membership.since IS '[tenant_private] Since when';
CREATE TABLE control.logins (
    login TEXT NOT NULL,
    kind TEXT NOT NULL,
    tenant_id TEXT,
    fund_id TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT logins_pkey PRIMARY KEY (login)
);
COMMENT ON TABLE control.logins IS '[tenant_private] Which database login speaks for whom.';
COMMENT ON COLUMN control.logins.login IS '[tenant_private] Opaque name of the database role';
COMMENT ON COLUMN control.logins.kind IS '[tenant_private] tenant, fund, platform, steward, loader or anonymizer';
COMMENT ON COLUMN control.logins.tenant_id IS '[tenant_private] The tenant it speaks for';
COMMENT ON COLUMN control.logins.fund_id IS '[tenant_private] The fund it speaks for';
COMMENT ON COLUMN control.logins.created_at IS '[tenant_private] When it was made';
CREATE TABLE control.signing_keys (
    kid TEXT NOT NULL,
    ipad BYTEA NOT NULL,
    opad BYTEA NOT NULL,
    not_after TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT signing_keys_pkey PRIMARY KEY (kid)
);
COMMENT ON TABLE control.signing_keys IS '[tenant_private] Keys that verify claims, as padded key blocks (RFC 2104).';
COMMENT ON COLUMN control.signing_keys.kid IS '[tenant_private] Id of the key';
COMMENT ON COLUMN control.signing_keys.ipad IS '[tenant_private] Key block combined with the inner pad';
COMMENT ON COLUMN control.signing_keys.opad IS '[tenant_private] Key block combined with the outer pad';
COMMENT ON COLUMN control.signing_keys.not_after IS '[tenant_private] When the key stops verifying';
CREATE TABLE control.class_floors (
    from_class TEXT NOT NULL,
    to_class TEXT NOT NULL,
    k_tenants INTEGER NOT NULL,
    k_after_leaving_out_a_fund INTEGER NOT NULL,
    k_funds INTEGER NOT NULL,
    max_share NUMERIC NOT NULL,
    p_percent INTEGER NOT NULL,
    CONSTRAINT class_floors_pkey PRIMARY KEY (from_class, to_class)
);
COMMENT ON TABLE control.class_floors IS '[ascend_platform_metric] The disclosure floors of the policy, which publish enforces.';
COMMENT ON COLUMN control.class_floors.from_class IS '[ascend_platform_metric] Class of the source';
COMMENT ON COLUMN control.class_floors.to_class IS '[ascend_platform_metric] Class of the target';
COMMENT ON COLUMN control.class_floors.k_tenants IS '[ascend_platform_metric] Distinct tenants a cell needs';
COMMENT ON COLUMN control.class_floors.k_after_leaving_out_a_fund IS '[ascend_platform_metric] The same without any one fund''s tenants';
COMMENT ON COLUMN control.class_floors.k_funds IS '[ascend_platform_metric] Distinct funds a cell needs';
COMMENT ON COLUMN control.class_floors.max_share IS '[ascend_platform_metric] Largest share of a sum one tenant may hold';
COMMENT ON COLUMN control.class_floors.p_percent IS '[ascend_platform_metric] The p of the p% rule';
CREATE TABLE control.stewards (
    steward_name TEXT NOT NULL,
    login TEXT NOT NULL,
    added_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    added_by TEXT NOT NULL,
    CONSTRAINT stewards_pkey PRIMARY KEY (steward_name),
    CONSTRAINT stewards_login_key UNIQUE (login)
);
COMMENT ON TABLE control.stewards IS '[ascend_platform_metric] People who may decide about workflows.';
COMMENT ON COLUMN control.stewards.steward_name IS '[ascend_platform_metric] The steward''s name';
COMMENT ON COLUMN control.stewards.login IS '[ascend_platform_metric] The steward''s own database login';
COMMENT ON COLUMN control.stewards.added_at IS '[ascend_platform_metric] When the steward was added';
COMMENT ON COLUMN control.stewards.added_by IS '[ascend_platform_metric] Login that added the steward';
CREATE TABLE control.workflow_registrations (
    workflow TEXT NOT NULL,
    source_digest TEXT NOT NULL,
    sources TEXT[] NOT NULL,
    target TEXT NOT NULL,
    from_class TEXT NOT NULL,
    to_class TEXT NOT NULL,
    policy JSONB NOT NULL,
    required_checks TEXT[] NOT NULL,
    publish_mode TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    registered_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT workflow_registrations_pkey PRIMARY KEY (workflow, source_digest)
);
COMMENT ON TABLE control.workflow_registrations IS '[ascend_platform_metric] Every version of every anonymization workflow, by the digest of its source.';
COMMENT ON COLUMN control.workflow_registrations.workflow IS '[ascend_platform_metric] Name of the workflow';
COMMENT ON COLUMN control.workflow_registrations.source_digest IS '[ascend_platform_metric] SHA-256 over the workflow''s source and policy';
COMMENT ON COLUMN control.workflow_registrations.sources IS '[ascend_platform_metric] Datasets it reads';
COMMENT ON COLUMN control.workflow_registrations.target IS '[ascend_platform_metric] Dataset it writes';
COMMENT ON COLUMN control.workflow_registrations.from_class IS '[ascend_platform_metric] Class of its sources';
COMMENT ON COLUMN control.workflow_registrations.to_class IS '[ascend_platform_metric] Class of its target';
COMMENT ON COLUMN control.workflow_registrations.policy IS '[ascend_platform_metric] Its disclosure policy';
COMMENT ON COLUMN control.workflow_registrations.required_checks IS '[ascend_platform_metric] Checks that must have passed';
COMMENT ON COLUMN control.workflow_registrations.publish_mode IS '[ascend_platform_metric] once or newest';
COMMENT ON COLUMN control.workflow_registrations.requested_by IS '[ascend_platform_metric] Who asked for the review';
COMMENT ON COLUMN control.workflow_registrations.registered_at IS '[ascend_platform_metric] When it was first seen';
CREATE TABLE control.approvals (
    approval_id BIGINT GENERATED ALWAYS AS IDENTITY,
    workflow TEXT NOT NULL,
    source_digest TEXT NOT NULL,
    steward_name TEXT NOT NULL,
    decision TEXT NOT NULL,
    reason TEXT NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT approvals_pkey PRIMARY KEY (approval_id)
);
COMMENT ON TABLE control.approvals IS '[ascend_platform_metric] Decisions of stewards about a workflow''s source digest. Append only.';
COMMENT ON COLUMN control.approvals.approval_id IS '[ascend_platform_metric] Running number';
COMMENT ON COLUMN control.approvals.workflow IS '[ascend_platform_metric] The workflow';
COMMENT ON COLUMN control.approvals.source_digest IS '[ascend_platform_metric] The digest decided about';
COMMENT ON COLUMN control.approvals.steward_name IS '[ascend_platform_metric] Who decided';
COMMENT ON COLUMN control.approvals.decision IS '[ascend_platform_metric] approved or rejected';
COMMENT ON COLUMN control.approvals.reason IS '[ascend_platform_metric] Why, in the steward''s words';
COMMENT ON COLUMN control.approvals.decided_at IS '[ascend_platform_metric] When';
COMMENT ON COLUMN control.approvals.expires_at IS '[ascend_platform_metric] When an approval ends';
CREATE TABLE control.workflow_runs (
    run_id UUID NOT NULL,
    workflow TEXT NOT NULL,
    source_digest TEXT NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    closes_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT workflow_runs_pkey PRIMARY KEY (run_id)
);
COMMENT ON TABLE control.workflow_runs IS '[ascend_platform_metric] Runs of workflows; the anonymizer reads tenant rows only inside an open one.';
COMMENT ON COLUMN control.workflow_runs.run_id IS '[ascend_platform_metric] The run';
COMMENT ON COLUMN control.workflow_runs.workflow IS '[ascend_platform_metric] The workflow';
COMMENT ON COLUMN control.workflow_runs.source_digest IS '[ascend_platform_metric] Its source digest';
COMMENT ON COLUMN control.workflow_runs.started_at IS '[ascend_platform_metric] When it was opened';
COMMENT ON COLUMN control.workflow_runs.closes_at IS '[ascend_platform_metric] When it ends at the latest';
COMMENT ON COLUMN control.workflow_runs.finished_at IS '[ascend_platform_metric] When it was closed';
CREATE TABLE control.promotions (
    promotion_id UUID NOT NULL,
    idempotency_key TEXT NOT NULL,
    base_key TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    workflow TEXT NOT NULL,
    source_digest TEXT NOT NULL,
    run_id UUID NOT NULL,
    from_class TEXT NOT NULL,
    to_class TEXT NOT NULL,
    sources TEXT[] NOT NULL,
    target TEXT NOT NULL,
    policy JSONB NOT NULL,
    snapshot_digest TEXT NOT NULL,
    candidate_digest TEXT NOT NULL,
    closed_before DATE NOT NULL,
    rows_in BIGINT NOT NULL,
    cells_in BIGINT NOT NULL,
    cells_kept BIGINT NOT NULL,
    suppressed JSONB NOT NULL,
    state TEXT NOT NULL,
    state_reason TEXT,
    requested_by TEXT NOT NULL,
    approved_by TEXT,
    approval_id BIGINT,
    rows_published BIGINT,
    cells_held BIGINT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    published_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT promotions_pkey PRIMARY KEY (promotion_id),
    CONSTRAINT promotions_idempotency_key_key UNIQUE (idempotency_key)
);
COMMENT ON TABLE control.promotions IS '[ascend_platform_metric] What was promoted from class to class, when, by which workflow and on whose approval.';
COMMENT ON COLUMN control.promotions.promotion_id IS '[ascend_platform_metric] The promotion';
COMMENT ON COLUMN control.promotions.idempotency_key IS '[ascend_platform_metric] Keyed hash of all that determines the release';
COMMENT ON COLUMN control.promotions.base_key IS '[ascend_platform_metric] The same hash without the attempt';
COMMENT ON COLUMN control.promotions.attempt IS '[ascend_platform_metric] 1, or more after a held or rejected attempt';
COMMENT ON COLUMN control.promotions.workflow IS '[ascend_platform_metric] The workflow';
COMMENT ON COLUMN control.promotions.source_digest IS '[ascend_platform_metric] Its source digest';
COMMENT ON COLUMN control.promotions.run_id IS '[ascend_platform_metric] The run that made the candidate';
COMMENT ON COLUMN control.promotions.from_class IS '[ascend_platform_metric] Class of the sources';
COMMENT ON COLUMN control.promotions.to_class IS '[ascend_platform_metric] Class of the target';
COMMENT ON COLUMN control.promotions.sources IS '[ascend_platform_metric] Datasets read';
COMMENT ON COLUMN control.promotions.target IS '[ascend_platform_metric] Dataset written';
COMMENT ON COLUMN control.promotions.policy IS '[ascend_platform_metric] Disclosure policy in force';
COMMENT ON COLUMN control.promotions.snapshot_digest IS '[ascend_platform_metric] Keyed hash of the input rows';
COMMENT ON COLUMN control.promotions.candidate_digest IS '[ascend_platform_metric] SHA-256 of the candidate''s cells';
COMMENT ON COLUMN control.promotions.closed_before IS '[ascend_platform_metric] First day of the period that was open: only earlier ones are released';
COMMENT ON COLUMN control.promotions.rows_in IS '[ascend_platform_metric] Source rows read';
COMMENT ON COLUMN control.promotions.cells_in IS '[ascend_platform_metric] Cells before suppression';
COMMENT ON COLUMN control.promotions.cells_kept IS '[ascend_platform_metric] Cells in the candidate';
COMMENT ON COLUMN control.promotions.suppressed IS '[ascend_platform_metric] Cells suppressed, counted by rule';
COMMENT ON COLUMN control.promotions.state IS '[ascend_platform_metric] candidate, awaiting_review, published, held or rejected';
COMMENT ON COLUMN control.promotions.state_reason IS '[ascend_platform_metric] Why it is in that state';
COMMENT ON COLUMN control.promotions.requested_by IS '[ascend_platform_metric] Who asked for it';
COMMENT ON COLUMN control.promotions.approved_by IS '[ascend_platform_metric] The steward whose approval it rests on';
COMMENT ON COLUMN control.promotions.approval_id IS '[ascend_platform_metric] That approval';
COMMENT ON COLUMN control.promotions.rows_published IS '[ascend_platform_metric] Rows written to the target';
COMMENT ON COLUMN control.promotions.cells_held IS '[ascend_platform_metric] Cells published before, so left as they are';
COMMENT ON COLUMN control.promotions.created_at IS '[ascend_platform_metric] When the candidate was filed';
COMMENT ON COLUMN control.promotions.published_at IS '[ascend_platform_metric] When it was published';
CREATE TABLE control.check_results (
    result_id BIGINT GENERATED ALWAYS AS IDENTITY,
    promotion_id UUID NOT NULL,
    phase TEXT NOT NULL,
    check_name TEXT NOT NULL,
    passed BOOLEAN NOT NULL,
    observed JSONB NOT NULL,
    candidate_digest TEXT NOT NULL,
    checked_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT check_results_pkey PRIMARY KEY (result_id)
);
COMMENT ON TABLE control.check_results IS '[ascend_platform_metric] What every check saw of a candidate: counts, never values. Append only.';
COMMENT ON COLUMN control.check_results.result_id IS '[ascend_platform_metric] Running number';
COMMENT ON COLUMN control.check_results.promotion_id IS '[ascend_platform_metric] The promotion checked';
COMMENT ON COLUMN control.check_results.phase IS '[ascend_platform_metric] candidate, or publish';
COMMENT ON COLUMN control.check_results.check_name IS '[ascend_platform_metric] The check';
COMMENT ON COLUMN control.check_results.passed IS '[ascend_platform_metric] Whether it passed';
COMMENT ON COLUMN control.check_results.observed IS '[ascend_platform_metric] Counts it saw';
COMMENT ON COLUMN control.check_results.candidate_digest IS '[ascend_platform_metric] Digest of the cells it saw';
COMMENT ON COLUMN control.check_results.checked_at IS '[ascend_platform_metric] When';
CREATE TABLE control.cell_contributors (
    promotion_id UUID NOT NULL,
    cell_no INTEGER NOT NULL,
    tenant_id TEXT NOT NULL,
    fund_id TEXT,
    row_count BIGINT NOT NULL,
    amount NUMERIC NOT NULL,
    CONSTRAINT cell_contributors_pkey PRIMARY KEY (promotion_id, cell_no, tenant_id)
);
COMMENT ON TABLE control.cell_contributors IS '[tenant_private] Which tenants stand behind each cell, and with how much. Never published.';
COMMENT ON COLUMN control.cell_contributors.promotion_id IS '[tenant_private] The promotion';
COMMENT ON COLUMN control.cell_contributors.cell_no IS '[tenant_private] Number of the cell in its candidate';
COMMENT ON COLUMN control.cell_contributors.tenant_id IS '[tenant_private] The tenant';
COMMENT ON COLUMN control.cell_contributors.fund_id IS '[tenant_private] The fund that owned it then';
COMMENT ON COLUMN control.cell_contributors.row_count IS '[tenant_private] Its rows in the cell';
COMMENT ON COLUMN control.cell_contributors.amount IS '[tenant_private] Its part of the cell''s sum';
CREATE TABLE control.outbox (
    event_id BIGINT GENERATED ALWAYS AS IDENTITY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    last_error TEXT,
    delivered_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT outbox_pkey PRIMARY KEY (event_id)
);
COMMENT ON TABLE control.outbox IS '[ascend_platform_metric] Changes of metadata that wait to reach DataHub.';
COMMENT ON COLUMN control.outbox.event_id IS '[ascend_platform_metric] Running number: the order of delivery';
COMMENT ON COLUMN control.outbox.kind IS '[ascend_platform_metric] What happened';
COMMENT ON COLUMN control.outbox.subject IS '[ascend_platform_metric] To what: a promotion id or a digest of the registry';
COMMENT ON COLUMN control.outbox.created_at IS '[ascend_platform_metric] When';
COMMENT ON COLUMN control.outbox.attempts IS '[ascend_platform_metric] Deliveries tried';
COMMENT ON COLUMN control.outbox.last_error IS '[ascend_platform_metric] Kind of the last failure';
COMMENT ON COLUMN control.outbox.delivered_at IS '[ascend_platform_metric] When DataHub had it';
CREATE TABLE quarantine.candidate_cells (
    promotion_id UUID NOT NULL,
    cell_no INTEGER NOT NULL,
    cell JSONB NOT NULL,
    CONSTRAINT candidate_cells_pkey PRIMARY KEY (promotion_id, cell_no)
);
COMMENT ON TABLE quarantine.candidate_cells IS '[tenant_private] Cells that wait for checks and approval; they keep their source''s class.';
COMMENT ON COLUMN quarantine.candidate_cells.promotion_id IS '[tenant_private] The promotion';
COMMENT ON COLUMN quarantine.candidate_cells.cell_no IS '[tenant_private] Number of the cell';
COMMENT ON COLUMN quarantine.candidate_cells.cell IS '[tenant_private] The cell, one value per column of the target';
