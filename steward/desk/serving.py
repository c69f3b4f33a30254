"""Serves the desk: one process, its platform open as long as it runs."""

from __future__ import annotations

from steward.desk.settings import DeskSettings
from stores.home import Home
from stores.platform import open_platform

__all__ = ["serve"]


def serve(home: Home, settings: DeskSettings) -> None:
    """Serve until interrupted, on the loopback: TLS and the world are a proxy's business."""
    # Imported here: the web framework is for those who open the desk.
    import uvicorn  # noqa: PLC0415

    from steward.desk.application import desk_application  # noqa: PLC0415

    with open_platform(home) as platform:
        uvicorn.run(
            desk_application(platform, settings),
            host="127.0.0.1",
            port=settings.listen_port,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
        )
