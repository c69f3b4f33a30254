"""Checks as DataHub shows them: an external assertion each, a run event per result, a contract.

It imports the DataHub SDK, so it is itself imported only inside functions that emit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import datahub.metadata.schema_classes as models

from catalog import datahub_names
from catalog.datahub_proposals import Proposal, millis, upserts
from lineage.datahub_urns import assertion_urn, contract_urn, dataset_urn
from lineage.workflow_descriptions import WorkflowDescription

__all__ = ["check_proposals", "contract_proposals", "result_proposals"]

_Row = Mapping[str, Any]  # a row's values have the types of their columns

_PHASES = ("candidate", "publish")
_WHEN = {
    "candidate": "Looked at when a candidate is filed; a failure means that nothing is released.",
    "publish": "Looked at again right before a release; a failure means that nothing is released.",
}
_SCHEMA_CHECK = "output_schema"


def check_proposals(
    workflow: WorkflowDescription, checks: Iterable[str], phases: Iterable[str] = _PHASES
) -> Iterator[Proposal]:
    """The checks of a workflow's candidates, as assertions about the dataset it releases."""
    target = dataset_urn(workflow.target)
    for phase in phases:
        for check in sorted(checks):
            words = workflow.checks.get(check, f"Check {check}.")
            yield from upserts(
                assertion_urn(workflow.target, check, phase),
                models.AssertionInfoClass(
                    type=models.AssertionTypeClass.CUSTOM,
                    customAssertion=models.CustomAssertionInfoClass(
                        type=f"CLASSLINE_{check.upper()}", entity=target
                    ),
                    source=models.AssertionSourceClass(
                        type=models.AssertionSourceTypeClass.EXTERNAL
                    ),
                    description=f"{words} {_WHEN.get(phase, '')}".strip(),
                    customProperties={"check": check, "phase": phase, "workflow": workflow.name},
                ),
                models.DataPlatformInstanceClass(platform=datahub_names.OWN_PLATFORM),
                models.StatusClass(removed=False),
            )


def result_proposals(workflow: WorkflowDescription, results: Iterable[_Row]) -> Iterator[Proposal]:
    """What every check saw, as runs of its assertion; a check nobody declared is declared here."""
    seen = list(results)
    for phase, check in sorted({(str(r["phase"]), str(r["check_name"])) for r in seen}):
        if check not in workflow.checks:
            yield from check_proposals(workflow, [check], [phase])
    for result in seen:
        yield from upserts(
            assertion_urn(workflow.target, result["check_name"], result["phase"]),
            _run_event(workflow, result),
        )


def contract_proposals(
    workflow: WorkflowDescription, results: Iterable[_Row]
) -> Iterator[Proposal]:
    """What a published dataset promises: the checks that its release passed."""
    names = sorted({str(r["check_name"]) for r in results if r["phase"] == "publish"})
    if not names:
        return
    urns = {name: assertion_urn(workflow.target, name, "publish") for name in names}
    yield from upserts(
        contract_urn(workflow.target),
        models.DataContractPropertiesClass(
            entity=dataset_urn(workflow.target),
            schema=[
                models.SchemaContractClass(assertion=urn)
                for name, urn in urns.items()
                if name == _SCHEMA_CHECK
            ],
            dataQuality=[
                models.DataQualityContractClass(assertion=urn)
                for name, urn in urns.items()
                if name != _SCHEMA_CHECK
            ],
        ),
        models.DataContractStatusClass(state=models.DataContractStateClass.ACTIVE),
        models.StatusClass(removed=False),
    )


def _run_event(workflow: WorkflowDescription, result: _Row) -> models.AssertionRunEventClass:
    urn = assertion_urn(workflow.target, result["check_name"], result["phase"])
    kind = models.AssertionResultTypeClass
    return models.AssertionRunEventClass(
        timestampMillis=millis(result["checked_at"]),
        runId=str(result["promotion_id"]),
        asserteeUrn=dataset_urn(workflow.target),
        assertionUrn=urn,
        status=models.AssertionRunStatusClass.COMPLETE,
        # Two results may fall into one millisecond: the number keeps them apart.
        messageId=f"classline.check.{result['result_id']}",
        result=models.AssertionResultClass(
            type=kind.SUCCESS if result["passed"] else kind.FAILURE,
            nativeResults={name: str(seen) for name, seen in sorted(result["observed"].items())},
        ),
        runtimeContext={
            "promotion_id": str(result["promotion_id"]),
            "candidate_digest": str(result["candidate_digest"]),
        },
    )
