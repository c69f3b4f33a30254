"""A review packet holds what a steward decides by, and nothing of a tenant's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import text

from anonymization import provenance
from anonymization.promote import publish_candidate
from anonymization.text.planted_identifiers import DISGUISES
from anonymization.workflows.fund_portfolio_rollup import FUND_PORTFOLIO_ROLLUP
from anonymization.workflows.pipeline_benchmark import PIPELINE_BENCHMARK
from anonymization.workflows.sdr_draft_to_pattern_bank import SDR_DRAFT_TO_PATTERN_BANK
from catalog.data_classes import DataClass
from lineage.cell_picture import cell_size_picture
from lineage.flow_picture import Flow, Node, flow_picture
from steward import packet as packets
from steward.console import _json_value
from steward.evidence import Attacked, Searched
from steward.packet import build_packet
from steward.packet_words import (
    attacks_in_words,
    found_in_words,
    packet_document,
    packet_sections,
    what_was_counted,
)
from steward.source_diff import source_diff
from tests.desk import Desk, a_desk


def parsed(picture: str) -> ET.Element:
    """The picture as XML."""
    return ET.fromstring(picture)  # noqa: S314 - of our own making


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """An installation in which the benchmark's candidate waits for review."""
    with a_desk(tmp_path_factory.mktemp("packets") / "home") as opened:
        candidate = opened.candidate(PIPELINE_BENCHMARK)
        publish_candidate(opened.platform, PIPELINE_BENCHMARK, candidate.promotion_id)
        yield opened


@pytest.mark.integration
def test_the_packet_says_what_and_shows_the_evidence(waiting: Desk) -> None:
    """Declaration, counts of the database's own, checks, authors, pictures and a sample."""
    packet = build_packet(waiting.platform, PIPELINE_BENCHMARK, waiting.steward)
    assert packet.declared["target"] == "anonymized.anonymized_industry_benchmarks"
    assert packet.requested_by == waiting.engineer.name
    evidence = packet.evidence
    assert evidence is not None
    assert {check["check_name"] for check in evidence.checks} == {
        "red_team_cells", *PIPELINE_BENCHMARK.required_checks,
    }  # fmt: skip
    assert sum(evidence.cells["tenants"].values()) == evidence.promotion["cells_kept"]
    assert 0 <= evidence.suppressed_share < 1
    assert packet.source.authors == ("Nobody Here <nobody@example.com>",)
    assert packet.source.lock_digest
    assert packet.sample.cells
    assert set(packet.sample.cells[0]) == set(PIPELINE_BENCHMARK.column_lineage)
    assert set(packet.pictures) == {"class flow", "cell sizes"}
    for picture in packet.pictures.values():
        assert parsed(picture).get("role") == "img"


@pytest.mark.integration
def test_personal_data_is_told_by_kind_and_count(waiting: Desk) -> None:
    """Finding nothing says of how many kinds, in how many texts."""
    packet = build_packet(waiting.platform, PIPELINE_BENCHMARK, waiting.steward)
    evidence = packet.evidence
    assert evidence is not None
    (searched,) = evidence.searched
    texts = 4 * evidence.promotion["cells_kept"]
    assert (searched.texts, searched.kinds, dict(searched.found)) == (texts, 13, {})
    told = f"none of 13 kinds found in {texts:,} texts"
    assert what_was_counted(evidence)["personal data found"] == {"no_pii_shaped_value": told}
    assert packet_document(packet)["searches"][0]["texts"] == texts
    assert "it attacks workflows that release text" in str(what_was_counted(evidence)["red team"])


@pytest.mark.integration
def test_attacks_on_the_cells_stand_in_the_packet(waiting: Desk) -> None:
    """Counts of a first release: every part attacked, nothing guessed, nothing to compare with."""
    packet = build_packet(waiting.platform, PIPELINE_BENCHMARK, waiting.steward)
    evidence = packet.evidence
    assert evidence is not None
    counts = evidence.cell_attacks
    assert counts["cells"] == evidence.promotion["cells_kept"]
    assert counts["parts"] > counts["cells"]
    assert (counts["guessed"], counts["singled_out"], counts["differences"]) == (0, 0, 0)
    told = str(what_was_counted(evidence)["attacks on cells"])
    assert "0 guessed within a tenth, 0 with one tenant left; 0 differences" in told
    assert packet_document(packet)["cell attacks"] == counts


@pytest.mark.integration
def test_the_red_teams_counts_stand_in_the_packet_of_a_text_workflow(waiting: Desk) -> None:
    """By disguise, in the order they are declared, on the candidate that waits."""
    waiting.candidate(SDR_DRAFT_TO_PATTERN_BANK)
    packet = build_packet(waiting.platform, SDR_DRAFT_TO_PATTERN_BANK, waiting.steward)
    evidence = packet.evidence
    assert evidence is not None
    assert evidence.promotion["state"] == "checked"
    assert [each.disguise for each in evidence.attacked] == list(DISGUISES)
    assert {each.whole for each in evidence.attacked} == {0}
    assert {each.left for each in evidence.attacked if each.must_hold} == {0}
    titles = [title for title, _, _ in packet_sections(packet)]
    assert "Red team: planted identifiers that came through" in titles
    assert len(packet_document(packet)["attacks"]) == len(DISGUISES)
    stripped = evidence.stripped
    assert stripped is not None
    assert (stripped.texts, stripped.kinds) == (evidence.promotion["rows_in"], 17)
    assert stripped.found["account_name"] > 0
    told = str(what_was_counted(evidence)["taken out of the source texts"])
    assert f"account_name: {stripped.found['account_name']:,}" in told
    assert packet_document(packet)["stripping"]["texts"] == stripped.texts
    assert {each.check for each in evidence.searched} == {
        "no_pii_shaped_value", "no_known_identifiers",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("searched", "told"),
    [
        (Searched("c", "p", 1_200, 13, {}, 0), "none of 13 kinds found in 1,200 texts"),
        (
            Searched("c", "p", 1_200, 1, {}, 2),
            "none of 1 kind found in 1,200 texts; 2 looks failed",
        ),
        (
            Searched("c", "p", 9, 13, {"iban": 1, "email": 1_000}, 0),
            "email: 1,000, iban: 1 (13 kinds sought in 9 texts)",
        ),
        (Searched("c", "p", 9, None, {}, 0), "kinds were not told: run the workflow again"),
    ],
)
def test_a_search_is_put_into_words(searched: Searched, told: str) -> None:
    """What older versions stored without kinds is not taken for finding nothing."""
    assert found_in_words(searched) == told


def test_a_leak_stands_in_the_line_on_the_red_team() -> None:
    """Whole, in part, or left by stripping where that must not be."""
    held = Attacked("exact", 18, 0, 0, 0, must_hold=True)
    assert attacks_in_words([held]).endswith("came through: none")
    leaked = replace(held, left=2)
    assert "exact 2 left by stripping, 0 whole, 0 in part" in attacks_in_words([leaked])


@pytest.mark.integration
def test_the_packet_names_no_tenant(waiting: Desk) -> None:
    """Neither its tables nor its document carry a tenant's id or name."""
    packet = build_packet(waiting.platform, PIPELINE_BENCHMARK, waiting.steward)
    printed = json.dumps(packet_document(packet), default=_json_value) + str(
        list(packet_sections(packet))
    )
    with waiting.platform.admin_engine().connect() as connection:
        names = connection.execute(
            text("SELECT tenant_id, external_name FROM control.tenants")
        ).all()
    assert names
    assert not [part for row in names for part in row if part in printed]


@pytest.mark.integration
def test_without_a_credential_no_cell_is_shown(waiting: Desk) -> None:
    """Cells are read under a steward's own login or not at all."""
    packet = build_packet(waiting.platform, PIPELINE_BENCHMARK)
    assert packet.sample.cells == ()
    assert "--credential" in str(packet.sample.withheld)


@pytest.mark.integration
def test_a_workflow_that_never_ran_has_a_packet_without_evidence(waiting: Desk) -> None:
    """The source can be read before anything ran."""
    packet = build_packet(waiting.platform, FUND_PORTFOLIO_ROLLUP, waiting.steward)
    assert packet.evidence is None
    assert packet.requested_by is None
    assert packet.source.diffs[0].removed == 0
    assert list(packet_sections(packet))


@pytest.mark.integration
def test_where_authors_are_unknown_the_packet_says_so(
    waiting: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A steward sees beforehand that an approval will be refused, and why."""
    monkeypatch.setenv("CLASSLINE_SOURCE_AUTHORS", "/nowhere/authors.json")
    packet = build_packet(waiting.platform, PIPELINE_BENCHMARK)
    assert "refused" in str(packet.source.unknown)


@pytest.mark.integration
def test_after_an_approval_the_diff_is_against_what_was_approved(
    waiting: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    """One changed line of a transformation is one changed line of the packet."""
    waiting.decide(PIPELINE_BENCHMARK, "approved", waiting.steward)
    unchanged = build_packet(waiting.platform, PIPELINE_BENCHMARK)
    assert unchanged.source.diffs == ()
    assert unchanged.source.authors == ()
    files = provenance.source_files(PIPELINE_BENCHMARK)
    rounding = tmp_path / "rounding.py"  # type: ignore[operator]
    rounding.write_text(files["anonymization.rounding"].read_text() + "\nPLANTED = 1\n")
    monkeypatch.setattr(
        packets, "source_files", lambda _: files | {"anonymization.rounding": rounding}
    )
    (diff,) = build_packet(waiting.platform, PIPELINE_BENCHMARK).source.diffs
    assert (diff.module, diff.decides, diff.removed) == ("anonymization.rounding", True, 0)
    assert "+PLANTED = 1" in diff.lines


def test_a_diff_says_whether_it_decides() -> None:
    """A changed comment is shown, and told from what changes a release."""
    before = {"a": "x = 1  # one\n", "b": "y = 1\n", "gone": "z = 1\n"}
    after = {"a": "x = 1  # two\n", "b": "y = 2\n", "new": "w = 1\n"}
    found = {diff.module: (diff.decides, diff.added, diff.removed)
             for diff in source_diff(before, after)}  # fmt: skip
    assert found == {
        "a": (False, 1, 1), "b": (True, 1, 1), "gone": (True, 0, 1), "new": (True, 1, 0),
    }  # fmt: skip
    assert source_diff(before, before) == ()


@pytest.mark.parametrize("tenants", [{}, {5: 1}, {n: n for n in range(5, 300)}])
def test_a_histogram_is_well_formed_and_counts_every_cell(tenants: dict[int, int]) -> None:
    """Empty, one bar, or more sizes than there is room for."""
    drawn = parsed(cell_size_picture(tenants, 5))
    bars = [node.text for node in drawn.iter() if node.tag.endswith("title")][1:]
    assert sum(int(str(bar).split(": ")[1].split()[0].replace(",", "")) for bar in bars) == sum(
        tenants.values()
    )


def test_a_picture_takes_no_markup_from_names() -> None:
    """A name is text wherever it stands."""
    hostile = "<script>alert(1)</script>"
    drawn = flow_picture(
        Flow([[Node(hostile, DataClass.TENANT_PRIVATE)], [Node("b", DataClass.FUND_PRIVATE)]]),
        hostile,
    )
    assert "<script" not in drawn
    assert parsed(drawn) is not None
