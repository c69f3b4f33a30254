"""Who requested a run: a name in its tags counts only with a proof that no caller can make."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from lineage.idempotency import keyed_hash

__all__ = ["REQUESTED_BY_TAG", "UNPROVEN_REQUESTER", "proven_requester", "requester_tags"]

REQUESTED_BY_TAG = "classline/requested_by"
UNPROVEN_REQUESTER = "service"

_PROOF_TAG = "classline/requested_by_proof"


def requester_tags(control_key: bytes, name: str, run_id: str) -> dict[str, str]:
    """Tags that name the requester of that run, with their proof."""
    return {REQUESTED_BY_TAG: name, _PROOF_TAG: _proof(control_key, name, run_id)}


def proven_requester(control_key: bytes, tags: Mapping[str, str], run_id: str) -> str:
    """The requester that the tags prove; anyone else is the service."""
    name, proof = tags.get(REQUESTED_BY_TAG, ""), tags.get(_PROOF_TAG, "")
    if name and hmac.compare_digest(proof.encode(), _proof(control_key, name, run_id).encode()):
        return name
    return UNPROVEN_REQUESTER


def _proof(control_key: bytes, name: str, run_id: str) -> str:
    return keyed_hash(control_key, {"requested_by": name, "dagster_run": run_id})
