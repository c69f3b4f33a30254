"""The folder that holds all state of one installation, and the files in it."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Home", "HomeRefused", "classline_home"]

_SOCKET_PATH_LIMIT = 100
_SHELL_CHARACTERS = frozenset('"$`\\\n\r')


class HomeRefused(OSError):
    """The folder cannot hold an installation."""


@dataclass(frozen=True, slots=True)
class Home:
    """Paths under ``CLASSLINE_HOME``. Secrets are readable by the service's user alone."""

    root: Path

    @property
    def pgdata(self) -> Path:
        """Data folder of the embedded PostgreSQL."""
        return self.root / "postgres"

    @property
    def secrets(self) -> Path:
        """Folder of credentials and keys, mode 0700."""
        return self.root / "secrets"

    @property
    def stewards(self) -> Path:
        """Folder in which new stewards' credential files are left for them to take."""
        return self.root / "stewards"

    @property
    def logs(self) -> Path:
        """Folder of log files."""
        return self.root / "logs"

    @property
    def datahub(self) -> Path:
        """Folder of the embedded DataHub."""
        return self.root / "datahub"

    @property
    def dagster(self) -> Path:
        """Dagster's own folder (DAGSTER_HOME)."""
        return self.root / "dagster"

    @property
    def socket_dir(self) -> Path:
        """Folder of the embedded server's socket; short enough for the kernel's limit."""
        inside = self.root / "run"
        if len(str(inside)) <= _SOCKET_PATH_LIMIT - len("/.s.PGSQL.5432"):
            return inside
        digest = hashlib.sha256(str(self.root).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"classline-{os.geteuid()}-{digest}"

    def create(self) -> None:
        """Make the folders; what holds secrets is closed to everyone else."""
        if set(str(self.root)) & _SHELL_CHARACTERS:
            message = (
                'the path of an installation may not hold any of " $ ` \\ or a line break, which '
                "PostgreSQL's own starter would read as commands; choose another CLASSLINE_HOME"
            )
            raise HomeRefused(message)
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            for private in (self.secrets, self.stewards, self.datahub, self.dagster, self.logs):
                private.mkdir(mode=0o700, exist_ok=True)
                private.chmod(0o700)
        except OSError as error:
            message = (
                f"{self.root} cannot hold an installation ({error.strerror}); "
                "set CLASSLINE_HOME to a folder that can be written"
            )
            raise HomeRefused(message) from None


def classline_home() -> Home:
    """The installation that ``CLASSLINE_HOME`` names; ``.classline`` here by default."""
    return Home(Path(os.environ.get("CLASSLINE_HOME") or ".classline").expanduser().resolve())
