"""Draws what agents of a sample remember, and the access they hold to other systems."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from stores.intake.sample_draws import Draws
from stores.intake.sample_embedding import hashed_embedding
from stores.intake.sample_scenes import scenes
from stores.intake.sample_vocabulary import domain_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stores.intake.sample_calendar import SampleCalendar
    from stores.intake.sample_world import SampleWorld

__all__ = ["episodic_memories", "oauth_tokens", "semantic_memories"]

_PROVIDERS = {
    "mail": ("mail.read", "mail.send"),
    "calendar": ("calendar.read", "calendar.write"),
    "crm": ("crm.read",),
}
_ONE = 1_000_000

_Row = tuple[object, ...]


def episodic_memories(world: SampleWorld, calendar: SampleCalendar, rows: int) -> Iterator[_Row]:
    """Rows of episodic_memories."""
    for scene in scenes(world, calendar, "episodic_memories", rows):
        yield (
            scene.tenant_name,
            f"mem-{scene.number:08d}",
            scene.at,
            scene.text("episode"),
            scene.spare / _ONE,
        )


def semantic_memories(world: SampleWorld, calendar: SampleCalendar, rows: int) -> Iterator[_Row]:
    """Rows of semantic_memories."""
    for scene in scenes(world, calendar, "semantic_memories", rows, evenly=True):
        content = scene.text("knowledge")
        yield (
            scene.tenant_name,
            f"item-{scene.number:08d}",
            content,
            hashed_embedding(content),
            scene.at,
        )


def oauth_tokens(world: SampleWorld, calendar: SampleCalendar) -> Iterator[_Row]:
    """Rows of oauth_tokens, one a system and tenant; the tokens are drawn and open nothing."""
    draws = Draws(world.seed, "oauth_tokens")
    until = datetime(calendar.until.year, calendar.until.month, calendar.until.day, tzinfo=UTC)
    for tenant in world.tenants:
        for provider, scopes in _PROVIDERS.items():
            yield (
                tenant.name,
                provider,
                f"sales@{domain_of(tenant.name)}",
                draws.token(),
                draws.token() if provider != "crm" else None,
                list(scopes),
                until + timedelta(hours=1),
            )
