"""Reads finished Dagster definitions into the plain facts that the class-flow guard judges.

A declaration can only widen what is judged: an input counts as a dependency even where the
asset's specification leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dagster import (
    AssetChecksDefinition,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    Definitions,
    GraphDefinition,
    OpDefinition,
    ScheduleDefinition,
    SourceAsset,
)
from dagster._core.definitions.node_definition import NodeDefinition
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

__all__ = ["CLASS_TAG", "AssetFact", "CheckFact", "FlowFacts", "Key", "flow_facts", "written"]

CLASS_TAG = "data_class"
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class AssetFact:
    """One asset: its key, the class its tag claims, what it reads, and the op that writes it."""

    key: Key
    tag: str | None
    reads: frozenset[Key]
    producer: NodeDefinition | None = None
    written_with: frozenset[Key] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class CheckFact:
    """One asset check, and every other asset that its op can read or also checks."""

    name: str
    asset: Key
    reads: frozenset[Key]
    blocking: bool
    producer: NodeDefinition


@dataclass(frozen=True, slots=True)
class FlowFacts:
    """All assets and checks; ``outside`` says in words what escapes the asset graph."""

    assets: tuple[AssetFact, ...]
    checks: tuple[CheckFact, ...]
    outside: tuple[str, ...]


def written(key: Key) -> str:
    """The key as people write it."""
    return "/".join(key)


def flow_facts(definitions: Definitions, allowed_jobs: Iterable[object] = ()) -> FlowFacts:
    """What the definitions declare; jobs of ``allowed_jobs`` are let through by identity."""
    assets: list[AssetFact] = []
    checks: list[CheckFact] = []
    outside = list(_jobs_outside(definitions, tuple(allowed_jobs)))
    for entry in (*(definitions.assets or ()), *(definitions.asset_checks or ())):
        # exact types: a subclass could answer the guard one way and Dagster another
        if type(entry) is AssetSpec:
            assets.append(_external(entry))
        elif type(entry) is SourceAsset:
            assets.append(AssetFact(_key(entry.key), entry.tags.get(CLASS_TAG), frozenset()))
        elif type(entry) is AssetsDefinition or type(entry) is AssetChecksDefinition:
            assets.extend(_assets(entry))
            checks.extend(_checks(entry))
            outside.extend(_inputs_outside(entry))
        else:
            outside.append(
                f"{type(entry).__name__}: what it declares cannot be seen when the definitions "
                "load; declare assets with @asset, @multi_asset or AssetSpec"
            )
    return FlowFacts(tuple(assets), tuple(checks), tuple(outside))


def _key(asset_key: AssetKey) -> Key:
    return tuple(asset_key.path)


def _external(spec: AssetSpec) -> AssetFact:
    reads = frozenset(_key(dep.asset_key) for dep in spec.deps)
    return AssetFact(_key(spec.key), spec.tags.get(CLASS_TAG), reads)


def _node(entry: AssetsDefinition) -> NodeDefinition | None:
    return entry.node_def if entry.is_executable else None


def _assets(entry: AssetsDefinition) -> Iterator[AssetFact]:
    """Every asset of one definition; an input that no specification names counts for all."""
    specs = tuple(entry.specs)
    together = frozenset(_key(spec.key) for spec in specs)
    stated = frozenset(_key(dep.asset_key) for spec in specs for dep in spec.deps)
    unstated = _inputs(entry) - stated - together - _checked(entry)
    for spec in specs:
        reads = frozenset(_key(dep.asset_key) for dep in spec.deps) | unstated
        yield AssetFact(
            _key(spec.key),
            spec.tags.get(CLASS_TAG),
            reads,
            _node(entry),
            together - {_key(spec.key)},
        )


def _checks(entry: AssetsDefinition) -> Iterator[CheckFact]:
    """Every check of one definition; where nothing is written too, its op's inputs count."""
    node = _node(entry)
    specs = tuple(entry.node_check_specs_by_output_name.values())
    if node is None or not specs:
        return
    shared = _checked(entry) | frozenset(_key(spec.key) for spec in entry.specs)
    if not tuple(entry.specs):
        shared |= _inputs(entry)
    for spec in specs:
        reads = shared | {_key(dep.asset_key) for dep in spec.additional_deps}
        asset = _key(spec.asset_key)
        yield CheckFact(spec.name, asset, reads - {asset}, spec.blocking, node)


def _checked(entry: AssetsDefinition) -> frozenset[Key]:
    specs = entry.node_check_specs_by_output_name.values()
    return frozenset(_key(spec.asset_key) for spec in specs)


def _ops(node: NodeDefinition | None) -> Iterator[OpDefinition]:
    if isinstance(node, OpDefinition):
        yield node
    elif isinstance(node, GraphDefinition):
        for inner in node.node_defs:
            yield from _ops(inner)


def _inputs(entry: AssetsDefinition) -> frozenset[Key]:
    """The assets that its ops load: mapped inputs, and keys hard-coded in an op's inputs."""
    hardcoded = (
        input_def.hardcoded_asset_key for op in _ops(_node(entry)) for input_def in op.input_defs
    )
    mapped = entry.node_keys_by_input_name.values()
    return frozenset(_key(key) for key in (*mapped, *hardcoded) if key is not None)


def _inputs_outside(entry: AssetsDefinition) -> Iterator[str]:
    """Inputs whose asset nobody can name before the run."""
    node = _node(entry)
    for op in _ops(node):
        mapped = entry.node_keys_by_input_name if op is node else {}
        for input_def in op.input_defs:
            computed = input_def.is_asset and input_def.hardcoded_asset_key is None
            managed = input_def.input_manager_key is not None and input_def.name not in mapped
            if computed or managed:
                yield (
                    f"op {op.name}: input {input_def.name} is loaded from outside the asset "
                    "graph; name the asset it reads with AssetIn"
                )


def _jobs_outside(definitions: Definitions, allowed: tuple[object, ...]) -> Iterator[str]:
    """Jobs, also those behind schedules and sensors, that run ops outside the asset graph."""
    named: list[tuple[str, object]] = [(f"job {job.name}", job) for job in definitions.jobs or ()]
    for schedule in definitions.schedules or ():
        if not isinstance(schedule, ScheduleDefinition):
            named.append((f"schedule {schedule.name} -> job {schedule.job.name}", schedule.job))
        elif (target := schedule.target).has_job_def:
            named.append((f"schedule {schedule.name} -> job {target.job_name}", target.job_def))
    named.extend(
        (f"sensor {sensor.name} -> job {target.job_name}", target.job_def)
        for sensor in definitions.sensors or ()
        for target in sensor.targets
        if target.has_job_def
    )
    for where, job in named:
        if isinstance(job, UnresolvedAssetJobDefinition) or any(job is one for one in allowed):
            continue
        yield (
            f"{where}: it runs ops outside the asset graph, where no class is declared; "
            "define it with define_asset_job"
        )
