"""Checks stores against the suite of their class, inside an audit run: counts leave it, no values.

The auditor counts, Great Expectations judges. It holds no connection to the platform's database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from catalog.data_classes import DataClass
from catalog.declared import REGISTRY
from catalog.registry import Dataset
from expectations.class_suites import (
    CONTRIBUTOR,
    READS_TEXT,
    checked_datasets,
    class_suite,
    text_columns,
)
from expectations.disclosure.classes import Classes
from expectations.errors import CouldNotCheck
from expectations.evidence import Evidence, Grouping
from expectations.findings import FindingsTable, Scan, counted_findings
from expectations.group_counts import classes_by_subject
from expectations.identifiers import IdentifierKind, KnownIdentifiers
from expectations.text_scan import pii_scan
from expectations.verdicts import Expectation, Report
from stores.errors import StoreError
from stores.platform import Platform
from stores.sessions import AuditorSession

__all__ = [
    "Examined",
    "check_store",
    "check_stores",
    "datasets_named",
    "examined_stores",
    "informed_scan",
]

_ACCOUNT, _PERSON = IdentifierKind.ACCOUNT_NAME, IdentifierKind.PERSON_NAME
_EMAIL = IdentifierKind.EMAIL
_NAMES = (
    ("tenant_private.crm_accounts", {"name": _ACCOUNT, "parent_name": _ACCOUNT}),
    ("tenant_private.crm_contacts", {"full_name": _PERSON, "email": _EMAIL}),
    ("tenant_private.prospects", {"full_name": _PERSON, "company": _ACCOUNT, "email": _EMAIL}),
    ("tenant_private.crm_opportunities", {"agent_name": _PERSON}),
)
_AGGREGATED = frozenset({DataClass.FUND_PRIVATE, DataClass.ANONYMIZED_BENCHMARK})
_SECONDS_FOR_A_LOCK = 5


def _every_row(_rows: int) -> None:
    """All rows are read."""


@dataclass(frozen=True, slots=True)
class Examined:
    """One store as an audit saw it; ``refused`` says why there is no report.

    ``rows_read`` is None where its suite reads no text.
    """

    dataset: Dataset
    rows: int
    rows_read: int | None
    report: Report | None
    refused: str | None = None


def datasets_named(name: str | None) -> tuple[Dataset, ...]:
    """That store, or all; a key-value prefix stands for the table it is kept in."""
    if name is None:
        return checked_datasets(REGISTRY)
    dataset = REGISTRY.get(name)
    table = REGISTRY.get(dataset.physical) if dataset.physical else dataset
    if table not in checked_datasets(REGISTRY):
        message = f"{table.qualified_name}: no suite covers the platform's own bookkeeping"
        raise CouldNotCheck(message)
    return (table,)


def check_store(platform: Platform, dataset: Dataset, *, reads_text: bool = True) -> Report:
    """What became of that store's suite; without reading text, of what a count can say."""
    (report,) = check_stores(platform, [dataset], reads_text=reads_text)
    return report


def check_stores(
    platform: Platform, datasets: Sequence[Dataset], *, reads_text: bool = True
) -> tuple[Report, ...]:
    """What became of the suite of each store, all in one audit run."""
    # Imported here: Great Expectations costs seconds of CPU, and a code location needs none of it.
    from expectations.gx.judging import judge  # noqa: PLC0415

    with _audited(platform) as session:
        aggregated = any(dataset.data_class in _AGGREGATED for dataset in datasets)
        scan = informed_scan(session) if reads_text and aggregated else pii_scan()
        gathered = [
            (suite, _evidence(session, dataset, suite, scan, knows_identifiers=aggregated))
            for dataset in datasets
            if (suite := _suite(dataset, reads_text=reads_text))
        ]
    return tuple(judge(evidence, suite) for suite, evidence in gathered)


def examined_stores(
    platform: Platform,
    run: UUID,
    datasets: Sequence[Dataset],
    share_of: Callable[[int], float | None],
    *,
    reads_text: bool = True,
) -> Iterator[Examined]:
    """Each store in a transaction of its own: one that cannot be read hides no other.

    ``share_of`` says of a number of rows with which probability each is read; None reads all. What
    was counted of a store is forgotten before the next.
    """
    from expectations.gx.judging import judge  # noqa: PLC0415 - as above

    scan, knows = pii_scan(), False
    if reads_text and any(dataset.data_class in _AGGREGATED for dataset in datasets):
        # Without the names, whatever seeks them could not be checked, and says so.
        with suppress(StoreError), platform.auditor_session(run) as session:
            session.wait_for_locks(_SECONDS_FOR_A_LOCK)
            scan, knows = informed_scan(session), True
    for dataset in datasets:
        suite = _suite(dataset, reads_text=reads_text)
        try:
            with platform.auditor_session(run) as session:
                session.wait_for_locks(_SECONDS_FOR_A_LOCK)
                evidence = _evidence(
                    session, dataset, suite, scan, knows_identifiers=knows, share_of=share_of
                )
        except StoreError as error:
            yield Examined(dataset, 0, None, None, refused=str(error))
            continue
        read = evidence.findings.rows if evidence.findings is not None else None
        yield Examined(dataset, evidence.rows, read, judge(evidence, suite))


def _suite(dataset: Dataset, *, reads_text: bool) -> tuple[Expectation, ...]:
    return tuple(each for each in class_suite(dataset) if reads_text or each.type not in READS_TEXT)


@contextmanager
def _audited(platform: Platform) -> Iterator[AuditorSession]:
    with platform.platform_session("class check") as session:
        run = session.start_audit("class suites")
    try:
        with platform.auditor_session(run) as auditor:
            yield auditor
    finally:
        with platform.platform_session("class check") as session:
            session.finish_audit(run)


def informed_scan(session: AuditorSession) -> Scan:
    """A scan that knows the names every tenant uses; it lives as long as this run."""
    names: set[tuple[IdentifierKind, str]] = set()
    for dataset, kinds in _NAMES:
        collect = partial(_collect, names, tuple(kinds.values()))
        session.count_in_texts(DataClass.TENANT_PRIVATE, dataset, list(kinds), collect)
    return pii_scan(KnownIdentifiers.build(names))


def _collect(
    names: set[tuple[IdentifierKind, str]],
    kinds: Sequence[IdentifierKind],
    batches: Iterable[Sequence[Sequence[str | None]]],
) -> int:
    for batch in batches:
        for kind, column in zip(kinds, batch, strict=True):
            names.update((kind, text) for text in column if text)
    return len(names)


def _evidence(
    session: AuditorSession,
    dataset: Dataset,
    suite: Sequence[Expectation],
    scan: Scan,
    *,
    knows_identifiers: bool,
    share_of: Callable[[int], float | None] = _every_row,
) -> Evidence:
    """Count what the suite asks for; what cannot be counted stays absent, so cannot be judged."""
    wanted = {each.type for each in suite}
    name, data_class = dataset.qualified_name, dataset.data_class
    rows = session.count_rows(data_class, name)
    labels = session.column_labels(data_class, name)
    owner = dataset.owner_column
    nulls = {}
    if owner in labels and owner:
        nulls = {owner: session.count_nulls(data_class, name, owner)[1]}
    findings = None
    if wanted & READS_TEXT:
        findings = _findings(
            session,
            dataset,
            labels,
            scan,
            knows_identifiers=knows_identifiers,
            share=share_of(rows),
        )
    groups = {}
    if dataset.data_class in _AGGREGATED:
        cells = _published(session, dataset)
        # A row that no known cell accounts for was published with nobody known behind it.
        if len(cells) >= rows:
            groups[Grouping(frozenset(dataset.primary_key), CONTRIBUTOR)] = cells
    return Evidence(name, rows, labels, nulls, findings, groups)


def _published(session: AuditorSession, dataset: Dataset) -> Classes:
    found = session.published_cells(dataset.data_class, dataset.qualified_name)
    return classes_by_subject(
        found.cells, found.contributors, found.row_counts, fund_codes=found.funds
    )


def _findings(
    session: AuditorSession,
    dataset: Dataset,
    labels: Iterable[str],
    scan: Scan,
    *,
    knows_identifiers: bool,
    share: float | None,
) -> FindingsTable:
    there = set(labels)
    columns = [column.name for column in text_columns(dataset) if column.name in there]
    if not columns:
        return FindingsTable(0, frozenset(), (), knows_identifiers)
    return session.count_in_texts(
        dataset.data_class,
        dataset.qualified_name,
        columns,
        lambda batches: counted_findings(
            batches, columns, scan, knows_identifiers=knows_identifiers
        ),
        share=share,
    )
