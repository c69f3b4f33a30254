-- The CRM of one portfolio company.
--
-- Class of every column:
--   crm_accounts.tenant_id: tenant_private
--   crm_accounts.account_id: tenant_private
--   crm_accounts.name: tenant_private identifier
--   crm_contacts.*: tenant_private
CREATE TABLE crm_accounts (
    tenant_id TEXT NOT NULL,
    account_id TEXT NOT NULL,
    name TEXT NOT NULL CHECK (name <> ';'),
    PRIMARY KEY (tenant_id, account_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS "crm_contacts" (
    tenant_id TEXT NOT NULL, contact_id TEXT NOT NULL, email TEXT, -- the address; never exported
    account_id TEXT,
    FOREIGN KEY (tenant_id, account_id) REFERENCES crm_accounts (tenant_id, account_id)
);
CREATE INDEX crm_contacts_by_email ON crm_contacts (email);
