"""Sends a text to a Slack incoming webhook: retried, patient where Slack asks, its URL unsaid."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import HTTPException
from ipaddress import ip_address
from urllib.parse import urlsplit

from catalog.retry_after import asked_to_wait
from stores.errors import StoreError

__all__ = ["SlackWebhook", "UnfitWebhook", "WebhookSilent"]

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class UnfitWebhook(StoreError):
    """The setting is not the URL of a webhook that may be used."""


class WebhookSilent(StoreError):
    """Slack did not take the message; ``kind`` says how it failed and nothing else."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"the Slack webhook did not take the message ({kind}); it stays stored")
        self.kind = kind


class SlackWebhook:
    """One webhook. Its URL is a secret: no error, log line or repr of ours shows it."""

    def __init__(
        self,
        url: str,
        *,
        timeout_seconds: float = 5,
        attempts: int = 4,
        longest_wait_seconds: float = 60,
        sleep: Callable[[float], object] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = _checked(url)
        self._timeout_seconds = timeout_seconds
        self._attempts = attempts
        self._longest_wait_seconds = longest_wait_seconds
        self._sleep = sleep
        self._now = now
        self._not_before = now()

    def __repr__(self) -> str:
        return "<SlackWebhook>"

    def send(self, text: str) -> None:
        """Deliver the text or raise; waits twice as long after each failure, or as Slack says."""
        if self._now() < self._not_before:
            kind = "still asked to wait"
            raise WebhookSilent(kind)
        kind, delay = "", 1.0
        for attempt in range(1, self._attempts + 1):
            kind, asked_to_wait, retried = self._tried(text)
            if not kind:
                return
            if not retried or attempt == self._attempts:
                break
            wait = asked_to_wait or delay
            if wait > self._longest_wait_seconds:
                self._not_before = self._now() + wait
                break
            self._sleep(wait)
            delay *= 2
        raise WebhookSilent(kind)

    def _tried(self, text: str) -> tuple[str, float, bool]:
        """How it failed (empty: it did not), how long Slack asks to wait, whether to try again."""
        # Imported here: the SDK loads all of Slack's API, and most processes send nothing.
        from slack_sdk.errors import SlackClientError  # noqa: PLC0415
        from slack_sdk.webhook import WebhookClient  # noqa: PLC0415

        client = WebhookClient(
            self._url,
            timeout=self._timeout_seconds,  # type: ignore[arg-type] # any number of seconds will do
            retry_handlers=[],
            logger=_mute_logger(),
        )
        try:
            response = client.send(text=text.translate(_ESCAPES))
        except (OSError, HTTPException, SlackClientError, ValueError) as error:
            return type(error).__name__, 0, True
        if response.status_code == HTTPStatus.OK and response.body.strip() == "ok":
            return "", 0, False
        status = response.status_code
        retried = (
            status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
        )
        return f"HTTP {status}", asked_to_wait(response.headers, datetime.now(UTC)), retried


def _mute_logger() -> logging.Logger:
    """A logger for the SDK, which writes the URL into its own."""
    logger = logging.Logger("classline.slack_sdk", level=logging.CRITICAL + 1)  # noqa: LOG001
    logger.disabled = True
    return logger


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    fit = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))
    if not host or not fit or not url.isascii() or not url.isprintable() or " " in url:
        message = (
            "CLASSLINE_SLACK_WEBHOOK is not an https URL: refused; copy the incoming webhook's URL "
            "from Slack's settings, or unset it to store and log alerts only"
        )
        raise UnfitWebhook(message)
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
