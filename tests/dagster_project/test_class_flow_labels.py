"""Key, tag and registry name one class, or the asset is refused."""

from __future__ import annotations

import pytest
from dagster import (
    AssetSpec,
    DataVersion,
    MaterializeResult,
    SourceAsset,
    multi_asset,
    observable_source_asset,
)

from catalog.data_classes import DataClass
from tests.dagster_project.class_flow_builders import UNCOVERED, a_store, an_asset, found, labelled


def test_an_untagged_asset_is_refused() -> None:
    """Unlabelled means tenant_private, and is never what was meant."""
    assert found(AssetSpec(["fund_private", "report"])) == (
        (
            "fund_private/report [unlabelled]: without tag data_class it counts as "
            "tenant_private; set the tag"
        ),
    )


@pytest.mark.parametrize("data_class", ["public", "TENANT_PRIVATE", "tenant_private "])
def test_an_unknown_class_is_refused(data_class: str) -> None:
    """The policy knows four classes, by exact name."""
    spec = AssetSpec(["fund_private", "report"]).replace_attributes(
        tags={"data_class": data_class.strip() + "." * data_class.endswith(" ")}
    )
    assert "there is no such class" in "".join(found(spec))


def test_a_tag_that_disagrees_with_the_key_is_refused() -> None:
    """The class must be visible wherever a key is."""
    spec = AssetSpec(["anonymized_benchmark", "cross_portco_views"], tags=labelled("fund_private"))
    assert found(spec) == (
        (
            "anonymized_benchmark/cross_portco_views [fund_private]: tag data_class and the first "
            "part of the key disagree"
        ),
    )


def test_a_class_that_disagrees_with_the_registry_is_refused() -> None:
    """Key and tag can agree on a lie; the registry knows."""
    spec = a_store("anonymized_benchmark", "emails")
    assert found(spec) == (
        (
            "anonymized_benchmark/emails [anonymized_benchmark]: the registry declares "
            "tenant_private.emails as tenant_private; a class is loosened only by a decision record"
        ),
    )


def test_edges_follow_the_registry_not_the_lie() -> None:
    """A store that is relabelled as free does not flow freely."""
    lie = a_store("anonymized_benchmark", "emails")
    assert (
        "anonymized_benchmark/emails [tenant_private] -> "
        f"fund_private/cross_portco_views [fund_private]: {UNCOVERED}"
    ) in found(lie, an_asset("fund_private", "cross_portco_views", deps=[lie.key]))


LOOSENED = sorted(set(DataClass) - {DataClass.TENANT_PRIVATE})


@pytest.mark.parametrize("data_class", LOOSENED)
def test_a_loosened_class_that_is_not_registered_is_refused(data_class: DataClass) -> None:
    """Only the registry can say that rows are less than a tenant's own; a tag and a key cannot."""
    unregistered = (
        (
            f"{data_class}/report [{data_class}]: no such dataset is registered, so it counts as "
            "tenant_private; declare it in catalog.datasets"
        ),
    )
    assert found(a_store(data_class, "report")) == unregistered
    assert found(an_asset(data_class, "report")) == unregistered


@pytest.mark.parametrize("data_class", LOOSENED)
def test_a_loosened_class_is_refused_under_every_key(data_class: DataClass) -> None:
    """Where tag and key disagree, the tag still claims what nobody registered."""
    spec = AssetSpec(["tenant_private", "report"], tags=labelled(data_class))
    assert "no such dataset is registered" in "".join(found(spec))


def test_one_op_may_not_make_an_unregistered_dataset_beside_a_registered_one() -> None:
    """The registered dataset does not vouch for what is written with it."""

    @multi_asset(
        specs=[a_store("fund_private", "cross_portco_views"), a_store("fund_private", "report")]
    )
    def both() -> MaterializeResult: ...

    assert found(both) == (
        (
            "fund_private/report [fund_private]: no such dataset is registered, so it counts as "
            "tenant_private; declare it in catalog.datasets"
        ),
    )


def test_an_unregistered_dataset_of_a_tenant_is_fine() -> None:
    """The strictest class loosens nothing, so engineers may add such assets freely."""
    notes = a_store("tenant_private", "notes")
    assert found(notes, an_asset("tenant_private", "notes_by_day", deps=[notes.key])) == ()


@pytest.mark.parametrize(
    "key",
    [
        ["report"],
        ["fund_private/report"],
        ["eu", "fund_private", "report"],
        ["fund_private", "eu", "report"],
    ],
)
def test_a_key_that_is_not_two_parts_is_refused(key: list[str]) -> None:
    """A prefix before or inside the key would hide the class from whoever reads it."""
    spec = AssetSpec(key, tags=labelled("fund_private"))
    assert "an asset key has two parts" in "".join(found(spec))


@pytest.mark.parametrize("name", ["tenant_private/emails", "Emails", "e mails", "emails\u200b"])
def test_a_name_that_imitates_another_is_refused(name: str) -> None:
    """A look-alike would slip past the registry, which compares names."""
    spec = AssetSpec(["anonymized_benchmark", name], tags=labelled("anonymized_benchmark"))
    assert "both parts of an asset key are names" in "".join(found(spec))


def test_a_source_asset_needs_its_label_too() -> None:
    """Deprecated ways to declare an asset are judged like the others."""
    with pytest.warns(DeprecationWarning, match="SourceAsset"):
        source = SourceAsset(["fund_private", "report"])
    assert "without tag data_class" in "".join(found(source))


def test_an_observable_source_needs_its_label_too() -> None:
    """It has an op of its own."""
    with pytest.warns(Warning, match="beta"):

        @observable_source_asset(key=["fund_private", "report"])
        def report() -> DataVersion: ...

    assert "without tag data_class" in "".join(found(report))
