"""Reading a CRM export: what refuses the load, what rejects a row, what is repaired."""

from __future__ import annotations

import os
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.declared import REGISTRY
from stores.intake.batches import TenantEntry
from stores.intake.crm_export import CrmExport, read_crm_export
from stores.intake.portco_mapping import MappingScheme, PortcoMapping
from stores.intake.refusals import (
    BadMapping,
    EmptyFile,
    IntakeError,
    MissingFile,
    UnreadableFile,
    WrongHeader,
)

CANARY = "Xq7canary"

ACCOUNTS_HEADER = (
    "account,sector,year_established,revenue,employees,office_location,subsidiary_of\n"
)
DEALS_HEADER = (
    "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n"
)
GOOD_DEAL = "D1,Ann,GTX Pro,Acme,Won,1/2/2017,3/4/2017,4514\n"
FILES = {
    "accounts.csv": ACCOUNTS_HEADER
    + "Acme,technolgy,1996,1100.04,2822,United States,\n"
    + "Betatech,medical,1986,647.18,1185,Philipines,Acme\n",
    "products.csv": "product,series,sales_price\nGTX Pro,GTX,4821\nMG Special,MG,55\n",
    "sales_teams.csv": "sales_agent,manager,regional_office\n"
    "Ann,Mia,East\nBob,Mia,East\nCid,Noa,West\n",
    "sales_pipeline.csv": DEALS_HEADER + GOOD_DEAL,
}


def an_export(directory: Path, **changed: str | bytes | None) -> Path:
    """Write the four files, with some replaced by name without suffix, or left out by None."""
    directory.mkdir(exist_ok=True)
    for name, text in FILES.items():
        content = changed.get(name.removesuffix(".csv"), text)
        (directory / name).unlink(missing_ok=True)
        if content is not None:
            raw = content if isinstance(content, bytes) else content.encode()
            (directory / name).write_bytes(raw)
    return directory


def read_deals(directory: Path, rows: str) -> CrmExport:
    """Read an export whose pipeline holds these rows below its header."""
    return read_crm_export(an_export(directory, sales_pipeline=DEALS_HEADER + rows))


def deal(**changed: str) -> str:
    """One row of the pipeline, good but for what is changed."""
    fields = dict(zip(DEALS_HEADER.strip().split(","), GOOD_DEAL.strip().split(","), strict=True))
    return ",".join((fields | changed).values()) + "\n"


def reasons(export: CrmExport) -> list[tuple[str, int, str]]:
    """All rejections as plain tuples."""
    return [(found.file, found.line, found.reason) for found in export.rejections]


# --- structural faults -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "refusal", "words"),
    [
        ({"products": None}, MissingFile, "products.csv: there is no such file"),
        ({"products": b""}, EmptyFile, "products.csv: it holds no header"),
        ({"products": b"\n\n"}, EmptyFile, "products.csv: it holds no header"),
        ({"products": b"product,series,sales_price\n"}, EmptyFile, "a header and no rows"),
        ({"products": b"product,series\nA,B\n"}, WrongHeader, "missing sales_price"),
        ({"products": b"product,series,sales_price,colour\nA,B,1,C\n"}, WrongHeader, "colour"),
        (
            {"products": b"product,product,series,sales_price\nA,A,B,1\n"},
            WrongHeader,
            "named twice",
        ),
        ({"products": b"product;series;sales_price\nA;B;1\n"}, WrongHeader, "comma-separated"),
        (
            {"products": "product,series,sales_price\n\xe9".encode("latin-1")},
            UnreadableFile,
            "UTF-8",
        ),
        ({"products": "product,series,sales_price\n".encode("utf-16")}, UnreadableFile, "UTF-8"),
    ],
)
def test_a_structural_fault_refuses_the_whole_load(
    tmp_path: Path, changed: dict[str, bytes | None], refusal: type[IntakeError], words: str
) -> None:
    """A file that cannot be understood as a whole must load nothing at all, and say why."""
    with pytest.raises(refusal, match=words):
        read_crm_export(an_export(tmp_path, **changed))


def test_all_structural_faults_are_listed_at_once(tmp_path: Path) -> None:
    """Nobody should have to repair an export one fault per run."""
    directory = an_export(tmp_path, accounts=None, products=b"", sales_teams=b"a,b\n1,2\n")
    with pytest.raises(IntakeError) as refused:
        read_crm_export(directory)
    assert type(refused.value) is IntakeError
    for name in ("accounts.csv", "products.csv", "sales_teams.csv"):
        assert name in str(refused.value)


def test_a_missing_folder_names_all_four_files(tmp_path: Path) -> None:
    """A wrong path must read as missing files, not as a crash."""
    with pytest.raises(MissingFile) as refused:
        read_crm_export(tmp_path / "nowhere")
    assert all(name in str(refused.value) for name in FILES)


def test_a_folder_in_place_of_a_file_is_a_missing_file(tmp_path: Path) -> None:
    """Anything that is not a regular file must not be opened."""
    directory = an_export(tmp_path, accounts=None)
    (directory / "accounts.csv").mkdir()
    with pytest.raises(MissingFile):
        read_crm_export(directory)


def test_a_file_without_header_does_not_leak_its_first_row(tmp_path: Path) -> None:
    """Where the header is missing the first row is data, which a message must not repeat."""
    rows = f"{CANARY},{CANARY}@acme.example,1\n"
    with pytest.raises(WrongHeader) as refused:
        read_crm_export(an_export(tmp_path, products=rows))
    assert CANARY not in str(refused.value)
    mixed = f"product,series,sales_price,{CANARY}@acme.example\nA,B,1,x\n"
    with pytest.raises(WrongHeader) as refused:
        read_crm_export(an_export(tmp_path, products=mixed))
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize("field", ['"' + CANARY, '"' + CANARY * 20_000])
def test_an_endless_quote_refuses_the_file(tmp_path: Path, field: str) -> None:
    """Rows after a quote that never ends cannot be told apart, so none of them may be guessed."""
    rows = deal(account=field) + deal(opportunity_id="D2") * 4_000
    with pytest.raises(UnreadableFile, match="the quote opened on line 2") as refused:
        read_deals(tmp_path, rows)
    assert CANARY not in str(refused.value)


# --- rejected rows ---------------------------------------------------------------------------

_NUMBER = "not a number of at most 12 plain digits and 4 after a decimal point"
_DATE = "not a date of the form M/D/YYYY"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"close_date": "2017-03-04"}, f"close_date: {_DATE}"),
        ({"close_date": "2/30/2017"}, f"close_date: {_DATE}"),
        ({"close_date": "13/1/2017"}, f"close_date: {_DATE}"),
        ({"close_date": "3/4/20177"}, f"close_date: {_DATE}"),
        ({"close_date": "3/4/17"}, f"close_date: {_DATE}"),
        ({"close_date": "３/４/２０１７"}, f"close_date: {_DATE}"),  # noqa: RUF001
        ({"close_date": "3/4/1066"}, "close_date: not a year from 1900 to 2099"),
        ({"close_date": "1/1/2017"}, "close_date: before engage_date"),
        ({"close_date": ""}, "close_date: required in stage Won"),
        ({"close_value": ""}, "close_value: required in stage Won"),
        ({"engage_date": ""}, "engage_date: required in stage Won"),
        ({"account": ""}, "account: required in stage Won"),
        ({"close_value": "-1"}, f"close_value: {_NUMBER}"),
        ({"close_value": "NaN"}, f"close_value: {_NUMBER}"),
        ({"close_value": "Infinity"}, f"close_value: {_NUMBER}"),
        ({"close_value": "1e999999"}, f"close_value: {_NUMBER}"),
        ({"close_value": "1_000"}, f"close_value: {_NUMBER}"),
        ({"close_value": "٣٤"}, f"close_value: {_NUMBER}"),
        ({"close_value": "9" * 13}, f"close_value: {_NUMBER}"),
        ({"close_value": "0x10"}, f"close_value: {_NUMBER}"),
        ({"close_value": "."}, f"close_value: {_NUMBER}"),
        ({"deal_stage": "won"}, "deal_stage: not one of Prospecting, Engaging, Won, Lost"),
        ({"deal_stage": ""}, "deal_stage: required"),
        ({"deal_stage": "Lost"}, "close_value: not 0 on a Lost deal"),
        (
            {"deal_stage": "Engaging"},
            "; ".join(
                f"{column}: filled in stage Engaging, which is open"
                for column in ("close_date", "close_value")
            ),
        ),
        ({"sales_agent": "Zed"}, "sales_agent: not in sales_teams.csv"),
        ({"sales_agent": ""}, "sales_agent: required"),
        ({"product": "Unknown"}, "product: not in products.csv"),
        ({"product": "  "}, "product: required"),
        ({"account": "Nobody"}, "account: not in accounts.csv"),
        ({"opportunity_id": ""}, "opportunity_id: required"),
        ({"opportunity_id": "D\0"}, "opportunity_id: holds a NUL character"),
        ({"account": "A" * 1_001}, "account: longer than 1,000 characters"),
        ({"account": "A" * 200_000}, "a field is longer than 1,000 characters"),
        ({"account": "Acme,extra"}, "wrong number of fields: 9 where 8 are expected"),
    ],
)
def test_a_bad_row_is_rejected_by_line_and_rule(
    tmp_path: Path, changed: dict[str, str], reason: str
) -> None:
    """A bad row is named by file, line and rule, and the rows around it are still taken."""
    export = read_deals(
        tmp_path, deal(opportunity_id="D0") + deal(**changed) + deal(opportunity_id="D2")
    )
    assert reasons(export) == [("sales_pipeline.csv", 3, reason)]
    assert [row[1] for row in export.opportunities] == ["D0", "D2"]


def test_all_faults_of_a_row_are_told_at_once(tmp_path: Path) -> None:
    """A row with several faults is one rejection that names every column."""
    export = read_deals(tmp_path, deal(close_date="x", close_value="y", product="z"))
    (found,) = export.rejections
    assert [part.split(":")[0] for part in found.reason.split("; ")] == [
        "product",
        "close_date",
        "close_value",
    ]


def test_the_second_row_of_an_id_is_rejected(tmp_path: Path) -> None:
    """An id stands for one deal; the first that fits stands, whoever repeats it."""
    export = read_deals(tmp_path, GOOD_DEAL + deal(sales_agent="Bob"))
    assert reasons(export) == [
        ("sales_pipeline.csv", 3, "opportunity_id: listed on an earlier line")
    ]
    assert [row[0] for row in export.opportunities] == ["Ann"]


@pytest.mark.parametrize(
    ("file", "row", "reason"),
    [
        ("accounts", "Acme,retail,2000,1,1,Italy,", "account: listed on an earlier line"),
        ("accounts", ",retail,2000,1,1,Italy,", "account: required"),
        ("accounts", "New,retail,2000,1,-5,Italy,", "employees: not a whole number"),
        ("accounts", "New,retail,2000,1,1e3,Italy,", "employees: not a whole number"),
        ("accounts", "New,retail,2000,1,9999999999,Italy,", "employees: not a whole number"),
        ("accounts", "New,retail,2000,nan,1,Italy,", "revenue: not a number"),
        ("accounts", "New,retail", "wrong number of fields: 2 where 7"),
        ("products", "GTX Pro,MG,1", "product: listed on an earlier line"),
        ("products", "New,,1", "series: required"),
        ("products", "New,GTX,free", "sales_price: not a number"),
        ("sales_teams", "Ann,Noa,West", "sales_agent: listed on an earlier line"),
        ("sales_teams", "New,,West", "manager: required"),
    ],
)
def test_bad_reference_rows_are_rejected_too(
    tmp_path: Path, file: str, row: str, reason: str
) -> None:
    """Accounts, products and teams are checked as strictly as deals are."""
    text = FILES[f"{file}.csv"] + row + "\n"
    export = read_crm_export(an_export(tmp_path, **{file: text}))
    (found,) = export.rejections
    assert (found.file, found.line) == (f"{file}.csv", text.count("\n"))
    assert found.reason.startswith(reason)
    assert len(export.opportunities) == 1


def test_a_deal_whose_account_was_rejected_says_so(tmp_path: Path) -> None:
    """The reader must find the cause in the other file, not look for a missing row."""
    accounts = ACCOUNTS_HEADER + "Acme,retail,2000,1,minus one,Italy,\n"
    export = read_crm_export(an_export(tmp_path, accounts=accounts))
    assert ("sales_pipeline.csv", 2, "account: its row in accounts.csv was rejected") in reasons(
        export
    )


def test_lines_stay_right_after_quoted_line_breaks(tmp_path: Path) -> None:
    """A rejection must point at the physical line even below fields with line breaks."""
    rows = deal(account='"Ac\nme\r\n"') + deal(opportunity_id="D2") + "\n" + deal(close_date="x")
    export = read_deals(tmp_path, rows)
    assert [(line, reason) for _, line, reason in reasons(export)] == [
        (2, "account: not in accounts.csv"),
        (7, f"close_date: {_DATE}"),
    ]


def test_rows_inside_a_quoted_field_are_not_taken_as_rows(tmp_path: Path) -> None:
    """A field that quotes a whole row must not smuggle that row into another tenant."""
    inner = deal(opportunity_id="EVIL", sales_agent="Bob")
    export = read_deals(tmp_path, f'D9,"\n{inner}{inner}",x\n' + GOOD_DEAL)
    assert [row[1] for row in export.opportunities] == ["D1"]
    reason = (
        "wrong number of fields: 3 where 8 are expected, on lines 2 to 5: is a quote left open?"
    )
    assert reasons(export) == [("sales_pipeline.csv", 2, reason)]


# --- what is taken ---------------------------------------------------------------------------


def test_bom_order_of_columns_and_spaces_do_not_matter(tmp_path: Path) -> None:
    """Spreadsheets add a BOM, reorder columns and leave spaces; none of it changes a row."""
    plain = read_crm_export(an_export(tmp_path / "plain"))
    products = "\ufeffsales_price, series ,product\r\n4821,GTX , GTX Pro\r\n55,MG,MG Special\r\n"
    export = read_crm_export(an_export(tmp_path / "other", products=products))
    assert export.opportunities == plain.opportunities
    assert export.repairs["surrounding spaces removed"] == 2
    assert not export.rejections


def test_known_defects_are_repaired_and_counted(tmp_path: Path) -> None:
    """What the export is known to misspell is corrected, and the correction is told."""
    export = read_deals(tmp_path, deal(product="GTXPro") + deal(opportunity_id="D2"))
    assert [row[4] for row in export.opportunities] == ["GTX Pro", "GTX Pro"]
    assert export.repairs == {
        "country Philipines read as Philippines": 1,
        "product GTXPro read as GTX Pro": 1,
        "sector technolgy read as technology": 1,
    }


def test_rows_stand_in_registry_order_with_the_tenant_first(tmp_path: Path) -> None:
    """The loader copies values by position, so their order is the contract."""
    export = read_crm_export(an_export(tmp_path))
    account, opportunity = export.accounts[0], export.opportunities[0]
    assert account[2:] == (
        "Acme", "technology", 2822, Decimal("1100.04"), 1996, "United States", None,
    )  # fmt: skip
    assert opportunity == (
        "Ann", "D1", account[1], "Ann", "GTX Pro", "GTX", "Won",
        date(2017, 1, 2), date(2017, 3, 4), Decimal(4514),
    )  # fmt: skip
    for batch in export.tables():
        width = len(REGISTRY.get(batch.dataset).columns)
        assert all(len(row) == width for row in batch.rows)


def test_open_deals_may_lack_an_account_and_dates(tmp_path: Path) -> None:
    """An open deal has no end yet, and often no account: neither is a fault."""
    nothing = {"account": "", "close_date": "", "close_value": ""}
    export = read_deals(
        tmp_path,
        deal(deal_stage="Engaging", **nothing)
        + deal(opportunity_id="D2", deal_stage="Prospecting", engage_date="", **nothing)
        + deal(opportunity_id="D3", deal_stage="Lost", close_value="0"),
    )
    assert not export.rejections
    assert [row[2] for row in export.opportunities[:2]] == [None, None]


def test_a_deal_that_another_portco_has_is_rejected_by_its_line(tmp_path: Path) -> None:
    """It leaves with the account that only it used; the others stay."""
    export = read_deals(tmp_path, deal() + deal(opportunity_id="D2", account="Betatech"))
    assert export.portco_of_deal == {"D1": "Ann", "D2": "Ann"}
    assert export.without_moved(frozenset()) == export
    left = export.without_moved({"D2"})
    assert [row[1] for row in left.opportunities] == ["D1"]
    assert [row[2] for row in left.accounts] == ["Acme"]
    assert reasons(left) == [
        (
            "sales_pipeline.csv",
            3,
            "opportunity_id: loaded before for another portco; a deal counts for one",
        )
    ]


def test_an_account_stands_once_in_every_tenant_that_deals_with_it(tmp_path: Path) -> None:
    """A tenant's CRM holds the accounts of its own deals, under the same id, and no others."""
    export = read_deals(
        tmp_path,
        GOOD_DEAL
        + deal(opportunity_id="D2")
        + deal(opportunity_id="D3", sales_agent="Bob")
        + deal(opportunity_id="D4", sales_agent="Bob", account="Betatech"),
    )
    assert Counter((row[0], row[2]) for row in export.accounts) == {
        ("Ann", "Acme"): 1,
        ("Bob", "Acme"): 1,
        ("Bob", "Betatech"): 1,
    }
    assert len({row[1] for row in export.accounts if row[2] == "Acme"}) == 1


# --- mappings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "tenants"),
    [
        ("agent-manager", {("Ann", "Mia"), ("Bob", "Mia"), ("Cid", "Noa")}),
        ("agent-region", {("Ann", "East"), ("Bob", "East"), ("Cid", "West")}),
        ("manager-region", {("Mia", "East"), ("Noa", "West")}),
    ],
)
def test_a_scheme_names_portcos_and_funds(
    tmp_path: Path, option: str, tenants: set[tuple[str, str]]
) -> None:
    """Each scheme reads the same teams as other portcos and funds, deals or no deals."""
    export = read_crm_export(an_export(tmp_path), PortcoMapping.parse(option))
    assert {(entry.name, entry.fund_name) for entry in export.tenants} == tenants


def test_every_scheme_can_be_asked_for_by_name() -> None:
    """An option that the code knows must be reachable from the command line."""
    assert [PortcoMapping.parse(scheme).scheme for scheme in MappingScheme] == list(MappingScheme)


def test_an_unknown_mapping_is_refused() -> None:
    """A misspelled scheme must not fall back to the default."""
    with pytest.raises(BadMapping, match="agent-manager, agent-region, manager-region"):
        PortcoMapping.parse("agent_manager")


def test_a_manager_in_two_regions_is_refused_as_a_portco(tmp_path: Path) -> None:
    """One portco under two funds would show one fund's data to another."""
    teams = FILES["sales_teams.csv"] + f"{CANARY},Mia,West\n"
    with pytest.raises(BadMapping, match="lines 2, 3, 5: one portco stands under two funds") as no:
        read_crm_export(
            an_export(tmp_path, sales_teams=teams), PortcoMapping(MappingScheme.MANAGER_REGION)
        )
    assert CANARY not in str(no.value)


def a_mapping(directory: Path, text: str) -> PortcoMapping:
    """Write a mapping file beside the export."""
    path = directory / "mapping.csv"
    path.write_text(text, encoding="utf-8")
    return PortcoMapping.parse(str(path))


def test_a_mapping_file_decides_portcos_and_funds(tmp_path: Path) -> None:
    """Several agents may stand for one portco, whatever their manager."""
    directory = an_export(tmp_path, sales_pipeline=DEALS_HEADER + deal(sales_agent="Bob"))
    mapping = a_mapping(tmp_path, "fund,portco,sales_agent\nF,P,Ann\nF,P,Bob\nG,Q,Cid\n")
    export = read_crm_export(directory, mapping)
    assert export.tenants == (TenantEntry("P", "F"), TenantEntry("Q", "G"))
    assert export.opportunities[0][0] == "P"
    assert export.opportunities[0][3] == "Bob"


def test_rows_of_an_unmapped_agent_are_rejected(tmp_path: Path) -> None:
    """A deal of an agent without a portco belongs to nobody, so nobody gets it."""
    directory = an_export(
        tmp_path,
        sales_pipeline=DEALS_HEADER + GOOD_DEAL + deal(opportunity_id="D2", sales_agent="Bob"),
    )
    mapping = a_mapping(tmp_path, "sales_agent,portco,fund\nAnn,P,F\nCid,Q,F\nTypo,Q,F\n")
    export = read_crm_export(directory, mapping)
    assert reasons(export) == [
        ("mapping.csv", 4, "sales_agent: not in sales_teams.csv"),
        ("sales_pipeline.csv", 3, "sales_agent: its row in sales_teams.csv was rejected"),
        ("sales_teams.csv", 3, "sales_agent: not in the mapping file"),
    ]


@pytest.mark.parametrize(
    ("text", "refusal", "words"),
    [
        ("sales_agent,portco,fund\nAnn,P,F\nBob,P,G\n", BadMapping, "lines 2, 3: one portco"),
        ("sales_agent,portco,fund\nAnn,P,F\nAnn,Q,F\n", BadMapping, "already mapped on line 2"),
        ("sales_agent,portco,fund\nAnn,,F\n", BadMapping, "line 2: portco: required"),
        ("sales_agent,portco,fund\nAnn,P,F,x\n", BadMapping, "line 2: wrong number of fields"),
        ("sales_agent,portco\nAnn,P\n", WrongHeader, "missing fund"),
        ("sales_agent,portco,fund,colour\nAnn,P,F,x\n", WrongHeader, "not expected colour"),
        ("", EmptyFile, "mapping.csv: it holds no header"),
    ],
)
def test_a_contradictory_mapping_file_is_refused(
    tmp_path: Path, text: str, refusal: type[IntakeError], words: str
) -> None:
    """A wrong mapping would give rows to the wrong portco, so it loads nothing."""
    with pytest.raises(refusal, match=words):
        read_crm_export(an_export(tmp_path), a_mapping(tmp_path, text))


# --- properties ------------------------------------------------------------------------------

_texts = st.text(st.characters(codec="utf-8"), max_size=60)


@settings(database=None, deadline=None, max_examples=150)
@given(text=_texts)
def test_no_row_text_stops_the_load(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Whatever stands in a row, the load goes on and counts it."""
    directory = tmp_path_factory.mktemp("export", numbered=True)
    export = read_deals(directory, GOOD_DEAL + text)
    assert export.opportunities[0][1] == "D1"
    taken = len(export.opportunities) + len(export.rejections)
    assert taken == export.rows_read["sales_pipeline.csv"]


@settings(database=None, deadline=None, max_examples=150)
@given(
    file=st.sampled_from(sorted(FILES)),
    cells=st.lists(
        st.tuples(_texts, _texts).map(lambda around: around[0] + CANARY + around[1]),
        min_size=1,
        max_size=9,
    ),
)
def test_no_rejection_repeats_a_cell(
    tmp_path_factory: pytest.TempPathFactory, file: str, cells: list[str]
) -> None:
    """A rejection is shown and logged, so nothing of the row may stand in it."""
    quoted = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)
    changed = {file.removesuffix(".csv"): FILES[file] + quoted + "\n"}
    export = read_crm_export(an_export(tmp_path_factory.mktemp("export"), **changed))
    assert all(CANARY not in found.reason for found in export.rejections)
    assert len(export.rejections) <= 1


@settings(database=None, deadline=None, max_examples=150)
@given(text=st.text(st.characters(codec="utf-8"), min_size=1, max_size=20))
def test_only_plain_digits_become_a_value(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    """Every value that is taken is a finite amount of 0 or more."""
    quoted = '"' + text.replace('"', '""') + '"'
    export = read_deals(tmp_path_factory.mktemp("export"), deal(close_value=quoted))
    for row in export.opportunities:
        value = row[-1]
        assert isinstance(value, Decimal)
        assert value.is_finite()
        assert value >= 0


# --- the real export -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def the_real_export() -> CrmExport:
    """Read the shared CRM export, or skip where it is absent."""
    root = os.environ.get("CLASSLINE_SHARED_DATA")
    shared = Path(root) if root else Path(__file__).parents[3] / "shared" / "data"
    if not (shared / "crm" / "sales_pipeline.csv").is_file():
        pytest.skip(f"no CRM export under {shared}: set CLASSLINE_SHARED_DATA to read it")
    return read_crm_export(shared / "crm")


def test_the_real_export_is_taken_whole(the_real_export: CrmExport) -> None:
    """No row of the known export may be lost."""
    assert the_real_export.rows_read == {
        "accounts.csv": 85,
        "products.csv": 7,
        "sales_teams.csv": 35,
        "sales_pipeline.csv": 8_800,
    }
    assert len(the_real_export.opportunities) == 8_800
    assert not the_real_export.rejections


def test_the_real_export_has_its_known_tenants_and_repairs(the_real_export: CrmExport) -> None:
    """35 agents under 6 managers, and exactly the defects that the file is known for."""
    assert len(the_real_export.tenants) == 35
    assert len({entry.fund_name for entry in the_real_export.tenants}) == 6
    assert the_real_export.repairs == {
        "country Philipines read as Philippines": 1,
        "product GTXPro read as GTX Pro": 1_480,
        "sector technolgy read as technology": 12,
    }


def test_the_real_export_keeps_its_stages_and_sums(the_real_export: CrmExport) -> None:
    """Stages and the sum of what was won are those of the file."""
    stages = Counter(row[6] for row in the_real_export.opportunities)
    assert stages == {"Won": 4_238, "Lost": 2_473, "Engaging": 1_589, "Prospecting": 500}
    won = [row[9] for row in the_real_export.opportunities if row[6] == "Won"]
    assert sum(value for value in won if isinstance(value, Decimal)) == 10_005_534


def test_every_deal_of_the_real_export_finds_its_account(the_real_export: CrmExport) -> None:
    """The account of a deal must be loaded before it, in the same tenant, once."""
    keys = [row[:2] for row in the_real_export.accounts]
    assert len(keys) == len(set(keys)) == 1_259
    named = [row for row in the_real_export.opportunities if row[2] is not None]
    assert len(named) == 7_375
    assert {(row[0], row[2]) for row in named} == set(keys)
