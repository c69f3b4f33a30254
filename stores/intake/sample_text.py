"""Writes the sentences of a sample: call notes, mail, drafts, turns and memories.

Some sentences name the contact, their address, phone or company and some name nobody, so that
what strips personal data meets both.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["PICKS", "TEXTS", "TextKind", "written"]

TextKind: TypeAlias = tuple[tuple[str, ...], ...]

PICKS = 1_000_000
"""A number below this picks one sentence of every group."""

_CALL_NOTES: TextKind = (
    (
        "Spoke with {contact}, {title} at {account}.",
        "Reached {first} at {phone} after two attempts.",
        "Short call, the line was poor.",
        "{contact} joined late and brought a colleague from finance.",
        "Discovery call; the team wants to replace a tool for {topic}.",
        "Left a voicemail and asked for a call back on {weekday}.",
    ),
    (
        "Budget for {product} is approved up to ${amount}.",
        "They compare {product} with a cheaper offer and worry about the rollout.",
        "The main pain is {topic}; reporting still happens in spreadsheets.",
        "{account} will not move before the renewal in the next quarter.",
        "Price was the only objection; a yearly plan would solve it.",
        "Legal asks for the data processing terms before any pilot.",
        "{first} needs two more signatures and expects them by {weekday}.",
    ),
    (
        "Send the proposal to {email}.",
        "Next step: demo on {weekday} with {agent}.",
        "Call again on {weekday}, mobile {phone}.",
        "No next step agreed.",
        "{agent} prepares a quote for {account}.",
    ),
)

_EMAIL_SUBJECTS: TextKind = (
    (
        "Proposal for {account}",
        "{product}: next steps",
        "Following up on {weekday}",
        "Question about pricing",
        "Re: {product} for {account}",
        "Meeting on {weekday}",
        "Your question about {topic}",
    ),
)

_EMAIL_BODIES: TextKind = (
    ("Hi {first},", "Dear {contact},", "Hello {first},", "Good morning,"),
    (
        "thank you for your time on {weekday}.",
        "I attach the offer for {product} at ${amount}.",
        "as promised, here is how other teams handle {topic}.",
        "we reviewed your questions about {product} with our engineers.",
        "I tried to reach you at {phone} this morning.",
    ),
    (
        "The pilot at {account} can start within two weeks.",
        "A yearly plan would bring the price down by a tenth.",
        "Could you confirm that {email} is the right address for the contract?",
        "Most teams see the effect after the first month.",
        "Please let me know who else at {account} should join.",
        "The security questionnaire is answered in full.",
    ),
    ("Best regards, {agent}, {vendor}", "Kind regards, {agent}", "Thanks, {agent}"),
)

_DRAFT_BODIES: TextKind = (
    ("Hi {first},", "Hello {contact},", "Hi there,"),
    (
        "I noticed that {account} is hiring for {topic}.",
        "teams like yours lose hours each week to {topic}.",
        "congratulations on the new role as {title}.",
        "{product} closes the gap between forecast and pipeline.",
        "we helped a company of your size to shorten its sales cycle.",
    ),
    (
        "Would {weekday} work for fifteen minutes?",
        "May I send a short example to {email}?",
        "Who at {account} looks after this today?",
        "Reply with a good time and I will call {phone}.",
        "Is this worth a conversation this quarter?",
    ),
    ("{agent}", "{agent}, {vendor}", "Best, {agent}"),
)

_USER_TURNS: TextKind = (
    (
        "Which deals above ${amount} are at risk this week?",
        "Draft a follow-up to {contact} about {product}.",
        "What did {account} object to in the last call?",
        "Find three prospects who care about {topic}.",
        "Move the meeting with {first} to {weekday}.",
        "Update the phone number of {contact} to {phone}.",
        "Summarize my calls of {weekday}.",
    ),
)

_AGENT_TURNS: TextKind = (
    (
        "Done.",
        "I found two records for {account}.",
        "I wrote a draft to {email} for your approval.",
        "The deal has had no activity for three weeks.",
        "{contact} answered within a day each time.",
    ),
    (
        "The main objection was the price of {product}.",
        "Shall I schedule a call on {weekday}?",
        "I suggest to offer the yearly plan.",
        "Nothing else needs your attention.",
        "The win rate is higher where finance joins the second call.",
        "I could not find a phone number other than {phone}.",
    ),
)

_EPISODES: TextKind = (
    (
        "{contact} of {account} asked for a discount on {product}.",
        "A demo of {product} was moved to {weekday}.",
        "The reply from {email} came within an hour.",
        "The forecast call ended without a commitment.",
        "{agent} closed a deal of ${amount} after a second demo.",
    ),
    (
        "The yearly plan settled it.",
        "The objection was {topic}.",
        "A reference from the same industry helped.",
        "Nobody followed up for ten days.",
        "A shorter proposal was read at once.",
        "Finance had not been invited.",
    ),
)

_REVIEWS: TextKind = (
    (
        "Coverage is three times the target.",
        "The pipeline shrank against last week.",
        "Two large deals carry the quarter.",
        "Most open deals are in early stages.",
    ),
    (
        "{account} slips into the next quarter.",
        "{product} sells faster than planned.",
        "{contact} at {account} has gone silent; {agent} calls on {weekday}.",
        "Discounts above a tenth need approval.",
        "The deal of ${amount} with {account} is the best case only.",
    ),
    ("Focus on deals with a next step.", "Close dates need care.", "{agent} cleans up the stages."),
)

_KNOWLEDGE: TextKind = (
    (
        "Deals where finance joins the second call close sooner.",
        "A proposal of two pages is read more often than one of ten.",
        "Buyers who ask about {topic} need a technical reference first.",
        "Ask for the decision process before sending a price for {product}.",
        "{account} prefers calls on {weekday}.",
        "{contact} decides about {product} and answers at {email}.",
        "An offer above ${amount} needs the board's approval.",
        "A pilot with a fixed end date converts better than an open one.",
    ),
    (
        "Name the next step before the call ends.",
        "Send the summary on the same day.",
        "Mention {topic} early.",
        "Do not discount in the first meeting.",
        "Two people should know the account.",
        "This held in the last two quarters.",
        "{agent} learned it the hard way.",
    ),
    ("", "", "", "The phone number to use is {phone}.", "Seen at {account}."),
)

TEXTS: Mapping[str, TextKind] = MappingProxyType(
    {
        "agent turn": _AGENT_TURNS,
        "call notes": _CALL_NOTES,
        "draft": _DRAFT_BODIES,
        "email": _EMAIL_BODIES,
        "episode": _EPISODES,
        "knowledge": _KNOWLEDGE,
        "review": _REVIEWS,
        "subject": _EMAIL_SUBJECTS,
        "user turn": _USER_TURNS,
    }
)


def written(kind: TextKind, pick: int, slots: Mapping[str, str]) -> str:
    """One sentence of each group of the kind, filled with the slots."""
    return " ".join(filter(None, _sentences(kind, pick))).format_map(slots)


def _sentences(groups: Sequence[Sequence[str]], pick: int) -> list[str]:
    chosen = []
    for group in groups:
        pick, place = divmod(pick, len(group))
        chosen.append(group[place])
    return chosen
