"""Checkpoints: a tree's head as signed text, in the forms of C2SP (signed-note, tlog-checkpoint).

    classline/ledger-5f0c…        the origin: which ledger
    1042                          the tree's size
    CsUYapGGPo4dkMgIAUqom/…=      its root

    — classline/ledger-5f0c… Az3grlgt…

Any tool that reads the checkpoints of transparency logs reads these. Ed25519 alone is verified.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from lineage.ledger_tree import HASH_BYTES

__all__ = [
    "Checkpoint",
    "CheckpointRefused",
    "NotACheckpoint",
    "SignedByAnother",
    "SigningKey",
    "VerifierKey",
    "open_checkpoint",
    "open_signed",
    "sealed_checkpoint",
    "signed_note",
    "split_notes",
    "unverified_checkpoint",
    "unverified_lines",
]

_ED25519 = b"\1"
_ID_BYTES, _SIGNATURE_BYTES, _KEY_BYTES = 4, 64, 32
_MOST_SIGNATURES = 64
_LONGEST_NOTE = 65_536
_LARGEST_SIZE = 2**63 - 1
_DASH = "\N{EM DASH} "
_BODY_LINES = 3


class CheckpointRefused(ValueError):
    """Base of what is refused of a checkpoint.

    CheckpointRefused
    ├── NotACheckpoint   (the text or the key is malformed)
    └── SignedByAnother  (no signature by the ledger's key, or a wrong one)
    """


class NotACheckpoint(CheckpointRefused):
    """The text is no checkpoint, or the key no verifier key."""


class SignedByAnother(CheckpointRefused):
    """The ledger's key did not sign this text."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree's head: which ledger, how many leaves, which root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public half of a ledger's key, written ``name+id+base64`` as C2SP tools do."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that say which key signed; they prove nothing."""
        named = self.name.encode() + b"\n" + _ED25519 + self.public
        return hashlib.sha256(named).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        key = base64.b64encode(_ED25519 + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{key}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """A key as `str` writes it."""
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        content = _decoded(encoded)
        if not _fit_name(name) or len(content) != 1 + _KEY_BYTES or content[:1] != _ED25519:
            message = "not the verifier key of a ledger; it reads NAME+ID+KEY, see docs/ledger.md"
            raise NotACheckpoint(message)
        key = cls(name, content[1:])
        if key.key_id.hex() != key_id:
            message = "the verifier key's id is not that of its key: refused; copy it again"
            raise NotACheckpoint(message)
        return key

    def verifies(self, text: str, signature: bytes) -> bool:
        """Whether this key signed that text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A ledger's key; ``repr`` does not show its secret half."""

    name: str
    seed: bytes = field(repr=False)

    @classmethod
    def fresh(cls, name: str) -> SigningKey:
        """A new key from the system's random source."""
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @property
    def verifier(self) -> VerifierKey:
        """Its public half."""
        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        return VerifierKey(self.name, key.public_key().public_bytes_raw())

    def sign(self, text: str) -> bytes:
        """The Ed25519 signature of that text."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())


def sealed_checkpoint(key: SigningKey, size: int, root: bytes) -> str:
    """The signed checkpoint of the tree of that size with that root."""
    return signed_note(Checkpoint(key.name, size, root).text, key)


def signed_note(text: str, *keys: SigningKey) -> str:
    """That text with the signature of each key."""
    lines = [
        f"{_DASH}{key.name} {base64.b64encode(key.verifier.key_id + key.sign(text)).decode()}\n"
        for key in keys
    ]
    return f"{text}\n{''.join(lines)}"


def open_checkpoint(note: str, key: VerifierKey) -> Checkpoint:
    """The checkpoint in a note that this key signed; signatures of others are passed over."""
    if unverified_lines(note):
        message = "the checkpoint has lines that this version does not know: refused"
        raise NotACheckpoint(message)
    return open_signed(note, key)


def open_signed(note: str, key: VerifierKey) -> Checkpoint:
    """The same of a note that has further lines under the root."""
    text, signatures = _split(note)
    checkpoint, _ = _parsed(text)
    if checkpoint.origin != key.name:
        message = "the checkpoint is of another ledger than the key: refused; name the key it has"
        raise SignedByAnother(message)
    for name, signature in signatures:
        if (name, signature[:_ID_BYTES]) != (key.name, key.key_id):
            continue
        if len(signature) != _ID_BYTES + _SIGNATURE_BYTES or not key.verifies(
            text, signature[_ID_BYTES:]
        ):
            message = "the checkpoint's signature is wrong: its text or its signature was changed"
            raise SignedByAnother(message)
        return checkpoint
    message = "the checkpoint is not signed by this ledger's key: refused, whatever it says"
    raise SignedByAnother(message)


def unverified_checkpoint(note: str) -> Checkpoint:
    """What a note says, whoever signed it: to tell people about it, never to rely on."""
    return _parsed(_split(note)[0])[0]


def unverified_lines(note: str) -> list[str]:
    """What stands under the root, whoever signed it."""
    return _parsed(_split(note)[0])[1]


def split_notes(content: str) -> list[str]:
    """The notes of a file that holds one or several, one after the other."""
    notes: list[str] = []
    lines: list[str] = []
    for line in content.splitlines(keepends=True):
        if lines and lines[-1].startswith(_DASH) and not line.startswith(_DASH):
            notes.append("".join(lines))
            lines = []
        if lines or line.strip():
            lines.append(line)
    return [*notes, "".join(lines)] if lines else notes


def _split(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    controls = any(letter < " " and letter != "\n" for letter in note)
    text, blank, signed = note.rpartition("\n\n")
    lines = signed.splitlines()
    if controls or not blank or len(note) > _LONGEST_NOTE or not signed.endswith("\n"):
        message = "not a signed checkpoint: a text, an empty line and a signature are expected"
        raise NotACheckpoint(message)
    signatures = []
    for line in lines:
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        content = _decoded(encoded)
        if not line.startswith(_DASH) or not _fit_name(name) or len(content) <= _ID_BYTES:
            message = "a signature line of the checkpoint is malformed; take another copy of it"
            raise NotACheckpoint(message)
        signatures.append((name, content))
    if len(signatures) > _MOST_SIGNATURES:
        message = f"the checkpoint has more than {_MOST_SIGNATURES} signatures: refused"
        raise NotACheckpoint(message)
    return f"{text}\n", signatures


def _parsed(text: str) -> tuple[Checkpoint, list[str]]:
    lines = text.split("\n")[:-1]
    if len(lines) < _BODY_LINES or not all(lines):
        message = "the checkpoint does not say origin, size and root on three lines"
        raise NotACheckpoint(message)
    origin, digits, encoded = lines[:_BODY_LINES]
    root = _decoded(encoded)
    plain = digits.isascii() and digits.isdigit() and str(int(digits[:20])) == digits
    if not plain or int(digits) > _LARGEST_SIZE or len(root) != HASH_BYTES:
        message = "the checkpoint's size or root is malformed; take another copy of it"
        raise NotACheckpoint(message)
    return Checkpoint(origin, int(digits), root), lines[_BODY_LINES:]


def _decoded(encoded: str) -> bytes:
    """The bytes, or none where it is not the one base64 form of any."""
    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return content if base64.b64encode(content).decode() == encoded else b""


def _fit_name(name: str) -> bool:
    return bool(name) and not any(letter.isspace() or letter == "+" for letter in name)
