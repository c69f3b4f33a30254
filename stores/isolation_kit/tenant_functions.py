"""Weakened versions of the function that says which tenant a session is of."""

from __future__ import annotations

__all__ = ["tenant_function"]

_FUNCTION = """
CREATE OR REPLACE FUNCTION control.tenant() RETURNS text
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    token text := current_setting('classline.claim', true);
    kid_ text := split_part(token, '.', 1);
    body text := split_part(token, '.', 2);
    k control.signing_keys;
    c jsonb := convert_from(decode(body, 'hex'), 'UTF8')::jsonb;
BEGIN
    SELECT * INTO k FROM control.signing_keys WHERE kid = kid_;
    IF <signed> AND
       encode(sha256(k.opad || sha256(k.ipad || convert_to(kid_ || '.' || body, 'UTF8'))), 'hex')
       IS DISTINCT FROM split_part(token, '.', 3) THEN
        RAISE EXCEPTION 'signature';
    END IF;
    IF <of_login> AND c->>'login' IS DISTINCT FROM session_user::text THEN
        RAISE EXCEPTION 'login';
    END IF;
    IF <unexpired> AND (c->>'exp')::float8 <= extract(epoch FROM clock_timestamp()) THEN
        RAISE EXCEPTION 'expiry';
    END IF;
    IF <classes> AND NOT c->'classes' ? 'tenant_private' THEN
        RAISE EXCEPTION 'class';
    END IF;
    IF <of_tenant> AND NOT EXISTS (
        SELECT FROM control.logins l
        WHERE l.login = c->>'login' AND l.tenant_id = c->>'tenant') THEN
        RAISE EXCEPTION 'tenant';
    END IF;
    RETURN c->>'tenant';
END $$
"""


def tenant_function(
    *,
    signed: bool = True,
    of_login: bool = True,
    unexpired: bool = True,
    classes: bool = True,
    of_tenant: bool = True,
) -> str:
    """The function without the checks that are False."""
    statement = _FUNCTION
    for name, kept in (
        ("signed", signed),
        ("of_login", of_login),
        ("unexpired", unexpired),
        ("classes", classes),
        ("of_tenant", of_tenant),
    ):
        statement = statement.replace(f"<{name}>", str(kept).lower())
    return statement
