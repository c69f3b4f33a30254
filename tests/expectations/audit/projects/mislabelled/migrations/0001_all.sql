-- playbooks.title: anonymized_benchmark
-- playbooks.body: anonymized_benchmark
-- playbooks.body: tenant_private
-- playbooks.author: confidential
-- accounts.name: tenant_private
-- nothing.at_all: fund_private
CREATE TABLE playbooks (title TEXT, body TEXT, author TEXT, notes TEXT);
CREATE TABLE accounts (name TEXT);
