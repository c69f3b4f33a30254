"""What the isolation kit refuses."""

from __future__ import annotations

__all__ = ["CrossTenantLeak", "IsolationKitError", "UnregisteredSurface", "VoidTest"]


class IsolationKitError(AssertionError):
    """Base of what the kit refuses; it fails the test that meets it.

    IsolationKitError
    ├── CrossTenantLeak
    ├── UnregisteredSurface
    └── VoidTest
    """


class CrossTenantLeak(IsolationKitError):
    """Something of tenant B was seen by tenant A; the message says where, never what."""


class UnregisteredSurface(IsolationKitError):
    """No surface of that name is registered, or one is registered twice."""


class VoidTest(IsolationKitError):
    """The positive control failed, so that the test would have proved nothing."""
