"""The history of an installation without git, as it was recorded when the installation was built.

Whoever builds and installs the code is trusted with it anyway; a file that does not know the very
text that is installed says nothing about it and is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from lineage.source_history import Commit, HistoryUnreadable, SourceHistory, blob_id

__all__ = ["AUTHORS_SETTING", "declared_by", "read_declared", "write_history"]

AUTHORS_SETTING = "CLASSLINE_SOURCE_AUTHORS"
_ALGORITHM = "sha256"


def declared_by(people: tuple[str, ...], files: Mapping[str, Path]) -> SourceHistory:
    """A history of one commit: who installs the code says who wrote all of it."""
    blobs = {name: blob_id(path.read_bytes(), _ALGORITHM) for name, path in files.items()}
    return SourceHistory(blobs, (Commit("declared", (), people, blobs),), _ALGORITHM)


def write_history(path: Path, history: SourceHistory) -> None:
    """Record a history at build."""
    content = {
        "algorithm": history.algorithm,
        "present": dict(history.present),
        "commits": [
            {
                "id": commit.id,
                "parents": list(commit.parents),
                "people": list(commit.people) if commit.blobs else [],
                "blobs": dict(commit.blobs),
            }
            for commit in history.commits
        ],
    }
    path.write_text(json.dumps(content, indent=0, sort_keys=True), encoding="utf-8")


def read_declared(path: Path, files: Mapping[str, Path]) -> SourceHistory:
    """The recorded history; refused where it is about other texts than those installed."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        history = SourceHistory(
            {str(name): str(blob) for name, blob in content["present"].items()},
            tuple(
                Commit(each["id"], tuple(each["parents"]), tuple(each["people"]), each["blobs"])
                for each in content["commits"]
            ),
            str(content["algorithm"]),
        )
        wrong = sorted(
            name
            for name, file in files.items()
            if history.present.get(name) != blob_id(file.read_bytes(), history.algorithm)
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        message = (
            f"{path}: no record of authors ({type(error).__name__}), so nobody can say who wrote "
            f"what: refused; make it with `classline review authors` at build, or unset "
            f"{AUTHORS_SETTING}"
        )
        raise HistoryUnreadable(message) from None
    if wrong:
        message = (
            f"{', '.join(wrong)}: not the text that {path} knows the authors of: refused; make it "
            "again with `classline review authors` where the code is built"
        )
        raise HistoryUnreadable(message)
    kept = {name: history.present[name] for name in files}
    return SourceHistory(kept, history.commits, history.algorithm)
