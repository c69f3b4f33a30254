"""The registry's documents say what the registry says, whole, and cannot go stale unnoticed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from catalog.declared import REGISTRY
from catalog.registry import Registry, StoreKind
from catalog.registry_documents import (
    StaleDocuments,
    documents,
    require_fresh,
    write_documents,
)

FOLDER = Path(__file__).parents[2] / "docs" / "registry"
NAMES = {
    StoreKind.TABLE: "TABLE_REGISTRY.md",
    StoreKind.KV_PREFIX: "KV_KEY_REGISTRY.md",
    StoreKind.VECTOR_NAMESPACE: "VECTOR_NAMESPACE_REGISTRY.md",
}


def test_our_documents_are_fresh() -> None:
    """What is read in the repository is what the code goes by."""
    require_fresh(REGISTRY, FOLDER)


def test_every_store_and_column_is_in_its_document_with_its_class() -> None:
    """Nothing that is declared is left out."""
    texts = documents(REGISTRY)
    for dataset in REGISTRY:
        text = texts[NAMES[dataset.kind]]
        _, _, part = text.partition(f"### {dataset.qualified_name}\n")
        part = part.partition("\n### ")[0].partition("\n## ")[0]
        for column in dataset.columns:
            assert f"| `{column.name}` | {dataset.class_of(column)} |" in part
        if dataset.key_pattern:
            assert f"| `{dataset.key_pattern}` " in text


@pytest.mark.parametrize("name", sorted(NAMES.values()))
def test_a_document_that_was_edited_or_lost_is_refused(tmp_path: Path, name: str) -> None:
    """By one character, or whole."""
    assert write_documents(REGISTRY, tmp_path) == tuple(NAMES.values())
    assert write_documents(REGISTRY, tmp_path) == ()
    (tmp_path / name).write_text((tmp_path / name).read_text("utf-8") + " ", "utf-8")
    with pytest.raises(StaleDocuments, match=name):
        require_fresh(REGISTRY, tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(StaleDocuments, match="classline registry docs"):
        require_fresh(REGISTRY, tmp_path)


def test_a_changed_declaration_makes_the_documents_stale(tmp_path: Path) -> None:
    """Also where a description holds what Markdown would read as a cell's end."""
    write_documents(REGISTRY, tmp_path)
    first, *others = REGISTRY
    changed = Registry([replace(first, description="one | two"), *others])
    with pytest.raises(StaleDocuments, match=r"refused.*TABLE_REGISTRY|TABLE_REGISTRY.*refused"):
        require_fresh(changed, tmp_path)
    assert "one \\| two" in documents(changed)["TABLE_REGISTRY.md"]
