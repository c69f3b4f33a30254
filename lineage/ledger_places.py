"""Where checkpoints are kept outside the database: a folder, a git repository, Slack.

``CLASSLINE_CHECKPOINTS`` names places beside the installation's own folder, separated by commas:
a path, ``git:PATH`` or ``slack``.
"""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lineage.ledger_handovers import is_handover
from lineage.ledger_notes import (
    CheckpointRefused,
    VerifierKey,
    split_notes,
    unverified_checkpoint,
    unverified_lines,
)
from stores.alerts import WEBHOOK_SETTING
from stores.errors import StoreError
from stores.home import Home
from stores.slack_webhook import SlackWebhook, UnfitWebhook, WebhookSilent

__all__ = [
    "PLACES_SETTING",
    "FolderPlace",
    "GitPlace",
    "Place",
    "PlaceRefused",
    "SlackPlace",
    "local_place",
    "notes_in",
    "outside_places",
    "places_from",
]

PLACES_SETTING = "CLASSLINE_CHECKPOINTS"
_SUFFIX, _HANDOVER_SUFFIX = ".checkpoint", ".handover"
_KEY_FILE = "ledger.key"
_GIT_SECONDS = 20


class PlaceRefused(StoreError):
    """A place did not take a checkpoint, or the setting names none."""


class Place(Protocol):
    """Somewhere checkpoints and handovers of the key are kept."""

    @property
    def name(self) -> str:
        """What it is called in reports: a kind and a path, no secret."""

    @property
    def leaves_machine(self) -> bool:
        """Whether what is kept there is beyond this machine's reach."""

    def keep(self, note: str, key: VerifierKey) -> None:
        """Keep that note, with the key that signs now."""

    def notes(self) -> list[str]:
        """The checkpoints and handovers that can be read back."""

    def handovers(self) -> list[str]:
        """The handovers alone."""

    def newest(self) -> str | None:
        """The largest checkpoint."""


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """A folder with a file per note, named by its size, and the key that signs now."""

    folder: Path

    @property
    def name(self) -> str:
        """The folder."""
        return str(self.folder)

    @property
    def leaves_machine(self) -> bool:
        """A folder may be anywhere; it counts as here."""
        return False

    def keep(self, note: str, key: VerifierKey) -> None:
        """Write the file, whole; a file of that size that says something else is refused."""
        path = self.folder / _file_of(note)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if path.exists():
                if _text_of(path.read_text(encoding="utf-8")) != _text_of(note):
                    size = unverified_checkpoint(note).size
                    message = (
                        f"{path} says something else of the first {size} leaves: nothing is "
                        "written; run `classline ledger verify --checkpoint` with it"
                    )
                    raise PlaceRefused(message)
            else:
                _written(path, note)
            key_file = self.folder / _KEY_FILE
            if not key_file.exists() or key_file.read_text(encoding="utf-8") != f"{key}\n":
                _written(key_file, f"{key}\n")
        except (OSError, UnicodeDecodeError, CheckpointRefused) as error:
            message = (
                f"{self.folder} did not take the checkpoint ({type(error).__name__}); "
                f"see that it can be written and read, or change {PLACES_SETTING}"
            )
            raise PlaceRefused(message) from None

    def notes(self) -> list[str]:
        """Every note in it, smallest first."""
        return notes_in(self.folder) if self.folder.is_dir() else []

    def handovers(self) -> list[str]:
        """The handovers in it, smallest first."""
        files = sorted(self.folder.glob(f"*{_HANDOVER_SUFFIX}"))
        return [note for file in files for note in notes_in(file)]

    def newest(self) -> str | None:
        """The largest checkpoint in it; the others are not read."""
        file = max(self.folder.glob(f"*{_SUFFIX}"), default=None)
        return next(reversed(notes_in(file)), None) if file else None


@dataclass(frozen=True, slots=True)
class GitPlace:
    """A git repository's work tree: each checkpoint is a commit, pushed where there is a remote."""

    folder: Path

    @property
    def name(self) -> str:
        """The work tree."""
        return f"git:{self.folder}"

    @property
    def leaves_machine(self) -> bool:
        """Whether it pushes to another machine."""
        return any(not _is_local(url) for url in self._remotes())

    def keep(self, note: str, key: VerifierKey) -> None:
        """Write, commit and push."""
        if not (self.folder / ".git").exists():
            message = f"{self.name} is no git work tree; clone the repository there"
            raise PlaceRefused(message)
        FolderPlace(self.folder).keep(note, key)
        files = (_file_of(note), _KEY_FILE)
        self._git("add", "--", *files)
        if self._git("status", "--porcelain", "--", *files):
            self._git("commit", "--quiet", "-m", _title(note), "--only", "--", *files)
        if self._remotes():
            self._git("push", "--quiet", "--set-upstream", self._git("remote").split()[0], "HEAD")

    def notes(self) -> list[str]:
        """Every note in the work tree."""
        return FolderPlace(self.folder).notes()

    def handovers(self) -> list[str]:
        """The handovers in the work tree."""
        return FolderPlace(self.folder).handovers()

    def newest(self) -> str | None:
        """The largest checkpoint in the work tree."""
        return FolderPlace(self.folder).newest()

    def _remotes(self) -> list[str]:
        try:
            names = self._git("remote").split()
            return [self._git("remote", "get-url", "--push", name).strip() for name in names]
        except PlaceRefused:
            return []

    def _git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=Classline", "-c", "user.email=classline@localhost")
        try:
            ended = subprocess.run(  # noqa: S603 - git with fixed arguments
                ["git", *identity, "-C", str(self.folder), *arguments],  # noqa: S607 - from PATH
                capture_output=True,
                text=True,
                timeout=_GIT_SECONDS,
                env=os.environ | {"GIT_TERMINAL_PROMPT": "0"},
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            message = f"git did not answer for {self.name} ({type(error).__name__})"
            raise PlaceRefused(message) from None
        if ended.returncode:
            message = (
                f"{self.name}: `git {arguments[0]}` failed with {ended.returncode}; run it there"
            )
            raise PlaceRefused(message)
        return ended.stdout


@dataclass(frozen=True, slots=True)
class SlackPlace:
    """The Slack channel of the alerts' webhook: a message per checkpoint, for people to keep."""

    webhook: SlackWebhook

    @property
    def name(self) -> str:
        """Slack; the webhook's URL is a secret."""
        return "slack"

    @property
    def leaves_machine(self) -> bool:
        """A message cannot be taken back from here."""
        return True

    def keep(self, note: str, key: VerifierKey) -> None:
        """Send it."""
        try:
            self.webhook.send(f"Ledger: {_title(note)}, key {key}\n```\n{note}```")
        except WebhookSilent as error:
            raise PlaceRefused(str(error)) from None

    def notes(self) -> list[str]:
        """A webhook only sends."""
        return []

    def handovers(self) -> list[str]:
        """A webhook only sends."""
        return []

    def newest(self) -> str | None:
        """A webhook only sends."""
        return None


def local_place(home: Home) -> FolderPlace:
    """The folder of checkpoints beside the installation's other state."""
    return FolderPlace(home.root / "checkpoints")


def outside_places() -> tuple[Place, ...]:
    """The places that the setting names beyond that folder."""
    return places_from(os.environ.get(PLACES_SETTING))


def places_from(setting: str | None) -> tuple[Place, ...]:
    """The places that the setting names, in its order."""
    names = [name.strip() for name in (setting or "").split(",")]
    return tuple(_place(name) for name in names if name)


def notes_in(path: Path) -> list[str]:
    """The checkpoints and handovers in a file, or in a folder's files, smallest first."""
    files: Sequence[Path] = [path]
    try:
        if path.is_dir():
            files = sorted(
                file for end in (_SUFFIX, _HANDOVER_SUFFIX) for file in path.glob(f"*{end}")
            )
        return [note for file in files for note in split_notes(file.read_text(encoding="utf-8"))]
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path} cannot be read as a checkpoint ({type(error).__name__})"
        raise PlaceRefused(message) from None


def _file_of(note: str) -> str:
    suffix = _HANDOVER_SUFFIX if is_handover(note) else _SUFFIX
    return f"{unverified_checkpoint(note).size:012d}{suffix}"


def _title(note: str) -> str:
    size = unverified_checkpoint(note).size
    return (
        f"Key handed over at {size} leaves"
        if is_handover(note)
        else (f"Checkpoint of {size} leaves")
    )


def _text_of(note: str) -> tuple[object, ...]:
    """What a note says, without its signatures."""
    return unverified_checkpoint(note), *unverified_lines(note)


def _place(name: str) -> Place:
    if name == "slack":
        return SlackPlace(_webhook())
    scheme, _, path = name.partition(":")
    if scheme == "git" and path:
        return GitPlace(Path(path).expanduser())
    if name.startswith(("/", "~", ".")):
        return FolderPlace(Path(name).expanduser())
    message = (
        f"{PLACES_SETTING} names a place of no known kind: a path that begins with / ~ or ., "
        "git:PATH or slack is expected"
    )
    raise PlaceRefused(message)


def _webhook() -> SlackWebhook:
    """The alerts' webhook, tried once: a decision waits for its seal, and the next seal is soon."""
    try:
        return SlackWebhook(os.environ.get(WEBHOOK_SETTING, ""), attempts=1)
    except UnfitWebhook:
        message = (
            f"{PLACES_SETTING} names slack, and {WEBHOOK_SETTING} no usable webhook; "
            "set it, or name another place"
        )
        raise PlaceRefused(message) from None


def _is_local(url: str) -> bool:
    return url.startswith(("/", ".", "~", "file:"))


def _written(path: Path, text: str) -> None:
    """Write the file whole or not at all, and have it on the disk when this returns."""
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with scratch.open("x", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    scratch.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
