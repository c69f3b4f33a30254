"""The embedded server is closed before it holds any data, and starting it twice is harmless."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from catalog.data_classes import PrincipalKind
from stores.databases import database_of
from stores.embedded_postgres import EmbeddedPostgres
from stores.errors import DatabaseUnreachable
from stores.home import Home, HomeRefused
from stores.platform import SERVICE, Platform, open_platform
from stores.startup import bring_down, bring_up

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def a_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An installation set up here: what is tested is the set-up itself."""
    home = Home(tmp_path_factory.mktemp("home"))
    bring_up(home)
    yield home.root
    bring_down(home)


def test_it_never_trusts(platform: Platform) -> None:
    """No rule of pg_hba says trust, and none lets anyone in over the network."""
    with platform.admin_engine().connect() as connection:
        rules = connection.exec_driver_sql(
            "SELECT type, auth_method FROM pg_hba_file_rules WHERE error IS NULL"
        ).all()
        listening = connection.exec_driver_sql("SHOW listen_addresses").scalar_one()
    assert {method for _, method in rules} == {"peer", "scram-sha-256", "reject"}
    assert {method for kind, method in rules if kind != "local"} == {"reject"}
    assert listening == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another OS user")
def test_another_os_user_is_not_the_superuser(platform: Platform) -> None:
    """The superuser is known by uid; nobody else becomes it, with or without a password."""
    psql = EmbeddedPostgres(platform.home)._programs / "psql"
    for login in ("postgres", "cl_owner"):
        refused = subprocess.run(
            [psql, "-X", "-h", platform.home.socket_dir, "-U", login, "-d", "classline", "-c", ""],
            check=False,
            capture_output=True,
            user="nobody",
            group="nogroup",
            extra_groups=[],
            env={"PGPASSWORD": "postgres"},
            cwd="/",
        )
        assert refused.returncode == 2
        assert b"authentication failed" in refused.stderr, refused.stderr


def test_a_wrong_password_is_refused(platform: Platform) -> None:
    """Logins are known by password over SCRAM."""
    secret = next(iter(platform.keyring.logins.values()))
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        psycopg.connect(
            host=str(platform.home.socket_dir), dbname="classline", user=secret.login, password="x"
        )


def test_secrets_are_the_services_own(platform: Platform) -> None:
    """The keyring is readable by nobody else, and its repr shows nothing."""
    assert platform.keyring.path.stat().st_mode & 0o077 == 0
    assert platform.home.secrets.stat().st_mode & 0o077 == 0
    shown = repr(platform.keyring) + "".join(map(repr, platform.keyring.logins.values()))
    assert platform.keyring.signing_key.hex() not in shown
    assert all(secret.password not in shown for secret in platform.keyring.logins.values())


def test_the_servers_log_says_no_statement(platform: Platform) -> None:
    """A failing statement leaves neither its text nor a value in the log."""
    with pytest.raises(Exception, match="planted"), platform.admin_engine().connect() as connection:
        connection.exec_driver_sql("SELECT 'canary-in-a-statement', planted_function()")
    log = (platform.home.pgdata / "server.log").read_text()
    with pytest.raises(Exception, match="canary"), platform.admin_engine().connect() as connection:
        connection.exec_driver_sql("SELECT CAST('canary-in-a-value' AS numeric)")
    log += (platform.home.pgdata / "server.log").read_text()
    assert "canary" not in log


def test_starting_twice_at_once_starts_one(tmp_path: Path) -> None:
    """Two `classline up` in the same moment end well, with one server."""
    probe = "import sys; from pathlib import Path; from stores.home import Home;"
    probe += "from stores.startup import bring_up; print(bring_up(Home(Path(sys.argv[1]))))"
    starting = [
        subprocess.Popen([sys.executable, "-c", probe, str(tmp_path)], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [process.communicate()[0].decode() for process in starting]
    assert [process.returncode for process in starting] == [0, 0]
    assert sum("server_started=True" in line for line in said) == 1
    assert bring_down(Home(tmp_path))
    assert not bring_down(Home(tmp_path))


def test_an_interrupted_initialization_is_begun_anew(tmp_path: Path) -> None:
    """A data folder that initdb did not finish is made again, not started."""
    home = Home(tmp_path)
    home.pgdata.mkdir()
    (home.pgdata / "PG_VERSION").write_text("18")
    bring_up(home)
    with open_platform(home) as platform, platform.platform_session("test") as session:
        assert session.records_ascend_platform_metric("promotions") == []
    bring_down(home)


def test_nothing_is_opened_that_is_not_up(tmp_path: Path) -> None:
    """Reading commands say what to do instead of starting a server by themselves."""
    with pytest.raises(DatabaseUnreachable, match="classline up"):
        open_platform(tmp_path)


def test_a_server_by_url_is_used_instead(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CLASSLINE_DATABASE_URL names a database of its own, with logins and keys of its own."""
    with psycopg.connect(
        host=str(platform.home.socket_dir), dbname="classline", user="postgres", autocommit=True
    ) as connection:
        connection.execute("CREATE DATABASE elsewhere")
    url = f"postgresql://postgres@localhost/elsewhere?host={platform.home.socket_dir}"
    monkeypatch.setenv("CLASSLINE_DATABASE_URL", url)
    home = Home(tmp_path / "other")
    assert bring_up(home).schema_migrated
    assert not bring_up(home).schema_migrated
    assert not home.pgdata.exists()
    assert database_of(home).running()
    with open_platform(home) as other, other.platform_session("test") as session:
        assert session.records_ascend_platform_metric("stewards") == []
    assert not bring_down(home)


@pytest.mark.parametrize("name", ["a b", "q's", "r,s", "t&u", "v%20w", "z+ü", "漢" * 40])
def test_a_home_may_have_any_name(tmp_path: Path, name: str) -> None:
    """Ordinary characters in a path are no reason not to come up."""
    home = Home(tmp_path / name)
    bring_up(home)
    with open_platform(home) as platform, platform.platform_session("test") as session:
        assert session.records_ascend_platform_metric("promotions") == []
    bring_down(home)


@pytest.mark.parametrize("name", ['say "x"', "$HOME", "`id`", "a\\b", "a\nb"])
def test_a_home_that_a_shell_would_read_is_refused(tmp_path: Path, name: str) -> None:
    """pg_ctl puts its folder into a shell's command line."""
    with pytest.raises(HomeRefused, match="choose another CLASSLINE_HOME"):
        bring_up(Home(tmp_path / name))
    assert list(tmp_path.iterdir()) == []


def test_a_socket_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """Who made the folder of the socket could put a server of their own behind it."""
    home = Home(tmp_path)
    home.socket_dir.mkdir(mode=0o777)
    home.socket_dir.chmod(0o777)
    with pytest.raises(DatabaseUnreachable, match="somebody else"):
        bring_up(home)
    home.socket_dir.rmdir()
    home.socket_dir.symlink_to(tmp_path)
    with pytest.raises(DatabaseUnreachable, match="somebody else"):
        bring_up(home)


def test_a_file_in_the_place_of_a_home_is_refused(tmp_path: Path) -> None:
    """The refusal names the setting and the path."""
    (tmp_path / "file").touch()
    with pytest.raises(HomeRefused, match="set CLASSLINE_HOME"):
        bring_up(Home(tmp_path / "file"))


def test_what_a_login_changed_of_itself_is_taken_back(platform: Platform) -> None:
    """A role may alter its own password and settings; the next `up` undoes it."""
    secret = platform.keyring.login(PrincipalKind.PLATFORM, SERVICE)
    url = platform.database.login_url(secret)
    with psycopg.connect(
        host=str(platform.home.socket_dir), dbname="classline", user=secret.login,
        password=url.password, autocommit=True,
    ) as connection:  # fmt: skip
        connection.execute("ALTER ROLE CURRENT_USER SET statement_timeout = '1ms'")
        connection.execute("ALTER ROLE CURRENT_USER PASSWORD 'mine'")
    bring_up(platform.home)
    with open_platform(platform.home) as again, again.platform_session("test") as session:
        assert session._rows("SHOW statement_timeout") == [{"statement_timeout": "0"}]
