"""Reads what is written in base64, hexadecimal, %XX or character references, where it is text."""

from __future__ import annotations

import binascii
import html
import re
from urllib.parse import unquote

__all__ = ["closed_up", "decoded_escapes", "decoded_run"]

_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){6,}")
_SHARE_OF_TEXT = 0.9
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})")
_SHORTEST = 4


def decoded_run(run: bytes) -> list[str]:
    """The texts that a run of letters, digits and +/-_= may stand for; none if it is none."""
    texts: list[str] = []
    run = run.translate(None, b"\r\n")
    if _HEX.fullmatch(run):
        texts += _as_text(bytes.fromhex(run.decode("ascii")))
    body = run.rstrip(b"=")
    if len(body) % 4 != 1 and not body.islower() and b"=" not in body:
        standard = body.translate(_URL_SAFE) + b"=" * (-len(body) % 4)
        try:
            texts += _as_text(binascii.a2b_base64(standard))
        except binascii.Error:
            return texts
    return texts


_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def decoded_escapes(run: bytes) -> list[str]:
    """The run with %XX, character references and backslash escapes read, if that changes it."""
    written = run.decode("latin-1")
    plain = html.unescape(unquote(written, errors="ignore"))
    plain = _ESCAPED.sub(lambda found: chr(int(found[1] or found[2], 16)), plain)
    return [plain] if plain != written else []


def closed_up(run: bytes) -> list[str]:
    """Letters that stand apart, as the word that they are."""
    return [run.replace(b" ", b"").decode("latin-1")]


def _as_text(decoded: bytes) -> list[str]:
    for encoding in ("utf-8", "utf-16-le"):
        try:
            text = decoded.decode(encoding)
        except UnicodeDecodeError:
            continue
        readable = sum(character.isprintable() or character in "\t\r\n" for character in text)
        is_text = len(text) >= _SHORTEST and readable >= _SHARE_OF_TEXT * len(text)
        if is_text and (encoding == "utf-8" or text.isascii()):
            return [text]
    return []
