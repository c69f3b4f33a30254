"""Whether an ordinary word stands where a name stands: "Target" in "at Target", not a target."""

from __future__ import annotations

import re

from expectations.identifiers.ordinary_words import COMPANY_FORMS

__all__ = ["stands_as_a_name"]

_FUNCTION_WORDS = frozenset(
    b"the a an and or but if so as at by for from in into of on to up with is are was were be been "
    b"am do does did has have had it its he she we you they i me my our your us him her them this "
    b"that these those not no yes all any can will may must one two who what when where why how "
    b"new now then than too very just also more most some such only own same here there out off "
    b"over ok oh hi mr ms mrs dr re vs per via".split()
)
_SENTENCE_START = re.compile(rb"(?:^|[\x00\n.!?:;*\"(\[>-]|\x00)[\s\"'(\[*-]{0,4}\Z")
_BEFORE = re.compile(
    rb"(?:\b(?:at|with|from|for|by|to|of|and|about|than|via|visit|meet|met|call|called|client"
    rb"|customer|account|company|prospect|vendor|partner|competitor|buyer|ceo|cfo|cto|mr|ms|mrs|dr"
    rb"|dear|hi|hello|hey)[.,:]?[ ]{1,2}[\"']?)\Z",
    re.IGNORECASE,
)
_AFTER = re.compile(
    rb"'s\b|[ ]{1,2}(?:is|was|has|had|will|would|wants|wanted|said|says|asked|bought|buys|signed"
    rb"|uses|used|needs|did|does|agreed|renewed|churned|team|account|deal|people|contract)\b"
    rb"|,?[ ]{1,2}(?:" + b"|".join(form.encode() for form in sorted(COMPANY_FORMS)) + rb")\b",
    re.IGNORECASE,
)
_FORM = re.compile(
    rb",?[ ]{1,2}(?:" + b"|".join(form.encode() for form in sorted(COMPANY_FORMS)) + rb")\b",
    re.IGNORECASE,
)


def stands_as_a_name(data: bytes, start: int, end: int) -> bool:
    """Whether it is written with a capital, and not only because a sentence starts there.

    A word that every sentence has is a name only before a company's legal form.
    """
    written = data[start:end]
    if written.lower() in _FUNCTION_WORDS:
        return _FORM.match(data, end, end + 24) is not None and not written.islower()
    if not written[:1].isupper():
        return _FORM.match(data, end, end + 24) is not None
    before = data[max(start - 24, 0) : start]
    if not _SENTENCE_START.search(before):
        return True
    return (written.isupper() and len(written) > 1) or _AFTER.match(data, end, end + 24) is not None
