/*
 * Sectors, and contacts under a shorter name.
 *
 * crm_accounts.sector: tenant_private
 * people.phone: tenant_private
 */
ALTER TABLE crm_accounts ADD COLUMN sector TEXT DEFAULT 'a; b';
ALTER TABLE crm_contacts RENAME TO people;
ALTER TABLE people RENAME COLUMN email TO mail;
ALTER TABLE people ADD phone TEXT;
CREATE TRIGGER people_lower AFTER INSERT ON people BEGIN
    UPDATE people SET mail = CASE WHEN mail IS NULL THEN NULL ELSE lower(mail) END
    WHERE contact_id = NEW.contact_id;
END;
