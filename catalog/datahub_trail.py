"""Follows lineage in DataHub edge by edge, and marks each change of class with who approved it.

One hop is asked for at a time: a walk of several would name what is reached and not by which edge.
It imports the DataHub SDK, so only `catalog.datahub_connection` imports it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

import datahub.metadata.schema_classes as models
from datahub.ingestion.graph.client import DataHubGraph
from datahub.metadata.urns import SchemaFieldUrn
from datahub.sdk.main_client import DataHubClient
from datahub.sdk.search_filters import FilterDsl as F

from catalog import datahub_names, datahub_search
from catalog.data_classes import DataClass
from catalog.datahub_client import Crossing, PromotionRun, Trail, TrailNode

__all__ = ["follow"]

Direction = Literal["upstream", "downstream"]

_DATASET, _JOB = "DATASET", "DATA_JOB"
_PAGE = 500
_RUN = "urn:li:dataProcessInstance:"
_INSTANCE_OF = "InstanceOf"


def follow(
    client: DataHubClient,
    graph: DataHubGraph,
    dataset_urn: str,
    *,
    direction: Direction,
    most_hops: int,
    columns: bool,
    promotions: bool,
) -> Trail:
    """The tree of datasets that lineage reaches, its columns' trees, and the runs on the way."""
    walk = _Walk(client, graph, direction, most_hops)
    root = walk.datasets(dataset_urn)
    names = datahub_search.column_names(graph, dataset_urn) if columns else ()
    return Trail(
        root=root,
        columns=tuple(
            tree
            for name in names
            if (tree := walk.columns(datahub_names.column_urn(dataset_urn, name))).children
        ),
        promotions=walk.promotions() if promotions else (),
    )


@dataclass(slots=True)
class _Walk:
    """One walk; what it has read of a dataset, a job or a column it does not read again."""

    client: DataHubClient
    graph: DataHubGraph
    direction: Direction
    most_hops: int
    jobs: dict[str, str] = field(default_factory=dict)  # name by URN, of every job on the way
    classes: dict[str, DataClass | None] = field(default_factory=dict)
    hops: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    runs: dict[str, PromotionRun | None] = field(default_factory=dict)
    edges: dict[str, Mapping[str, models.UpstreamClass]] = field(default_factory=dict)

    def datasets(self, urn: str) -> TrailNode:
        """The tree of datasets."""
        edges = self._grow(urn, self._neighbours)

        def node(urn: str, crossings: tuple[Crossing, ...], *, repeated: bool) -> TrailNode:
            below = () if repeated else edges.get(urn, ())
            return TrailNode(
                urn=urn,
                name=datahub_names.dataset_name(urn),
                data_class=self._class_of("dataset", urn),
                crossings=crossings,
                children=_by_name(
                    node(far, self._crossings(urn, far, jobs), repeated=not is_first)
                    for far, jobs, is_first in below
                ),
                repeated=repeated,
            )

        return node(urn, (), repeated=False)

    def columns(self, urn: str) -> TrailNode:
        """The tree of columns."""
        edges = self._grow(urn, self._column_neighbours)

        def node(urn: str, crossings: tuple[Crossing, ...], *, repeated: bool) -> TrailNode:
            dataset, name = datahub_search.column_parts(urn)
            below = () if repeated else edges.get(urn, ())
            return TrailNode(
                urn=urn,
                name=f"{dataset}.{name}",
                data_class=self._class_of("schemaField", urn),
                crossings=crossings,
                children=_by_name(
                    node(far, self._column_crossings(urn, far), repeated=not is_first)
                    for far, _, is_first in below
                ),
                repeated=repeated,
            )

        return node(urn, (), repeated=False)

    def _grow(
        self, root: str, neighbours: Callable[[str], Mapping[str, tuple[str, ...]]]
    ) -> dict[str, list[tuple[str, tuple[str, ...], bool]]]:
        """What one hop reaches, by where from: URN, the jobs between, whether for the first time.

        The nearest occurrence is the first, and only it is followed further.
        """
        edges: dict[str, list[tuple[str, tuple[str, ...], bool]]] = {}
        reached, frontier = {root}, [root]
        for _ in range(self.most_hops):
            beyond = []
            for urn in frontier:
                for far, jobs in neighbours(urn).items():
                    edges.setdefault(urn, []).append((far, jobs, far not in reached))
                    if far not in reached:
                        reached.add(far)
                        beyond.append(far)
            frontier = beyond
        return edges

    def promotions(self) -> tuple[PromotionRun, ...]:
        """Every run of a job on the way, newest first."""
        incoming = DataHubGraph.RelationshipDirection.INCOMING
        runs = [
            related.urn
            for job in self.jobs
            for related in self.graph.get_related_entities(job, [_INSTANCE_OF], incoming)
        ]
        found = []
        for first in range(0, len(runs), _PAGE):
            page = runs[first : first + _PAGE]
            held = self.graph.get_entities(
                "dataProcessInstance", page, ["dataProcessInstanceProperties"]
            )
            found += [
                _run(urn, aspect.customProperties)
                for urn, aspects in held.items()
                for aspect, _ in aspects.values()
                if isinstance(aspect, models.DataProcessInstancePropertiesClass)
            ]
        return tuple(sorted(found, key=_newest_first))

    def _neighbours(self, urn: str) -> dict[str, tuple[str, ...]]:
        """The datasets next to one, each with the jobs between the two."""
        reached: dict[str, list[str]] = {}
        for kind, found, name in self._hop(urn):
            if kind == _DATASET:
                reached.setdefault(found, [])
            elif kind == _JOB:
                self.jobs[found] = name
                for far_kind, far, _ in self._hop(found):
                    if far_kind == _DATASET:
                        reached.setdefault(far, []).append(found)
        return {far: tuple(dict.fromkeys(jobs)) for far, jobs in reached.items() if far != urn}

    def _hop(self, urn: str) -> list[tuple[str, str, str]]:
        """Type, URN and name of the datasets and jobs that one hop reaches."""
        if urn not in self.hops:
            self.hops[urn] = self._asked_hop(urn)
        return self.hops[urn]

    def _asked_hop(self, urn: str) -> list[tuple[str, str, str]]:
        reached = self.client.lineage.get_lineage(
            source_urn=urn,
            direction=self.direction,
            max_hops=1,
            filter=F.entity_type(["dataset", "dataJob"]),
            count=_PAGE,
        )
        return [(found.type, found.urn, found.name or found.urn) for found in reached]

    def _column_neighbours(self, urn: str) -> dict[str, tuple[str, ...]]:
        reached = self.client.lineage.get_lineage(
            source_urn=urn, direction=self.direction, max_hops=1, count=_PAGE
        )
        return {found.urn: () for found in reached if found.urn != urn}

    def _column_crossings(self, near: str, far: str) -> tuple[Crossing, ...]:
        ends = (SchemaFieldUrn.from_string(near).parent, SchemaFieldUrn.from_string(far).parent)
        jobs = self._neighbours(ends[0]).get(ends[1], ())
        return self._crossings(*ends, jobs, columns=(near, far))

    def _crossings(
        self,
        near: str,
        far: str,
        jobs: tuple[str, ...],
        columns: tuple[str, str] | None = None,
    ) -> tuple[Crossing, ...]:
        """How the class changes on an edge between datasets, or columns of them; () if it stays."""
        kind, ends = ("schemaField", columns) if columns else ("dataset", (near, far))
        near_class, far_class = (self._class_of(kind, end) for end in ends)
        if near_class == far_class:
            return ()
        source, target, classes = near, far, (near_class, far_class)
        if self.direction == "upstream":
            source, target, classes = far, near, (far_class, near_class)
        latest = self._upstreams(target).get(source)
        stated = dict(latest.properties or {}) if latest is not None else {}
        run = self._promotion(stated.get("promotion_id"))
        names = [self.jobs[job] for job in jobs] or [stated.get("workflow", "")]
        return tuple(
            Crossing(
                from_class=classes[0],
                to_class=classes[1],
                workflow=name or None,
                run=run if run is not None and run.workflow == name else None,
            )
            for name in sorted(names)
        )

    def _upstreams(self, target: str) -> Mapping[str, models.UpstreamClass]:
        if target not in self.edges:
            lineage = self.graph.get_aspect(target, models.UpstreamLineageClass)
            upstreams = lineage.upstreams if lineage else []
            self.edges[target] = {upstream.dataset: upstream for upstream in upstreams}
        return self.edges[target]

    def _promotion(self, promotion_id: str | None) -> PromotionRun | None:
        if promotion_id is None:
            return None
        urn = _RUN + promotion_id
        if urn not in self.runs:
            aspect = self.graph.get_aspect(urn, models.DataProcessInstancePropertiesClass)
            self.runs[urn] = _run(urn, aspect.customProperties) if aspect else None
        return self.runs[urn]

    def _class_of(self, kind: str, urn: str) -> DataClass | None:
        if urn not in self.classes:
            self.classes[urn] = datahub_search.class_of(self.graph, kind, urn)
        return self.classes[urn]


def _run(urn: str, stated: Mapping[str, str]) -> PromotionRun:
    return PromotionRun(
        run_id=urn.removeprefix(_RUN),
        workflow=stated.get("workflow", ""),
        state=stated.get("state", ""),
        from_class=stated.get("from_class", ""),
        to_class=stated.get("to_class", ""),
        approved_by=stated.get("approved_by"),
        published_at=_moment(stated.get("published_at")),
        cells_kept=stated.get("cells_kept"),
    )


def _by_name(nodes: Iterable[TrailNode]) -> tuple[TrailNode, ...]:
    return tuple(sorted(nodes, key=lambda node: node.name))


def _newest_first(run: PromotionRun) -> tuple[float, str]:
    return (-run.published_at.timestamp() if run.published_at else 0.0, run.run_id)


def _moment(stated: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(stated).astimezone(UTC) if stated else None
    except ValueError:
        return None
