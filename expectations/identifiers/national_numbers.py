"""Confirms numbers by which a state knows a person or a company, by their form and check digits.

The check digits are those of `python-stdnum`. A number whose form other numbers share is one only
beside a word that says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib import import_module

from expectations.identifiers.anchors import Anchor, AnchorGroup, Span
from expectations.identifiers.kinds import IdentifierKind

__all__ = ["ANCHORS", "national_number"]

_END = rb"(?![0-9A-Za-z]|[-.][0-9])"
# How a number of digits is written, and the module whose check digits it must satisfy.
_FORMS = (
    (rb"\d{3}\.\d{3}\.\d{3}-\d{2}", "br.cpf"),
    (rb"\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}", "br.cnpj"),
    (rb"756\.\d{4}\.\d{4}\.\d{2}", "ch.ssn"),
    (rb"[12] ?\d{2} ?\d{2} ?\d{2} ?\d{3} ?\d{3} ?\d{2}", "fr.nir"),
    (rb"\d{6}-[1-8]\d{6}", "kr.rrn"),
    (rb"(?:19|20)?\d{6}[-+]\d{4}", "se.personnummer"),
    (rb"\d{6}-\d{4}", "dk.cpr"),
    (rb"[2-9]\d{3} \d{4} \d{4}", "in_.aadhaar"),
    (rb"\d{3}([- ])\d{3}\1\d{3}", "ca.sin"),
    (rb"\d{17}[0-9Xx]", "cn.ric"),
    (rb"\d{2}\.?\d{2}\.?\d{2}[- ]?\d{3}[. -]?\d{2}", "be.nn"),
)
_WRITTEN = tuple((re.compile(form + _END), module) for form, module in _FORMS)
# Most digits have none of these forms: one look tells.
_ANY_FORM = re.compile(
    rb"(?:" + b"|".join(form.replace(rb"\1", b"[- ]") for form, _ in _FORMS) + rb")" + _END
)
_WORDS = re.compile(
    rb"\b(?:national|identity|identification|personal|citizen|tax(?:payer)?|fiscal|insurance|nhs"
    rb"|passport|licen[cs]e|id card|nino|pesel|bsn|tin|itin|ein|nif|dni|cpf"
    rb"|steuer\S*|personalausweis|residen(?:t|ce)|medicare|medical record|mrn|patient)"
    rb"[^\x00\n0-9]{0,24}\Z",
    re.IGNORECASE,
)


def national_number(buffer: bytes, start: int) -> Span | None:
    """A national number of digits from there on."""
    if _ANY_FORM.match(buffer, start):
        for form, module in _WRITTEN:
            found = form.match(buffer, start)
            if found and _holds(module, found[0]):
                return start, found.end(), IdentifierKind.NATIONAL_ID
    before = buffer[max(start - 48, 0) : start].rpartition(b"\x00")[2]
    if _WORDS.search(before) and (digits := _LONG.match(buffer, start)):
        return start, digits.end(), IdentifierKind.NATIONAL_ID
    return None


_LONG = re.compile(rb"\d(?:[ .\-/]?\d){6,17}(?![0-9])")


def _holds(module: str, text: bytes) -> bool:
    return _check(module)(text.decode("latin-1"))


@cache
def _check(module: str) -> Callable[[str], bool]:
    check: Callable[[str], bool] = import_module(f"stdnum.{module}").is_valid
    return check


# Forms with letters, which only such numbers have.
_LETTERED = tuple(
    (re.compile(rb"(?<![0-9A-Za-z])" + form + _END), module)
    for form, module in (
        (rb"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ -]?\d{2}[ -]?\d{2}[ -]?\d{2}[ -]?[A-D]", None),
        (rb"[0-9]{8}-?[A-Z]", "es.dni"),
        (rb"[XYZ]-?[0-9]{7}-?[A-Z]", "es.nie"),
        (rb"[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]", "it.codicefiscale"),
        (rb"[A-Z]{4}\d{6}[HM][A-Z]{5}[0-9A-Z]\d", "mx.curp"),
        (rb"[A-Z]{3}[ABCFGHLJPTK][A-Z]\d{4}[A-Z]", "in_.pan"),
        (rb"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]", "fi.hetu"),
        (rb"[A-Z]{2}U?[0-9]{8,12}(?:B\d{2})?", "eu.vat"),
    )
)


def _lettered(buffer: bytes, at: int, settled: int) -> Span | None:
    start = max(at - 24, settled - 1, 0)
    for form, module in _LETTERED:
        for found in form.finditer(buffer, start, at + 12):
            if found.end() >= at - 1 and (module is None or _holds(module, found[0])):
                return found.start(), found.end(), IdentifierKind.NATIONAL_ID
    return None


_AFTER_WORDS = re.compile(
    rb"(?:[ ]?(?:no\.?|nr\.?|number|num|id|#|is|:|=|\"|')){0,4}[ ]{0,2}"
    rb"(?P<number>[A-Z]{0,3}[ -]?\d[0-9A-Z -]{4,16}[0-9A-Z])(?![0-9A-Za-z])",
)


def _after_words(buffer: bytes, at: int, settled: int) -> Span | None:
    """A number right after the words that name it."""
    found = _AFTER_WORDS.match(buffer, max(at, settled))
    if found is None or found.start("number") < settled:
        return None
    return found.start("number"), found.end("number"), IdentifierKind.NATIONAL_ID


ANCHORS = (
    Anchor(
        rb"[^0-9A-Z](?:[A-Z]{2}[ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[A-D]|[0-9]{8}-?[A-Z])"
        rb"[^0-9A-Za-z]",
        _lettered,
        in_any_case=False,
        group=AnchorGroup.DIGITS,
    ),
    Anchor(
        rb"[^0-9A-Z](?:[XYZ]-?[0-9]{7}-?[A-Z]|[0-9]{6}[-+A-FU-Y][0-9]{3}[0-9A-Y]"
        rb"|[A-Z]{2}U?[0-9]{8,12}(?:B[0-9]{2})?)[^0-9A-Za-z]",
        _lettered,
        in_any_case=False,
        group=AnchorGroup.CODES,
    ),
    Anchor(
        rb"(?:[A-Z][0-9]{2}[A-Z][0-9]{3}[A-Z]|[A-Z][0-9]{6}[HM][A-Z]{5}[0-9A-Z]{2}"
        rb"|[A-Z]{2}[0-9]{4}[A-Z])[^0-9A-Za-z]",
        _lettered,
        in_any_case=False,
        group=AnchorGroup.CODES,
    ),
    Anchor(
        rb"(?:passport|driver'?s?[ ]licen[cs]e|driving[ ]licen[cs]e|national[ ]id|identity[ ]card"
        rb"|tax[ ]id|nino|steuer-?id|personalausweis)(?:[ ]?(?:number|no\.?|nr\.?))?",
        _after_words,
    ),
)
