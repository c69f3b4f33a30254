"""Key-value prefixes: keys that stay under a registered prefix, values in JSON, ends of life.

Whose keys they are is the login's business, never an argument's: row-level security decides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from catalog.data_classes import DataClass
from catalog.declared import REGISTRY
from catalog.registry import Dataset, StoreKind
from stores.errors import StoreError

__all__ = [
    "Entry",
    "JsonValue",
    "KeyRefused",
    "KeyValueStore",
    "PlatformKeyValues",
    "TenantKeyValues",
    "ValueRefused",
]

JsonValue = Any  # Any: JSON nests without end
_Rows = Callable[..., list[Mapping[str, Any]]]  # Any: a column's own Python type

KEY_BYTES: Final = 512
VALUE_BYTES: Final = 262_144
MOST_LISTED: Final = 1_000
LONGEST_LIFE: Final = timedelta(days=3_650)
_PURGED_AT_ONCE: Final = 100
_WRITTEN_HERE: Final = frozenset({"tenant_state", "platform_state"})
# ASCII alone: no character can look like the separator, or fold into it.
_PART: Final = r"[!-9;-~](?:[ -9;-~]*[!-9;-~])?"
_SHAPE: Final = re.compile(rf"{_PART}(?::{_PART})*")
_CLIMBS: Final = re.compile(r"[/\\]|\.\.")
_ESCAPED_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_TENANT_ID: Final = re.compile(r"tn_[a-z]{16}")


class KeyRefused(StoreError):
    """A key, a prefix or a page of keys is not one that the store may use."""


class ValueRefused(StoreError):
    """A value or its life is not one that the store may keep."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One key with its value and its end."""

    key: str
    value: JsonValue
    updated_at: datetime
    expires_at: datetime | None


class _Session(Protocol):
    """What a store needs of the session that opens it."""

    def _rows(self, statement: str, **parameters: object) -> list[Mapping[str, Any]]: ...
    def _require_readable(self, dataset: Dataset, data_class: DataClass) -> None: ...


class KeyValueStore:
    """The keys of one class that a session may reach; a key carries its prefix."""

    def __init__(self, rows: _Rows, data_class: DataClass) -> None:
        self._rows = rows
        self._class = data_class
        self._prefixes = {
            _prefix_of(dataset): dataset
            for dataset in REGISTRY.of_class(data_class)
            if dataset.kind is StoreKind.KV_PREFIX and dataset.physical
        }

    def get(self, key: str) -> Entry | None:
        """The key's entry, unless there is none or it has expired."""
        dataset = self._dataset_of(key)
        found = self._rows(
            "SELECT key, value, updated_at, expires_at"  # noqa: S608 - a registered name
            f" FROM {dataset.physical} WHERE key = :key AND {_LIVES}",
            key=key,
        )
        return _entry(found[0]) if found else None

    def put(self, key: str, value: JsonValue, ttl: timedelta | None = None) -> None:
        """Write the value, over the one before; with a ttl it ends by itself."""
        dataset = self._writable(key)
        stored = self._stored(value)
        if ttl is not None and not timedelta(0) < ttl <= LONGEST_LIFE:
            message = (
                f"{dataset.qualified_name}: a life of that length was refused; give a ttl above 0 "
                f"and up to {LONGEST_LIFE.days:,} days, or none"
            )
            raise ValueRefused(message)
        self._purge(dataset)
        owner, owner_value = ("tenant_id, ", "control.tenant(), ") if _owned(dataset) else ("", "")
        self._rows(
            f"INSERT INTO {dataset.physical} ({owner}key, value, updated_at, expires_at)"  # noqa: S608
            f" SELECT {owner_value}:key, CAST(:value AS jsonb), moment.now,"
            " moment.now + CAST(:ttl AS interval) FROM (SELECT clock_timestamp() AS now) moment"
            f" ON CONFLICT ({owner}key) DO UPDATE SET value = excluded.value,"
            " updated_at = excluded.updated_at, expires_at = excluded.expires_at RETURNING 1",
            key=key,
            value=stored,
            ttl=ttl,
        )

    def delete(self, key: str) -> bool:
        """Delete the key; True when it was there and had not expired."""
        dataset = self._writable(key)
        deleted = self._rows(
            f"DELETE FROM {dataset.physical} WHERE key = :key RETURNING {_LIVES} AS lived",  # noqa: S608
            key=key,
        )
        return any(row["lived"] for row in deleted)

    def list(self, prefix: str, limit: int = 100, after: str = "") -> tuple[Entry, ...]:
        """Entries whose keys start with that text, in order of key, from behind ``after``."""
        if isinstance(limit, bool) or not 1 <= limit <= MOST_LISTED:
            message = f"a page of keys was refused: its limit lies between 1 and {MOST_LISTED:,}"
            raise KeyRefused(message)
        dataset = self._dataset_of(prefix, whole=False)
        if after:
            self._dataset_of(after)
        if dataset.name in _WRITTEN_HERE:
            self._purge(dataset)
        # starts_with, not LIKE: % and _ are characters of a key like any other.
        found = self._rows(
            "SELECT key, value, updated_at, expires_at"  # noqa: S608 - a registered name
            f" FROM {dataset.physical} WHERE starts_with(key, :prefix)"
            f' AND key COLLATE "C" > :after AND {_LIVES} ORDER BY key COLLATE "C" LIMIT :most',
            prefix=prefix,
            after=after,
            most=limit,
        )
        return tuple(map(_entry, found))

    def _purge(self, dataset: Dataset) -> None:
        """Delete some expired entries of this owner; those another session holds wait."""
        self._rows(
            f"DELETE FROM {dataset.physical} WHERE key IN (SELECT key FROM {dataset.physical}"  # noqa: S608
            " WHERE expires_at <= clock_timestamp() AND starts_with(key, :prefix)"
            f" LIMIT {_PURGED_AT_ONCE} FOR UPDATE SKIP LOCKED)"
            " AND expires_at <= clock_timestamp() RETURNING 1",
            prefix=_prefix_of(dataset),
        )

    def _dataset_of(self, key: str, *, whole: bool = True) -> Dataset:
        """The dataset whose prefix the key stands under; any other key is refused."""
        rule = _broken_rule(key, whole=whole)
        if rule:
            message = f"a key of class {self._class} was refused: {rule}"
            raise KeyRefused(message)
        dataset = self._prefixes.get(key[: key.index(":") + 1])
        if dataset is None:
            message = (
                f"a key of class {self._class} was refused: its prefix is not registered for that "
                f"class; use one of {', '.join(sorted(self._prefixes))} or register it in "
                "catalog.datasets"
            )
            raise KeyRefused(message)
        return dataset

    def _writable(self, key: str) -> Dataset:
        dataset = self._dataset_of(key)
        if dataset.name not in _WRITTEN_HERE:
            message = (
                f"{dataset.qualified_name} [{dataset.data_class}]: a write was refused, since "
                "only an approved workflow's publish() writes this prefix; run that workflow"
            )
            raise KeyRefused(message)
        if self._class is DataClass.ASCEND_PLATFORM_METRIC and _TENANT_ID.search(key):
            message = "a key of the platform was refused: it names a tenant; leave the id out"
            raise KeyRefused(message)
        return dataset

    def _stored(self, value: JsonValue) -> str:
        """The value as JSON, once PostgreSQL can keep it and the class may hold it."""
        rule = ""
        stored = b""
        try:
            stored = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError):
            rule = "it is not JSON (NaN, infinity and lone surrogates are none); send plain JSON"
        if len(stored) > VALUE_BYTES:
            rule = f"it has more than {VALUE_BYTES:,} bytes; keep large contents in a table"
        elif _ESCAPED_NUL.search(stored.decode()):
            rule = "a text in it holds NUL; take it out"
        elif self._class is DataClass.ASCEND_PLATFORM_METRIC and _TENANT_ID.search(stored.decode()):
            rule = "it names a tenant, which the platform's keys may not; count tenants instead"
        if rule:
            message = f"a value of class {self._class} was refused: {rule}"
            raise ValueRefused(message)
        return stored.decode()


class TenantKeyValues:
    """Gives a tenant's session its own keys."""

    def kv_tenant_private(self: _Session) -> KeyValueStore:
        """The tenant's own keys."""
        return _opened(self, DataClass.TENANT_PRIVATE)


class PlatformKeyValues:
    """Gives the platform's session its keys."""

    def kv_ascend_platform_metric(self: _Session) -> KeyValueStore:
        """The platform's keys: its own to write, those of workflows to read."""
        return _opened(self, DataClass.ASCEND_PLATFORM_METRIC)


_LIVES: Final = "(expires_at IS NULL OR expires_at > clock_timestamp())"


def _opened(session: _Session, data_class: DataClass) -> KeyValueStore:
    for dataset in REGISTRY.of_class(data_class):
        if dataset.kind is StoreKind.KV_PREFIX:
            session._require_readable(dataset, data_class)  # noqa: SLF001 - the mixin's own session
    return KeyValueStore(session._rows, data_class)  # noqa: SLF001 - the same


def _prefix_of(dataset: Dataset) -> str:
    return (dataset.key_pattern or "").partition("{")[0]


def _owned(dataset: Dataset) -> bool:
    return dataset.owner_column is not None


def _broken_rule(key: str, *, whole: bool) -> str:
    """What is wrong with the shape of a key, or nothing; a beginning may stop anywhere."""
    if not isinstance(key, str) or not key:
        return "it is empty or no text; write prefix:name"
    if len(key.encode(errors="replace")) > KEY_BYTES:
        return f"it has more than {KEY_BYTES} bytes; choose a shorter one"
    if not key.isascii() or not key.isprintable():
        return "it holds a character outside printable ASCII; spell it in ASCII"
    if _CLIMBS.search(key):
        return "it holds a slash, a backslash or two dots, which climb out of a prefix; use ':'"
    if ":" not in key:
        return "it has no prefix; write prefix:name"
    if not _SHAPE.fullmatch(key if whole else f"{key}x"):
        return "a part between colons is empty or edged with spaces; name every part"
    return ""


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(str(row["key"]), row["value"], row["updated_at"], row["expires_at"])
