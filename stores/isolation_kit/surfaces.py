"""Which agent surfaces are registered: each must ship a cross-tenant test."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from stores.isolation_kit.errors import UnregisteredSurface

__all__ = [
    "Surface",
    "register_surface",
    "registered_surfaces",
    "surface",
    "surface_of",
    "uncovered",
    "unregister_surface",
]

# Any: a surface takes an opened session and what it likes, and returns what it likes.
Surface = Callable[..., Any]
_SurfaceT = TypeVar("_SurfaceT", bound=Surface)
_SURFACES: dict[str, Surface] = {}


def register_surface(name: str, call: Surface) -> None:
    """Register a surface: a callable of an opened `TenantSession` and arguments of its own."""
    known = _SURFACES.setdefault(name, call)
    if known is not call and _origin(known) != _origin(call):
        message = f"surface {name[:60]!r}: registered twice; give the second a name of its own"
        raise UnregisteredSurface(message)
    _SURFACES[name] = call


def surface(name: str) -> Callable[[_SurfaceT], _SurfaceT]:
    """Register the decorated callable as a surface."""

    def registered(call: _SurfaceT) -> _SurfaceT:
        register_surface(name, call)
        return call

    return registered


def registered_surfaces() -> tuple[str, ...]:
    """Names of the registered surfaces, sorted."""
    return tuple(sorted(_SURFACES))


def surface_of(name: str) -> Surface:
    """The surface of that name."""
    if name not in _SURFACES:
        message = f"no surface {name[:60]!r} is registered; call register_surface() before its test"
        raise UnregisteredSurface(message)
    return _SURFACES[name]


def unregister_surface(name: str) -> None:
    """Forget a surface, where a test registered one for itself."""
    _SURFACES.pop(name, None)


def uncovered(tested: Iterable[str]) -> tuple[str, ...]:
    """Registered surfaces that none of those tests names."""
    return tuple(sorted(set(_SURFACES) - set(tested)))


def _origin(call: Surface) -> tuple[str | None, str]:
    # The same function imported twice (as pytest may do with a conftest) is one surface.
    return getattr(call, "__module__", None), getattr(call, "__qualname__", repr(call))
