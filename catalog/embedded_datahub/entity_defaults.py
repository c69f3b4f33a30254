"""Aspects that DataHub gives a new entity when its emitter does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.embedded_datahub.urns import Urn, key_of, parse_urn

if TYPE_CHECKING:
    from catalog.embedded_datahub.json_values import JsonObject
    from catalog.embedded_datahub.schemas import MetadataModel

__all__ = ["default_aspects", "platform_of"]

_PLATFORM_FIELDS = ("platform", "orchestrator", "dashboardTool", "notebookTool")
_PLATFORM_PREFIX = "urn:li:dataPlatform:"


def default_aspects(urn: Urn, model: MetadataModel) -> dict[str, JsonObject]:
    """The default aspects of an entity: the platform its URN names, by which search finds it."""
    platform = platform_of(urn, model)
    if platform is None or "dataPlatformInstance" not in model.entity(urn.entity_type).aspects:
        return {}
    return {"dataPlatformInstance": {"platform": platform}}


def platform_of(urn: Urn, model: MetadataModel) -> str | None:
    """The platform that a URN names, itself or through the flow of a job."""
    key = key_of(urn, model)
    if urn.entity_type == "dataJob":
        return platform_of(parse_urn(str(key["flow"])), model)
    for name in _PLATFORM_FIELDS:
        platform = key.get(name)
        if isinstance(platform, str):
            is_urn = platform.startswith(_PLATFORM_PREFIX)
            return platform if is_urn else _PLATFORM_PREFIX + platform
    return None
