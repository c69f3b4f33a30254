"""The job by which a steward decides in the Dagster UI, if the proxy says who they are."""

# no `from __future__ import annotations`: Dagster reads the annotations of ops

from enum import StrEnum

from dagster import Config, Failure, MetadataValue, OpExecutionContext, in_process_executor, job, op
from pydantic import Field

from anonymization.registered import registered_workflow
from dagster_project.errors_without_values import errors_without_values
from dagster_project.requester import proven_decider
from dagster_project.resources import PlatformResource

__all__ = ["STEWARD_DECISION", "DecisionConfig", "steward_decision"]

STEWARD_DECISION = "steward_decision"


class DecisionChoice(StrEnum):
    """What the form offers; Dagster shows and takes the names."""

    approved = "approved"
    rejected = "rejected"


class DecisionConfig(Config):
    """What a steward fills in."""

    workflow: str = Field(description="The workflow you decide about.")
    version: str = Field(
        description="Its source digest as the review desk or `classline review show` prints it."
    )
    decision: DecisionChoice = Field(description="approved or rejected.")
    reason: str = Field(description="What you looked at and why it holds, 3 to 2,000 characters.")


@op(
    name="record_the_decision",
    description="Records the decision in the name of whoever the proxy authenticated.",
)
def _record(
    context: OpExecutionContext, config: DecisionConfig, platform: PlatformResource
) -> None:
    # imported here: they load the database libraries, which a code location does not need
    from anonymization.decisions import decide  # noqa: PLC0415
    from lineage.reviews import Decision  # noqa: PLC0415
    from stores.kept_credentials import credential_of  # noqa: PLC0415

    run = context.run
    name = proven_decider(
        platform.opened.keyring.control_key,
        run.tags,
        run_id=run.run_id,
        job_name=run.job_name,
        run_config=run.run_config,
    )
    if name is None:
        message = (
            "nobody is proven to have started this run, so nobody decides by it: refused; open "
            "Dagster through the proxy that signs you in, or use `classline desk`"
        )
        raise Failure(message, allow_retries=False)
    with errors_without_values():
        decided = decide(
            platform.opened,
            registered_workflow(config.workflow),
            Decision(str(config.decision.value)),
            config.reason,
            credential=credential_of(platform.opened, name),
            version=config.version or "0",
        )
    context.add_output_metadata(
        {
            "decision": MetadataValue.text(str(decided.decision)),
            "decided_by": MetadataValue.text(decided.steward_name),
            "number": MetadataValue.int(decided.approval_id),
            "source_digest": MetadataValue.text(decided.source_digest),
        }
    )


@job(
    name=STEWARD_DECISION,
    description=(
        "Approves or rejects a workflow's version in your name. What waits for it is published "
        "within a minute of an approval."
    ),
    executor_def=in_process_executor,
    tags={"dagster/max_retries": "0"},
)
def steward_decision() -> None:
    """Decide about a workflow."""
    _record()
