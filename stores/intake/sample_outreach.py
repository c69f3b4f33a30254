"""Draws the outreach of a sample: drafts of sequences, and what came of them.

How a draft opens and what it asks for decides a little about its answer, so that tactics differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stores.intake.sample_crm import account_id
from stores.intake.sample_scenes import scenes
from stores.intake.sample_text import written
from stores.intake.sample_world import CONTACTS_PER_ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stores.intake.sample_calendar import SampleCalendar
    from stores.intake.sample_text import TextKind
    from stores.intake.sample_world import SampleWorld

__all__ = ["sdr_drafts"]

_CHANNELS = ("email", "email", "email", "linkedin", "call_script")
_STEPS = 4
_SUBJECTS: TextKind = (
    ("A question about {topic}", "{account} and {vendor}", "Fifteen minutes on {weekday}?"),
)
_GREETINGS = ("Hi {first},", "Hello {contact},", "Hi there,")
_OPENINGS = (
    "I noticed that {account} is hiring for {topic}.",
    "teams like yours lose hours each week to {topic}.",
    "congratulations on the new role as {title}.",
    "we helped a company of your size to shorten its sales cycle.",
    "{product} closes the gap between forecast and pipeline.",
)
_MIDDLES = (
    "Most teams see the effect after the first month.",
    "A pilot takes two weeks and ${amount}.",
    "It runs beside what you have, and nothing needs to be migrated.",
)
# What a draft asks for, with its share of answers in percent.
_REQUESTS = {
    "Would {weekday} work for fifteen minutes?": 14,
    "May I send a short example to {email}?": 11,
    "Who at {account} looks after this today?": 9,
    "Reply with a good time and I will call {phone}.": 6,
    "Is this worth a conversation this quarter?": 8,
}
_CLOSINGS = ("Best, {agent}", "{agent}, {vendor}", "{agent}")
_PER_STEP_LESS, _PERCENT, _MEETINGS_OF_ANSWERS = 2, 100, 3

_Row = tuple[object, ...]


def sdr_drafts(world: SampleWorld, calendar: SampleCalendar, rows: int) -> Iterator[_Row]:
    """Rows of sdr_drafts."""
    requests = tuple(_REQUESTS)
    for scene in scenes(world, calendar, "sdr_drafts", rows):
        pick, step = scene.pick, 1 + scene.spare % _STEPS
        request = requests[pick % len(requests)]
        body: TextKind = (_GREETINGS, _OPENINGS, _MIDDLES, (request,), _CLOSINGS)
        chance = scene.spare // _STEPS % _PERCENT
        replied = chance < _REQUESTS[request] - _PER_STEP_LESS * (step - 1)
        yield (
            scene.tenant_name,
            f"sdr-{scene.number:08d}",
            account_id(scene.contact // CONTACTS_PER_ACCOUNT),
            _CHANNELS[pick // len(requests) % len(_CHANNELS)],
            step,
            scene.at,
            written(_SUBJECTS, pick, scene.slots),
            written(body, pick, scene.slots),
            replied,
            replied and chance % _MEETINGS_OF_ANSWERS == 0,
        )
