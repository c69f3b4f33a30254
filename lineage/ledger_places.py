"""Where checkpoints are kept outside the database: a folder, a git repository, Slack.

``CLASSLINE_CHECKPOINTS`` names places beside the installation's own folder, separated by commas:
a path, ``git:PATH`` or ``slack``.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lineage.ledger_note_files import (
    CHECKPOINT_SUFFIX,
    HANDOVER_SUFFIX,
    PlaceRefused,
    file_of,
    notes_in,
    text_of,
    title_of,
    write_whole,
)
from lineage.ledger_notes import (
    CheckpointRefused,
    VerifierKey,
    unverified_checkpoint,
)
from stores.alerts import WEBHOOK_SETTING
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
    "outside_places",
    "places_from",
]

PLACES_SETTING = "CLASSLINE_CHECKPOINTS"
_KEY_FILE = "ledger.key"
_GIT_SECONDS = 20


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
        path = self.folder / file_of(note)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if path.exists():
                if text_of(path.read_text(encoding="utf-8")) != text_of(note):
                    size = unverified_checkpoint(note).size
                    message = (
                        f"{path} says something else of the first {size} leaves: nothing is "
                        "written; run `classline ledger verify --checkpoint` with it"
                    )
                    raise PlaceRefused(message)
            else:
                write_whole(path, note)
            key_file = self.folder / _KEY_FILE
            if not key_file.exists() or key_file.read_text(encoding="utf-8") != f"{key}\n":
                write_whole(key_file, f"{key}\n")
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
        files = sorted(self.folder.glob(f"*{HANDOVER_SUFFIX}"))
        return [note for file in files for note in notes_in(file)]

    def newest(self) -> str | None:
        """The largest checkpoint in it; the others are not read."""
        file = max(self.folder.glob(f"*{CHECKPOINT_SUFFIX}"), default=None)
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
        files = (file_of(note), _KEY_FILE)
        self._git("add", "--", *files)
        if self._git("status", "--porcelain", "--", *files):
            self._git("commit", "--quiet", "-m", title_of(note), "--only", "--", *files)
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
            self.webhook.send(f"Ledger: {title_of(note)}, key {key}\n```\n{note}```")
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
