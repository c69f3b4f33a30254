"""A real Chromium without a window, in a user folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

__all__ = ["a_browser"]

_CHROMIUM = Path("/usr/bin/chromium")


@contextmanager
def a_browser(folder: Path) -> Iterator[Any]:  # Any: a browser context, imported when started
    """A browser; skipped, saying so, where the machine has none."""
    if not _CHROMIUM.exists():
        pytest.skip("no browser on this machine: `apt-get install chromium`")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            folder / "browser",
            executable_path=str(_CHROMIUM),
            headless=True,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        )
        context.set_default_timeout(300_000)
        try:
            yield context
        finally:
            context.close()
