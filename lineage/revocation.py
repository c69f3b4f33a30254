"""Withdraws a release from its readers, and names what was built on it.

What was withdrawn stays on record, and the release guard goes on counting it: it was shown once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from catalog.promotion_states import PromotionState
from stores.errors import UnknownOwner

if TYPE_CHECKING:
    from stores.platform import Platform
    from stores.steward_credentials import StewardCredential

__all__ = ["BuiltOn", "Revocation", "UnclearPromotion", "promotion_named", "revoke"]

_SHORTEST = 8


class UnclearPromotion(UnknownOwner):
    """No promotion, or more than one, has an id that begins so."""


@dataclass(frozen=True, slots=True)
class BuiltOn:
    """A release or a candidate that was made of what was revoked; it is not revoked with it."""

    promotion_id: UUID
    workflow: str
    target: str
    state: PromotionState


@dataclass(frozen=True, slots=True)
class Revocation:
    """What was withdrawn: rows that readers saw, and the promotions made of them."""

    promotion_id: UUID
    revoked_by: str
    rows_withdrawn: int
    built_on: tuple[BuiltOn, ...]


def promotion_named(platform: Platform, beginning: str) -> UUID:
    """The promotion whose id is that, or begins so and is the only one."""
    given = beginning.strip().lower()
    if len(given) < _SHORTEST or set(given) - set("0123456789abcdef-"):
        message = (
            f"a promotion is named by its id, or by at least the first {_SHORTEST} of its digits; "
            "`classline promotions` shows them"
        )
        raise UnclearPromotion(message)
    with platform.platform_session("promotion records") as session:
        found = session.records_ascend_platform_metric(
            "promotions", "starts_with(CAST(promotion_id AS text), :given)", given=given
        )
    if len(found) != 1:
        how_many = "no promotion has" if not found else f"{len(found)} promotions have"
        message = f"{how_many} an id that begins with {given[:36]}; see `classline promotions`"
        raise UnclearPromotion(message)
    return UUID(str(found[0]["promotion_id"]))


def revoke(
    platform: Platform, credential: StewardCredential, promotion_id: UUID, reason: str
) -> Revocation:
    """Withdraw the release in the steward's name, in one transaction with its records.

    Its workflow's approval ends with it. DataHub and Slack hear of it from the outbox and the
    stored alert, which the same transaction writes.
    """
    with platform.steward_session(credential) as session:
        withdrawn = session.revoke_promotion(promotion_id, reason)
        built_on = tuple(
            BuiltOn(
                UUID(str(row["promotion_id"])),
                str(row["workflow"]),
                str(row["target"]),
                PromotionState(row["state"]),
            )
            for row in session.releases_built_on(promotion_id)
        )
        name = session.name()
    return Revocation(promotion_id, name, withdrawn, built_on)
