"""Who wrote a set of files since a version of them that was approved.

The history is what decides, so whatever cannot be read in it is refused: a file that is not as
committed, a clone without its past, no repository at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Commit", "HistoryUnreadable", "SourceHistory", "blob_id"]


class HistoryUnreadable(LookupError):
    """Nobody can say who wrote a file, so nobody may approve it."""


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit: its parents, everyone it names, and the blobs it left of the files looked at.

    ``blobs`` maps a file's name to the blob's id; a file that the commit removed maps to "".
    """

    id: str
    parents: tuple[str, ...]
    people: tuple[str, ...]
    blobs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceHistory:
    """All commits, children before parents, and the blobs that the named files are now."""

    present: Mapping[str, str]
    commits: tuple[Commit, ...]
    algorithm: str = "sha1"

    def authors_since(self, approved: Mapping[str, str]) -> tuple[str, ...]:
        """Everyone named by a commit to one of the files that the approved text lacks.

        ``approved`` maps a file's name to its approved text; of a file without one, everyone who
        ever wrote it counts.
        """
        people: set[str] = set()
        for name, blob in self.present.items():
            touching = [commit for commit in self.commits if name in commit.blobs]
            if not touching:
                message = (
                    f"{name}: no commit of its history is known, so nobody can say who wrote it; "
                    "commit it, then decide"
                )
                raise HistoryUnreadable(message)
            text = approved.get(name)
            wanted = None if text is None else blob_id(text.encode(), self.algorithm)
            if wanted == blob:
                continue
            base = next((c for c in touching if c.blobs[name] == wanted), None)
            behind = self._reached(base) if base else frozenset()
            people.update(
                person for commit in touching if commit.id not in behind for person in commit.people
            )
        return tuple(sorted(people))

    def _reached(self, base: Commit) -> frozenset[str]:
        """That commit and all before it; a branch merged later is not before it."""
        parents = {commit.id: commit.parents for commit in self.commits}
        reached: set[str] = set()
        waiting = [base.id]
        while waiting:
            commit = waiting.pop()
            if commit not in reached:
                reached.add(commit)
                waiting.extend(parents.get(commit, ()))
        return frozenset(reached)


def blob_id(content: bytes, algorithm: str) -> str:
    """The id that git gives such a file."""
    digest = hashlib.new(algorithm, usedforsecurity=False)
    digest.update(b"blob %d\0" % len(content))
    digest.update(content)
    return digest.hexdigest()
