"""Key, tag and registry name one class, or the asset is refused."""

from __future__ import annotations

import pytest
from dagster import AssetSpec, DataVersion, SourceAsset, observable_source_asset

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
    spec = AssetSpec(["anonymized_benchmark", "report"], tags=labelled("fund_private"))
    assert found(spec) == (
        (
            "anonymized_benchmark/report [fund_private]: tag data_class and the first part of "
            "the key disagree"
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
