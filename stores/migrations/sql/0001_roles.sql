DO $$
DECLARE role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY[
        'cl_owner', 'cl_key', 'cl_ingest',
        'tenant_rw', 'fund_r', 'platform_rw', 'steward_w', 'anonymizer_r', 'loader_w'
    ] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', role_name);
        END IF;
    END LOOP;
END $$;

DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format(
        'GRANT CONNECT ON DATABASE %I TO tenant_rw, fund_r, platform_rw, steward_w, anonymizer_r,'
        ' loader_w', current_database());
    EXECUTE format('ALTER DATABASE %I SET timezone = ''UTC''', current_database());
END $$;

CREATE EXTENSION IF NOT EXISTS vector;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public
    TO cl_owner, cl_key, cl_ingest, tenant_rw, fund_r, platform_rw, anonymizer_r, loader_w, steward_w;
REVOKE USAGE ON LANGUAGE plpgsql, sql FROM PUBLIC;

CREATE SCHEMA tenant_private AUTHORIZATION cl_owner;
CREATE SCHEMA fund_private AUTHORIZATION cl_owner;
CREATE SCHEMA anonymized AUTHORIZATION cl_owner;
CREATE SCHEMA platform AUTHORIZATION cl_owner;
CREATE SCHEMA control AUTHORIZATION cl_key;
CREATE SCHEMA quarantine AUTHORIZATION cl_key;
CREATE SCHEMA staging AUTHORIZATION cl_ingest;
