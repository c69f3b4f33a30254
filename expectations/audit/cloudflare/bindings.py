"""A binding of a Workers project, as either format of its configuration gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from expectations.audit.cloudflare.labels import Comment
from expectations.errors import ExpectationsError

__all__ = [
    "SECTIONS",
    "Binding",
    "BindingKind",
    "Block",
    "Configuration",
    "UnreadableConfiguration",
]


class UnreadableConfiguration(ExpectationsError):
    """A configuration that is no TOML or JSON; ``line`` says where."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class BindingKind(StrEnum):
    """What a binding gives a Worker."""

    D1 = "D1 database"
    KV = "KV namespace"
    VECTORIZE = "Vectorize index"
    WORKFLOW = "Workflow"
    OTHER = "other store"


SECTIONS: Mapping[str, tuple[BindingKind, str]] = {
    "d1_databases": (BindingKind.D1, "database_id"),
    "kv_namespaces": (BindingKind.KV, "id"),
    "vectorize": (BindingKind.VECTORIZE, "index_name"),
    "workflows": (BindingKind.WORKFLOW, "name"),
    "r2_buckets": (BindingKind.OTHER, "bucket_name"),
    "hyperdrive": (BindingKind.OTHER, "id"),
    "analytics_engine_datasets": (BindingKind.OTHER, "dataset"),
    "durable_objects.bindings": (BindingKind.OTHER, "class_name"),
    "queues.producers": (BindingKind.OTHER, "queue"),
}
"""Sections of the configuration that bind a store, and the field that says which store it is."""


_IDS = ("preview_database_id", "database_id", "preview_id", "id", "database_name")


@dataclass(frozen=True, slots=True)
class Block:
    """One entry of a section: its fields and the lines it stands on."""

    section: str
    fields: Mapping[str, object]
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Configuration:
    """The blocks and the comments of one configuration file."""

    blocks: tuple[Block, ...]
    comments: tuple[Comment, ...]


@dataclass(frozen=True, slots=True)
class Binding:
    """A store under the name that the Worker's code uses, in one environment."""

    kind: BindingKind
    name: str
    store: str
    environment: str
    block: Block

    @property
    def local_ids(self) -> list[str]:
        """Under which ids `wrangler dev` may keep its local state."""
        named = [self.block.fields.get(field) for field in _IDS]
        return list(dict.fromkeys([*(each for each in named if isinstance(each, str)), self.name]))
