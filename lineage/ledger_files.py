"""What an outsider gets: a bundle of the whole ledger, or the proof of one promotion.

A bundle is one JSON document a line: a head, then an entry per leaf in the order of the tree. A
proof is one JSON document. Bytes are base64. Neither names a person, a login, a tenant or a fund.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from lineage.ledger_entries import LedgerEntry
from lineage.ledger_notes import VerifierKey

__all__ = [
    "BUNDLE_FORMAT",
    "PROOF_FORMAT",
    "Bundle",
    "LedgerProof",
    "NotALedgerFile",
    "ProvenEntry",
    "ProvenHandover",
    "read_ledger_file",
    "write_bundle",
    "write_proof",
]

BUNDLE_FORMAT = "classline-ledger-bundle-1"
PROOF_FORMAT = "classline-ledger-proof-1"
_LONGEST_LINE = 16 * 2**20
_Json = dict[str, Any]  # Any: JSON


class NotALedgerFile(ValueError):
    """A file that is no bundle and no proof, or a damaged one."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle's head; its entries are read from the file, one at a time.

    ``key`` is the present one, ``notes`` are checkpoints and handovers.
    """

    path: Path
    key: VerifierKey
    notes: tuple[str, ...]

    def entries(self) -> Iterator[LedgerEntry]:
        """The entries in the file's order."""
        with self.path.open(encoding="utf-8") as lines:
            lines.readline(_LONGEST_LINE)
            for number, line in enumerate(_short(lines, self.path), start=2):
                yield _entry(_object(line, self.path, number), self.path, number)


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """An entry with the path from its leaf to the root."""

    entry: LedgerEntry
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ProvenHandover:
    """A handover of the key, with the path that shows that the checkpoint continues its tree."""

    note: str
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class LedgerProof:
    """Entries with their paths to a checkpoint, and that it continues an earlier one."""

    key: VerifierKey
    checkpoint: str
    entries: tuple[ProvenEntry, ...]
    since: int | None = None
    consistency: tuple[bytes, ...] = ()
    handovers: tuple[ProvenHandover, ...] = ()


def write_bundle(
    out: TextIO,
    key: VerifierKey,
    checkpoints: Sequence[str],
    entries: Iterable[LedgerEntry],
    *,
    handovers: Sequence[str] = (),
) -> int:
    """Write a bundle; returns how many entries it has."""
    head: _Json = {"format": BUNDLE_FORMAT, "key": str(key), "checkpoints": list(checkpoints)}
    if handovers:
        head["handovers"] = list(handovers)
    _line(out, head)
    written = 0
    for entry in entries:
        _line(out, _entry_fields(entry))
        written += 1
    return written


def write_proof(out: TextIO, proof: LedgerProof) -> None:
    """Write a proof."""
    content: _Json = {
        "format": PROOF_FORMAT,
        "key": str(proof.key),
        "checkpoint": proof.checkpoint,
        "entries": [
            {**_entry_fields(proven.entry), "path": [_encoded(step) for step in proven.path]}
            for proven in proof.entries
        ],
    }
    if proof.since is not None:
        content["since"] = proof.since
        content["consistency"] = [_encoded(step) for step in proof.consistency]
    if proof.handovers:
        content["handovers"] = [
            {"note": made.note, "path": [_encoded(step) for step in made.path]}
            for made in proof.handovers
        ]
    json.dump(content, out, ensure_ascii=False, indent=1)
    out.write("\n")


def read_ledger_file(path: Path) -> Bundle | LedgerProof:
    """A bundle, or a proof."""
    try:
        with path.open(encoding="utf-8") as lines:
            first = lines.readline(_LONGEST_LINE)
            if '"format"' in first:
                return _bundle(_object(first, path, 1), path)
            rest = lines.read(_LONGEST_LINE)
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read ({type(error).__name__}); name another file"
        raise NotALedgerFile(message) from None
    return _proof(_object(first + rest, path, 1), path)


def _bundle(head: _Json, path: Path) -> Bundle | LedgerProof:
    if head.get("format") == PROOF_FORMAT:
        return _proof(head, path)  # a proof on one line
    lists = (head.get("checkpoints"), head.get("handovers", []))
    if head.get("format") != BUNDLE_FORMAT or not all(isinstance(one, list) for one in lists):
        raise NotALedgerFile(_said(path, 1, "is no head of a bundle of this version"))
    return Bundle(path, _key(head), tuple(str(note) for one in lists if one for note in one))


def _proof(content: _Json, path: Path) -> LedgerProof:
    if content.get("format") != PROOF_FORMAT:
        raise NotALedgerFile(_said(path, 1, "is neither a bundle's head nor a proof"))
    try:
        entries = tuple(
            ProvenEntry(_entry(fields, path, 1), tuple(_decoded(step) for step in fields["path"]))
            for fields in content["entries"]
        )
        since = content.get("since")
        return LedgerProof(
            _key(content),
            str(content["checkpoint"]),
            entries,
            None if since is None else int(since),
            tuple(_decoded(step) for step in content.get("consistency", ())),
            tuple(
                ProvenHandover(str(made["note"]), tuple(_decoded(step) for step in made["path"]))
                for made in content.get("handovers", ())
            ),
        )
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, NotALedgerFile):
            raise
        raise NotALedgerFile(_said(path, 1, "is a damaged proof")) from None


def _key(content: Mapping[str, Any]) -> VerifierKey:
    return VerifierKey.parse(str(content.get("key", "")))


def _entry_fields(entry: LedgerEntry) -> _Json:
    fields: _Json = {"position": entry.position, "leaf": _encoded(entry.leaf)}
    if entry.salt is not None and entry.record is not None:
        fields |= {"salt": _encoded(entry.salt), "record": entry.record}
    return fields


def _entry(fields: Mapping[str, Any], path: Path, number: int) -> LedgerEntry:
    try:
        salt, record = fields.get("salt"), fields.get("record")
        if (salt is None) is not (record is None) or not isinstance(fields["position"], int):
            raise NotALedgerFile(_said(path, number, "is no entry of a ledger"))
        return LedgerEntry(
            position=fields["position"],
            leaf=_decoded(fields["leaf"]),
            salt=None if salt is None else _decoded(salt),
            record=None if record is None else str(record),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, NotALedgerFile):
            raise
        raise NotALedgerFile(_said(path, number, "is no entry of a ledger")) from None


def _short(lines: TextIO, path: Path) -> Iterator[str]:
    number = 1
    while line := lines.readline(_LONGEST_LINE):
        number += 1
        if not line.endswith("\n"):
            raise NotALedgerFile(_said(path, number, "does not end: the file was cut"))
        yield line


def _object(text: str, path: Path, number: int) -> _Json:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise NotALedgerFile(_said(path, number, "is no JSON object"))
    return content


def _said(path: Path, number: int, what: str) -> str:
    return f"{path}: line {number} {what}; take another copy, or export again"


def _line(out: TextIO, content: _Json) -> None:
    out.write(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n")


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _decoded(text: object) -> bytes:
    try:
        return base64.b64decode(str(text), validate=True)
    except binascii.Error as error:
        raise ValueError from error
