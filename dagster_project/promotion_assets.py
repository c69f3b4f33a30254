"""Builds the assets of a workflow: its candidate, its blocking checks and the released dataset.

Dagster only drives the steps. Every rule they rely on is applied again where data is written.
"""

# no `from __future__ import annotations`: Dagster reads the annotations of asset functions

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from dagster import (
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetIn,
    AssetKey,
    AssetObservation,
    AssetsDefinition,
    Failure,
    FreshnessPolicy,
    MaterializeResult,
    MetadataValue,
    TableColumnDep,
    TableColumnLineage,
    asset,
    multi_asset_check,
)

from anonymization.outcomes import Publication
from anonymization.registered import WORKFLOWS, UnregisteredWorkflow
from anonymization.workflow import Workflow
from catalog.declared import REGISTRY
from dagster_project.asset_labels import class_tag, column_schema, kinds
from dagster_project.candidate_pictures import candidate_pictures
from dagster_project.check_descriptions import CHECK_DESCRIPTIONS
from dagster_project.crossings import Crossing, candidate_key, source_keys
from dagster_project.errors_without_values import RETRIES, errors_without_values
from dagster_project.figures import candidate_figures, publication_figures
from dagster_project.requester import proven_requester
from dagster_project.resources import PlatformResource
from lineage.promotions import PromotionState

__all__ = ["PromotionAssets", "promotion_assets"]

PROMOTION_IDS = "promotion_ids"
ANONYMIZER_POOL = "anonymizer"
"""Runs that read many tenants' rows, one at a time."""

_FRESH = FreshnessPolicy.time_window(
    fail_window=timedelta(days=3), warn_window=timedelta(days=1, hours=12)
)
"""Workflows run every night: a night missed is a warning, three are a failure."""


@dataclass(frozen=True, slots=True, eq=False)
class PromotionAssets:
    """What one workflow looks like in Dagster."""

    workflow: Workflow
    candidate: AssetsDefinition
    checks: AssetChecksDefinition
    published: AssetsDefinition

    @property
    def crossing(self) -> Crossing:
        """The ops by which the class-flow guard knows this workflow."""
        return Crossing(
            workflow=self.workflow,
            candidate=self.candidate.node_def,
            checks=self.checks.node_def,
            published=self.published.node_def,
        )

    @property
    def keys(self) -> tuple[AssetKey, AssetKey]:
        """The keys of the candidate and of the released dataset."""
        return (self.candidate.key, self.published.key)


def promotion_assets(workflow: Workflow) -> PromotionAssets:
    """The assets of one workflow in force; any other is refused."""
    if not any(workflow is known for known in WORKFLOWS):
        message = (
            f"workflow {workflow.name}: this object is not in anonymization.registered.WORKFLOWS; "
            "register it there before building its assets"
        )
        raise UnregisteredWorkflow(message)
    return PromotionAssets(
        workflow=workflow,
        candidate=_candidate_asset(workflow),
        checks=_candidate_checks(workflow),
        published=_published_asset(workflow),
    )


def _candidate_asset(workflow: Workflow) -> AssetsDefinition:
    target = workflow.target_dataset

    @asset(
        key=AssetKey(candidate_key(workflow)),
        deps=[AssetKey(key) for key in sorted(source_keys(workflow))],
        description=(
            f"{workflow.description} These cells wait for checks and approval; they keep the "
            "class of their source and nobody can read them yet."
        ),
        group_name=str(workflow.from_class),
        owners=[target.owner],
        tags=class_tag(workflow.from_class),
        kinds=kinds(target),
        io_manager_key=PROMOTION_IDS,
        pool=ANONYMIZER_POOL,
        retry_policy=RETRIES,
        freshness_policy=_FRESH,
        metadata={
            "dagster/column_schema": column_schema(
                target,
                labelled=workflow.from_class,
                without=["promotion_id"],
                made_of=workflow.column_lineage,
            ),
            "dagster/column_lineage": _lineage_to_sources(workflow),
        },
    )
    def candidate(
        context: AssetExecutionContext, platform: PlatformResource
    ) -> MaterializeResult[UUID]:
        # imported here: it loads the database libraries, which a code location does not need
        from anonymization import promote  # noqa: PLC0415

        with errors_without_values():
            filed = promote.prepare_candidate(
                platform.opened,
                workflow,
                now=platform.release_time(),
                requested_by=proven_requester(
                    platform.opened.keyring.control_key, context.run.tags, context.run.run_id
                ),
            )
            pictures = candidate_pictures(platform.opened, workflow, filed.promotion_id)
        return MaterializeResult(
            value=filed.promotion_id, metadata={**candidate_figures(filed), **pictures}
        )

    return candidate


def _candidate_checks(workflow: Workflow) -> AssetChecksDefinition:
    key = AssetKey(candidate_key(workflow))

    @multi_asset_check(
        name=f"{workflow.name}_checks",
        description=f"Looks at the candidate of {workflow.name} before anything is released.",
        specs=[
            AssetCheckSpec(
                str(name), asset=key, description=CHECK_DESCRIPTIONS[name], blocking=True
            )
            for name in workflow.required_checks
        ],
        ins={"promotion_id": AssetIn(key=key)},
    )
    def checks(platform: PlatformResource, promotion_id: UUID) -> Iterable[AssetCheckResult]:
        from anonymization import promote  # noqa: PLC0415 - as above

        with errors_without_values():
            results = promote.check_candidate(platform.opened, workflow, promotion_id)
        # a check without a result would let the release go on
        missing = set(workflow.required_checks) - {result.name for result in results}
        if missing:
            told = f"no result for {', '.join(sorted(missing))}: every required check must report"
            raise Failure(told, allow_retries=False)
        for result in results:
            yield AssetCheckResult(
                passed=result.passed,
                asset_key=key,
                check_name=str(result.name),
                metadata={name: _shown(seen) for name, seen in result.observed.items()},
            )

    return checks


def _published_asset(workflow: Workflow) -> AssetsDefinition:
    target = workflow.target_dataset
    key = AssetKey(target.asset_key)

    @asset(
        key=key,
        ins={"promotion_id": AssetIn(key=AssetKey(candidate_key(workflow)))},
        description=(
            f"{target.description} Released by workflow {workflow.name}, once its checks have "
            "passed and a steward has approved it."
        ),
        group_name=str(target.data_class),
        owners=[target.owner],
        tags=class_tag(target.data_class),
        kinds=kinds(target),
        output_required=False,
        retry_policy=RETRIES,
        freshness_policy=_FRESH,
        metadata={
            "dagster/column_schema": column_schema(target, made_of=workflow.column_lineage),
            "dagster/column_lineage": _lineage_to_candidate(workflow),
        },
    )
    def published(
        context: AssetExecutionContext, platform: PlatformResource, promotion_id: UUID
    ) -> Iterator[Any]:  # Dagster's own union of what an asset may yield is not exported
        from anonymization import promote  # noqa: PLC0415 - as above

        with errors_without_values():
            publication = promote.publish_candidate(platform.opened, workflow, promotion_id)
        figures = publication_figures(publication, workflow.policy.k_tenants)
        match publication.state:
            case PromotionState.PUBLISHED:
                yield MaterializeResult(metadata=figures)
            case PromotionState.AWAITING_REVIEW:
                told = _awaiting(workflow, publication)
                context.log.warning(told)
                context.log_event(
                    AssetObservation(asset_key=key, description=told, metadata=figures)
                )
            case _:
                ended = (
                    f"nothing was released: the promotion is {publication.state}; "
                    f"{publication.reason}"
                )
                raise Failure(ended, metadata=figures, allow_retries=False)

    return published


def _awaiting(workflow: Workflow, publication: Publication) -> str:
    asked = f"a steward decides with `classline review approve {workflow.name} --reason ...`"
    return f"nothing was released yet: {publication.reason or asked}"


def _shown(seen: float | str) -> MetadataValue:
    if isinstance(seen, int):
        return MetadataValue.int(seen)
    return MetadataValue.float(seen) if isinstance(seen, float) else MetadataValue.text(str(seen))


def _lineage_to_sources(workflow: Workflow) -> TableColumnLineage:
    return TableColumnLineage(
        {
            column: [_column_of(name) for name in made_of]
            for column, made_of in workflow.column_lineage.items()
        }
    )


def _lineage_to_candidate(workflow: Workflow) -> TableColumnLineage:
    key = AssetKey(candidate_key(workflow))
    return TableColumnLineage(
        {
            column: [TableColumnDep(asset_key=key, column_name=column)]
            for column in workflow.column_lineage
        }
    )


def _column_of(qualified_name: str) -> TableColumnDep:
    dataset, _, column = qualified_name.rpartition(".")
    return TableColumnDep(asset_key=AssetKey(REGISTRY.get(dataset).asset_key), column_name=column)
