"""Values that carry their data class in their type, so that mypy refuses to mix or leak them.

It stops mistakes, not hostile code in the same process: that is PostgreSQL's part. Nothing here
makes a label or a key; `catalog.label_issuing` does, for the sessions and the promotion alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final, Generic, Never, Self, TypeVar, final

from catalog.data_classes import DataClass

__all__ = [
    "AnonymizedBenchmark",
    "AscendPlatformMetric",
    "FundPrivate",
    "KeyRefused",
    "LabelImmutable",
    "LabelRefused",
    "Labelled",
    "LabelledCallFailed",
    "MixedClasses",
    "PromotionKey",
    "ReadKey",
    "TenantPrivate",
    "ValueHidden",
    "promoted",
]


class LabelRefused(Exception):
    """Base of what labelled values refuse.

    LabelRefused
    ├── KeyRefused
    ├── LabelImmutable
    ├── LabelledCallFailed
    ├── MixedClasses
    └── ValueHidden
    """


class KeyRefused(LabelRefused):
    """A label or key was made or used where the policy does not allow it."""


class LabelImmutable(LabelRefused, AttributeError):
    """A label, a key or a class marker was to be changed."""


class LabelledCallFailed(LabelRefused):
    """A function over a labelled value raised; its own message may carry the value."""


class MixedClasses(LabelRefused, TypeError):
    """Values of two classes met in one value."""


class ValueHidden(LabelRefused, TypeError):
    """Something asked a labelled value to show or store what it holds."""


class _Marker:
    """A class of the policy, as a type of its own. It has no instances and no subclasses."""

    data_class: ClassVar[DataClass]

    def __new__(cls) -> Self:
        message = f"{cls.__name__} is a name for types and has no instances"
        raise LabelImmutable(message)

    def __init_subclass__(cls) -> None:
        if cls.__base__ is not _Marker or cls.__module__ != __name__:
            message = f"{cls.__name__}: the policy's four classes have no subclasses"
            raise LabelImmutable(message)


@final
class TenantPrivate(_Marker):
    """One portfolio company's own data."""

    data_class = DataClass.TENANT_PRIVATE


@final
class FundPrivate(_Marker):
    """One fund's aggregates over its own portfolio."""

    data_class = DataClass.FUND_PRIVATE


@final
class AnonymizedBenchmark(_Marker):
    """Patterns across tenants that point at none of them."""

    data_class = DataClass.ANONYMIZED_BENCHMARK


@final
class AscendPlatformMetric(_Marker):
    """The platform's operating data."""

    data_class = DataClass.ASCEND_PLATFORM_METRIC


# Constrained, not bound: a label is exactly one of the four, never their union or their base.
ClassT = TypeVar("ClassT", TenantPrivate, FundPrivate, AnonymizedBenchmark, AscendPlatformMetric)
FromT = TypeVar("FromT", TenantPrivate, FundPrivate, AnonymizedBenchmark, AscendPlatformMetric)
ToT = TypeVar("ToT", TenantPrivate, FundPrivate, AnonymizedBenchmark, AscendPlatformMetric)
T = TypeVar("T")
U = TypeVar("U")
V = TypeVar("V")
T_co = TypeVar("T_co", covariant=True)


@final
class _Seal:
    """Proof that `catalog.label_issuing` makes the label or key."""


_SEAL: Final = _Seal()


def _require_seal(seal: object, what: str) -> None:
    if seal is not _SEAL:
        message = (
            f"a {what} made outside the sessions and the promotion: refused, since whoever labels "
            "a value decides who reads it; take it from a session of that class"
        )
        raise KeyRefused(message)


class _Frozen:
    """Neither changed, copied into a file nor subclassed."""

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        message = f"{type(self).__name__} is immutable; make a new value with map or combine"
        raise LabelImmutable(message)

    def __delattr__(self, name: str) -> None:
        self.__setattr__(name, None)

    def __reduce_ex__(self, protocol: object) -> Never:
        message = (
            f"{type(self).__name__} is not pickled: a class ends at its process; write the value "
            "through a session of its class"
        )
        raise ValueHidden(message)

    def __getstate__(self) -> Never:
        self.__reduce_ex__(None)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


@final
class ReadKey(_Frozen, Generic[ClassT]):
    """Opens values of one class. A session that may read the class holds one."""

    __slots__ = ("_marker",)
    _marker: type[ClassT]

    def __init__(self, seal: _Seal, marker: type[ClassT]) -> None:
        _require_seal(seal, "read key")
        object.__setattr__(self, "_marker", marker)

    @property
    def data_class(self) -> DataClass:
        """The class it opens."""
        return self._marker.data_class

    def __repr__(self) -> str:
        return f"<ReadKey {self.data_class}>"


@final
class PromotionKey(_Frozen, Generic[FromT, ToT]):
    """Lets values cross one edge of the policy, inside one run of a named workflow."""

    __slots__ = ("_is_open", "_source", "_target", "workflow")
    workflow: str
    _source: type[FromT]
    _target: type[ToT]
    _is_open: Callable[[], bool]

    def __init__(
        self,
        seal: _Seal,
        edge: tuple[type[FromT], type[ToT]],
        workflow: str,
        is_open: Callable[[], bool],
    ) -> None:
        _require_seal(seal, "promotion key")
        source, target = edge
        object.__setattr__(self, "_source", source)
        object.__setattr__(self, "_target", target)
        object.__setattr__(self, "workflow", workflow)
        object.__setattr__(self, "_is_open", is_open)

    def target_for(self, source: type[FromT]) -> type[ToT]:
        """The class on the other side, if this key leads there from that one and its run is on."""
        if source is not self._source:
            message = (
                f"{source.data_class} with a key for {self!r}: refused, a key crosses its own edge "
                "alone; register a workflow for this edge"
            )
            raise KeyRefused(message)
        if not self._is_open():
            message = f"{self!r}: the run of {self.workflow} is over; start another"
            raise KeyRefused(message)
        return self._target

    def __repr__(self) -> str:
        return f"<PromotionKey {self._source.data_class} -> {self._target.data_class}>"


@final
class Labelled(_Frozen, Generic[ClassT, T_co]):
    """A value of one data class. It shows its class and never what it holds.

    Two labelled values are equal only if they are the same object: a comparison by value would let
    anyone guess at it.
    """

    __slots__ = ("_marker", "_value")
    _marker: type[ClassT]
    _value: Callable[[], T_co]

    def __init__(self, seal: _Seal, marker: type[ClassT], value: T_co) -> None:
        _require_seal(seal, "labelled value")
        if isinstance(value, Labelled):
            message = (
                f"a {value.data_class} value inside a {marker.data_class} one: refused, a value "
                "has one class; join values of the same class with combine"
            )
            raise MixedClasses(message)
        object.__setattr__(self, "_marker", marker)
        # In a closure, so that tools which list attributes find no value.
        object.__setattr__(self, "_value", lambda: value)

    @property
    def data_class(self) -> DataClass:
        """The class of the value."""
        return self._marker.data_class

    def map(self, function: Callable[[T_co], U]) -> Labelled[ClassT, U]:
        """What the function makes of the value, of the same class."""
        value = self._value()
        return Labelled(_SEAL, self._marker, _called(self.data_class, lambda: function(value)))

    def combine(
        self, other: Labelled[ClassT, U], function: Callable[[T_co, U], V]
    ) -> Labelled[ClassT, V]:
        """What the function makes of two values of the same class."""
        if type(other) is not Labelled or other._marker is not self._marker:
            message = (
                f"{self.data_class} combined with another class or an unlabelled value: refused, "
                "a value has one class; promote one of them in a registered workflow"
            )
            raise MixedClasses(message)
        one, two = self._value(), other._value()
        return Labelled(_SEAL, self._marker, _called(self.data_class, lambda: function(one, two)))

    def unwrap(self, key: ReadKey[ClassT]) -> T_co:
        """The bare value, for the holder of a session that may read its class."""
        if type(key) is not ReadKey or key.data_class is not self.data_class:
            message = (
                f"{self.data_class} opened without a key of that class: refused; take the key from "
                "a session that may read it"
            )
            raise KeyRefused(message)
        return self._value()

    def __repr__(self) -> str:
        return f"<Labelled {self.data_class}>"

    def __format__(self, format_spec: str) -> str:
        return repr(self)

    def __bool__(self) -> Never:
        message = (
            f"whether a {self.data_class} value is empty says something of it: refused; decide "
            "inside map, or unwrap it"
        )
        raise ValueHidden(message)


def promoted(value: Labelled[FromT, T], key: PromotionKey[FromT, ToT]) -> Labelled[ToT, T]:
    """The value in the class that the key's workflow leads to."""
    if type(value) is not Labelled or type(key) is not PromotionKey:
        message = "a promotion needs a labelled value and the key of a running workflow: refused"
        raise KeyRefused(message)
    return Labelled(_SEAL, key.target_for(value._marker), value._value())  # noqa: SLF001


def _called(data_class: DataClass, call: Callable[[], U]) -> U:
    try:
        return call()
    except LabelRefused:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it says, it may say the value
        kind = type(error).__name__
    # Outside the handler, so that not even the context of the new error holds the old one.
    message = (
        f"the function over a {data_class} value raised {kind}; its message and trace may carry "
        "the value and are not shown: run it on made-up values to see them"
    )
    raise LabelledCallFailed(message)
