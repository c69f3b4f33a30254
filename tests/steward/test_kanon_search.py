"""`classline kanon search` finds the generalization that loses least, or says why there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import SHARED_DATA
from tests.kanon_files import a_file, a_table_of_deals, hierarchies_of_deals
from tests.steward.conftest import Call

METRICS = ("nue", "nue_suppressed", "dm_kept", "dm", "aecs", "loss")
ADULT_QI = "sex,age,race,marital-status,education,native-country,workclass,salary-class"


@pytest.fixture
def adult() -> Path:
    folder = SHARED_DATA / "adult"
    if not folder.is_dir():
        pytest.skip(f"the Adult data is not on this machine ({folder})")
    return folder


@pytest.mark.parametrize("metric", METRICS)
def test_each_metric_has_its_name(kanon: Call, tmp_path: Path, metric: str) -> None:
    """The fields that programs read, for every metric."""
    table = a_table_of_deals(tmp_path / "deals.csv")
    folder = hierarchies_of_deals(tmp_path / "h")
    said = kanon("search", table, "--qi", "age,town", "--tenant", "tenant", "--hierarchies",
                 folder, "--k", 12, "--suppression", 0.04, "--metric", metric,
                 "--json")  # fmt: skip
    assert said.code == 0, said.err
    found = said.json
    assert found["metric"] == metric
    assert found["quasi_identifiers"] == ["age", "town"]
    assert len(found["node"]) == 2
    assert found["suppressed_rows"] <= 16
    assert found["proven_optimal"]
    assert found["checks"] >= 1
    shown = kanon("search", table, "--qi", "age,town", "--tenant", "tenant", "--hierarchies",
                  folder, "--k", 12, "--suppression", 0.04, "--metric", metric)  # fmt: skip
    assert "proven optimal" in shown.out


def test_the_node_follows_the_order_of_the_columns(kanon: Call, tmp_path: Path) -> None:
    """The same search with columns swapped gives the same levels, swapped."""
    table = a_table_of_deals(tmp_path / "deals.csv", rows=150)
    folder = hierarchies_of_deals(tmp_path / "h")
    one, other = (
        kanon("search", table, "--qi", qi, "--hierarchies", folder, "--k", 20, "--json").json
        for qi in ("age,town", "town,age")
    )
    assert one["loss"] == other["loss"]
    assert sorted(one["node"]) == sorted(other["node"])


@pytest.mark.parametrize(
    "models",
    [
        ("--sensitive", "stage", "--entropy-l", "2.5"),
        ("--sensitive", "stage", "--recursive-cl", "4,2"),
        ("--sensitive", "stage", "--t-equal", "0.2"),
        ("--sensitive", "stage", "--t-hierarchical", "0.2"),
        ("--tenant", "tenant", "--fund", "fund", "--k-without-fund", "5", "--k-funds", "3"),
        ("--tenant", "tenant", "--measure", "value", "--dominance", "0.4", "--p-percent", "20"),
    ],
)
def test_any_model_can_be_asked_of_a_search(
    kanon: Call, tmp_path: Path, models: tuple[str, ...]
) -> None:
    """The flags of check and search are the same."""
    table = a_table_of_deals(tmp_path / "deals.csv")
    folder = hierarchies_of_deals(tmp_path / "h")
    said = kanon("search", table, "--qi", "age,town", "--hierarchies", folder, *models, "--json")
    assert said.code == 0, said.err


def test_hierarchies_that_do_not_fit_are_all_told(kanon: Call, tmp_path: Path) -> None:
    """One misses values, one is not there: both are said, and no value is."""
    table = a_table_of_deals(tmp_path / "deals.csv")
    folder = hierarchies_of_deals(tmp_path / "h")
    (folder / "deals_hierarchy_town.csv").write_text("Ulm;South;*\n")
    said = kanon("search", table, "--qi", "town,age,fund", "--hierarchies", folder)
    assert said.code == 1
    assert "misses 3 of the 4 values" in said.err
    assert "there is no file *hierarchy_fund.csv" in said.err
    assert "Bonn" not in said.err


def test_a_partition_tells_all_hierarchies_that_do_not_fit(kanon: Call, tmp_path: Path) -> None:
    """It takes those that are there, and none that is wrong."""
    table = a_table_of_deals(tmp_path / "deals.csv")
    folder = hierarchies_of_deals(tmp_path / "h")
    (folder / "deals_hierarchy_town.csv").write_text("Ulm;South;*\n")
    (folder / "deals_hierarchy_age.csv").write_text("20;young;*\n")
    said = kanon("release", table, "--qi", "town,age,fund", "--hierarchies", folder, "--mode",
                 "partition", "--out", tmp_path / "cells.csv")  # fmt: skip
    assert said.code == 1
    assert said.err.count("misses 3 of the 4 values") == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--suppression", "1.5"], "--suppression is a share"),
        (["--suppression", "nan"], "--suppression is a share"),
        (["--metric", "best"], "Invalid value for '--metric'"),
        (["--seconds", "-1"], "Invalid value for '--seconds'"),
    ],
)
def test_limits_that_mean_nothing_are_bad_usage(
    kanon: Call, tmp_path: Path, arguments: list[str], told: str
) -> None:
    """A share is a share."""
    table = a_table_of_deals(tmp_path / "deals.csv")
    folder = hierarchies_of_deals(tmp_path / "h")
    said = kanon("search", table, "--qi", "town", "--hierarchies", folder, *arguments)
    assert said.code == 2
    assert told in said.err


def test_a_k_above_all_tenants_has_no_answer(kanon: Call, tmp_path: Path) -> None:
    """Nothing may be released, and why is said with the number of tenants."""
    table = a_table_of_deals(tmp_path / "deals.csv", tenants=4)
    folder = hierarchies_of_deals(tmp_path / "h")
    said = kanon("search", table, "--qi", "town", "--tenant", "tenant", "--hierarchies", folder)
    assert said.code == 1
    assert "nothing may be released" in said.err
    assert "4 tenants in all" in said.err


def test_twenty_quasi_identifiers_end_in_time_and_say_so(kanon: Call, tmp_path: Path) -> None:
    """3 ** 20 nodes cannot be laid out: the best found is given, not called optimal."""
    names = [f"q{number}" for number in range(20)]
    rows = [[(row * (place + 3)) % 4 for place in range(20)] for row in range(300)]
    table = a_file(tmp_path / "wide.csv", names, rows, ",")
    for name in names:
        (tmp_path / f"wide_hierarchy_{name}.csv").write_text("0;a;*\n1;a;*\n2;b;*\n3;b;*\n")
    asked = ("search", table, "--qi", ",".join(names), "--hierarchies", tmp_path, "--seconds", 3)
    said = kanon(*asked, "--json")
    assert said.code == 0, said.err
    assert not said.json["proven_optimal"]
    assert len(said.json["node"]) == 20
    assert "best found, not proven optimal" in kanon(*asked).out


def test_adult_has_the_optimum_that_is_known(kanon: Call, adult: Path) -> None:
    """30,162 real rows, nine real hierarchies, every value of a node told."""
    said = kanon("search", adult / "adult.csv", "--qi", ADULT_QI, "--hierarchies", adult, "--k", 5,
                 "--suppression", 0.04, "--metric", "loss", "--json")  # fmt: skip
    assert said.code == 0
    assert said.json["node"] == [0, 3, 0, 1, 1, 1, 1, 0]
    assert said.json["suppressed_rows"] == 1178
    assert said.json["lattice_size"] == 4320


@pytest.mark.parametrize(
    ("models", "node", "suppressed"),
    [
        ((), [0, 0, 1, 1, 2, 2, 2, 0], 889),
        (("--entropy-l", 3), [0, 0, 1, 1, 3, 2, 1, 0], 1039),
        (("--recursive-cl", "4,5"), [1, 0, 1, 0, 3, 2, 2, 0], 1008),
        (("--t-equal", 0.2), [1, 4, 1, 0, 3, 2, 2, 1], 848),
    ],
)
def test_adult_keeps_its_optimum_under_each_model(
    kanon: Call, adult: Path, models: tuple[object, ...], node: list[int], suppressed: int
) -> None:
    """The least non-uniform entropy that is known, of occupation as the sensitive value."""
    sensitive = ("--sensitive", "occupation") if models else ()
    said = kanon("search", adult / "adult.csv", "--qi", ADULT_QI, "--hierarchies", adult, "--k", 5,
                 "--suppression", 0.04, "--metric", "nue", *sensitive, *models,
                 "--json")  # fmt: skip
    assert (said.json["node"], said.json["suppressed_rows"]) == (node, suppressed)
    assert said.json["proven_optimal"]
