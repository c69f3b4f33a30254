"""Writes files whole or not at all: each beside its place first, then all into their places."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from anonymization.kanon.errors import UnwritablePlace

__all__ = ["write_all"]


def write_all(writers: Mapping[Path, Callable[[Path], None]]) -> None:
    """Let each writer write its file; the last one named takes its place last.

    Whatever ends this before its end leaves every place as it was, and at worst a file with a
    leading dot that nobody reads.
    """
    drafts = {path: path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}") for path in writers}
    try:
        for path, write in writers.items():
            with _named_in_refusals(path):
                write(drafts[path])
                with drafts[path].open("rb") as written:
                    os.fsync(written.fileno())
        for path, draft in drafts.items():
            with _named_in_refusals(path):
                draft.replace(path)
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)


@contextmanager
def _named_in_refusals(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror or 'the system refused'}"
        raise UnwritablePlace(message) from None
