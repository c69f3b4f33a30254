"""Whether proposals are what DataHub will take: every way in which they are not, before they leave.

It imports the DataHub SDK, so it is itself imported only inside functions that emit.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache

import datahub.metadata.schema_classes as models
from datahub.emitter.mcp_patch_builder import _Patch
from datahub.errors import SdkUsageError
from datahub.metadata.urns import DatasetUrn, SchemaFieldUrn, Urn
from datahub.utilities.urns.error import InvalidUrnError

from catalog import datahub_names
from catalog.datahub_proposals import Proposal
from catalog.registry import Registry

__all__ = ["problems_of"]

_URN = "urn:li:"


def problems_of(proposals: Iterable[Proposal], registry: Registry) -> Iterator[str]:
    """Every problem, in words.

    A broken schema, an aspect that its entity has not, a URN that does not parse, a dataset or a
    column that the registry does not declare.
    """
    fields = {
        datahub_names.dataset_urn(dataset): {column.name for column in dataset.columns}
        for dataset in registry
    }
    for proposal in proposals:
        where = f"{proposal.entityUrn} {proposal.aspectName}"
        if not proposal.validate():
            yield f"{where}: it does not keep to the metadata model"
            continue
        if proposal.aspectName not in _aspects_of(proposal.entityType):
            yield f"{where}: entity type {proposal.entityType} has no such aspect"
        for urn in dict.fromkeys(_urns(proposal)):
            problem = _urn_problem(urn, fields)
            if problem:
                yield f"{where}: {problem}"


@cache
def _aspects_of(entity_type: str) -> frozenset[str]:
    key = models.KEY_ASPECTS.get(entity_type)
    if key is None:
        return frozenset()
    return frozenset(key.ASPECT_INFO["entityAspects"]) | {key.ASPECT_NAME}


def _urns(proposal: Proposal) -> Iterator[str]:
    if proposal.entityUrn:
        yield proposal.entityUrn
    mcp = (
        proposal
        if isinstance(proposal, models.MetadataChangeProposalClass)
        else proposal.make_mcp()
    )
    if mcp.aspect is not None:
        yield from _urns_in(json.loads(mcp.aspect.value))


def _urns_in(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if set(value) >= {"op", "path"}:
            for token in str(value["path"]).split("/"):
                yield from _urns_in(_Patch.unquote_path_component(token))
        for name, item in value.items():
            yield from _urns_in(name)
            yield from _urns_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _urns_in(item)
    elif isinstance(value, str) and value.startswith(_URN):
        yield value


def _urn_problem(urn: str, fields: dict[str, set[str]]) -> str | None:
    try:
        parsed = Urn.from_string(urn)
    except (InvalidUrnError, SdkUsageError, ValueError):
        return f"{urn[:200]} is no URN"
    if parsed.entity_type not in models.KEY_ASPECTS and parsed.entity_type not in _NAMED_ONLY:
        return f"{urn[:200]} is of no entity type that DataHub knows"
    if isinstance(parsed, SchemaFieldUrn):
        known = fields.get(parsed.parent)
        if known is None or parsed.field_path not in known:
            return f"{urn[:200]} is no column that the registry declares"
    if isinstance(parsed, DatasetUrn) and urn not in fields:
        return f"{urn[:200]} is no dataset that the registry declares"
    return None


# Types that are only ever named: they have no key aspect in the SDK.
_NAMED_ONLY = frozenset({"entityType", "dataType"})
