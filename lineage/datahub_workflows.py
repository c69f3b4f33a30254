"""A workflow's registration as a DataHub job, with its datasets, columns, query and checks.

It imports the DataHub SDK, so it is itself imported only inside functions that emit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from textwrap import dedent
from typing import Any

import datahub.metadata.schema_classes as models
from datahub.specific.datajob import DataJobPatchBuilder

from catalog import datahub_names
from catalog.datahub_proposals import (
    Proposal,
    audit_stamp,
    created_once,
    millis,
    steward_of,
    upserts,
)
from catalog.declared import REGISTRY
from lineage.datahub_checks import check_proposals
from lineage.datahub_urns import FLOW, column_urn, dataset_urn, job_urn, query_urn, source_urns
from lineage.workflow_descriptions import WorkflowDescription

__all__ = ["as_texts", "column_lineage", "policy_texts", "workflow_proposals"]

_Row = Mapping[str, Any]  # a row's values have the types of their columns


def workflow_proposals(
    registration: _Row, workflow: WorkflowDescription, *, version: int = 1
) -> list[Proposal]:
    """The workflow as a job between its source datasets and its target, with its checks.

    ``version`` counts the workflow's registrations up to this one.
    """
    at: datetime = registration["registered_at"]
    job = job_urn(workflow.name)
    owner = REGISTRY.get(workflow.target).owner
    owned_by = DataJobPatchBuilder(job).add_owner(steward_of(owner, at))
    return [
        *upserts(
            FLOW,
            models.DataFlowInfoClass(
                name="Anonymization",
                description="The named workflows: the only way a datum changes its class.",
            ),
            models.StatusClass(removed=False),
        ),
        *_query(registration, workflow),
        *upserts(
            job,
            _job_info(registration, workflow, version),
            models.VersionInfoClass(
                version=str(version),
                versionType="registration",
                customProperties={"source_digest": str(registration["source_digest"])},
            ),
            _job_ends(workflow, at),
            models.SubTypesClass(typeNames=["Anonymization Workflow"]),
            models.StatusClass(removed=False),
        ),
        created_once(job, models.DomainsClass(domains=[datahub_names.domain_urn(owner)])),
        *owned_by.build(),
        *check_proposals(workflow, registration["required_checks"]),
    ]


def _job_info(
    registration: _Row, workflow: WorkflowDescription, version: int
) -> models.DataJobInfoClass:
    return models.DataJobInfoClass(
        name=workflow.name,
        type="ANONYMIZATION",
        description=workflow.description,
        flowUrn=FLOW,
        customProperties=as_texts(
            {
                "source_digest": registration["source_digest"],
                "version": version,
                "from_class": registration["from_class"],
                "to_class": registration["to_class"],
                "module": workflow.module,
                "code_location": workflow.code_location or None,
                "publish_mode": registration["publish_mode"],
                "required_checks": ", ".join(registration["required_checks"]),
                "requested_by": registration.get("requested_by"),
                "family": registration.get("family"),
                **policy_texts(registration["policy"]),
            }
        ),
        created=models.TimeStampClass(
            time=millis(registration["registered_at"]), actor=datahub_names.ACTOR
        ),
    )


def _job_ends(workflow: WorkflowDescription, at: datetime) -> models.DataJobInputOutputClass:
    stamp = audit_stamp(at)
    return models.DataJobInputOutputClass(
        inputDatasets=[],
        outputDatasets=[],
        inputDatasetEdges=[
            models.EdgeClass(destinationUrn=urn, created=stamp, lastModified=stamp)
            for urn in source_urns(workflow)
        ],
        outputDatasetEdges=[
            models.EdgeClass(
                destinationUrn=dataset_urn(workflow.target), created=stamp, lastModified=stamp
            )
        ],
        fineGrainedLineages=list(column_lineage(workflow)) or None,
    )


def _query(registration: _Row, workflow: WorkflowDescription) -> Iterator[Proposal]:
    """The SELECT that reads the sources: what stands on each edge into the target."""
    stamp = audit_stamp(registration["registered_at"])
    columns = (
        urn
        for made, sources in workflow.column_lineage.items()
        for urn in (column_urn(f"{workflow.target}.{made}"), *map(column_urn, sources))
    )
    subjects = dict.fromkeys((*source_urns(workflow), dataset_urn(workflow.target), *columns))
    yield from upserts(
        query_urn(workflow.name),
        models.QueryPropertiesClass(
            name=f"Source rows of {workflow.name}",
            description="Read by the anonymizer inside a run; only cells over its rows leave.",
            statement=models.QueryStatementClass(
                value=dedent(workflow.statement).strip() or "-- the code is no longer in force",
                language=models.QueryLanguageClass.SQL,
            ),
            source=models.QuerySourceClass.SYSTEM,
            created=stamp,
            lastModified=stamp,
            origin=job_urn(workflow.name),
            customProperties={"source_digest": str(registration["source_digest"])},
        ),
        models.QuerySubjectsClass(
            subjects=[models.QuerySubjectClass(entity=urn) for urn in subjects]
        ),
        models.DataPlatformInstanceClass(platform=datahub_names.OWN_PLATFORM),
    )


def policy_texts(policy: Mapping[str, object]) -> dict[str, object]:
    """A disclosure policy as custom properties."""
    return {f"policy.{name}": value for name, value in policy.items()}


def as_texts(values: Mapping[str, object]) -> dict[str, str]:
    """DataHub's custom properties are texts; what is not known is left out."""
    return {name: str(value) for name, value in values.items() if value is not None}


def column_lineage(
    workflow: WorkflowDescription, *, query: str | None = None
) -> Iterator[models.FineGrainedLineageClass]:
    """Which source columns each target column is made of."""
    for column, sources in workflow.column_lineage.items():
        yield models.FineGrainedLineageClass(
            upstreamType=models.FineGrainedLineageUpstreamTypeClass.FIELD_SET,
            upstreams=[column_urn(source) for source in sources],
            downstreamType=models.FineGrainedLineageDownstreamTypeClass.FIELD,
            downstreams=[column_urn(f"{workflow.target}.{column}")],
            transformOperation=f"classline:{workflow.name}",
            query=query,
        )
