"""A candidate comes in parts and is there whole or not at all, whoever sends what in between."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from anonymization.workflows.pipeline_benchmark import PIPELINE_BENCHMARK
from catalog.data_classes import DataClass, PrincipalKind
from stores.boundary.claims import Claim, signed
from stores.candidate_filing import FiledCell, SentParts
from stores.errors import BoundaryRefused
from stores.platform import SERVICE, Platform
from tests.anonymization.filings import (
    WORKFLOW,
    Filing,
    a_filing,
    add,
    begun,
    complete,
    counted,
    rows_of,
)

pytestmark = pytest.mark.integration

_SOURCE = DataClass.TENANT_PRIVATE


class Abandoned(Exception):
    """Whoever files gives up."""


@pytest.fixture(scope="module")
def filing(platform: Platform) -> Filing:
    """One installation; each test files candidates under keys of its own."""
    return a_filing(platform)


@contextmanager
def refused(filing: Filing, code: str) -> Iterator[None]:
    """The block is refused by that rule, and nothing of what it filed is left."""
    before = rows_of(filing.platform)
    with pytest.raises(BoundaryRefused) as refusal:
        yield
    assert refusal.value.code == code
    assert rows_of(filing.platform) == before


def cells_of(filing: Filing, promotion: object) -> list[Any]:
    with filing.platform.admin_engine().connect() as connection:
        return list(
            connection.execute(
                text(
                    "SELECT cell_no, cell->>'tool_name' AS tool FROM quarantine.candidate_cells"
                    " WHERE promotion_id = :p ORDER BY cell_no"
                ),
                {"p": promotion},
            )
        )


@pytest.mark.parametrize("parts", [0, 1, 2])
@pytest.mark.parametrize("constraints", ["", "DEFERRED"])
def test_what_is_not_complete_cannot_be_committed(
    filing: Filing, parts: int, constraints: str
) -> None:
    """However many parts came: an aborted filing blocks no later one of its key."""
    with refused(filing, "CL020"), filing.session() as session:
        if constraints:
            session._call(f"SET CONSTRAINTS ALL {constraints}")
        promotion, sent = begun(session, filing.header("left")), SentParts()
        for part in range(parts):
            add(session, promotion, sent, filing.cells(part))
    with refused(filing, "CL020"), filing.session() as session:
        begun(session, filing.header("left"))
        session._call("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize(
    "use",
    [
        "SELECT control.read_promotion(:p)",
        "SELECT control.record_checks(:p, 'candidate', '[]')",
        "SELECT control.attack_cells(:p)",
        "SELECT control.await_review(:p, 'because')",
        "SELECT control.hold(:p, 'because')",
        "SELECT control.publish(:p)",
    ],
)
def test_its_own_session_does_nothing_with_it_before(filing: Filing, use: str) -> None:
    """Neither looked at, nor checked, nor ended, nor published: parts may be missing."""
    with refused(filing, "CL020"), filing.session() as session:
        promotion, sent = begun(session, filing.header("early")), SentParts()
        add(session, promotion, sent, filing.cells(1))
        session._call(use, p=promotion)


def test_nobody_sees_it_before_it_is_complete(filing: Filing) -> None:
    """Not the session that files it, nor another; then its own run's workflow does."""
    seen = (
        "SELECT (SELECT count(*) FROM quarantine.candidate_cells)"
        " + (SELECT count(*) FROM control.cell_contributors) AS n"
    )
    with filing.session() as session, filing.session() as other:
        promotion, sent = begun(session, filing.header("unseen")), SentParts()
        add(session, promotion, sent, filing.cells(1))
        for each in (session, other):
            each._call("SELECT set_config('classline.promotion', :p, true)", p=str(promotion))
            assert each._one(seen)["n"] == 0
        with filing.platform.admin_engine().connect() as admin:
            query = text("SELECT count(*) FROM control.promotions WHERE promotion_id = :p")
            assert admin.execute(query, {"p": promotion}).scalar_one() == 0
        complete(session, promotion, sent)
        assert session._one(seen)["n"] == 6
        assert other._one(seen)["n"] == 0
    record = rows_of(filing.platform)
    assert record["control.open_filings"] == 0
    with filing.session() as session:
        filed = session.promotion_ascend_platform_metric(promotion)
    assert (filed["cells_kept"], filed["cells_in"], filed["suppressed"]) == (1, 7, {"k_tenants": 2})


def test_another_session_adds_nothing_and_completes_nothing(filing: Filing) -> None:
    """Of the same run, while it is open: its number is all that it could know."""
    with filing.session() as session:
        promotion, sent = begun(session, filing.header("of another")), SentParts()
        add(session, promotion, sent, filing.cells(1))
        for attempt in (add, complete):
            rest: tuple[Any, ...] = (filing.cells(2),) if attempt is add else ()
            with pytest.raises(BoundaryRefused) as refusal, filing.session() as other:
                attempt(other, promotion, SentParts(parts=1, cells=1), *rest)
            assert refusal.value.code == "CL020"
        complete(session, promotion, sent)
    assert [row.tool for row in cells_of(filing, promotion)] == ["tool 1"]


def test_another_run_in_the_same_transaction_adds_nothing(filing: Filing) -> None:
    """Whoever holds two runs' claims mixes no candidate of both."""
    other = filing.another_run()
    login = filing.platform.keyring.login(PrincipalKind.ANONYMIZER, SERVICE).login
    with refused(filing, "CL020"), filing.session() as session:
        promotion, sent = begun(session, filing.header("of another run")), SentParts()
        pid = session._one("SELECT pg_backend_pid() AS pid")["pid"]
        classes = (DataClass.TENANT_PRIVATE, DataClass.ANONYMIZED_BENCHMARK)
        claim = Claim(login, classes, "test", workflow=WORKFLOW.name, run=other, backend_pid=pid)
        keyring = filing.platform.keyring
        session._call(
            "SELECT set_config('classline.claim', :c, true)",
            c=signed(claim, kid=keyring.kid, key=keyring.signing_key),
        )
        add(session, promotion, sent, filing.cells(1))


def test_a_complete_candidate_is_added_to_no_more(filing: Filing) -> None:
    """Nor completed twice: in its transaction, and ever after."""
    with filing.session() as session:
        promotion, sent = begun(session, filing.header("whole")), SentParts()
        add(session, promotion, sent, filing.cells(1))
        complete(session, promotion, sent)
    for attempt in (add, complete):
        rest: tuple[Any, ...] = (filing.cells(2),) if attempt is add else ()
        with refused(filing, "CL020"), filing.session() as session:
            attempt(session, promotion, SentParts(parts=1, cells=1), *rest)
        with refused(filing, "CL020"), filing.session() as session:
            key = f"whole {attempt.__name__}"
            again, parts = begun(session, filing.header(key)), SentParts()
            complete(session, again, parts)
            attempt(session, again, parts, *rest)


@pytest.mark.parametrize(
    "said",
    [
        {"parts": 1}, {"parts": 3}, {"cells": 1}, {"cells": 3}, {"contributions": 49},
        {"contributions": 51}, {"digest": ""}, {"digest": "0" * 64}, {"parts": None},
        {"cells": None}, {"contributions": None}, {"digest": None},
    ],
)  # fmt: skip
def test_what_came_is_what_was_sent(filing: Filing, said: dict[str, object]) -> None:
    """As many parts, cells and contributions, to the letter."""
    with refused(filing, "CL023"), filing.session() as session:
        promotion, sent = begun(session, filing.header("counted")), SentParts()
        add(session, promotion, sent, filing.cells(1))
        add(session, promotion, sent, filing.cells(2))
        assert sent.contributions == 10 * len({m.measured for m in WORKFLOW.measures}) + 10
        complete(session, promotion, sent, **said)


@pytest.mark.parametrize("number", [0, 1, 3, None])
def test_parts_come_once_and_in_order(filing: Filing, number: int | None) -> None:
    """A part that is sent again, or lost, is found at once."""
    with refused(filing, "CL023"), filing.session() as session:
        promotion, sent = begun(session, filing.header("in order")), SentParts()
        add(session, promotion, sent, filing.cells(1))
        add(session, promotion, sent, filing.cells(2), part=number)


def test_a_part_that_changed_on_its_way_completes_nothing(filing: Filing) -> None:
    """The digest is of what was sent, not of what came."""
    with refused(filing, "CL023"), filing.session() as session:
        promotion, sent = begun(session, filing.header("changed")), SentParts()
        other = SentParts().add(filing.cells(2))
        add(session, promotion, sent, filing.cells(1), cells=other["cells"])
        complete(session, promotion, sent)


@pytest.mark.parametrize("parts", [((1,), (2,), (1,)), ((1, 2, 1),)])
def test_a_cell_stands_in_a_candidate_once(
    filing: Filing, parts: tuple[tuple[int, ...], ...]
) -> None:
    """The same values in every dimension are the same cell, in whichever part."""
    with refused(filing, "CL025"), filing.session() as session:
        promotion, sent = begun(session, filing.header("twice")), SentParts()
        for numbers in parts:
            add(session, promotion, sent, filing.cells(*numbers))
        complete(session, promotion, sent)


@pytest.mark.parametrize(
    ("otherwise", "code"),
    [
        ({"cell_nos": [0] * 25}, "CL024"),
        ({"cell_nos": [-1] * 25}, "CL024"),
        ({"cell_nos": [3] * 25}, "CL024"),
        ({"cell_nos": [None] * 25}, "CL024"),
        ({"cell_nos": [2] * 24}, "23502"),
        ({"cell_nos": [1] * 25}, "23505"),
        ({"tenants": ["tn_nobody"] * 25}, "CL024"),
        ({"tenants": [None] * 25}, "CL024"),
        ({"measured": [None] * 25}, "CL025"),
        ({"measured": [""] * 25}, "23505"),
        ({"measured": [""] * 5 + ["x"] * 20}, "23505"),
        ({"row_counts": [1] * 26}, "CL025"),
        ({"row_counts": [1] * 24}, "23502"),
        ({"amounts": [1] * 26}, "CL025"),
        ({"digests": []}, "23502"),
        ({"rows": []}, "23502"),
        ({"rows": ["{1}"] * 26}, "CL025"),
        ({"cells": "{}"}, "CL025"),
        ({"cells": "7"}, "CL025"),
        ({"cells": None}, "CL025"),
        ({"cell_nos": None}, "CL025"),
        ({"cells": f"[{','.join(['{}'] * 10_001)}]"}, "CL025"),
        ({"cell_nos": [1] * 500_001}, "CL025"),
    ],
)
def test_a_part_that_does_not_fit_is_refused(
    filing: Filing, otherwise: dict[str, Any], code: str
) -> None:
    """Contributions to no cell, of nobody, twice, half told; more than one part may hold."""
    assert len(filing.cells(1)[0].contributions) == 25
    written = {
        name: value if value is None or isinstance(value, str) else array_text(value)
        for name, value in otherwise.items()
    }
    with refused(filing, code), filing.session() as session:
        promotion, sent = begun(session, filing.header("unfit")), SentParts()
        add(session, promotion, sent, filing.cells(1))
        add(session, promotion, sent, filing.cells(2), **written)


def array_text(values: list[Any]) -> str:
    """A PostgreSQL array."""
    quoted = ["NULL" if value is None else f'"{value}"' for value in values]
    return f"{{{','.join(quoted)}}}"


def test_a_run_that_ends_meanwhile_files_nothing(filing: Filing) -> None:
    """Every part is sent inside the run, and so is the end."""
    for parts in (0, 1):
        run = filing.another_run()
        with refused(filing, "CL006"), filing.session(run) as session:
            promotion, sent = begun(session, filing.header("ended")), SentParts()
            add(session, promotion, sent, filing.cells(1))
            with filing.platform.platform_session("test") as other:
                other.finish_run(run)
            if parts:
                add(session, promotion, sent, filing.cells(2))
            complete(session, promotion, sent)


@pytest.mark.parametrize(
    "otherwise",
    [
        {"closed_before": "2999-01-01"},
        {"closed_before": None},
        {"partition": []},
        {"partition": PIPELINE_BENCHMARK.partition([0] * len(PIPELINE_BENCHMARK.dimensions))},
        {"partition": WORKFLOW.partition([9] * len(WORKFLOW.dimensions))},
    ],
)
def test_a_candidate_of_another_kind_does_not_begin(
    filing: Filing, otherwise: dict[str, object]
) -> None:
    """An open period, or cells cut in another way: before any cell was sent."""
    code = "CL024" if "closed_before" in otherwise else "CL028"
    with refused(filing, code), filing.session() as session:
        begun(session, filing.header("other") | otherwise)


def test_a_contributor_is_not_removed_meanwhile(filing: Filing) -> None:
    """Its removal waits: it finds the candidate then, or the candidate finds it gone."""
    with filing.session() as session:
        promotion, sent = begun(session, filing.header("removed")), SentParts()
        add(session, promotion, sent, filing.cells(1))
        with filing.platform.admin_engine().connect() as admin:
            admin.exec_driver_sql("SET LOCAL lock_timeout = '50ms'")
            with pytest.raises(DBAPIError) as blocked:
                admin.execute(
                    text("DELETE FROM control.tenants WHERE tenant_id = :t"),
                    {"t": filing.tenants[0]},
                )
            assert getattr(blocked.value.orig, "sqlstate", None) == "55P03"
        complete(session, promotion, sent)


@pytest.mark.parametrize("ends_well", [True, False])
def test_two_at_once_file_one_candidate(filing: Filing, *, ends_well: bool) -> None:
    """The second waits for the first: it finds its candidate, or files its own."""
    header = filing.header(f"at once {ends_well}")

    def second() -> tuple[object, bool]:
        with filing.session() as session:
            return session.file_candidate(_SOURCE, header, filing.cells(1, 2), counted)

    def waits() -> bool:
        with filing.platform.admin_engine().connect() as admin:
            query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            return bool(admin.execute(text(query)).scalar_one())

    with ThreadPoolExecutor(1) as others:
        with suppress(Abandoned), filing.session() as session:
            promotion, sent = begun(session, header), SentParts()
            add(session, promotion, sent, filing.cells(1, 2))
            waiting = others.submit(second)
            while not waits():
                assert not waiting.done()
            if not ends_well:
                raise Abandoned
            complete(session, promotion, sent)
        found, already = waiting.result()
    assert already is ends_well
    assert (found == promotion) is ends_well
    assert len(cells_of(filing, found)) == 2


def test_cells_are_asked_for_as_they_are_sent(
    filing: Filing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One part is in memory at a time; of a candidate that was there, none is asked for."""
    asked = 0
    most_ahead = 0
    added = 0

    def cells() -> Iterator[FiledCell]:
        nonlocal asked, most_ahead
        for cell in filing.cells(*range(1, 2501)):
            asked += 1
            most_ahead = max(most_ahead, asked - added)
            yield cell

    with filing.session() as session:
        call = session._call

        def counting(statement: str, **values: Any) -> None:
            nonlocal added
            call(statement, **values)
            added = asked

        monkeypatch.setattr(session, "_call", counting)
        promotion, already = session.file_candidate(
            _SOURCE, filing.header("lazily"), cells(), counted
        )
    assert not already
    assert asked == 2500
    assert most_ahead <= 1000
    assert [row.cell_no for row in cells_of(filing, promotion)] == [*range(1, 2501)]
    asked = 0
    with filing.session() as session:
        again = session.file_candidate(_SOURCE, filing.header("lazily"), cells(), counted)
    assert again == (promotion, True)
    assert asked == 0


def test_a_candidate_without_cells_is_filed(filing: Filing) -> None:
    """Nothing may be released: that is known, and reviewed, like anything else."""
    with filing.session() as session:
        promotion, _ = session.file_candidate(_SOURCE, filing.header("none"), iter(()), counted)
        record = session.promotion_ascend_platform_metric(promotion)
    assert record["cells_kept"] == 0
    assert len(record["candidate_digest"]) == 64


def test_any_name_and_value_arrives_as_it_is(filing: Filing) -> None:
    """What is measured and what cells say may hold what an array's text is made of."""
    odd = 'a "b" \\ {c}, NULL é\n\t'
    (cell,) = filing.cells(1)
    told = [
        each._replace(measured=odd if each.measured else "") for each in cell.contributions[:10]
    ]
    with filing.session() as session:
        promotion, _ = session.file_candidate(
            _SOURCE,
            filing.header("odd"),
            [FiledCell({**cell.cell, "tool_name": odd}, told)],
            counted,
        )
    with filing.platform.admin_engine().connect() as connection:
        query = (
            "SELECT DISTINCT measured FROM control.measure_contributions WHERE promotion_id = :p"
        )
        assert connection.execute(text(query), {"p": promotion}).scalars().all() == [odd]
    assert [row.tool for row in cells_of(filing, promotion)] == [odd]


def test_an_unknown_number_is_no_filing(filing: Filing) -> None:
    """Whatever is guessed."""
    with refused(filing, "CL020"), filing.session() as session:
        add(session, uuid4(), SentParts(), filing.cells(1))
