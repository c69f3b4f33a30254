"""Confirms addresses of machines: IPv4, IPv6 and hardware addresses."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address

from expectations.identifiers.anchors import Anchor, AnchorGroup, Span
from expectations.identifiers.kinds import IdentifierKind

__all__ = ["ANCHORS", "ipv4"]

_OCTET = rb"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = re.compile(rb"(?:" + _OCTET + rb"\.){3}" + _OCTET + rb"(?![0-9]|\.\d)")
_DEFANGED = re.compile(rb"\d{1,3}(?:[ ]?[\[(]\.[\])][ ]?\d{1,3}|\.\d{1,3}){3}(?!\d)")
_LONGEST = 48


def _ipv4(buffer: bytes, at: int, settled: int) -> Span | None:
    start = _first_of(buffer, at, settled, _DOTTED_BACKWARDS)
    return ipv4(buffer, start)


def ipv4(buffer: bytes, start: int) -> Span | None:
    """An address of four numbers from there on, but for the number of a version."""
    found = _IPV4.match(buffer, start)
    if found is None or _VERSION.search(buffer, max(start - 10, 0), start):
        return None
    return start, found.end(), IdentifierKind.IP


_DOTTED_BACKWARDS = re.compile(rb"[0-9.]+")
_VERSION = re.compile(rb"(?:version|release|build|v)[ .:]{0,2}\Z", re.IGNORECASE)


def _first_of(buffer: bytes, at: int, settled: int, backwards: re.Pattern[bytes]) -> int:
    before = backwards.match(buffer[max(at - _LONGEST, settled, 0) : at][::-1])
    return at - (before.end() if before else 0)


def _defanged(buffer: bytes, at: int, settled: int) -> Span | None:
    for found in _DEFANGED.finditer(buffer, max(at - 20, settled, 0), at + 30):
        plain = re.sub(rb"[^\d.]", b"", found[0])
        if found.start() < at <= found.end() and _IPV4.fullmatch(plain):
            return found.start(), found.end(), IdentifierKind.IP
    return None


_COLONED_BACKWARDS = re.compile(rb"[0-9A-Fa-f:.]+")
_COLONED = re.compile(
    rb"(?:[0-9A-Fa-f]{0,4}:){2,8}(?:[0-9A-Fa-f]{1,4}|(?:\d{1,3}\.){3}\d{1,3})?"
    rb"(?:%[0-9A-Za-z]{1,15})?(?:/\d{1,3})?"
)


def _ipv6(buffer: bytes, at: int, settled: int) -> Span | None:
    start = _first_of(buffer, at, settled, _COLONED_BACKWARDS)
    if hardware := _HARDWARE.match(buffer, start):
        return start, hardware.end(), IdentifierKind.MAC
    found = _COLONED.match(buffer, start, start + _LONGEST + 20)
    if found is None or buffer[start - 1 : start].isalnum():
        return None
    text = re.split(rb"[/%]", found[0])[0]
    if len(text) <= len(b"::") or buffer[found.end() : found.end() + 1].isalnum():
        return None
    try:
        IPv6Address(text.decode("ascii"))
    except AddressValueError:
        return None
    return start, found.end(), IdentifierKind.IP


_HARDWARE = re.compile(
    rb"[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}(?:[0-9A-Fa-f]{2}\1[0-9A-Fa-f]{2}\1)?"
    rb"[0-9A-Fa-f]{2}(?![0-9A-Fa-f]|\1)|(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}(?![0-9A-Fa-f.])"
)
_HARDWARE_BACKWARDS = re.compile(rb"[0-9A-Fa-f:.-]+")


def _mac(buffer: bytes, at: int, settled: int) -> Span | None:
    start = _first_of(buffer, at, settled, _HARDWARE_BACKWARDS)
    found = _HARDWARE.match(buffer, start)
    return (start, found.end(), IdentifierKind.MAC) if found else None


ANCHORS = (
    Anchor(rb"(?:[0-9]{1,3}\.){3}[0-9]", _ipv4),
    Anchor(rb"[0-9][\[(]\.[\])][0-9]", _defanged),
    Anchor(rb"[0-9a-f]:[0-9a-f]{0,4}:[0-9a-f]{1,4}[:]", _ipv6, group=AnchorGroup.COLONS),
    Anchor(rb"::[0-9a-f]", _ipv6),
    Anchor(rb"[0-9a-f]::", _ipv6),
    Anchor(rb"(?:[0-9a-f]{2}-){5}[0-9a-f]{2}", _mac),
    Anchor(rb"(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}", _mac),
)
