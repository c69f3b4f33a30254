"""Proves that entries are in the ledger, and checks such a proof without the ledger."""

from __future__ import annotations

from collections.abc import Sequence

from lineage.ledger_entries import LedgerEntry
from lineage.ledger_files import LedgerProof, ProvenEntry, ProvenHandover
from lineage.ledger_handovers import KeyChain, is_handover
from lineage.ledger_notes import Checkpoint, CheckpointRefused, VerifierKey
from lineage.ledger_tree import MerkleTree, root_from_inclusion, roots_from_consistency
from lineage.ledger_verification import (
    Finding,
    FindingKind,
    LedgerReport,
    chain_of_notes,
    refusal,
)

__all__ = ["NothingToProve", "prove", "verify_proof"]


class NothingToProve(LookupError):
    """No sealed entry is about what was asked for."""


def prove(
    entries: Sequence[LedgerEntry],
    leaves: Sequence[bytes],
    checkpoint: str,
    chain: KeyChain,
    *,
    since: Checkpoint | None = None,
) -> LedgerProof:
    """The paths of these entries to the root that the checkpoint signs.

    ``leaves`` are all that it covers. With ``since`` the proof also shows that the checkpoint
    continues that earlier one; it always shows that it continues what the key was handed over with.
    """
    covered = [entry for entry in entries if entry.position < len(leaves)]
    if not covered:
        message = "no sealed entry is about it: seal first, with `classline ledger seal`"
        raise NothingToProve(message)
    if since is not None and not 0 < since.size <= len(leaves):
        message = (
            f"the checkpoint given covers {since.size} leaves and the newest {len(leaves)}: a "
            "proof starts from an earlier one"
        )
        raise NothingToProve(message)
    tree = MerkleTree(leaves)
    return LedgerProof(
        chain.present,
        checkpoint,
        tuple(ProvenEntry(entry, tuple(tree.inclusion_proof(entry.position))) for entry in covered),
        since.size if since else None,
        tuple(tree.consistency_proof(since.size)) if since else (),
        tuple(
            ProvenHandover(note, tuple(tree.consistency_proof(made.head.size)))
            for note, made in zip(chain.notes, chain.handovers, strict=True)
            if made.head.size <= len(leaves)
        ),
    )


def verify_proof(proof: LedgerProof, key: VerifierKey, *, held: Sequence[str] = ()) -> LedgerReport:
    """Check a proof against the key that is trusted and the notes held outside."""
    findings: list[Finding] = []
    held_checkpoints: list[Checkpoint] = []
    signed: Checkpoint | None = None
    chain = chain_of_notes(key, (*held, *(made.note for made in proof.handovers)), findings.append)
    if proof.key not in chain.keys:
        what = "no handover leads to the key that the ledger has now"
        findings.append(Finding(FindingKind.NOT_HANDED_OVER, what))
    held = [note for note in held if not is_handover(note)]
    for note in (*held, proof.checkpoint):
        try:
            opened = chain.open(note)
        except CheckpointRefused as error:
            findings.append(refusal("a checkpoint", error))
            continue
        if note is proof.checkpoint:
            signed = opened
        else:
            held_checkpoints.append(opened)
    if signed is not None:
        findings += _not_included(proof, signed)
        findings += _unlinked(proof, held_checkpoints, signed)
        findings += _not_handed_over(proof, chain, signed)
    proven = len(proof.entries)
    linked = bool(held_checkpoints) and not findings
    return LedgerReport(
        leaves=proven,
        covered=proven if linked else 0,
        signed_only=0 if linked or findings else proven,
        unprotected=proven if findings else 0,
        erased=sum(item.entry.erased for item in proof.entries),
        findings=tuple(sorted(set(findings))),
        handovers=len(chain.handovers),
    )


def _not_included(proof: LedgerProof, signed: Checkpoint) -> list[Finding]:
    findings = []
    if not proof.entries:
        findings.append(Finding(FindingKind.NOT_PROVEN, "the proof has no entry"))
    for item in proof.entries:
        entry = item.entry
        if entry.erased or not entry.holds():
            what = f"the entry at position {entry.position} is not its leaf's"
            findings.append(Finding(FindingKind.ENTRY_CHANGED, what))
        if root_from_inclusion(entry.leaf, entry.position, signed.size, item.path) != signed.root:
            what = f"the leaf at position {entry.position} is not under the checkpoint"
            findings.append(Finding(FindingKind.NOT_PROVEN, what))
    return findings


def _unlinked(proof: LedgerProof, held: Sequence[Checkpoint], signed: Checkpoint) -> list[Finding]:
    """Of the checkpoints held outside, those that the proof reaches must agree; one must be."""
    reached = [earlier for earlier in held if earlier.size in {signed.size, proof.since}]
    if held and not reached:
        what = (
            "the proof does not reach a checkpoint held outside; ask for one with "
            "`classline ledger prove --checkpoint`"
        )
        return [Finding(FindingKind.NOT_PROVEN, what)]
    findings = []
    for earlier in reached:
        if earlier.size == signed.size:
            if earlier.root != signed.root:
                what = f"2 roots were signed for {signed.size} leaves"
                findings.append(Finding(FindingKind.FORKED, what))
            continue
        roots = roots_from_consistency(earlier.size, earlier.root, signed.size, proof.consistency)
        if roots != (earlier.root, signed.root):
            what = f"the checkpoint does not continue the one of {earlier.size} leaves held outside"
            findings.append(Finding(FindingKind.REWRITTEN, what))
    return findings


def _not_handed_over(proof: LedgerProof, chain: KeyChain, signed: Checkpoint) -> list[Finding]:
    """The checkpoint must continue the tree of every handover before it."""
    paths = {made.note: made.path for made in proof.handovers}
    findings = []
    for note, made in zip(chain.notes, chain.handovers, strict=True):
        head = made.head
        if head.size > signed.size:
            continue
        roots = roots_from_consistency(head.size, head.root, signed.size, paths.get(note, ()))
        if roots != (head.root, signed.root):
            what = f"the checkpoint does not continue the {head.size} leaves of a handover"
            findings.append(Finding(FindingKind.REWRITTEN, what))
    return findings
