"""The class model for a TypeScript code base: classes, policy and stores as types and tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from catalog.data_classes import LEGAL_EDGES, POLICIES, DataClass, FlowRule
from catalog.registry import Registry, StoreKind

__all__ = ["typescript_module"]

_HEAD = """\
// The data classes of the platform, its policy and its stores.
// Made by `classline export typescript` from the registry; do not edit it by hand.
"""
_TYPES = """
/** The class of a datum: it governs storage, readers and reuse. */
export type DataClass = (typeof DATA_CLASSES)[number];

declare const dataClass: unique symbol;

/** A value of one class. A value of another class does not fit where this is asked for. */
export type Labelled<C extends DataClass, T> = T & { readonly [dataClass]: C };

/** Labels a value that was just read from a store of that class. */
export function labelled<C extends DataClass, T>(_class: C, value: T): Labelled<C, T> {
  return value as Labelled<C, T>;
}

export interface ClassPolicy {
  readonly title: string;
  readonly definition: string;
  readonly reuse: string;
  readonly readers: readonly string[];
}

export interface Store {
  readonly dataClass: DataClass;
  readonly kind: StoreKind;
  readonly keyPattern?: string;
  readonly columns: Readonly<Record<string, DataClass>>;
}
"""
_FUNCTIONS = """
/** The condition on an edge from a store of one class into a store of another. */
export function flowRule(from: DataClass, to: DataClass): FlowRule {
  return FLOW_RULES[from][to];
}

/** Whether a word is the name of a class. */
export function isDataClass(word: string): word is DataClass {
  return (DATA_CLASSES as readonly string[]).includes(word);
}

/** The class of a store; what nobody registered is tenant_private. */
export function classOf(store: string): DataClass {
  return Object.hasOwn(STORES, store) ? (STORES[store]?.dataClass ?? UNLABELLED) : UNLABELLED;
}
"""


def typescript_module(registry: Registry) -> str:
    """One TypeScript module; it needs no other and passes `tsc --strict`."""
    return "".join(_parts(registry))


def _parts(registry: Registry) -> Iterator[str]:
    yield _HEAD
    yield _union("DATA_CLASSES", list(DataClass))
    yield _union("FLOW_RULE_NAMES", list(FlowRule))
    yield _union("STORE_KINDS", list(StoreKind))
    yield "\nexport type FlowRule = (typeof FLOW_RULE_NAMES)[number];\n"
    yield "export type StoreKind = (typeof STORE_KINDS)[number];\n"
    yield f"export const UNLABELLED: DataClass = {_literal(DataClass.TENANT_PRIVATE)};\n"
    yield _TYPES
    yield _table("POLICIES", "Readonly<Record<DataClass, ClassPolicy>>", _policies())
    edges = "Readonly<Record<DataClass, Readonly<Record<DataClass, FlowRule>>>>"
    yield _table("FLOW_RULES", edges, _edges())
    yield _table("STORES", "Readonly<Record<string, Store>>", _stores(registry))
    yield _FUNCTIONS


def _policies() -> Mapping[str, object]:
    return {
        data_class: {
            "title": policy.title,
            "definition": policy.definition,
            "reuse": policy.reuse,
            "readers": sorted(policy.readers),
        }
        for data_class, policy in POLICIES.items()
    }


def _edges() -> Mapping[str, object]:
    return {
        source: {target: LEGAL_EDGES.get((source, target), FlowRule.NEVER) for target in DataClass}
        for source in DataClass
    }


def _stores(registry: Registry) -> Mapping[str, object]:
    return {
        store.qualified_name: {
            "dataClass": store.data_class,
            "kind": store.kind,
            **({"keyPattern": store.key_pattern} if store.key_pattern else {}),
            "columns": {column.name: store.class_of(column) for column in store.columns},
        }
        for store in registry
        if not store.internal
    }


def _union(name: str, values: list[str]) -> str:
    return f"\nexport const {name} = {_literal(values)} as const;\n"


def _table(name: str, of: str, content: Mapping[str, object]) -> str:
    return f"\nexport const {name}: {of} = {_literal(content, indent=2)};\n"


def _literal(value: object, indent: int | None = None) -> str:
    return json.dumps(value, indent=indent)
