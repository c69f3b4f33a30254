"""Checks of who may connect and as whom: access rules of the server, logins, roles, memberships."""

from __future__ import annotations

import ipaddress
import os
import pwd
from collections.abc import Iterator

from stores.boundary.inspection import Check, Inspected
from stores.boundary.rules import GROUPS, OWNERS
from stores.databases import EmbeddedDatabase

__all__ = ["ROLE_CHECKS"]

_EMBEDDED_ACCESS = (
    ("local", "all", "postgres", "", "peer"),
    ("local", "all", "all", "", "scram-sha-256"),
    ("host", "all", "all", "0.0.0.0", "reject"),  # noqa: S104 - refused, not bound
    ("host", "all", "all", "::", "reject"),
)
_SERVER_METHODS = {
    "local": {"peer", "scram-sha-256", "reject"},
    "host": {"reject"},
    "hostnossl": {"reject"},
    "hostssl": {"scram-sha-256", "cert", "reject"},
    "hostgssenc": {"gss", "scram-sha-256", "reject"},
    "hostnogssenc": {"reject"},
}
_PASSWORD = "scram-sha-256"  # noqa: S105 - the name of a method
_POWERS = [
    "pg_execute_server_program",
    "pg_maintain",
    "pg_read_all_data",
    "pg_read_server_files",
    "pg_write_all_data",
    "pg_write_server_files",
]
_MEMBER_OF = " JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles r ON r.oid = m.member "


def _access_rules(seen: Inspected) -> Iterator[str]:
    rules = seen.rows(
        "SELECT line_number AS line, type, array_to_string(database, ',') AS databases, "
        "array_to_string(user_name, ',') AS users, COALESCE(address, '') AS address, "
        "netmask, auth_method AS method, error IS NOT NULL AS broken "
        "FROM pg_hba_file_rules ORDER BY 1"
    )
    yield from (f"pg_hba.conf line {rule.line} cannot be read" for rule in rules if rule.broken)
    if isinstance(seen.platform.database, EmbeddedDatabase):
        found = tuple((r.type, r.databases, r.users, r.address, r.method) for r in rules)
        if found != _EMBEDDED_ACCESS:
            yield "pg_hba.conf is not the one that the embedded server is started with"
    for rule in rules:
        allowed = _SERVER_METHODS.get(rule.type, set())
        if rule.type != "local" and _stays_on_the_machine(rule.address, rule.netmask):
            allowed = allowed | {_PASSWORD}
        if not rule.broken and rule.method not in allowed:
            yield f"pg_hba.conf line {rule.line} admits {rule.type} connections by {rule.method}"


def _stays_on_the_machine(address: str, netmask: str | None) -> bool:
    """Whether only the server's own machine is meant: nobody listens in on a loopback."""
    if address == "samehost":
        return True
    if netmask is None:
        return False
    first = ipaddress.ip_address(address)
    ones = int(ipaddress.ip_address(netmask)).bit_count()
    return ipaddress.ip_network((first, ones), strict=False).is_loopback


def _user_map(seen: Inspected) -> Iterator[str]:
    rows = seen.rows(
        "SELECT m.line_number AS line, m.map_name AS map, m.sys_name AS os_user, "
        "m.pg_username AS role, m.error IS NOT NULL AS broken, "
        "COALESCE(r.rolsuper, true) AS powerful FROM pg_ident_file_mappings m "
        "LEFT JOIN pg_roles r ON r.rolname = m.pg_username"
    )
    service = {"root", pwd.getpwuid(os.geteuid()).pw_name}
    for row in rows:
        ours = row.map == "classline" and row.role == "postgres" and row.os_user in service
        if row.broken:
            yield f"pg_ident.conf line {row.line} cannot be read"
        elif row.powerful and not ours:
            yield f"pg_ident.conf line {row.line} makes another OS user a superuser"


def _powerful_logins(seen: Inspected) -> Iterator[str]:
    for row in seen.rows(
        "SELECT rolname AS role, array_to_string(ARRAY[CASE WHEN rolsuper THEN 'SUPERUSER' END, "
        "CASE WHEN rolbypassrls THEN 'BYPASSRLS' END, CASE WHEN rolcreaterole THEN 'CREATEROLE' "
        "END, CASE WHEN rolcreatedb THEN 'CREATEDB' END, CASE WHEN rolreplication THEN "
        "'REPLICATION' END], ' ') AS powers FROM pg_roles WHERE oid <> 10 "
        "AND rolname <> session_user "
        "AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)"
    ):
        yield f"role {row.role} has {row.powers}"
    for row in seen.rows(
        "SELECT r.rolname AS role, g.rolname AS power FROM pg_auth_members m "  # noqa: S608
        f"{_MEMBER_OF}WHERE g.rolname = ANY(:powers) AND NOT r.rolsuper AND r.rolname !~ '^pg_'",
        powers=_POWERS,
    ):
        yield f"role {row.role} is a member of {row.power}"


def _closed_roles(seen: Inspected) -> Iterator[str]:
    wanted = OWNERS | set(GROUPS.values())
    found = {
        row.role: row.login
        for row in seen.rows(
            "SELECT rolname AS role, rolcanlogin AS login FROM pg_roles "
            "WHERE rolname = ANY(:names)",
            names=sorted(wanted),
        )
    }
    yield from (f"role {role} is missing" for role in wanted - found.keys())
    yield from (f"role {role} can log in" for role, login in found.items() if login)


def _memberships(seen: Inspected) -> Iterator[str]:
    ours = sorted(OWNERS | set(GROUPS.values()))
    neighbours = seen.rows(
        "SELECT 1 FROM pg_database d, aclexplode(d.datacl) AS x WHERE d.datallowconn "
        "AND d.datname <> current_database() AND x.privilege_type = 'CONNECT' "
        "AND x.grantee = to_regrole('tenant_rw')"
    )
    for row in seen.rows(
        "SELECT r.rolname AS member, g.rolname AS role, l.login IS NOT NULL AS known, "  # noqa: S608
        "m.inherit_option AND NOT m.set_option AND NOT m.admin_option AS narrow, "
        "g.rolname = ANY(:owners) OR r.rolname = ANY(:ours) AS owner, "
        "g.rolname = (SELECT k.role "
        "FROM unnest(CAST(:kinds AS text[]), CAST(:groups AS text[])) AS k(kind, role) "
        "WHERE k.kind = l.kind) AS own_group FROM pg_auth_members m"
        f"{_MEMBER_OF}LEFT JOIN control.logins l ON l.login = r.rolname "
        "WHERE NOT r.rolsuper AND (g.rolname = ANY(:ours) OR r.rolname = ANY(:ours) "
        "OR l.login IS NOT NULL) AND (l.login IS NULL OR NOT m.inherit_option OR m.set_option "
        "OR m.admin_option OR g.rolname IS DISTINCT FROM (SELECT k.role FROM unnest("
        "CAST(:kinds AS text[]), CAST(:groups AS text[])) AS k(kind, role) WHERE k.kind = l.kind))",
        ours=ours,
        owners=sorted(OWNERS),
        kinds=[str(kind) for kind in GROUPS],
        groups=list(GROUPS.values()),
    ):
        if not row.known:
            # Another installation on this server has logins of its own in the same groups.
            if row.narrow and neighbours and not row.owner:
                continue
            yield f"role {row.member} is a member of {row.role} and no registered login"
        elif not row.own_group:
            yield f"login {row.member} is a member of {row.role}, not of its own group alone"
        else:
            yield f"login {row.member} holds {row.role} with more than INHERIT"


def _logins_without_roles(seen: Inspected) -> Iterator[str]:
    for row in seen.rows(
        "SELECT l.login, r.rolname IS NULL AS missing FROM control.logins l "
        "LEFT JOIN pg_roles r ON r.rolname = l.login AND r.rolcanlogin WHERE NOT EXISTS ("
        "SELECT FROM pg_auth_members m WHERE m.member = r.oid)"
    ):
        yield f"login {row.login} " + ("has no role" if row.missing else "is in no group")


def _settings_of_roles(seen: Inspected) -> Iterator[str]:
    for row in seen.rows(
        "SELECT COALESCE(r.rolname, 'every role') AS role, split_part(c, '=', 1) AS setting "
        "FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole, "
        "unnest(s.setconfig) AS c WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database "
        "WHERE datname = current_database())) AND lower(split_part(c, '=', 1)) <> 'timezone'"
    ):
        yield f"setting {row.setting} is changed for {row.role}"


def _signing_keys(seen: Inspected) -> Iterator[str]:
    (row,) = seen.rows(
        "SELECT count(*) AS keys, count(*) FILTER (WHERE kid = :kid) AS own "
        "FROM control.signing_keys WHERE not_after > clock_timestamp()",
        kid=seen.platform.keyring.kid,
    )
    if not row.keys:
        yield "no key that verifies claims is in force"
    elif not row.own:
        yield "the key that this installation signs with is not in force"


ROLE_CHECKS: tuple[Check, ...] = (
    Check(
        "access.rules",
        "nobody connects without a password or certificate, nor unencrypted over the network",
        "correct pg_hba.conf and reload: `local` by peer or scram-sha-256, `host` by scram-sha-256 "
        "from this machine alone, `hostssl` by scram-sha-256 or cert from elsewhere; the embedded "
        "server writes its own when it starts",
        _access_rules,
    ),
    Check(
        "access.user_map",
        "only the service's own OS user is the superuser",
        "correct pg_ident.conf and reload; the embedded server writes it when it starts",
        _user_map,
    ),
    Check(
        "roles.powerless",
        "no role but the administrator's passes row-level security or makes roles",
        "ALTER ROLE … NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION",
        _powerful_logins,
    ),
    Check(
        "roles.owners_closed",
        "nobody can log in as an owner or a group",
        "ALTER ROLE … NOLOGIN",
        _closed_roles,
    ),
    Check(
        "roles.memberships",
        "a login is in its own group alone, and cannot set or pass on that role",
        "REVOKE it, then GRANT … WITH INHERIT TRUE, SET FALSE, ADMIN FALSE",
        _memberships,
    ),
    Check(
        "roles.registered",
        "every registered login has its role and its group",
        "provision it again, or delete it from control.logins",
        _logins_without_roles,
    ),
    Check(
        "roles.settings",
        "no setting but the time zone is changed for a role or this database",
        "ALTER ROLE … RESET ALL, or ALTER DATABASE … RESET the setting",
        _settings_of_roles,
    ),
    Check(
        "claims.keys",
        "a key that verifies this installation's claims is in force",
        "`classline up` stores the keyring's key; `classline keys rotate` makes a new one",
        _signing_keys,
    ),
)
