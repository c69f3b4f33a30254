"""Stamps every run that a person starts with who that is; what the caller wrote is blanked."""

from __future__ import annotations

import logging
import os

from dagster import DagsterRun
from dagster._core.run_coordinator import QueuedRunCoordinator, SubmitRunContext

from dagster_project.proxy_assertions import (
    AssertionRefused,
    ProxyAssertions,
    proxy_settings_from,
)
from dagster_project.requester import blank_tags, stamped_tags
from stores.errors import StoreError
from stores.home import Home, classline_home
from stores.keyring import open_keyring

__all__ = ["StampingRunCoordinator"]

_log = logging.getLogger(__name__)


class StampingRunCoordinator(QueuedRunCoordinator):
    """Dagster's queue, with an identity stamped on each run before it is queued.

    Nothing that a caller writes decides who they are: the tags that carry an identity are
    overwritten, with a proof that only this process can make or with nothing.
    """

    _assertions: ProxyAssertions | None = None

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        """Stamp the run, then queue it."""
        self.stamp(context)
        return super().submit_run(context)

    def stamp(self, context: SubmitRunContext) -> None:
        """Say in the run's tags who started it, and nothing else than that."""
        run = context.dagster_run
        tags = blank_tags()
        try:
            identity = self._identity(context)
            if identity is not None:
                home = classline_home()
                tags |= stamped_tags(
                    open_keyring(home).control_key,
                    _steward_name(home, identity) or identity,
                    run_id=run.run_id,
                    job_name=run.job_name,
                    run_config=run.run_config,
                )
        except (AssertionRefused, StoreError) as refusal:
            _log.warning("run %s is nobody's: %s", run.run_id, refusal)
        self._instance.add_run_tags(run.run_id, tags)

    def _identity(self, context: SubmitRunContext) -> str | None:
        """Whom the proxy vouches for; None where no proxy is set."""
        if self._assertions is None:
            settings = proxy_settings_from(os.environ)
            if settings is None:
                return None
            self._assertions = ProxyAssertions(settings)
        header = self._assertions.settings.header
        return self._assertions.identity(context.get_request_header(header))


def _steward_name(home: Home, identity: str) -> str | None:
    # Imported here: it loads the database libraries, once somebody is proven.
    from stores.kept_credentials import steward_of_sign_in  # noqa: PLC0415
    from stores.platform import open_platform  # noqa: PLC0415

    with open_platform(home) as platform:
        return steward_of_sign_in(platform, identity)
