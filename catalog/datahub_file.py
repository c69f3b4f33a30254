"""Proposals as a metadata file, which DataHub's own `check` reads and its `ingest` sends.

It imports the DataHub SDK, so it is itself imported only inside functions that emit.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from datahub.ingestion.sink.file import write_metadata_file

from catalog.datahub_errors import DataHubError
from catalog.datahub_nameless import nameless
from catalog.datahub_proposals import Proposal
from catalog.datahub_soundness import problems_of
from catalog.registry import Registry

__all__ = ["UnsoundProposals", "write_proposals"]

_SHOWN = 20


class UnsoundProposals(DataHubError):
    """Proposals that DataHub would refuse."""


def write_proposals(path: Path, proposals: Sequence[Proposal], registry: Registry) -> None:
    """Write all of them, or refuse with every problem found; a reader never sees half a file."""
    problems = list(problems_of(proposals, registry))
    if problems:
        shown = "\n  ".join(problems[:_SHOWN])
        message = (
            f"{len(problems)} proposals are unsound, so nothing was written; mend what makes them:"
            f"\n  {shown}"
        )
        raise UnsoundProposals(message)
    scratch = path.with_name(f".{path.name}.part")
    try:
        if not path.parent.is_dir():
            raise NotADirectoryError  # the SDK would make the folder
        write_metadata_file(scratch, list(nameless(proposals)))
        scratch.replace(path)
    except OSError as error:
        message = f"{path} cannot be written ({type(error).__name__}); name another file"
        raise UnsoundProposals(message) from None
    finally:
        scratch.unlink(missing_ok=True)
