"""Reads from git who wrote which files: authors, committers and co-authors, through renames.

Names are taken as the commits have them. A mailmap is not consulted, and neither are grafts and
replacements: each of them could hide somebody.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from lineage.source_history import Commit, HistoryUnreadable, SourceHistory, blob_id

__all__ = ["git_history"]

_FIELDS = ("%H", "%P", "%an <%ae>", "%cn <%ce>", "%(trailers:key=Co-authored-by,valueonly)")
_FORMAT = "%x00" + "%x00".join(_FIELDS) + "%x00"
_SETTINGS = (
    "safe.directory=*",  # reading runs nothing of the repository's
    "core.fsmonitor=false",
    "core.quotePath=false",
    "core.commitGraph=false",
    "log.showSignature=false",
    "log.mailmap=false",
    "log.follow=false",
    "i18n.logOutputEncoding=UTF-8",
)
_TIMEOUT_SECONDS = 120


def git_history(files: Mapping[str, Path]) -> SourceHistory:
    """The history of these files, by name; refused where any is not exactly as committed."""
    if not files:
        message = "no files, no history: refused"
        raise HistoryUnreadable(message)
    root = Path(_git(next(iter(files.values())).parent, "rev-parse", "--show-toplevel").strip())
    if _git(root, "rev-parse", "--is-shallow-repository").strip() != "false":
        message = (
            f"{root} is a shallow clone, which hides who wrote its files: refused; "
            "`git fetch --unshallow`, then decide"
        )
        raise HistoryUnreadable(message)
    algorithm = _git(root, "rev-parse", "--show-object-format").strip()
    paths = {name: _path_in(root, path) for name, path in files.items()}
    present = _require_committed(root, files, paths, algorithm)
    log = _git(
        root, "log", "--topo-order", "--full-history", "--raw", "--no-abbrev", "-B", "-M",
        "--diff-merges=combined", "--combined-all-paths", f"--format={_FORMAT}", "HEAD",
    )  # fmt: skip
    return SourceHistory(present, tuple(_commits(log, paths)), algorithm)


def _git(folder: Path, *arguments: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment |= {"GIT_NO_REPLACE_OBJECTS": "1", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    settings = [part for setting in _SETTINGS for part in ("-c", setting)]
    try:
        done = subprocess.run(  # noqa: S603 - our own words and paths, no shell
            ["git", *settings, *arguments],  # noqa: S607 - the git of whoever runs us
            cwd=folder,
            env=environment,
            capture_output=True,
            check=True,
            timeout=_TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        message = (
            f"the git history of {folder} cannot be read ({type(error).__name__}), so nobody can "
            "say who wrote its files: refused; decide where the repository and git are, or name "
            "the authors recorded at build in CLASSLINE_SOURCE_AUTHORS"
        )
        raise HistoryUnreadable(message) from None
    return done.stdout.decode("utf-8", "surrogateescape")


def _path_in(root: Path, path: Path) -> str:
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        message = f"{path} is outside the repository {root}, so its history is unknown: refused"
        raise HistoryUnreadable(message) from None


def _require_committed(
    root: Path, files: Mapping[str, Path], paths: Mapping[str, str], algorithm: str
) -> dict[str, str]:
    """The blob that each file is, in the newest commit and on disk alike."""
    tree: dict[str, str] = {}
    for entry in _git(root, "ls-tree", "-r", "-z", "--full-tree", "HEAD").split("\0"):
        facts, _, path = entry.partition("\t")
        if path:
            tree[path] = facts.split()[2]
    changed = [
        name
        for name, path in files.items()
        if tree.get(paths[name]) != blob_id(path.read_bytes(), algorithm)
    ]
    if changed:
        message = (
            f"{', '.join(sorted(changed))}: not as committed, so nobody can say who wrote it: "
            "refused; commit it, run the workflow, then decide"
        )
        raise HistoryUnreadable(message)
    return {name: tree[path] for name, path in paths.items()}


def _commits(log: str, paths: Mapping[str, str]) -> Iterator[Commit]:
    """The commits of the log; a file is known by every name that it had."""
    known: dict[str, set[str]] = {}
    for name, path in paths.items():
        known.setdefault(path, set()).add(name)
    parts = log.split("\0")[1:]
    width = len(_FIELDS) + 1
    for at in range(0, len(parts) - len(_FIELDS), width):
        commit, parents, author, committer, together, changes = parts[at : at + width]
        co_authors = [line.strip() for line in together.splitlines() if line.strip()]
        yield Commit(
            id=commit,
            parents=tuple(parents.split()),
            people=tuple(dict.fromkeys([author, committer, *co_authors])),
            blobs=_blobs(changes.splitlines(), known),
        )


def _blobs(lines: Iterable[str], known: dict[str, set[str]]) -> dict[str, str]:
    blobs: dict[str, str] = {}
    for line in lines:
        if not line.startswith(":"):
            continue
        before, *names = line.split("\t")
        parents = len(before) - len(before.lstrip(":"))
        blob = before.lstrip(":").split()[2 * parents + 1]
        for name in known.get(names[-1], ()):
            blobs[name] = "" if set(blob) == {"0"} else blob
        _follow(names, known)
    return blobs


def _follow(names: Sequence[str], known: dict[str, set[str]]) -> None:
    for old in names[:-1]:
        if old != names[-1] and names[-1] in known:
            known.setdefault(old, set()).update(known[names[-1]])
