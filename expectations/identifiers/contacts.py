"""Confirms e-mail addresses, web addresses and domain names, written out or spelled around."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList

from expectations.identifiers.anchors import Anchor, AnchorGroup, Span
from expectations.identifiers.kinds import IdentifierKind

__all__ = ["ANCHORS"]

_LONGEST_LOCAL = 64
_LONGEST_HOST = 255
_LONGEST_URL = 2_048

_AT = rb"[ ]{0,3}[(\[{<][ ]{0,3}(?:at|@)[ ]{0,3}[)\]}>][ ]{0,3}"
_DOT = rb"[ ]{0,3}[(\[{<][ ]{0,3}(?:dot|punkt|point|\.)[ ]{0,3}[)\]}>][ ]{0,3}"
_LABEL = rb"[0-9A-Za-z_\xff](?:[0-9A-Za-z_\xff-]{0,61}[0-9A-Za-z_\xff])?"
# Read backwards from the sign: what may stand before it.
_LOCAL_BACKWARDS = re.compile(
    rb"[\s]{0,3}(\"[^\"\x00\n]{1,62}\"|[0-9A-Za-z\xff.!#$%&'*+/=?^_`{|}~-]+)"
)
_HOST = re.compile(
    rb"\s{0,3}(?:"
    + _LABEL
    + rb"(?:\."
    + _LABEL
    + rb"|\s{0,2}\.\n\s{0,3}"
    + _LABEL
    + rb"|"
    + _DOT
    + _LABEL
    + rb"| \. ?"
    + _LABEL
    + rb"){1,9}"
    rb"|\[[0-9A-Fa-f:.]{7,45}\])",
    re.IGNORECASE,
)
_GLUED_NUMBER = re.compile(rb"\.([A-Za-z]{2,24})\d[0-9-]*\Z")
_LAST_LABEL = re.compile(rb"(?:[A-Za-z\xff]{2,24}|xn--[0-9A-Za-z-]{2,59}|\])\Z", re.IGNORECASE)


def _email(buffer: bytes, at: int, settled: int) -> Span | None:
    """Around an @ sign."""
    sign = at - 1
    before = buffer[max(sign - _LONGEST_LOCAL, settled - 1, 0) : sign]
    local = _LOCAL_BACKWARDS.match(before[::-1])
    if local is None:
        return None
    end = _end_of_host(buffer, at)
    if end == 0:
        return None
    start = sign - local.end()
    while buffer[start : start + 1] in _OPENING:
        start += 1
    return (start, end, IdentifierKind.EMAIL) if start < sign else None


def _end_of_host(buffer: bytes, at: int) -> int:
    """Where the name of a host ends that starts there; 0 where none does."""
    if plain := _PLAIN_HOST.match(buffer, at):
        return plain.end()
    host = _HOST.match(buffer, at, at + _LONGEST_HOST)
    if host is None:
        return 0
    if _LAST_LABEL.search(host[0]):
        return host.end()
    glued = _GLUED_NUMBER.search(host[0])
    if glued is None or not _is_top_level(glued[1].lower()):
        return 0
    return host.start() + glued.end(1)


_PLAIN_HOST = re.compile(
    rb"(?:[0-9A-Za-z][0-9A-Za-z-]{0,62}\.){1,8}[A-Za-z]{2,24}(?=[ \n\x00,;:>)\"'!?]|\.[ \n\x00])"
)
_OPENING = (b"'", b"`", b"{", b"|", b"=", b"/", b"*", b".")
_SPELLED = re.compile(
    rb"[0-9A-Za-z\xff._+-]{1,64}"
    + _AT
    + _LABEL
    + rb"(?:(?:\.|"
    + _DOT
    + rb"| dot )"
    + _LABEL
    + rb"){1,8}",
    re.IGNORECASE,
)
_SPOKEN = re.compile(
    rb"[0-9A-Za-z\xff._+-]{1,64}(?: at | ?@ ?|"
    + _AT
    + rb")"
    + _LABEL
    + rb"(?:(?: dot | ?\. ?|"
    + _DOT
    + rb")"
    + _LABEL
    + rb"){0,4}(?: dot |"
    + _DOT
    + rb")"
    rb"[A-Za-z]{2,24}",
    re.IGNORECASE,
)


def _spelled_email(buffer: bytes, at: int, settled: int) -> Span | None:
    """Around "(at)", or before a spoken "dot com"."""
    start = max(at - 160, settled, 0)
    for pattern in (_SPELLED, _SPOKEN):
        for found in pattern.finditer(buffer, start, at + 160):
            if found.start() < at < found.end() + 1:
                return found.start(), found.end(), IdentifierKind.EMAIL
    return None


_SCHEME_BACKWARDS = re.compile(rb"[0-9a-z+.-]{1,20}", re.IGNORECASE)
_REST = re.compile(rb"[^\x00\s<>\"`|\\^{}]+")
_TRAILING = b".,;:!?'*_"
# RFC 2606 keeps these names for examples in documents: they are nobody's.
_DOCUMENTATION = re.compile(rb"example\.(?:com|net|org)(?:/[0-9A-Za-z/_.@-]*)?", re.IGNORECASE)
_CREDENTIALS = re.compile(rb"[^\s/:@\x00]{1,128}:[^\s/@\x00]{1,128}@")


def _url(buffer: bytes, at: int, settled: int) -> Span | None:
    """After a scheme and its ://."""
    sign = at - 3
    scheme = _SCHEME_BACKWARDS.match(buffer[max(sign - 20, settled, 0) : sign][::-1])
    if scheme is None:
        return None
    end = _end_of_url(buffer, at)
    if end <= at or (buffer[at] in b"eE" and _DOCUMENTATION.fullmatch(buffer, at, end)):
        return None
    secret = b"@" in buffer[at:end] and _CREDENTIALS.match(buffer, at, end) is not None
    return sign - scheme.end(), end, IdentifierKind.SECRET if secret else IdentifierKind.URL


def _web_address(buffer: bytes, at: int, settled: int) -> Span | None:
    """After "www." or "mailto:"."""
    start = max(at - 8, settled, 0)
    found = _BARE_PREFIX.search(buffer, start, at)
    if found is None:
        return None
    end = _end_of_url(buffer, at)
    return (found.start(1), end, IdentifierKind.URL) if end > at + 1 else None


_BARE_PREFIX = re.compile(rb"(?<![0-9A-Za-z\xff])(www\d?\.|mailto:|tel:)\Z", re.IGNORECASE)


def _end_of_url(buffer: bytes, at: int) -> int:
    rest = _REST.match(buffer, at, at + _LONGEST_URL)
    if rest is None:
        return at
    text = rest[0].rstrip(_TRAILING)
    while text[-1:] in {b")", b"]"} and text.count(b"(") < text.count(b")") + text.count(b"]"):
        text = text[:-1].rstrip(_TRAILING)
    return at + len(text)


_HOST_BACKWARDS = re.compile(rb"[0-9A-Za-z_\xff.-]+")
_MORE_LABELS = re.compile(rb"(?:\.[0-9A-Za-z\xff-]{1,63}){0,8}")
_PORT_AND_PATH = re.compile(rb"(?::\d{2,5})?(?:/[^\x00\s<>\"`|\\^{}]*)?")
# Endings that are files, and names with them that are products, as often as they are domains.
_FILE_ENDINGS = frozenset(
    b"py md rs sh pl ps cc zip mov so ml mm st in as am is it to me no at be do my us la do".split()
)
_PRODUCTS = frozenset({b"asp.net", b"vb.net", b"ado.net", b"ml.net"})


def _domain(buffer: bytes, at: int, settled: int) -> Span | None:
    """Before the end of a label that may be a top-level domain."""
    end = at - 1
    before = _HOST_BACKWARDS.match(buffer[max(end - _LONGEST_HOST, settled, 0) : end][::-1])
    after = _MORE_LABELS.match(buffer, end, end + _LONGEST_HOST)
    if before is None or after is None:
        return None
    host = buffer[end - before.end() : after.end()]
    start = after.end() - len(host.lstrip(b".-"))
    stop = after.end() - len(host) + len(host.rstrip(b".-"))
    if buffer[start - 3 : start] == b"://" and _DOCUMENTATION.match(buffer, start):
        return None
    if buffer[start - 1 : start] == b"@" or not is_domain(buffer[start:stop]):
        return None
    rest = _PORT_AND_PATH.match(buffer, stop, stop + _LONGEST_URL)
    top = buffer[start:stop].rpartition(b".")[2].lower()
    if len(top) > len(b"uk") and top not in _USUAL and not _is_visited(buffer, start, stop):
        return None
    tail = rest[0].rstrip(_TRAILING) if rest else b""
    return start, stop + len(tail), IdentifierKind.DOMAIN


def _is_visited(buffer: bytes, start: int, stop: int) -> bool:
    """Whether a path follows, or a word before says so: "open" and "date" end domains too."""
    if buffer[start : start + 4].lower() in {b"www.", b"app.", b"api."}:
        return True
    follows = buffer[stop : stop + 2]
    return (follows[:1] == b"/" and follows[1:].isalnum()) or (
        _VISIT.search(buffer, max(start - 24, 0), start) is not None
    )


_VISIT = re.compile(
    rb"\b(?:visit|site|website|domain|url|page at|go to|browse|web)[ :]{1,3}\Z", re.IGNORECASE
)
_USUAL = frozenset(
    b"com net org edu gov mil int info biz app dev cloud tech online site store shop xyz agency "
    b"company pro mobi consulting solutions software systems services group ventures capital "
    b"finance health digital media network global example test internal onion eus cat".split()
)


def is_domain(host: bytes) -> bool:
    """Whether a dotted name ends as domains do and is not a file or the seam of two sentences."""
    *names, top = host.split(b".")
    if not names or not all(names) or len(names[-1]) == 1:
        return False
    lowered = top.lower()
    if not _is_top_level(lowered) or host.lower() in _PRODUCTS:
        return False
    if len(names) == 1 and lowered in _FILE_ENDINGS:
        return False
    # "the end.It began" joins two sentences; "ACME.COM" is one name.
    return top == lowered or host == host.upper()


_RESERVED = frozenset({"example", "test", "internal", "corp", "onion"})


@lru_cache(4_096)
def _is_top_level(label: bytes) -> bool:
    """Whether names end so: the public suffix list, and names reserved for use within a house."""
    name = label.decode("latin-1")
    return name in _RESERVED or _suffixes().publicsuffix(f"name.{name}") is not None


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False, only_icann=True)


ANCHORS = (
    Anchor(rb"@", _email),
    Anchor(rb"[(\[{<]\s{0,3}at\s{0,3}[)\]}>]", _spelled_email),
    Anchor(rb"[ )\]}>]dot[ )\]}>]{1,3}[a-z]{2}", _spelled_email),
    Anchor(rb"://", _url),
    Anchor(rb"www[0-9]?\.", _web_address),
    Anchor(rb"(?:mailto|tel):[^\s\x00]", lambda b, at, s: _web_address(b, at - 1, s)),
    Anchor(rb"[0-9a-z\xff]\.[a-z]{2,24}[^0-9a-z_(\xff-]", _domain, group=AnchorGroup.NAMES),
)
