-- accounts.owner: tenant_private
ALTER TABLE accounts ADD COLUMN owner TEXT;
CREAT TABLE typing_error (a TEXT);
CREATE TABLE half (
    a TEXT,
    b TEXT DEFAULT (
);
CREATE TABLE copied AS SELECT * FROM accounts;
ALTER TABLE playbooks DROP COLUMN notes;
