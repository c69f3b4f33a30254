"""The last look at what leaves for DataHub: nothing in it may have the shape of an owner's id.

Names of tenants and funds cannot be known here; that none is sent is what the model is built for,
and tests search for every one. It imports the DataHub SDK, so it is itself imported only inside
functions that emit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import datahub.metadata.schema_classes as models

from catalog.datahub_errors import DataHubRefused
from catalog.datahub_proposals import Proposal

__all__ = ["OwnerNamed", "nameless"]

_OWNER_ID = re.compile(rb"(?<![a-z0-9])(?:tn|fd)_[a-z]{16}(?![a-z0-9])")


class OwnerNamed(DataHubRefused):
    """Metadata that carries what looks like a tenant's or a fund's id."""


def nameless(proposals: Sequence[Proposal]) -> list[models.MetadataChangeProposalClass]:
    """The proposals, serialized; refused whole if any carries an owner's id."""
    serialized = [
        p if isinstance(p, models.MetadataChangeProposalClass) else p.make_mcp() for p in proposals
    ]
    for proposal in serialized:
        said = proposal.aspect.value if proposal.aspect else b""
        if _OWNER_ID.search(said) or _OWNER_ID.search((proposal.entityUrn or "").encode()):
            message = (
                f"aspect {proposal.aspectName} of a {proposal.entityType} carries an owner's id: "
                "refused, since no tenant or fund appears in DataHub; nothing was sent"
            )
            raise OwnerNamed(message)
    return serialized
