"""The class-flow guard: refuses definitions in which data could change its class unseen.

It judges what Dagster can know at load: declared assets, inputs, checks and jobs. What the body
of an asset does is held by the database's own boundary, and by `publish`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from dagster import Definitions

from anonymization.registered import WORKFLOWS
from anonymization.workflow import Workflow
from catalog.data_classes import DataClass, FlowRule, flow_rule
from catalog.declared import REGISTRY
from catalog.registry import Dataset
from dagster_project.crossings import Crossing, candidate_key, source_keys
from dagster_project.flow_facts import (
    CLASS_TAG,
    AssetFact,
    CheckFact,
    FlowFacts,
    Key,
    flow_facts,
    written,
)

__all__ = ["ClassFlowRefused", "guarded", "violations"]

_KEY_PARTS = 2
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_IN_WORKFLOW = {FlowRule.WORKFLOW, FlowRule.WORKFLOW_COUNTING_FUNDS}
_BY_SHORT_NAME: Mapping[str, Dataset] = {dataset.name: dataset for dataset in REGISTRY}


class ClassFlowRefused(ValueError):
    """The definitions break the class-flow rules; the message lists every violation."""

    def __init__(self, found: Sequence[str]) -> None:
        self.violations = tuple(found)
        lines = "\n  ".join(self.violations)
        super().__init__(
            f"the class-flow guard refused {len(found)} of the definitions:\n  {lines}"
        )


def guarded(
    definitions: Definitions,
    crossings: Sequence[Crossing],
    *,
    allowed_jobs: Sequence[object] = (),
) -> Definitions:
    """The same definitions, or a refusal that lists every violation at once.

    What is returned holds the very entries that were judged, so nothing can slip in between.
    """
    judged = Definitions(
        assets=tuple(definitions.assets or ()),
        asset_checks=tuple(definitions.asset_checks or ()),
        jobs=tuple(definitions.jobs or ()),
        schedules=tuple(definitions.schedules or ()),
        sensors=tuple(definitions.sensors or ()),
        resources=definitions.resources,
        executor=definitions.executor,
        loggers=definitions.loggers,
        metadata=definitions.metadata,
        component_tree=definitions.component_tree,
    )
    found = violations(judged, crossings, allowed_jobs=allowed_jobs)
    if found:
        raise ClassFlowRefused(found)
    return judged


def violations(
    definitions: Definitions,
    crossings: Sequence[Crossing],
    *,
    allowed_jobs: Sequence[object] = (),
) -> tuple[str, ...]:
    """Every way in which the definitions break the policy, sorted; empty when they hold."""
    facts = flow_facts(definitions, allowed_jobs)
    in_force = tuple(c for c in crossings if any(c.workflow is known for known in WORKFLOWS))
    judge = _Judge(facts, in_force)
    return tuple(sorted(set(judge.violations())))


class _Judge:
    """The rules over one set of facts."""

    def __init__(self, facts: FlowFacts, crossings: tuple[Crossing, ...]) -> None:
        self._facts = facts
        self._crossings = crossings
        self._declared: dict[Key, list[AssetFact]] = {}
        for asset in facts.assets:
            self._declared.setdefault(asset.key, []).append(asset)

    def violations(self) -> Iterator[str]:
        yield from self._facts.outside
        for asset in self._facts.assets:
            yield from _label_violations(asset)
            if not self._is_candidate(asset):
                yield from _unregistered(asset)
            yield from self._edge_violations(asset)
            yield from self._joint_violations(asset)
        for check in self._facts.checks:
            yield from self._check_violations(check)
        for key, declared in self._declared.items():
            if len(declared) > 1:
                times = len(declared)
                yield f"{written(key)}: declared {times} times; an asset has one declaration"
        for workflow in WORKFLOWS:
            yield from self._workflow_violations(workflow)

    def _is_candidate(self, asset: AssetFact) -> bool:
        """Whether a registered workflow built it as its candidate, which is no store."""
        return any(
            asset.producer is crossing.candidate
            and asset.key == candidate_key(crossing.workflow)
            and asset.tag == crossing.workflow.from_class
            for crossing in self._crossings
        )

    def _class_of(self, key: Key) -> DataClass:
        """The registry's class, else the tag's, else the key's; else unlabelled, so tenant's."""
        registered = _BY_SHORT_NAME.get(key[-1])
        if registered is not None:
            return registered.data_class
        tags = [asset.tag for asset in self._declared.get(key, ())]
        claimed = [DataClass(name) for name in (*tags, key[0]) if name in set(DataClass)]
        return claimed[0] if claimed else DataClass.TENANT_PRIVATE

    def _shown(self, key: Key) -> str:
        return f"{written(key)} [{self._class_of(key)}]"

    def _edge_violations(self, asset: AssetFact) -> Iterator[str]:
        target = self._class_of(asset.key)
        for read in sorted(asset.reads):
            edge = f"{self._shown(read)} -> {self._shown(asset.key)}"
            if read not in self._declared:
                yield f"{edge}: {written(read)} is declared nowhere; declare it, by its full key"
            source = self._class_of(read)
            rule = flow_rule(source, target)
            if source is target or rule is FlowRule.FREE:
                continue
            if rule not in _IN_WORKFLOW:
                yield f"{edge}: no data of {source} may ever flow into {target}; remove this edge"
            elif not self._covered(read, asset, rule):
                yield f"{edge}: no registered anonymization workflow covers this edge"

    def _covered(self, read: Key, asset: AssetFact, rule: FlowRule) -> bool:
        """Whether this edge is the one crossing that a registered workflow was built into."""
        crossing = next((c for c in self._crossings if c.published is asset.producer), None)
        if crossing is None:
            return False
        workflow, sources = crossing.workflow, self._declared.get(read, [])
        return (
            asset.key == workflow.target_dataset.asset_key
            and read == candidate_key(workflow)
            and all(source.producer is crossing.candidate for source in sources)
            and self._class_of(read) is workflow.from_class
            and self._class_of(asset.key) is workflow.to_class
            and (rule is FlowRule.WORKFLOW or workflow.policy.k_funds > 0)
        )

    def _joint_violations(self, asset: AssetFact) -> Iterator[str]:
        for other in sorted(asset.written_with):
            if asset.key < other and self._class_of(other) is not self._class_of(asset.key):
                yield (
                    f"{self._shown(asset.key)} and {self._shown(other)}: one op writes two "
                    "classes; split it"
                )

    def _check_violations(self, check: CheckFact) -> Iterator[str]:
        name = f"check {check.name} of {self._shown(check.asset)}"
        if check.asset not in self._declared:
            yield f"{name}: the asset it checks is declared nowhere"
        for read in sorted(check.reads):
            if self._class_of(read) is not self._class_of(check.asset):
                yield (
                    f"{name}: it reads {self._shown(read)}; a check may read its asset's class only"
                )

    def _workflow_violations(self, workflow: Workflow) -> Iterator[str]:
        """Impostors of a workflow's two assets, and unfaithful copies of the true ones."""
        crossing = next((c for c in self._crossings if c.workflow is workflow), None)
        candidate, published = candidate_key(workflow), workflow.target_dataset.asset_key
        for asset in self._facts.assets:
            if crossing and asset.producer is crossing.candidate:
                yield from self._unfaithful(workflow, asset, candidate, source_keys(workflow))
            elif crossing and asset.producer is crossing.published:
                yield from self._unfaithful(workflow, asset, published, frozenset({candidate}))
            elif asset.key in {candidate, published}:
                yield (
                    f"{written(asset.key)}: only what workflow {workflow.name} builds may stand "
                    "here"
                )
        if crossing and published in self._declared:
            yield from self._unchecked(crossing)

    def _unfaithful(
        self, workflow: Workflow, asset: AssetFact, place: Key, reads: frozenset[Key]
    ) -> Iterator[str]:
        if asset.key != place:
            yield (
                f"{written(asset.key)}: workflow {workflow.name} builds this asset for "
                f"{written(place)}; it may stand nowhere else"
            )
        for read in sorted(asset.reads - reads):
            edge = f"{self._shown(read)} -> {self._shown(asset.key)}"
            yield f"{edge}: workflow {workflow.name} declares no such source"
        for read in sorted(reads - asset.reads):
            edge = f"{self._shown(read)} -> {self._shown(asset.key)}"
            yield f"{edge}: workflow {workflow.name} declares this source, the asset leaves it out"

    def _unchecked(self, crossing: Crossing) -> Iterator[str]:
        """A crossing's required checks that are missing, replaced, or let a failure pass."""
        key = candidate_key(crossing.workflow)
        holding = {
            check.name
            for check in self._facts.checks
            if check.asset == key and check.blocking and check.producer is crossing.checks
        }
        for name in crossing.workflow.required_checks:
            if name not in holding:
                yield (
                    f"{written(key)}: check {name} of workflow {crossing.workflow.name} is "
                    "missing, replaced or does not block"
                )


def _label_violations(asset: AssetFact) -> Iterator[str]:
    """Where key, tag and registry do not name one and the same class."""
    shown = f"{written(asset.key)} [{asset.tag or 'unlabelled'}]"
    if len(asset.key) != _KEY_PARTS:
        yield f"{shown}: an asset key has two parts, [data_class, dataset]"
    elif not all(_NAME.fullmatch(part) for part in asset.key):
        yield f"{shown}: both parts of an asset key are names of a-z, 0-9 and _"
    if asset.tag is None:
        yield f"{shown}: without tag {CLASS_TAG} it counts as tenant_private; set the tag"
    elif asset.tag not in set(DataClass):
        yield f"{shown}: there is no such class; the policy knows {', '.join(DataClass)}"
    elif asset.tag != asset.key[0]:
        yield f"{shown}: tag {CLASS_TAG} and the first part of the key disagree"
    registered = _BY_SHORT_NAME.get(asset.key[-1])
    if registered is not None and asset.tag != registered.data_class:
        yield (
            f"{shown}: the registry declares {registered.qualified_name} as "
            f"{registered.data_class}; a class is loosened only by a decision record"
        )


def _unregistered(asset: AssetFact) -> Iterator[str]:
    """An asset that claims a class although the registry knows no store of its name."""
    unknown = asset.key[-1] not in _BY_SHORT_NAME
    if unknown and asset.tag in set(DataClass) - {DataClass.TENANT_PRIVATE}:
        yield (
            f"{written(asset.key)} [{asset.tag}]: no such dataset is registered, so it counts as "
            "tenant_private; declare it in catalog.datasets"
        )
