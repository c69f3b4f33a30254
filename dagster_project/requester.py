"""Who requested a run: a name in its tags counts only with a proof that no caller can make."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping

from lineage.idempotency import keyed_hash

__all__ = [
    "REQUESTED_BY_TAG",
    "UNPROVEN_REQUESTER",
    "blank_tags",
    "proven_decider",
    "proven_requester",
    "requester_tags",
    "stamped_tags",
]

REQUESTED_BY_TAG = "classline/requested_by"
UNPROVEN_REQUESTER = "service"

_PROOF_TAG = "classline/requested_by_proof"
_DECIDER_PROOF_TAG = "classline/decided_by_proof"


def requester_tags(control_key: bytes, name: str, run_id: str) -> dict[str, str]:
    """Tags that name the requester of that run, with their proof."""
    return {REQUESTED_BY_TAG: name, _PROOF_TAG: _proof(control_key, name, run_id)}


def proven_requester(control_key: bytes, tags: Mapping[str, str], run_id: str) -> str:
    """The requester that the tags prove; anyone else is the service."""
    name, proof = tags.get(REQUESTED_BY_TAG, ""), tags.get(_PROOF_TAG, "")
    if name and hmac.compare_digest(proof.encode(), _proof(control_key, name, run_id).encode()):
        return name
    return UNPROVEN_REQUESTER


def stamped_tags(
    control_key: bytes, name: str, *, run_id: str, job_name: str, run_config: Mapping[str, object]
) -> dict[str, str]:
    """Tags of a run that somebody authenticated started: they may decide by it as well.

    That proof is of this job with this very configuration, so it cannot be moved to another run.
    """
    proof = _decider_proof(control_key, name, run_id, job_name, run_config)
    return requester_tags(control_key, name, run_id) | {_DECIDER_PROOF_TAG: proof}


def blank_tags() -> dict[str, str]:
    """What overwrites the tags that a caller wrote."""
    return dict.fromkeys((REQUESTED_BY_TAG, _PROOF_TAG, _DECIDER_PROOF_TAG), "")


def proven_decider(
    control_key: bytes,
    tags: Mapping[str, str],
    *,
    run_id: str,
    job_name: str,
    run_config: Mapping[str, object],
) -> str | None:
    """Who was authenticated when this run was started, with this configuration; None else."""
    name, proof = tags.get(REQUESTED_BY_TAG, ""), tags.get(_DECIDER_PROOF_TAG, "")
    wanted = _decider_proof(control_key, name, run_id, job_name, run_config)
    return name if name and hmac.compare_digest(proof.encode(), wanted.encode()) else None


def _decider_proof(
    control_key: bytes, name: str, run_id: str, job_name: str, run_config: Mapping[str, object]
) -> str:
    configured = json.dumps(run_config, sort_keys=True, default=str)
    started = {"dagster_run": run_id, "job": job_name, "config": configured}
    return keyed_hash(control_key, {"decides": name} | started)


def _proof(control_key: bytes, name: str, run_id: str) -> str:
    return keyed_hash(control_key, {"requested_by": name, "dagster_run": run_id})
