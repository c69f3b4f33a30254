"""Who wrote a file cannot be hidden, and where it cannot be read nothing is approved."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lineage.declared_authors import declared_by, read_declared, write_history
from lineage.git_history import git_history
from lineage.source_history import HistoryUnreadable

ANN, BOB, EVE = ("Ann <ann@example.com>", "Bob <bob@example.com>", "Eve <eve@example.com>")
V1 = "step = 1\n"


@dataclass
class Repository:
    """A real repository in a folder."""

    root: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def git(self, *arguments: str, by: str = ANN, committer: str | None = None) -> str:
        people = {}
        for role, person in (("AUTHOR", by), ("COMMITTER", committer or by)):
            name, _, address = person.rstrip(">").partition(" <")
            people |= {f"GIT_{role}_NAME": name, f"GIT_{role}_EMAIL": address}
        clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        done = subprocess.run(
            ["git", *arguments],  # noqa: S607 - whichever git the machine has
            cwd=self.root, check=True, capture_output=True,
            env=clean | people | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull},
        )  # fmt: skip
        return done.stdout.decode()

    def write(self, text: str, name: str = "flow.py") -> Path:
        path = self.root / name
        path.write_text(text)
        return path

    def commit(
        self, text: str, by: str, *, name: str = "flow.py", committer: str | None = None,
        message: str = "change",
    ) -> str:  # fmt: skip
        self.write(text, name)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message, by=by, committer=committer)
        return self.git("rev-parse", "HEAD").strip()

    def authors_since(self, approved: str | None, name: str = "flow.py") -> tuple[str, ...]:
        history = git_history({"flow": self.root / name})
        return history.authors_since({} if approved is None else {"flow": approved})


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository whose first version of flow.py Ann wrote."""
    made = Repository(tmp_path / "repository")
    made.root.mkdir()
    made.git("init", "-q", "-b", "main")
    made.commit(V1, ANN)
    return made


def test_before_any_approval_everyone_who_ever_wrote_it_counts(repository: Repository) -> None:
    """Nobody has seen the first version yet, so all of it is new."""
    repository.commit("step = 2\n", BOB)
    assert repository.authors_since(None) == (ANN, BOB)


def test_after_an_approval_only_later_authors_count(repository: Repository) -> None:
    """Ann's text was approved by somebody else; she may approve what Bob made of it."""
    repository.commit("step = 2\n", BOB)
    assert repository.authors_since(V1) == (BOB,)
    assert repository.authors_since("step = 2\n") == ()


def test_a_commit_to_another_file_makes_nobody_an_author(repository: Repository) -> None:
    """What is approved is the digest's files and nothing else."""
    repository.commit("unrelated\n", EVE, name="other.py")
    assert repository.authors_since(None) == (ANN,)


def test_committer_and_co_author_count(repository: Repository) -> None:
    """A false --author hides nobody, and neither does writing together."""
    repository.commit("step = 2\n", BOB, committer=EVE)
    repository.commit(
        "step = 3\n", BOB, message="together\n\nCo-authored-by: Zoe <zoe@example.com>"
    )
    assert repository.authors_since(V1) == (BOB, EVE, "Zoe <zoe@example.com>")


def test_a_mailmap_hides_nobody(repository: Repository) -> None:
    """A file in the repository may not rename its authors."""
    repository.commit("step = 2\n", EVE)
    repository.commit("Ann <ann@example.com> <eve@example.com>\n", ANN, name=".mailmap")
    repository.git("config", "log.mailmap", "true")
    assert EVE in repository.authors_since(V1)


def test_a_rename_hides_nobody(repository: Repository) -> None:
    """Whoever wrote the file under its old name wrote it."""
    repository.commit("".join(f"line_{n} = {n}\n" for n in range(40)), EVE, name="old.py")
    repository.git("mv", "-f", "old.py", "flow.py")
    repository.git("commit", "-q", "-m", "move", by=BOB)
    assert EVE in repository.authors_since(V1)


def test_a_merged_branch_counts_though_it_began_before_the_approval(
    repository: Repository,
) -> None:
    """What was approved does not contain a branch that was merged afterwards."""
    repository.commit("a = 1\n\n\n\n\n\n\n\nb = 1\n", ANN)
    repository.git("checkout", "-q", "-b", "side")
    repository.commit("a = 2\n\n\n\n\n\n\n\nb = 1\n", EVE)
    repository.git("checkout", "-q", "main")
    approved = "a = 1\n\n\n\n\n\n\n\nb = 2\n"
    repository.commit(approved, ANN)
    repository.git("merge", "-q", "--no-ff", "-m", "merge", "side", by=BOB)
    assert repository.authors_since(approved) == (BOB, EVE)


def test_what_a_merge_smuggles_in_counts(repository: Repository) -> None:
    """A merge commit whose result is of neither side has an author: who merged."""
    repository.git("checkout", "-q", "-b", "side")
    repository.commit("step = 2\n", BOB)
    repository.git("checkout", "-q", "main")
    repository.commit("step = 3\n", BOB)
    repository.git("merge", "-q", "--no-commit", "-s", "ours", "side")
    repository.write("evil = 1\n")
    repository.git("add", "-A")
    repository.git("commit", "-q", "-m", "merge", by=EVE)
    assert EVE in repository.authors_since("step = 3\n")


def test_a_replacement_object_hides_nobody(repository: Repository) -> None:
    """`git replace` shows another commit in an author's place; the true one is read."""
    true = repository.commit("step = 2\n", EVE)
    tree = repository.git("rev-parse", "HEAD^{tree}").strip()
    parent = repository.git("rev-parse", "HEAD^").strip()
    forged = repository.git("commit-tree", tree, "-p", parent, "-m", "change", by=BOB).strip()
    repository.git("replace", true, forged)
    assert repository.authors_since(V1) == (EVE,)


def test_the_environment_leads_to_no_other_repository(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIT_DIR of whoever starts the process is not where the source comes from."""
    other = Repository(tmp_path / "other")
    other.root.mkdir()
    other.git("init", "-q", "-b", "main")
    other.commit("step = 2\n", BOB)
    repository.commit("step = 2\n", EVE)
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    assert repository.authors_since(V1) == (EVE,)


def test_an_uncommitted_change_is_refused(repository: Repository) -> None:
    """Nobody can say who typed it."""
    repository.write("step = 2\n")
    with pytest.raises(HistoryUnreadable, match=r"not as committed.*commit it"):
        repository.authors_since(V1)
    repository.git("add", "-A")
    with pytest.raises(HistoryUnreadable, match="not as committed"):
        repository.authors_since(V1)


def test_an_untracked_file_is_refused(repository: Repository) -> None:
    """A file that git ignores could be anybody's."""
    repository.write("step = 2\n", "new.py")
    with pytest.raises(HistoryUnreadable, match="not as committed"):
        repository.authors_since(None, "new.py")


def test_a_shallow_clone_is_refused(repository: Repository, tmp_path: Path) -> None:
    """A clone without its past would name nobody."""
    repository.commit("step = 2\n", EVE)
    repository.git("clone", "-q", "--depth", "1", f"file://{repository.root}", str(tmp_path / "s"))
    with pytest.raises(HistoryUnreadable, match=r"shallow clone.*--unshallow"):
        Repository(tmp_path / "s").authors_since(V1)


def test_no_repository_is_refused(tmp_path: Path) -> None:
    """An installation without git says what to do instead."""
    (tmp_path / "flow.py").write_text(V1)
    with pytest.raises(HistoryUnreadable, match="CLASSLINE_SOURCE_AUTHORS"):
        git_history({"flow": tmp_path / "flow.py"})


def test_no_git_is_refused(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without the program knows no authors."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(HistoryUnreadable, match="cannot be read"):
        repository.authors_since(V1)


def test_a_recorded_history_says_what_git_said(repository: Repository, tmp_path: Path) -> None:
    """What is recorded at build answers alike on a machine without git."""
    repository.commit("step = 2\n", BOB)
    files = {"flow": repository.root / "flow.py"}
    write_history(tmp_path / "authors.json", git_history(files))
    recorded = read_declared(tmp_path / "authors.json", files)
    assert recorded.authors_since({"flow": V1}) == (BOB,)
    assert recorded.authors_since({}) == (ANN, BOB)


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", "null", json.dumps({"algorithm": "sha256", "present": {}, "commits": 3})],
)
def test_a_record_that_says_nothing_is_refused(tmp_path: Path, content: str) -> None:
    """A broken record is no record."""
    (tmp_path / "authors.json").write_text(content)
    (tmp_path / "flow.py").write_text(V1)
    with pytest.raises(HistoryUnreadable, match="refused"):
        read_declared(tmp_path / "authors.json", {"flow": tmp_path / "flow.py"})


def test_a_record_about_another_text_is_refused(tmp_path: Path) -> None:
    """Somebody changed the installed file: the record does not know by whom."""
    path = tmp_path / "flow.py"
    path.write_text(V1)
    write_history(tmp_path / "authors.json", declared_by((BOB,), {"flow": path}))
    path.write_text("step = 2\n")
    with pytest.raises(HistoryUnreadable, match="not the text"):
        read_declared(tmp_path / "authors.json", {"flow": path})
