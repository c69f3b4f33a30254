"""What our proposals to DataHub are made of: marks of time and origin, whole aspects, owners.

It imports the DataHub SDK, so it is itself imported only inside functions that emit.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TypeAlias

import datahub.metadata.schema_classes as models
from datahub.emitter.mcp import MetadataChangeProposalWrapper

from catalog import datahub_names

__all__ = [
    "Proposal",
    "attribution",
    "audit_stamp",
    "created_once",
    "millis",
    "steward_of",
    "upserts",
]

Proposal: TypeAlias = MetadataChangeProposalWrapper | models.MetadataChangeProposalClass


def millis(at: datetime) -> int:
    """A moment as DataHub writes it."""
    return int(at.timestamp() * 1000)


def audit_stamp(at: datetime) -> models.AuditStampClass:
    """Our mark on an aspect written at that moment."""
    return models.AuditStampClass(time=millis(at), actor=datahub_names.ACTOR)


def attribution(at: datetime) -> models.MetadataAttributionClass:
    """Our mark on one tag, term or owner; it keeps ours apart from what people added by hand."""
    return models.MetadataAttributionClass(
        time=millis(at), actor=datahub_names.ACTOR, source=datahub_names.OWN_PLATFORM
    )


def upserts(urn: str, *aspects: models._Aspect) -> Iterator[Proposal]:
    """Proposals that write whole aspects, which are ours alone."""
    for aspect in aspects:
        yield MetadataChangeProposalWrapper(entityUrn=urn, aspect=aspect)


def created_once(urn: str, aspect: models._Aspect) -> Proposal:
    """A proposal that writes an aspect unless there is one: people keep it from then on."""
    return MetadataChangeProposalWrapper(
        entityUrn=urn,
        changeType=models.ChangeTypeClass.CREATE,
        headers={"If-None-Match": "*"},
        aspect=aspect,
    )


def steward_of(owner: str, at: datetime) -> models.OwnerClass:
    """An owner of the registry as Data Steward, under our own mark."""
    return models.OwnerClass(
        owner=datahub_names.team_urn(owner),
        type=models.OwnershipTypeClass.DATA_STEWARD,
        typeUrn=datahub_names.DATA_STEWARD,
        attribution=attribution(at),
    )
