"""The ledger's own key: made on first use, mode 0600, in a file of its own."""

from __future__ import annotations

import secrets

from lineage.ledger_notes import SigningKey
from stores.errors import CredentialRefused
from stores.home import Home
from stores.secret_files import exclusive, read_secret_json, write_secret_json

__all__ = ["ledger_key"]

_SEED_BYTES = 32


def ledger_key(home: Home) -> SigningKey:
    """The key that signs this installation's checkpoints.

    Its name is the ledger's origin: random, since it leaves the installation with every checkpoint.
    """
    path = home.secrets / "ledger-key.json"
    with exclusive(home.root / ".keyring.lock"):
        if not path.exists():
            made = SigningKey.fresh(f"classline/ledger-{secrets.token_hex(6)}")
            write_secret_json(path, {"name": made.name, "seed": made.seed.hex()})
    content = read_secret_json(path)
    try:
        key = SigningKey(str(content["name"]), bytes.fromhex(str(content["seed"])))
    except (KeyError, ValueError):
        key = SigningKey("", b"")
    if not key.name or len(key.seed) != _SEED_BYTES:
        message = f"{path}: the ledger's key is damaged; restore it from a backup of {home.secrets}"
        raise CredentialRefused(message)
    return key
