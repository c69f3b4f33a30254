"""What the assets of a run share: the open platform, and each candidate's promotion id.

Both read nothing from the environment until a run begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self
from uuid import UUID

from dagster import (
    ConfigurableIOManager,
    ConfigurableResource,
    Failure,
    InitResourceContext,
    InputContext,
    OutputContext,
)
from pydantic import Field, PrivateAttr

from stores.home import Home, classline_home

if TYPE_CHECKING:
    from stores.platform import Platform

__all__ = ["PlatformResource", "PromotionIds"]


class PlatformResource(ConfigurableResource["PlatformResource"]):
    """The platform's open database and keys, for as long as a run lasts."""

    home: str | None = Field(default=None, description="The installation's folder.")
    now: str | None = Field(
        default=None, description="Time of the release, ISO 8601 with an offset; else the clock's."
    )
    _opened: Platform | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator[Self]:
        """Open the platform when the run's first step needs it, close it after the last."""
        del context
        # imported here: it loads the database libraries, which a code location does not need
        from stores.platform import open_platform  # noqa: PLC0415

        with open_platform(_home(self.home).root) as platform:
            self._opened = platform
            yield self

    @property
    def opened(self) -> Platform:
        """The open platform."""
        if self._opened is None:
            message = "the platform is open only inside a run; start one with `classline run`"
            raise RuntimeError(message)
        return self._opened

    def release_time(self) -> datetime:
        """The time this run releases at: it decides which periods are closed."""
        if self.now is None:
            return datetime.now(UTC)
        now = datetime.fromisoformat(self.now)
        if now.tzinfo is None:
            message = f"now is {self.now!r}: give it an offset, as in 2018-01-01T00:00:00+00:00"
            raise ValueError(message)
        return now


class PromotionIds(ConfigurableIOManager):
    """Keeps the id of each candidate's latest promotion, so that a step can be run again alone.

    It keeps the id and nothing else: no row ever passes through Dagster.
    """

    home: str | None = Field(default=None, description="The installation's folder.")

    def handle_output(self, context: OutputContext, obj: UUID) -> None:
        """Remember the promotion that a candidate was just filed under."""
        path = self._path(context.asset_key.path[-1])
        path.parent.mkdir(parents=True, exist_ok=True)
        written = path.with_suffix(f".{context.run_id}")
        written.write_text(str(obj))
        written.replace(path)

    def load_input(self, context: InputContext) -> UUID:
        """The promotion that the candidate was last filed under."""
        path = self._path(context.asset_key.path[-1])
        if not path.exists():
            candidate = context.asset_key.to_user_string()
            message = f"no candidate was filed under {candidate} yet: materialize it first"
            raise Failure(message, allow_retries=False)
        return UUID(path.read_text())

    def _path(self, candidate: str) -> Path:
        return _home(self.home).dagster / "promotion_ids" / f"{candidate}.id"


def _home(root: str | None) -> Home:
    return Home(Path(root)) if root else classline_home()
