"""Takes a stripped text to sentence templates, by which texts of several senders are compared.

A wording is a sentence in small letters with names, numbers, amounts, days and every word that is
no common one as slots.
Its substance is what is left without filling words. Both are only compared and counted here;
whether one may be shown is decided by who shares it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from anonymization.text.vocabulary import is_common

__all__ = ["shown_template", "templates_of"]

_WORDING, _SUBSTANCE = "w:", "s:"
_FEWEST_WORDS, _MOST_WORDS, _FEWEST_PLAIN = 3, 30, 2
_NUMBER, _UNCOMMON, _ASKING = "<number>", "<word>", "?"
_MOST_SENTENCES = 200

_SLOTS = {
    "ACCOUNT_NAME": "<account>",
    "PERSON_NAME": "<person>",
    "KNOWN_IDENTIFIER": "<name>",
    "TENANT_ID": "<name>",
}
_GREETING = re.compile(
    r"^\s*(?:hi|hello|dear|hey|good (?:morning|afternoon|day))\b[^,.!?\n]{0,80},"
)
_ENDS = re.compile(r"(?<=[.!?])\s+|[\n\r\u2028\u2029]+")
_PLACEHOLDER = re.compile(r"<([A-Z][A-Z_]*?)_\d+>")
_AMOUNT = re.compile(
    r"[$€£]\s?\d[\d.,]*\s?(?:[km]\b|million\b|thousand\b)?|\b\d[\d.,]*\s?(?:usd|eur)\b"
)
_DAY = re.compile(r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b")
_MONTH = re.compile(
    r"\b(?:january|february|march|april|june|july|august|september|october|november|december)\b"
)
_TOKEN = re.compile(r"<[a-z]+>|[^\W_]+(?:['\u2019][^\W_]+)*|\?")
_FILLING = frozenset(
    """
    a about after all also am an and any are as at be been before both but by can could did do
    does each every for from further had has have he her here him his how i if in into is it its
    just me more most my no nor not now of off on once only or other our out over own per so
    some such than that the their them then there these they this those through to too under
    until up us very was we were what when where which while who whom why will with would you
    your
    """.split()  # noqa: SIM905 - a list of words reads as one
)


def templates_of(text: str) -> tuple[str, ...]:
    """The templates of a stripped text, each once: wordings and substances, marked as such."""
    found: dict[str, None] = {}
    for words in _sentences(text):
        if _FEWEST_WORDS <= len(words) <= _MOST_WORDS and _plain(words) >= _FEWEST_PLAIN:
            found[_WORDING + " ".join(words)] = None
        told = [word for word in words if word not in _FILLING and word != _ASKING]
        if _FEWEST_WORDS <= len(told) <= _MOST_WORDS and _plain(told) >= _FEWEST_PLAIN:
            found[_SUBSTANCE + " ".join(told)] = None
    return tuple(found)


def shown_template(template: str, among: frozenset[str]) -> str | None:
    """How a template is written out; None for a substance whose wording is shown already."""
    if template.startswith(_WORDING):
        return template.removeprefix(_WORDING).replace(" ?", "?")
    shown = {_substance(each) for each in among if each.startswith(_WORDING)}
    if template in shown:
        return None
    return f"... {template.removeprefix(_SUBSTANCE).replace(' ', ' ... ')} ..."


def _substance(wording: str) -> str:
    words = wording.removeprefix(_WORDING).split()
    return _SUBSTANCE + " ".join(w for w in words if w not in _FILLING and w != _ASKING)


def _sentences(text: str) -> Iterator[list[str]]:
    """The sentences as words and slots, a greeting apart from what follows it."""
    for number, sentence in enumerate(_ENDS.split(_slotted(text))):
        if number >= _MOST_SENTENCES:
            return
        greeting = _GREETING.match(sentence)
        start = greeting.end() if greeting else 0
        yield from (_words(part) for part in (sentence[:start], sentence[start:]) if part)


def _slotted(text: str) -> str:
    """The text in small letters with slots for what differs from one letter to the next."""
    named = _PLACEHOLDER.sub(lambda m: f" {_SLOTS.get(m[1], f'<{_slot(m[1])}>')} ", text)
    folded = unicodedata.normalize("NFKC", named).casefold()
    return _MONTH.sub("<month>", _DAY.sub("<day>", _AMOUNT.sub("<amount>", folded)))


def _slot(kind: str) -> str:
    return kind.replace("_", "").casefold()


def _words(sentence: str) -> list[str]:
    """Words and slots; several slots of one kind in a row are one."""
    words: list[str] = []
    for token in _TOKEN.findall(sentence):
        word = token
        if any(map(str.isdigit, token)):
            word = _NUMBER
        elif not token.startswith("<") and token != _ASKING and not is_common(token):
            word = _UNCOMMON
        if not (word in {_NUMBER, _UNCOMMON} and words[-1:] == [word]):
            words.append(word)
    return words


def _plain(words: list[str]) -> int:
    return sum(not word.startswith("<") and word != _ASKING for word in words)
