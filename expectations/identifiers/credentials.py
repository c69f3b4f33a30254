"""Confirms secrets: tokens of known makers, web tokens, private keys, passwords given by name.

What no maker's mark tells is judged by its shape and by how evenly its characters are spread.
"""

from __future__ import annotations

import math
import re
from collections import Counter

from expectations.identifiers.anchors import Anchor, Span
from expectations.identifiers.kinds import IdentifierKind

__all__ = ["ANCHORS", "RUN", "is_random"]

_LONGEST = 8_192
_SECRET = IdentifierKind.SECRET

# How makers begin their tokens, and the least that follows.
_MARKS = (
    rb"(?:sk|pk|rk)[_-](?:live|test|prod|proj|ant|or)[_-][0-9A-Za-z_-]{10}",
    rb"(?:sk|rk)-[0-9A-Za-z]{20}",
    rb"gh[opsur]_[0-9A-Za-z]{20}",
    rb"github_pat_[0-9A-Za-z_]{20}",
    rb"gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent)-[0-9A-Za-z_-]{16}",
    rb"xox[abeoprs]-[0-9A-Za-z-]{10}",
    rb"xapp-[0-9]-[0-9A-Za-z-]{10}",
    rb"(?:npm|hf|dp|rubygems|lin_api|figd|ntn|pat|sbp|dckr_pat|r8)_[0-9A-Za-z_]{16}",
    rb"(?:dop|doo|dor)_v1_[0-9a-f]{20}",
    rb"shp(?:at|ss|ca|pa)_[0-9A-Fa-f]{16}",
    rb"(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA)[0-9A-Z]{12}",
    rb"AIza[0-9A-Za-z_-]{20}",
    rb"ya29\.[0-9A-Za-z_-]{10}",
    rb"GOCSPX-[0-9A-Za-z_-]{16}",
    rb"1//0[0-9A-Za-z_-]{24}",
    rb"SG\.[0-9A-Za-z_-]{16}",
    rb"whsec_[0-9A-Za-z+/=]{16}",
    rb"sq0(?:atp|csp)-[0-9A-Za-z_-]{16}",
    rb"EAA[A-Z][0-9A-Za-z]{24}",
    rb"pypi-[0-9A-Za-z_-]{16}",
    rb"(?:glsa|glc|eyJr)_[0-9A-Za-z_]{16}",
    rb"hv[sbr]\.[0-9A-Za-z_-]{16}",
    rb"NRAK-[0-9A-Z]{16}",
    rb"PMAK-[0-9a-f]{16}",
    rb"key-[0-9a-f]{32}",
    rb"(?:AC|SK)[0-9a-f]{32}",
    rb"AGE-SECRET-KEY-1[0-9A-Z]{20}",
    rb"eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]{4}",
)
_TOKEN = re.compile(
    rb"(?<![0-9A-Za-z])(?:"
    + b"|".join(mark.replace(b"{8,}", b"{8,4096}") for mark in _MARKS)
    + rb")[0-9A-Za-z_.+/=-]{0,4096}"
)


def _token(buffer: bytes, at: int, settled: int) -> Span | None:
    for found in _TOKEN.finditer(buffer, max(at - 48, settled - 1, 0), at + _LONGEST):
        if found.start() >= at:
            return None
        text = found[0].rstrip(b".=-_/") if not found[0].endswith(b"=") else found[0]
        if found.start() + len(text) >= at - 1:
            return found.start(), found.start() + len(text), _SECRET
    return None


def _web_token(buffer: bytes, at: int, settled: int) -> Span | None:
    found = _WEB_TOKEN.match(buffer, max(at - len(b"eyJ") - 8, settled))
    return (found.start(), found.end(), _SECRET) if found else None


_WEB_TOKEN = re.compile(rb"eyJ[0-9A-Za-z_-]{8,4096}(?:\.[0-9A-Za-z_-]{0,4096}){1,4}")

_SCHEME = re.compile(
    rb"(?P<header>authorization[\"']?\s?[:=]\s?[\"']?)?(?:bearer|basic|token|apikey)[ ]{1,3}"
    rb"(?P<token>[0-9A-Za-z._~+/-]{12,4096}={0,2})",
    re.IGNORECASE,
)


def _after_scheme(buffer: bytes, at: int, settled: int) -> Span | None:
    """After the name of a scheme; a mere word is one only in the header of a request."""
    for found in _SCHEME.finditer(buffer, max(at - 48, settled, 0), at + _LONGEST):
        if found.end() >= at and (found["header"] or not found["token"].isalpha()):
            return (*found.span("token"), _SECRET)
    return None


_KEY_BLOCK = re.compile(
    rb"-----BEGIN [A-Z0-9 ]{0,40}-----(?:[0-9A-Za-z+/=:,.\s\\]|-(?!-)){0,8000}"
    rb"(?:-----END [A-Z0-9 ]{0,40}-----)?"
)
_KEY_START = re.compile(rb"-----BEGIN [A-Z0-9 ]{0,40}(?:-----)?")


def _private_key(buffer: bytes, at: int, settled: int) -> Span | None:
    start = max(at - 11, settled)
    found = _KEY_BLOCK.match(buffer, start, start + _LONGEST) or _KEY_START.match(buffer, start)
    return (start, found.end(), _SECRET) if found else None


_NAMES = (
    rb"(?:pass(?:word|wd|phrase|code|wort)?|pwd|secret|token|credential|api[ _-]?key"
    rb"|(?:access|auth|account|secret|private|signing|encryption)[ _-]?key"
    rb"|client[ _-]?secret|mot de passe|contrasena|kennwort)"
)
_ASSIGNED = re.compile(
    rb"s?(?:[ _-]?(?:id|value|key|code))?[\"'`\])]{0,2}[ ]{0,3}"
    rb"(?:(?P<sign>=>|:=|={1,3}|:)[ ]{0,3}|(?:is|was|to|ist|est|es)[ ]{1,2}(?::[ ]{0,2})?|[ ]{1,2})"
    rb"(?P<quote>[\"'`]?)(?P<value>[^\s\x00\"'`<>,;]{4,256})"
)
_TEMPLATE = re.compile(
    rb"^(?:[$%{]|\*+$|x+$|\.+$|os\.|env|process\.|none$|null$|true$|false$|undefined|self\.|get"
    rb"|your|my[_-]|change|example|redacted|required|optional|string|str$|int$|bool|function|input"
    rb"|hidden|https?:)|\(\Z",
    re.IGNORECASE,
)
_PASSWORD = re.compile(rb"(?:password|passwd|passphrase|passcode|pwd|passwort)\Z", re.IGNORECASE)
_LEAST_SECRET = 6


def _assigned(buffer: bytes, at: int, settled: int) -> Span | None:
    """After a name such as password: its value, if it is one that nobody would write as a word."""
    found = _ASSIGNED.match(buffer, at)
    if found is None or found.start("value") < settled:
        return None
    value = found["value"].rstrip(b".,;:!?)]}")
    quoted_or_signed = bool(found["sign"]) or bool(found["quote"])
    if not quoted_or_signed and not _PASSWORD.search(buffer, max(at - 12, 0), at):
        return None
    if len(value) < _LEAST_SECRET or _TEMPLATE.search(value):
        return None
    classes = _classes(value)
    if classes < (2 if quoted_or_signed else 3) or _is_wordlike(value):
        return None
    start = found.start("value")
    return start, start + len(value), _SECRET


_WORDLIKE = re.compile(
    rb"[A-Z]?[a-z]+(?:[-_/'][A-Za-z]?[a-z]+)*|[A-Z]+|(?:\d{1,4}[-/:.]){0,3}\d{1,6}[a-z%]{0,7}"
    rb"|[a-z]+(?:[A-Z][a-z]+)*\(?\)?|[a-z_.]+"
)


def _is_wordlike(value: bytes) -> bool:
    return _WORDLIKE.fullmatch(value) is not None


def _classes(value: bytes) -> int:
    """How many of small letters, capitals, digits and signs occur."""
    return sum(pattern.search(value) is not None for pattern in _CLASSES)


_CLASSES = tuple(re.compile(each) for each in (rb"[a-z]", rb"[A-Z]", rb"[0-9]", rb"[^0-9A-Za-z]"))

RUN = re.compile(rb"[0-9A-Za-z+/_=-]+")
"""What a long random value is written in."""

_SEGMENTS = re.compile(rb"[0-9A-Za-z+=]+")
_HEX = re.compile(rb"[0-9a-f]{32,}|[0-9A-F]{32,}")
_UUID = re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DIGEST_WORDS = re.compile(
    rb"(?:commit|sha-?\d{0,3}|digest|checksum|md5|revision|etag|hash|integrity|blob|tree|parent|build)"
    rb"[^\x00\n]{0,12}\Z",
    re.IGNORECASE,
)
_LEAST_RANDOM = 32
_LEAST_SEGMENT = 20
_EVEN, _EVEN_HEX = 3.6, 3.0  # bits a character; words and names stay below


def is_random(buffer: bytes, start: int, end: int) -> bool:
    """Whether a long run without a space mixes digits and letters as no name does."""
    run = _UUID.sub(b"-", buffer[start:end])
    if len(run) < _LEAST_RANDOM:
        return False
    if _HEX.fullmatch(run):
        return (
            not _DIGEST_WORDS.search(buffer, max(start - 24, 0), start)
            and _entropy(run) > _EVEN_HEX
        )
    segment = max(_SEGMENTS.findall(run), key=len, default=b"")
    if len(segment) < _LEAST_SEGMENT or _DIGEST_WORDS.search(buffer, max(start - 24, 0), start):
        return False
    mixes = all(pattern.search(segment) for pattern in _CLASSES[:3])
    return mixes and _entropy(segment) > _EVEN


def _entropy(text: bytes) -> float:
    """Shannon's entropy in bits a character."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)


ANCHORS = (
    Anchor(rb"(?:" + b"|".join(_MARKS[:-1]) + rb")", _token, in_any_case=False),
    Anchor(rb"eyJ[0-9A-Za-z_-]{8}", _web_token, in_any_case=False),
    Anchor(rb"(?:bearer|basic|token|apikey)[ ]{1,3}[0-9A-Za-z._~+/-]{12}", _after_scheme),
    Anchor(rb"-----BEGIN ", _private_key, in_any_case=False),
    Anchor(_NAMES, _assigned),
)
