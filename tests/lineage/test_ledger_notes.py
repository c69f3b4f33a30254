"""A checkpoint must be what C2SP tools read, and nothing but what the ledger's key signed."""

from __future__ import annotations

import base64
import hashlib

import pytest

from lineage.ledger_notes import (
    Checkpoint,
    CheckpointRefused,
    NotACheckpoint,
    SignedByAnother,
    SigningKey,
    VerifierKey,
    open_checkpoint,
    sealed_checkpoint,
    split_notes,
    unverified_checkpoint,
)

_ROOT = hashlib.sha256(b"root").digest()
_KEY = SigningKey.fresh("classline/ledger-test")
_NOTE = sealed_checkpoint(_KEY, 42, _ROOT)

_GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
_GO_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
_GO_SIGNATURE = (
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
)


def test_the_note_of_another_implementation_verifies() -> None:
    """The example of Go's sumdb/note: same key form, same id, same bytes signed."""
    key = VerifierKey.parse(_GO_KEY)
    signature = base64.b64decode(_GO_SIGNATURE)
    assert str(key) == _GO_KEY
    assert signature[:4] == key.key_id
    assert key.verifies(_GO_TEXT, signature[4:])
    assert not key.verifies(_GO_TEXT + " ", signature[4:])


def test_a_sealed_checkpoint_says_what_was_sealed() -> None:
    """Three lines, an empty one, and a signature by the origin's name."""
    lines = _NOTE.split("\n")
    assert lines[:4] == ["classline/ledger-test", "42", base64.b64encode(_ROOT).decode(), ""]
    assert lines[4].startswith("\N{EM DASH} classline/ledger-test ")
    assert open_checkpoint(_NOTE, _KEY.verifier) == Checkpoint("classline/ledger-test", 42, _ROOT)
    assert unverified_checkpoint(_NOTE).size == 42


def test_the_key_does_not_print_its_secret() -> None:
    """A log line with the key in it must be harmless."""
    assert _KEY.seed.hex() not in repr(_KEY)
    assert repr(_KEY.seed) not in repr(_KEY)


def test_signatures_of_others_are_passed_over() -> None:
    """A witness may add its own; the ledger's still counts."""
    witness = SigningKey.fresh("witness/one")
    text = Checkpoint("classline/ledger-test", 42, _ROOT).text
    line = base64.b64encode(witness.verifier.key_id + witness.sign(text)).decode()
    for note in (
        _NOTE + f"\N{EM DASH} witness/one {line}\n",
        _NOTE.replace("\n\n", f"\n\n\N{EM DASH} witness/one {line}\n"),
    ):
        assert open_checkpoint(note, _KEY.verifier).size == 42
    with pytest.raises(SignedByAnother):
        open_checkpoint(f"{text}\n\N{EM DASH} witness/one {line}\n", _KEY.verifier)


@pytest.mark.parametrize(
    "changed",
    [
        _NOTE.replace("\n42\n", "\n43\n"),
        _NOTE.replace("ledger-test\n42", "ledger-tast\n42"),
        _NOTE.replace(base64.b64encode(_ROOT).decode(), base64.b64encode(_ROOT[::-1]).decode()),
        sealed_checkpoint(SigningKey.fresh(_KEY.name), 42, _ROOT),
        sealed_checkpoint(SigningKey.fresh("another/ledger"), 42, _ROOT),
    ],
)
def test_what_the_key_did_not_sign_is_refused(changed: str) -> None:
    """Another size, root, origin or key."""
    with pytest.raises(SignedByAnother):
        open_checkpoint(changed, _KEY.verifier)


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        "no checkpoint",
        _NOTE.rstrip("\n"),
        _NOTE.replace("\n42\n", "\n042\n"),
        _NOTE.replace("\n42\n", "\n-1\n"),
        _NOTE.replace("\n42\n", "\n\N{ARABIC-INDIC DIGIT FOUR}\n"),
        _NOTE.replace("\n42\n", f"\n{2**64}\n"),
        _NOTE.replace("\n42\n", f"\n{'9' * 5000}\n"),
        _NOTE.replace("\n", "\r\n"),
        _NOTE.replace("=\n\n", "=\nmore\n\n"),
        _NOTE.replace("=\n\n", "\n\n"),
        _NOTE + "\N{EM DASH} x !!!!\n",
        _NOTE + "\N{EM DASH} w AAAAAAA=\n" * 100,
        _NOTE * 2000,
    ],
)
def test_what_is_malformed_is_refused_by_name(malformed: str) -> None:
    """Bad input ends in a refusal of ours, whatever it is."""
    with pytest.raises(NotACheckpoint):
        open_checkpoint(malformed, _KEY.verifier)


@pytest.mark.parametrize(
    "text",
    ["", "a+b+c", "a", _GO_KEY.replace("c74f20a3", "c74f20a4"), _GO_KEY[:-4], f"x y{_GO_KEY}",
     _GO_KEY.replace("+ARp", "+AhpB"), "é" * 500],
)  # fmt: skip
def test_a_malformed_key_is_refused(text: str) -> None:
    """A key that was copied wrong must not verify by chance."""
    with pytest.raises(CheckpointRefused):
        VerifierKey.parse(text)


def test_a_file_may_hold_several_notes() -> None:
    """Checkpoints are kept one after the other."""
    second = sealed_checkpoint(_KEY, 43, _ROOT)
    assert split_notes(_NOTE + second) == [_NOTE, second]
    assert split_notes(f"{_NOTE}\n{second}\n\n") == [_NOTE, second]
    assert split_notes("") == []
