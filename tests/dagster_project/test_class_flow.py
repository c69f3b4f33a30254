"""Every way we know past the class-flow guard is refused, and the refusal says why."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

import pytest
from dagster import (
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSpec,
    AssetDep,
    AssetIn,
    AssetKey,
    AssetOut,
    AssetsDefinition,
    AssetSelection,
    AssetSpec,
    DataVersion,
    Definitions,
    In,
    Nothing,
    Out,
    RunRequest,
    ScheduleDefinition,
    SourceAsset,
    asset,
    asset_check,
    define_asset_job,
    graph_asset,
    graph_multi_asset,
    job,
    map_asset_specs,
    multi_asset,
    multi_asset_check,
    observable_source_asset,
    op,
    sensor,
)

from anonymization.registered import WORKFLOWS
from catalog.data_classes import DataClass, FlowRule
from catalog.floors import DisclosurePolicy
from dagster_project import class_flow
from dagster_project.class_flow import ClassFlowRefused, guarded, violations
from dagster_project.definitions import PROMOTIONS, defs
from dagster_project.promotion_assets import PromotionAssets, promotion_assets

CROSSINGS = [promotion.crossing for promotion in PROMOTIONS]
ROLLUP = PROMOTIONS[0]
ROLLUP_KEY = ROLLUP.published.key
CANDIDATE_KEY = ROLLUP.candidate.key
UNCOVERED = "no registered anonymization workflow covers this edge"
ACCOUNTS = AssetKey(["tenant_private", "crm_accounts"])


def labelled(data_class: str) -> dict[str, str]:
    return {"data_class": data_class}


def a_store(data_class: str, name: str, **more: Any) -> AssetSpec:
    return AssetSpec([data_class, name], tags=labelled(data_class), **more)


def an_asset(data_class: str, name: str, **more: Any) -> AssetsDefinition:
    @asset(key=[data_class, name], tags=labelled(data_class), **more)
    def body() -> None: ...

    return body


STORES = [
    a_store("tenant_private", "crm_accounts"),
    a_store("tenant_private", "crm_opportunities"),
    a_store("tenant_private", "calls"),
    a_store("fund_private", "op_partner_briefs"),
    a_store("anonymized_benchmark", "anonymized_tactics"),
    a_store("ascend_platform_metric", "error_ledger"),
]
ACCOUNTS_TO_REPORT = (
    "tenant_private/crm_accounts [tenant_private] -> fund_private/report [fund_private]: "
    + UNCOVERED
)


def found(*assets: Any, **more: Any) -> tuple[str, ...]:
    """The violations of these assets beside the stores."""
    return violations(Definitions(assets=[*STORES, *assets], **more), CROSSINGS)


def rollup_of(**replaced: Any) -> tuple[str, ...]:
    """The violations of the true rollup with one of its three parts replaced."""
    parts = {part: getattr(ROLLUP, part) for part in ("candidate", "checks", "published")}
    parts |= replaced
    return found(parts["candidate"], parts["published"], asset_checks=[parts["checks"]])


class TestWhatIsLegal:
    def test_the_project_has_no_violation(self) -> None:
        """The guard must not stand in the way of what the policy allows."""
        assert violations(defs, CROSSINGS) == ()

    def test_the_true_rollup_has_no_violation(self) -> None:
        """The attacks below change one thing each; without a change nothing is refused."""
        assert rollup_of() == ()

    @pytest.mark.parametrize("data_class", list(DataClass))
    def test_an_edge_within_one_class_is_fine(self, data_class: DataClass) -> None:
        """Same class: whose rows they are is the database's boundary to hold."""
        upstream = a_store(data_class, "upstream")
        assert found(upstream, an_asset(data_class, "downstream", deps=[upstream.key])) == ()

    @pytest.mark.parametrize("data_class", list(DataClass))
    def test_what_is_anonymized_flows_everywhere(self, data_class: DataClass) -> None:
        """The table of legal edges lets benchmarks into every class."""
        key = AssetKey(["anonymized_benchmark", "anonymized_tactics"])
        assert found(an_asset(data_class, "reader", deps=[key])) == ()

    def test_a_check_within_its_class_is_fine(self) -> None:
        """Checks may compare assets of one class."""

        @asset_check(asset=ACCOUNTS, additional_deps=[["tenant_private", "calls"]])
        def plausible() -> AssetCheckResult: ...

        assert found(asset_checks=[plausible]) == ()

    def test_asset_jobs_schedules_and_sensors_are_fine(self) -> None:
        """What runs assets runs nothing that the asset graph does not show."""
        nightly_job = define_asset_job("nightly_job", selection=AssetSelection.all())

        @sensor(job=nightly_job)
        def watcher() -> Iterator[RunRequest]: ...

        assert (
            found(
                an_asset("tenant_private", "copy", deps=[ACCOUNTS]),
                jobs=[nightly_job],
                schedules=[ScheduleDefinition("nightly", "0 3 * * *", target=nightly_job)],
                sensors=[watcher],
            )
            == ()
        )

    def test_a_faithful_copy_of_a_workflow_asset_is_fine(self) -> None:
        """Dagster copies assets when it adds resources or metadata; the op stays the same."""
        copy = ROLLUP.published.with_attributes(metadata_by_key={ROLLUP_KEY: {"seen": True}})
        assert copy is not ROLLUP.published
        assert rollup_of(published=copy.with_resources({})) == ()

    def test_an_allowed_op_job_is_let_through_by_identity(self) -> None:
        """The one exception names the job object, so no other job of that name can use it."""
        allowed, impostor = a_leaking_job(), a_leaking_job()
        assert violations(Definitions(jobs=[allowed]), (), allowed_jobs=[allowed]) == ()
        assert violations(Definitions(jobs=[impostor]), (), allowed_jobs=[allowed]) != ()


class TestEdges:
    @pytest.mark.parametrize(
        "reading",
        [
            {"deps": [ACCOUNTS]},
            {"deps": [AssetDep(ACCOUNTS)]},
            {"deps": [STORES[0]]},
        ],
    )
    def test_a_plain_edge_is_refused(self, reading: dict[str, Any]) -> None:
        """A dependency without an argument is an edge like any other."""
        assert found(an_asset("fund_private", "report", **reading)) == (ACCOUNTS_TO_REPORT,)

    def test_an_input_is_refused(self) -> None:
        """What an IO manager loads is read, whatever the argument is called."""

        @asset(
            key=["fund_private", "report"],
            tags=labelled("fund_private"),
            ins={"harmless": AssetIn(key=ACCOUNTS)},
        )
        def report(harmless: object) -> None: ...

        assert found(report) == (ACCOUNTS_TO_REPORT,)

    def test_an_input_that_the_specification_leaves_out_is_refused(self) -> None:
        """An asset that is built by hand can load what its own specification does not name."""

        @op(ins={"harmless": In()}, out=Out())
        def read(harmless: object) -> object: ...

        hidden = AssetsDefinition(
            node_def=read,
            keys_by_input_name={"harmless": ACCOUNTS},
            keys_by_output_name={"result": AssetKey(["fund_private", "report"])},
            specs=[a_store("fund_private", "report")],
        )
        assert tuple(hidden.dependency_keys) == ()
        assert found(hidden) == (ACCOUNTS_TO_REPORT,)

    def test_an_asset_key_hidden_in_an_op_is_refused(self) -> None:
        """An op's input may carry an asset key that wins over the one mapped to it."""

        @op(ins={"harmless": In(asset_key=ACCOUNTS)}, out=Out())
        def read(harmless: object) -> object: ...

        hidden = AssetsDefinition(
            node_def=read,
            keys_by_input_name={"harmless": AssetKey(["fund_private", "op_partner_briefs"])},
            keys_by_output_name={"result": AssetKey(["fund_private", "report"])},
            specs=[a_store("fund_private", "report")],
        )
        assert found(hidden) == (ACCOUNTS_TO_REPORT,)

    def test_an_input_manager_inside_a_graph_is_refused(self) -> None:
        """An input manager loads what it likes; no asset key says what."""

        @op(ins={"rows": In(input_manager_key="tenant_rows")})
        def read(rows: object) -> object: ...

        @graph_asset(key=["fund_private", "report"], tags=labelled("fund_private"))
        def report() -> Any:
            return read()

        assert found(report) == (
            "op read: input rows is loaded from outside the asset graph; name the asset it reads "
            "with AssetIn",
        )

    def test_a_computed_asset_key_is_refused(self) -> None:
        """A key that a function computes at run time cannot be judged at load."""

        @op(ins={"rows": In(asset_key=lambda _: ACCOUNTS)})
        def read(rows: object) -> object: ...

        @graph_asset(
            key=["fund_private", "report"],
            tags=labelled("fund_private"),
            ins={"rows": AssetIn(key=AssetKey(["fund_private", "op_partner_briefs"]))},
        )
        def report(rows: object) -> Any:
            return read(rows)

        assert "input rows is loaded from outside the asset graph" in "".join(found(report))

    def test_a_graph_asset_is_refused(self) -> None:
        """A graph's input is an edge into the asset it makes."""

        @op
        def read(rows: object) -> object: ...

        @graph_asset(
            key=["fund_private", "report"],
            tags=labelled("fund_private"),
            ins={"rows": AssetIn(key=ACCOUNTS)},
        )
        def report(rows: object) -> Any:
            return read(rows)

        assert found(report) == (ACCOUNTS_TO_REPORT,)

    def test_an_external_asset_as_target_is_refused(self) -> None:
        """An external asset has no op, so no workflow can stand behind its edges."""
        external = a_store("fund_private", "report", deps=[ACCOUNTS])
        assert found(external) == (ACCOUNTS_TO_REPORT,)

    def test_an_external_asset_under_a_workflows_key_is_refused(self) -> None:
        """Nor does it become a workflow's asset by standing under its key."""
        external = a_store("fund_private", "portfolio_metric_rollups", deps=[CANDIDATE_KEY])
        refused = rollup_of(published=external)
        assert (
            "tenant_private/fund_portfolio_rollup_candidate [tenant_private] -> "
            f"fund_private/portfolio_metric_rollups [fund_private]: {UNCOVERED}"
        ) in refused

    def test_an_observed_asset_as_target_is_refused(self) -> None:
        """Observing is reading, and what was read can be written."""

        @multi_asset(specs=[a_store("fund_private", "report", deps=[ACCOUNTS])])
        def report() -> None: ...

        observed = dataclass_free_copy(report)
        assert found(observed) == (ACCOUNTS_TO_REPORT,)

    @pytest.mark.parametrize(
        ("source", "name", "target"),
        [
            ("fund_private", "op_partner_briefs", "tenant_private"),
            ("fund_private", "op_partner_briefs", "ascend_platform_metric"),
            ("ascend_platform_metric", "error_ledger", "tenant_private"),
            ("ascend_platform_metric", "error_ledger", "fund_private"),
            ("ascend_platform_metric", "error_ledger", "anonymized_benchmark"),
        ],
    )
    def test_a_forbidden_edge_is_refused_by_its_own_rule(
        self, source: str, name: str, target: str
    ) -> None:
        """These edges are refused even to workflows, so the text offers none."""
        assert found(an_asset(target, "report", deps=[[source, name]])) == (
            f"{source}/{name} [{source}] -> {target}/report [{target}]: no data of {source} may "
            f"ever flow into {target}; remove this edge",
        )

    def test_a_dependency_that_is_declared_nowhere_is_refused(self) -> None:
        """Dagster would invent an asset without a class, or match one by its last name alone."""

        @asset(key=["fund_private", "report"], tags=labelled("fund_private"))
        def report(crm_accounts: object) -> None: ...

        assert found(report) == (
            "crm_accounts [tenant_private] -> fund_private/report [fund_private]: crm_accounts is "
            "declared nowhere; declare it, by its full key",
            f"crm_accounts [tenant_private] -> fund_private/report [fund_private]: {UNCOVERED}",
        )


class TestMultiAssets:
    def test_two_classes_from_one_op_are_refused(self) -> None:
        """One op holds both in memory, even where no edge is drawn between them."""

        @multi_asset(specs=[a_store("tenant_private", "x"), a_store("fund_private", "y")])
        def both() -> None: ...

        assert found(both) == (
            "fund_private/y [fund_private] and tenant_private/x [tenant_private]: one op writes "
            "two classes; split it",
        )

    def test_an_inner_dependency_is_an_edge(self) -> None:
        """Dependencies between the outputs of one op count as well."""
        first = a_store("tenant_private", "x")

        @multi_asset(specs=[first, a_store("fund_private", "y", deps=[first])])
        def both() -> None: ...

        assert (
            f"tenant_private/x [tenant_private] -> fund_private/y [fund_private]: {UNCOVERED}"
        ) in found(both)

    def test_outputs_that_share_an_input_are_refused(self) -> None:
        """A multi-asset's input reaches every one of its outputs unless its specs say otherwise."""

        @multi_asset(
            outs={
                "x": AssetOut(key=["fund_private", "x"], tags=labelled("fund_private")),
                "y": AssetOut(key=["fund_private", "y"], tags=labelled("fund_private")),
            },
            ins={"rows": AssetIn(key=ACCOUNTS)},
        )
        def both(rows: object) -> None: ...

        assert len([line for line in found(both) if line.endswith(UNCOVERED)]) == 2

    def test_a_graph_of_two_classes_is_refused(self) -> None:
        """A graph is one definition, however many ops it has."""

        @op
        def one() -> object: ...

        @op
        def two() -> object: ...

        @graph_multi_asset(
            outs={
                "x": AssetOut(key=["tenant_private", "x"], tags=labelled("tenant_private")),
                "y": AssetOut(key=["fund_private", "y"], tags=labelled("fund_private")),
            }
        )
        def both() -> Any:
            return {"x": one(), "y": two()}

        assert "one op writes two classes" in "".join(found(both))


class TestChecks:
    def test_a_check_that_depends_on_another_class_is_refused(self) -> None:
        """A check runs code over what it reads, and its metadata is shown to everyone."""

        @asset_check(
            asset=["fund_private", "op_partner_briefs"], additional_deps=[ACCOUNTS]
        )
        def compared() -> AssetCheckResult: ...

        assert found(asset_checks=[compared]) == (
            "check compared of fund_private/op_partner_briefs [fund_private]: it reads "
            "tenant_private/crm_accounts [tenant_private]; a check may read its asset's class only",
        )

    def test_a_check_that_takes_another_class_is_refused(self) -> None:
        """An additional input is read like an additional dependency."""

        @asset_check(
            asset=["fund_private", "op_partner_briefs"],
            additional_ins={"rows": AssetIn(key=ACCOUNTS)},
        )
        def compared(rows: object) -> AssetCheckResult: ...

        assert "it reads tenant_private/crm_accounts" in "".join(found(asset_checks=[compared]))

    def test_a_check_may_not_even_read_what_flows_freely(self) -> None:
        """No flow is needed to check, so the stricter rule costs nothing."""

        @asset_check(asset=ACCOUNTS, additional_deps=[["anonymized_benchmark", "anonymized_tactics"]])
        def compared() -> AssetCheckResult: ...

        assert "it reads anonymized_benchmark/anonymized_tactics" in "".join(
            found(asset_checks=[compared])
        )

    def test_one_op_that_checks_two_classes_is_refused(self) -> None:
        """It reads both."""

        @multi_asset_check(
            specs=[
                AssetCheckSpec("a", asset=ACCOUNTS),
                AssetCheckSpec("b", asset=["fund_private", "op_partner_briefs"]),
            ]
        )
        def both() -> Any: ...

        assert len(found(asset_checks=[both])) == 2

    def test_a_check_that_travels_with_an_asset_is_judged_too(self) -> None:
        """A check may be declared by the asset it checks, or hidden among the assets."""
        spec = AssetCheckSpec(
            "compared", asset=["fund_private", "report"], additional_deps=[ACCOUNTS]
        )
        travelling = an_asset("fund_private", "report", check_specs=[spec])

        @asset_check(asset=["fund_private", "op_partner_briefs"], additional_deps=[ACCOUNTS])
        def hidden() -> AssetCheckResult: ...

        refused = found(travelling, hidden)
        assert len([line for line in refused if "it reads tenant_private/crm_accounts" in line]) == 2

    def test_a_check_on_an_unknown_asset_is_refused(self) -> None:
        """An asset that nobody declares has no class to compare with."""

        @asset_check(asset=["fund_private", "nowhere"])
        def lonely() -> AssetCheckResult: ...

        assert "the asset it checks is declared nowhere" in "".join(found(asset_checks=[lonely]))


class TestLabels:
    def test_an_untagged_asset_is_refused(self) -> None:
        """Unlabelled means tenant_private, and is never what was meant."""
        assert found(AssetSpec(["fund_private", "report"])) == (
            "fund_private/report [unlabelled]: without tag data_class it counts as "
            "tenant_private; set the tag",
        )

    @pytest.mark.parametrize("data_class", ["public", "TENANT_PRIVATE", "tenant_private "])
    def test_an_unknown_class_is_refused(self, data_class: str) -> None:
        """The policy knows four classes, by exact name."""
        spec = AssetSpec(["fund_private", "report"]).replace_attributes(
            tags={"data_class": data_class.strip() + "." * data_class.endswith(" ")}
        )
        assert "there is no such class" in "".join(found(spec))

    def test_a_tag_that_disagrees_with_the_key_is_refused(self) -> None:
        """The class must be visible wherever a key is."""
        spec = AssetSpec(["anonymized_benchmark", "report"], tags=labelled("fund_private"))
        assert found(spec) == (
            "anonymized_benchmark/report [fund_private]: tag data_class and the first part of "
            "the key disagree",
        )

    def test_a_class_that_disagrees_with_the_registry_is_refused(self) -> None:
        """Key and tag can agree on a lie; the registry knows."""
        spec = a_store("anonymized_benchmark", "emails")
        assert found(spec) == (
            "anonymized_benchmark/emails [anonymized_benchmark]: the registry declares "
            "tenant_private.emails as tenant_private; a class is loosened only by a decision record",
        )

    def test_edges_follow_the_registry_not_the_lie(self) -> None:
        """A store that is relabelled as free does not flow freely."""
        lie = a_store("anonymized_benchmark", "emails")
        assert (
            "anonymized_benchmark/emails [tenant_private] -> fund_private/report [fund_private]: "
            + UNCOVERED
        ) in found(lie, an_asset("fund_private", "report", deps=[lie.key]))

    @pytest.mark.parametrize(
        "key",
        [
            ["report"],
            ["fund_private/report"],
            ["eu", "fund_private", "report"],
            ["fund_private", "eu", "report"],
        ],
    )
    def test_a_key_that_is_not_two_parts_is_refused(self, key: list[str]) -> None:
        """A prefix before or inside the key would hide the class from whoever reads it."""
        spec = AssetSpec(key, tags=labelled("fund_private"))
        assert "an asset key has two parts" in "".join(found(spec))

    @pytest.mark.parametrize("name", ["tenant_private/emails", "Emails", "e mails", "emails\u200b"])
    def test_a_name_that_imitates_another_is_refused(self, name: str) -> None:
        """A look-alike would slip past the registry, which compares names."""
        spec = AssetSpec(["anonymized_benchmark", name], tags=labelled("anonymized_benchmark"))
        assert "both parts of an asset key are names" in "".join(found(spec))

    def test_a_source_asset_needs_its_label_too(self) -> None:
        """Deprecated ways to declare an asset are judged like the others."""
        with pytest.warns(DeprecationWarning):
            source = SourceAsset(["fund_private", "report"])
        assert "without tag data_class" in "".join(found(source))

    def test_an_observable_source_needs_its_label_too(self) -> None:
        """It has an op of its own."""

        @observable_source_asset(key=["fund_private", "report"])
        def report() -> DataVersion: ...

        assert "without tag data_class" in "".join(found(report))


class TestImpostors:
    def test_a_forged_tag_is_worth_nothing(self) -> None:
        """Tags, names and metadata are the caller's to write."""
        forged = an_asset(
            "fund_private",
            "report",
            deps=[ACCOUNTS],
            metadata={"workflow": ROLLUP.workflow.name},
            op_tags={"workflow": ROLLUP.workflow.name},
            name_of_op=None,
        ) if False else a_forged_asset()
        assert found(forged) == (ACCOUNTS_TO_REPORT,)
