"""On the desk a steward answers for audits as on the command line, and nobody else does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from catalog.data_classes import DataClass
from expectations.audit.quarterly import LabelsUnreadable, audit_stores
from expectations.audit.report import AuditKind, AuditReport
from expectations.audit.store_rules import DATAHUB_SILENT
from lineage.ledger import verify_installation
from stores.boundary.provisioning import add_steward
from tests.desk import Desk, a_desk
from tests.steward.desk.conftest import SETTINGS, Browser, Clock

pytestmark = pytest.mark.integration
Browsers = Callable[[], Browser]
UNKNOWN = "0" * 16


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """An installation whose desk is asked about audits; nothing waits for review."""
    with a_desk(tmp_path_factory.mktemp("audit-desk") / "home") as opened:
        yield opened


def audited(waiting: Desk) -> AuditReport:
    """An audit that DataHub did not answer: one finding, open until somebody acknowledges it."""

    def away() -> Mapping[str, DataClass | None]:
        message = "DataHub does not answer"
        raise LabelsUnreadable(message)

    return audit_stores(waiting.platform, AuditKind.DAILY, away)


@pytest.fixture(scope="module")
def report(waiting: Desk) -> AuditReport:
    """An audit that nobody signs off in these tests unless they say so."""
    return audited(waiting)


def in_days(days: int) -> str:
    """A day as a browser's date field sends it."""
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


def recorded(waiting: Desk) -> tuple[int, int]:
    """Acknowledgements and sign-offs on record."""
    with waiting.platform.admin_engine().connect() as connection:
        counted = connection.execute(
            text(
                "SELECT (SELECT count(*) FROM control.audit_acknowledgements),"
                " (SELECT count(*) FROM control.audit_signoffs)"
            )
        ).one()
    return counted[0], counted[1]


def in_ledger(waiting: Desk, action: str) -> list[tuple[str, str]]:
    """Who did that to what, of what the ledger holds sealed of the audit table; it is whole."""
    assert verify_installation(waiting.platform, ()).sound
    with waiting.platform.admin_engine().connect() as connection:
        rows = connection.execute(
            text(
                "SELECT k.actor, k.subject FROM platform.kv_audit k "
                "JOIN control.ledger_entries e ON e.kind = 'kv_audit' "
                "AND e.row_key = CAST(k.entry_id AS text) "
                "JOIN control.ledger_leaves l ON l.entry_id = e.entry_id WHERE k.action = :a"
            ),
            {"a": action},
        ).all()
    return [(row[0], row[1]) for row in rows]


def finding_of(report: AuditReport) -> str:
    """The id of what it found of DataHub's silence."""
    (finding,) = (each for each in report.findings if each.rule is DATAHUB_SILENT)
    return finding.finding_id


def acknowledgement(browser: Browser, finding: str, **changed: str) -> object:
    """Open the finding, fill in its form, send it."""
    page = browser.get(f"/findings/{finding}")
    form = browser.fields(page) | {"reason": "DataHub is being moved", "until": in_days(9)}
    return browser.post(f"/findings/{finding}/acknowledgement", **form | changed)


def sign_off(browser: Browser, report: AuditReport, **changed: str) -> object:
    """Open the audit, fill in its form, send it."""
    path = f"/audits/{report.audit_id}"
    form = browser.fields(browser.get(path)) | {"note": "read it; DataHub was away"}
    return browser.post(f"{path}/sign-off", **form | changed)


def test_a_finding_is_acknowledged_on_its_page(waiting: Desk, browser: Browsers) -> None:
    """From the list to the form; recorded in the steward's name, and in the ledger."""
    report = audited(waiting)
    finding = finding_of(report)
    sam = browser().enter(waiting, waiting.steward)
    assert f'href="/findings/{finding}"' in sam.get("/findings")
    answer = acknowledgement(sam, finding, reason="moved <b>soon</b>", acknowledged_by="somebody")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/findings/{finding}")
    page = sam.get(f"/findings/{finding}")
    assert f"open again from {in_days(9)} on" in page
    assert f"acknowledged by {waiting.steward.name}" in page
    assert "moved &lt;b&gt;soon&lt;/b&gt;" in page
    assert "acknowledged" in sam.get("/findings")
    assert (waiting.steward.name, finding) in in_ledger(waiting, "finding acknowledged")
    assert audited(waiting).open_findings == ()
    with waiting.platform.admin_engine().begin() as connection:
        connection.execute(
            text("ALTER TABLE control.audit_acknowledgements DISABLE TRIGGER append_only")
        )
        connection.execute(text("DELETE FROM control.audit_acknowledgements"))
        connection.execute(
            text("ALTER TABLE control.audit_acknowledgements ENABLE ALWAYS TRIGGER append_only")
        )


def test_an_audit_is_signed_off_on_its_page(waiting: Desk, browser: Browsers) -> None:
    """As it was filed, once, in the steward's name, and in the ledger."""
    report = audited(waiting)
    sam = browser().enter(waiting, waiting.steward)
    path = f"/audits/{report.audit_id}"
    assert f'href="{path}"' in sam.get("/findings")
    page = sam.get(path)
    for part in (report.digest, finding_of(report), "tenant_private.crm_accounts"):
        assert part in page
    assert sign_off(sam, report).headers["location"] == path
    after = sam.get(path)
    assert f"You signed off audit {report.audit_id}" in after
    assert f"Signed off by {waiting.steward.name}" in after
    assert "/sign-off" not in after
    assert (waiting.steward.name, str(report.audit_id)) in in_ledger(waiting, "audit signed off")
    second = sam.post(
        f"{path}/sign-off", csrf=sam.fields(after)["csrf"], digest=report.digest, note="again"
    )
    assert (second.status_code, "signed off already" in second.text) == (409, True)


REFUSED_REASONS = [
    ({"reason": ""}, 400, "3 to 2,000 characters"),
    ({"reason": " \n "}, 400, "3 to 2,000 characters"),
    ({"reason": "x" * 3_000}, 400, "3 to 2,000 characters"),
    ({"reason": "x" * 1_000_000}, 413, "64 KiB"),
    ({"reason": "bell \x07 rings"}, 400, "this one has U+0007"),
    ({"reason": "clears \x9b2J the screen"}, 400, "this one has U+009B"),
    ({"reason": "nothing \x00 here"}, 400, "this one has U+0000"),
    ({"reason": "k is \u202e21 now"}, 400, "this one has U+202E"),
    ({"csrf": ""}, 403, "another session"),
    ({"csrf": "forged"}, 403, "another session"),
]


@pytest.mark.parametrize(
    ("form", "status", "told"),
    [
        *REFUSED_REASONS,
        ({"until": ""}, 400, "nothing was recorded"),
        ({"until": "soon"}, 400, "nothing was recorded"),
        ({"until": "2020-01-01"}, 400, "not in the past"),
        ({"until": date.today().isoformat()}, 400, "not in the past"),  # noqa: DTZ011 - a day's start
        ({"until": in_days(400)}, 400, "within a year"),
        ({"until": "9999-12-31"}, 400, "within a year"),
    ],
)
def test_an_acknowledgement_that_cannot_stand_is_refused(
    waiting: Desk, browser: Browsers, report: AuditReport,
    form: dict[str, str], status: int, told: str,
) -> None:  # fmt: skip
    """The page says why; nothing is recorded."""
    sam = browser().enter(waiting, waiting.steward)
    before = recorded(waiting)
    answer = acknowledgement(sam, finding_of(report), **form)
    assert (answer.status_code, told in answer.text) == (status, True), answer.text[:2_000]
    assert recorded(waiting) == before


@pytest.mark.parametrize(
    ("form", "status", "told"),
    [
        *(
            ({"note" if name == "reason" else name: value for name, value in form.items()}, *rest)
            for form, *rest in REFUSED_REASONS
        ),
        ({"digest": "0" * 64}, 409, "CL037"),
        ({"digest": ""}, 409, "CL037"),
    ],
)
def test_a_sign_off_that_cannot_stand_is_refused(
    waiting: Desk, browser: Browsers, report: AuditReport,
    form: dict[str, str], status: int, told: str,
) -> None:  # fmt: skip
    """What was read is what is signed; nothing else is recorded."""
    sam = browser().enter(waiting, waiting.steward)
    before = recorded(waiting)
    answer = sign_off(sam, report, **form)
    assert (answer.status_code, told in answer.text) == (status, True), answer.text[:2_000]
    assert recorded(waiting) == before


@pytest.mark.parametrize(
    "path",
    [
        f"/findings/{UNKNOWN}",
        "/findings/<script>alert(1)",
        "/audits/00000000-0000-0000-0000-000000000000",
        "/audits/<script>alert(1)",
    ],
)
def test_what_no_audit_found_is_answered_by_nobody(
    waiting: Desk, browser: Browsers, report: AuditReport, path: str
) -> None:
    """Neither its page is shown nor its form taken, and its name is not echoed."""
    sam = browser().enter(waiting, waiting.steward)
    csrf = sam.fields(sam.get(f"/findings/{finding_of(report)}"))["csrf"]
    before = recorded(waiting)
    action = "acknowledgement" if path.startswith("/findings") else "sign-off"
    for answer in (
        sam.http.get(path),
        sam.post(
            f"{path}/{action}", csrf=csrf, digest=report.digest,
            reason="known", note="known", until=in_days(9),
        ),
    ):  # fmt: skip
        assert answer.status_code == 404
        assert "<script" not in answer.text
    assert recorded(waiting) == before


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "https://evil.example.com"},
        {"Origin": SETTINGS.url, "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_form_of_another_site_is_refused(
    waiting: Desk, browser: Browsers, report: AuditReport, headers: dict[str, str]
) -> None:
    """Even with the right token."""
    sam = browser().enter(waiting, waiting.steward)
    before = recorded(waiting)
    for path, form in forms(sam, report).items():
        assert sam.post(path, headers, **form).status_code == 403
    assert recorded(waiting) == before


def forms(browser: Browser, report: AuditReport) -> dict[str, dict[str, str]]:
    """Both forms, filled in as their pages are, by where they are sent."""
    finding, audit = f"/findings/{finding_of(report)}", f"/audits/{report.audit_id}"
    return {
        f"{finding}/acknowledgement": browser.fields(browser.get(finding))
        | {"reason": "known", "until": in_days(9)},
        f"{audit}/sign-off": browser.fields(browser.get(audit)) | {"note": "read it"},
    }


def test_nobody_answers_without_a_session_or_with_an_ended_one(
    waiting: Desk, browser: Browsers, report: AuditReport, clock: Clock
) -> None:
    """Pages and forms lead to the sign-in page; another's form is refused."""
    sam = browser().enter(waiting, waiting.steward)
    before, sent = recorded(waiting), forms(sam, report)
    eve = browser().enter(waiting, waiting.engineer)
    for path, form in sent.items():
        assert browser().post(path, **form).headers["location"] == "/sign-in"
        assert eve.post(path, **form).status_code == 403
        page = path.rpartition("/")[0]
        assert browser().http.get(page, follow_redirects=False).headers["location"] == "/sign-in"
    clock.seconds += 31 * 60
    for path, form in sent.items():
        assert sam.post(path, **form).headers["location"] == "/sign-in"
    assert recorded(waiting) == before


TWO = [DataClass.FUND_PRIVATE, DataClass.ANONYMIZED_BENCHMARK]


@pytest.mark.parametrize("scopes", [[], TWO[:1], TWO])
def test_who_does_not_decide_about_every_class_answers_for_no_audit(
    waiting: Desk, browser: Browsers, report: AuditReport, scopes: list[DataClass]
) -> None:
    """An audit is of every store: the database refuses, on the desk and past it."""
    ann = add_steward(waiting.platform, f"audit-{len(scopes)}-scopes", scopes)
    before = recorded(waiting)
    outside = browser().enter(waiting, ann)
    for answer in (acknowledgement(outside, finding_of(report)), sign_off(outside, report)):
        assert (answer.status_code, "CL052" in answer.text) == (409, True)
    assert recorded(waiting) == before


def test_a_revoked_login_answers_for_nothing_though_its_session_lives(
    waiting: Desk, browser: Browsers, report: AuditReport
) -> None:
    """The session is only a handle: each answer is the database's to refuse."""
    gone = add_steward(waiting.platform, "audit-gone")
    leaver = browser().enter(waiting, gone)
    before, sent = recorded(waiting), forms(leaver, report)
    with waiting.platform.admin_engine().begin() as connection:
        connection.execute(text("DELETE FROM control.stewards WHERE login = :l"), {"l": gone.login})
    for path, form in sent.items():
        answer = leaver.post(path, **form)
        assert (answer.status_code, "CL010" in answer.text) == (409, True)
    assert recorded(waiting) == before


def test_answers_are_limited_together_with_decisions(
    waiting: Desk, browser: Browsers, report: AuditReport, clock: Clock
) -> None:
    """A runaway script stops after twenty tries, until time has passed."""
    sam = browser().enter(waiting, waiting.steward)
    (path, form), _ = forms(sam, report).items()
    codes = [sam.post(path, **form | {"reason": ""}).status_code for _ in range(21)]
    assert codes == [400] * 20 + [429]
    clock.seconds += 3
    assert sam.post(path, **form | {"reason": ""}).status_code == 400


def test_the_pages_name_no_tenant_and_no_secret(
    waiting: Desk, browser: Browsers, report: AuditReport
) -> None:
    """Rules, places and counts."""
    sam = browser().enter(waiting, waiting.steward)
    pages = sam.get(f"/findings/{finding_of(report)}") + sam.get(f"/audits/{report.audit_id}")
    with waiting.platform.admin_engine().connect() as connection:
        rows = connection.execute(
            text("SELECT tenant_id, external_name FROM control.tenants")
        ).all()
    assert rows
    assert not [part for row in rows for part in row if part in pages]
    assert waiting.steward.password not in pages


def test_every_field_is_named_to_a_screen_reader(
    waiting: Desk, browser: Browsers, report: AuditReport
) -> None:
    """Each field that is seen has a label and a hint of its own."""
    sam = browser().enter(waiting, waiting.steward)
    for path, fields in (
        (f"/findings/{finding_of(report)}", ("reason", "until")),
        (f"/audits/{report.audit_id}", ("note",)),
    ):
        page = sam.get(path)
        for name in fields:
            assert f'<label for="{name}">' in page
            assert f'id="{name}"' in page
            assert f'aria-describedby="{name}-hint"' in page
            assert f'id="{name}-hint"' in page
