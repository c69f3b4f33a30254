"""`pii`: what points at a person, an account or a tenant in a plain file."""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from steward.console import ExitCode, fail, print_json, print_table, say

if TYPE_CHECKING:
    from expectations.identifiers import KnownIdentifiers, Occurrence
    from expectations.plain_files.named_entities import NamesSeen
    from expectations.plain_files.text_files import Cell

__all__ = ["add_to"]

_MOST_SHOWN = 1_000
_SAMPLE = 200


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    pii = typer.Typer(no_args_is_help=True, help="Find personal data and secrets in a plain file.")
    pii.callback()(_no_other)
    pii.command("scan")(scan)
    app.add_typer(pii, name="pii")


def _no_other() -> None:
    """Keep `scan` a command of its own."""


def scan(
    file: Annotated[str, typer.Argument(help="CSV, Parquet or JSON lines; - for standard input.")],
    column: Annotated[str | None, typer.Option(help="Look at this column alone.")] = None,
    identifiers: Annotated[
        Path | None, typer.Option(help="Look for these too: a file with one name a line.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,  # noqa: FBT002
    names: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Ask a spaCy model too: advice only.")
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Show values, on a terminal only.")] = False,  # noqa: FBT002
) -> None:
    """Find what points at somebody: where it stands and its kind; nothing is written to disk."""
    from expectations.plain_files.column_names import suspected_columns  # noqa: PLC0415

    if show and (as_json or not sys.stdout.isatty()):
        fail(
            "--show: values are shown to a person at a terminal, never written to a file or a "
            "pipe; leave out --show, or run it at a terminal without --json",
            ExitCode.BAD_USAGE,
        )
    known = _known(identifiers) if identifiers else None
    scanned = _Scanned(known, keeps_values=show, samples=names is not None)
    scanned.read(None if file == "-" else Path(file), column)
    suspected = suspected_columns(scanned.columns if column is None else [column])
    seen = _names(scanned.sample, names) if names else None
    if as_json:
        report: dict[str, object] = {
            "rows_flagged": len(scanned.rows_flagged),
            "rows_scanned": scanned.rows,
            "findings": scanned.findings,
            "suspected_columns": suspected,
        }
        if seen:
            report["advice"] = {"sampled": seen.sampled, "texts_by_kind": seen.texts_by_kind}
        print_json(report)
        return
    _print(scanned, suspected)
    if seen:
        told = ", ".join(f"{kind} in {count}" for kind, count in seen.texts_by_kind.items())
        say(f"advice: of {seen.sampled:,} sampled cells, {told or 'none'} seen by the model")


def _names(sample: list[str], model: str) -> NamesSeen:
    from expectations.plain_files.named_entities import names_seen  # noqa: PLC0415

    return names_seen(sample, model)


class _Scanned:
    """What one file holds; values are kept only where they will be shown."""

    def __init__(
        self, known: KnownIdentifiers | None, *, keeps_values: bool, samples: bool
    ) -> None:
        self._known = known
        self._keeps_values = keeps_values
        self._samples = samples
        self._chance = random.Random(0)  # noqa: S311 - a sample, not a secret
        self._seen = 0
        self.sample: list[str] = []
        self.rows = 0
        self.columns: list[str] = []
        self.findings: list[dict[str, object]] = []
        self.values: list[str] = []
        self.rows_flagged: set[int] = set()

    def read(self, path: Path | None, column: str | None) -> None:
        """Scan the whole file: nothing is said of it before its end is reached."""
        from expectations.identifiers import find_identifiers  # noqa: PLC0415
        from expectations.plain_files.text_files import text_batches  # noqa: PLC0415

        for batch in text_batches(path, column):
            found = find_identifiers(batch.texts, self._known)
            for cell, text, occurrences in zip(batch.cells, batch.texts, found, strict=True):
                for each in occurrences:
                    self._keep(cell, text, each)
                if self._samples:
                    self._sample(text)
            self.rows, self.columns = batch.rows, list(batch.columns)

    def _sample(self, text: str) -> None:
        """Each text of the file is as likely to be in the sample as any other."""
        self._seen += 1
        if len(self.sample) < _SAMPLE:
            self.sample.append(text)
        elif (place := self._chance.randrange(self._seen)) < _SAMPLE:
            self.sample[place] = text

    def _keep(self, cell: Cell, text: str, found: Occurrence) -> None:
        finding: dict[str, object] = {
            "row": cell.row,
            "column": cell.column,
            "start": found.start,
            "end": found.end,
            "kind": str(found.kind),
        }
        if cell.leaf is not None:
            finding["leaf"] = cell.leaf
        if found.known:
            finding["known"] = True
        self.findings.append(finding)
        self.rows_flagged.add(cell.row)
        if self._keeps_values:
            self.values.append(text[found.start : found.end])


def _known(path: Path) -> KnownIdentifiers:
    """The caller's own list; one that names nobody is refused, since it would clear everything."""
    from expectations.errors import CouldNotCheck  # noqa: PLC0415
    from expectations.identifiers import IdentifierKind, KnownIdentifiers  # noqa: PLC0415

    def named() -> Iterator[tuple[IdentifierKind, str]]:
        with path.open(encoding="utf-8-sig") as lines:
            for line in lines:
                if name := line.strip():
                    yield IdentifierKind.KNOWN_IDENTIFIER, name

    try:
        known = KnownIdentifiers.build(named())
    except (OSError, UnicodeDecodeError):
        message = f"{path.name}: not a readable file of UTF-8 text; name one with a name a line"
        raise CouldNotCheck(message) from None
    if not len(known):
        message = (
            f"{path.name}: holds no identifier of two letters or more, so nothing would be looked "
            "for: could not check; write one name a line"
        )
        raise CouldNotCheck(message)
    return known


def _print(scanned: _Scanned, suspected: Mapping[str, str]) -> None:
    counts = Counter((str(f["column"]), str(f["kind"])) for f in scanned.findings)
    print_table(
        "found",
        ["column", "kind", "times"],
        [(column, kind, times) for (column, kind), times in sorted(counts.items())],
    )
    if scanned.values:
        shown = zip(scanned.findings[:_MOST_SHOWN], scanned.values[:_MOST_SHOWN], strict=True)
        print_table(
            "values",
            ["row", "column", "kind", "value"],
            [(f["row"], f["column"], f["kind"], value) for f, value in shown],
        )
    for column, kind in sorted(suspected.items()):
        say(f"the name of column {column} suggests {kind}")
    flagged, rows = len(scanned.rows_flagged), scanned.rows
    say(f"{flagged:,} of {rows:,} rows hold something that points at somebody")
