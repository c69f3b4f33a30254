"""Who the stewards are: registered and listed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from catalog.data_classes import DataClass
from stores.boundary.provisioning import add_steward
from stores.boundary.steward_changes import change_steward
from stores.boundary.steward_scopes import STEWARD_SCOPES, IdentityKind
from stores.platform import Platform
from stores.steward_credentials import write_credential

__all__ = ["register_steward", "stewards"]


def register_steward(
    platform: Platform,
    name: str,
    *,
    scopes: Iterable[DataClass] | None = None,
    authors: Iterable[str] = (),
    sign_ins: Iterable[str] = (),
) -> Path:
    """Register a steward; returns where the credential was written for them to take."""
    wanted = tuple(scopes or STEWARD_SCOPES)
    credential = add_steward(platform, name, wanted)
    path = platform.home.stewards / f"{name}.json"
    write_credential(path, credential)
    change_steward(platform, name, authors=authors, sign_ins=sign_ins)
    return path


def stewards(platform: Platform) -> list[dict[str, Any]]:
    """Every steward with scopes and identities."""
    with platform.platform_session("stewards") as session:
        known = session.records_ascend_platform_metric("stewards")
        scopes = session.records_ascend_platform_metric("steward_scopes")
        identities = session.records_ascend_platform_metric("steward_identities")
    return [
        {
            "name": steward["steward_name"],
            "added_at": steward["added_at"],
            "scopes": [
                row["to_class"] for row in scopes if row["steward_name"] == steward["steward_name"]
            ],
            **{
                f"{kind}s": [
                    row["identity"]
                    for row in identities
                    if row["kind"] == kind and row["steward_name"] == steward["steward_name"]
                ]
                for kind in IdentityKind
            },
        }
        for steward in known
    ]
