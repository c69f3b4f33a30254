-- error_ledger.component: ascend_platform_metric
-- error_ledger.message: ascend_platform_metric
-- error_ledger.tenant_id: ascend_platform_metric tenant_reference
CREATE TABLE error_ledger (component TEXT, message TEXT, tenant_id TEXT);
