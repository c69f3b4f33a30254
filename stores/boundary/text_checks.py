"""A check of what guards reasons, candidates and the ledger's notes: it reads as is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stores.boundary.inspection import Check, Inspected, text_digest

__all__ = ["TEXT_CHECKS"]

# By SHA-256 of language and text, as in ledger_checks.py: a trigger in its place guards nothing
# where its function does nothing.  A migration that changes one changes its digest here.
_TEXTS: Mapping[str, str] = {
    "hides_text(text)": ("d32114c9d99167f168765a4219cb40ac4a77774641ecf69b1f9f71aa40420fcf"),
    "characters_seen(text)": ("d3e17ceb63e8027f5c00bfcbbfcb12a415151b188f42daae60274a9e87f934c8"),
    "refuse_hidden_text()": ("bfbc4d38b2925e5393da849477aabde9c28d10f7e5671d1c04fa0bb6aad432b7"),
    "require_reason(text)": ("4ee74b6109d40299d244266f0eef807e997ade71f5ee8434ace5a144376d4382"),
    "require_four_eyes()": ("f1938dd70f078d8bbf6871c6d16119490bc5eb43197d8f2ad59e42ed7143010f"),
    "steward_of_audits(text)": ("fc41b7f1deff3ed154e321b3c6fdd70b0c16825da192f60f5bfc6e16cd88ef34"),
    "begin_candidate(jsonb)": ("7c27b3f5b7a18afcddf69719d9aa31c564fb330abef4337e774bdc17bef48df7"),
    "own_filing(uuid)": ("a1a161f4d1a283c05000d62acc03033018ee78f96a7231102787ca650a37177c"),
    "add_to_candidate(uuid,bigint,text,text,text,text,text,text,text,text)": (
        "1a1d5bc13b007a79c168482a38c94c0a6d3ccf67a33144be17c29577b60f7ea5"
    ),
    "complete_candidate(uuid,jsonb)": (
        "56b88ede96b9df7ef9cbdc9555e329b3c6bf1f42e22cebd4f165c6be314cedc6"
    ),
    "require_whole_candidate()": (
        "788da37f2c3fd089ea9a998cfd2bb0387aef5d67fca0ee028e1723a8c2c83647"
    ),
    "candidate_digest(uuid)": ("1c4d721273295a0721b2d82fba3be1a4b29be320becf3ef0522cbd1753683d6b"),
    "differences(uuid,integer[],text[],text[],text[])": (
        "ea02882d012e8c5547c9fa7ca903e9e2fd507f8a1b5bca2a936fff78a36b7e5b"
    ),
    "guard_promotion()": ("7887c2e95e31ab08eb3b41cbcdb97ed3a211fdd174f0dc383f4e5c2c80f88bb5"),
    "own_promotion(uuid)": ("4866ec44a76786c4428c196ac8de5596c5a15dbac36203b190ef2aa0369f8226"),
    "run_owns(uuid)": ("a5a795624971d8108b29ed71d1261ead5ad00c0ddd7c0e56c3001b285532adf5"),
    "frontier_root(bytea)": ("cb5c44ed2f355bfc76b820c224285f28c80741550fbe6ae72bf5f9fabdbb3d19"),
    "grown_frontier(bigint,bytea,bigint)": (
        "62d52d47f6527341dfcf8614283a9873fb35cb1b9f215b23fc7ff64a75c30242"
    ),
    "require_head(bigint,bytea)": (
        "cf546eb10f10198d21f807d8f0ac345382450ac60950010788da55085c421efd"
    ),
    "require_note(text,bigint,bytea,text[],text[])": (
        "75c18ae2fa99b881c362efe8f3063767693a37919647e08c78c9c0c181921874"
    ),
    "verifier_id(text,text)": ("064e9652b8b88ca4fd89a515ab013af37bca4027dd0c58e05edcd595a8cc0b4e"),
    "record_checkpoint(bigint,bytea,bytea,text)": (
        "8c320020f358f5d04d73591c98c30e1c0693dfcba1156fd2a8f1aa5daf99b84e"
    ),
    "record_handover(bigint,text,text,text,text)": (
        "7ea441594817418e730b5b47f34af1430e2c92aae562baac2ade24f3599e6771"
    ),
    "refuse_change()": ("c168d5bf70ab3b60c50f1356c316c3e656ef827410ab76100f62ccef272afe82"),
    "refuse_entry_change()": ("b406468c4a4ee8febb07e6bb797919de7d4a6d42b0fc42b03c85319651f3e3ad"),
}


def _texts(seen: Inspected) -> Iterator[str]:
    yield from (
        f"the text of control.{name} is not the one that is known"
        for name, digest in _TEXTS.items()
        if text_digest(seen, name) != digest
    )


TEXT_CHECKS: tuple[Check, ...] = (
    Check(
        "functions.text",
        "what guards reasons, candidates and the ledger's notes reads as the migrations wrote it",
        "undo the change by hand, then look at what was written meanwhile",
        _texts,
    ),
)
