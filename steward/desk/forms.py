"""Reads what a page's form sent: few fields, each once, of bounded length."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.exceptions import HTTPException

__all__ = ["Form", "read_form"]

_MOST_FIELDS = 10
_LARGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Form:
    """Fields by name."""

    fields: Mapping[str, str]

    def text(self, name: str) -> str:
        """What the field holds; nothing where it was not sent."""
        return self.fields.get(name, "")


async def read_form(request: Request) -> Form:
    """The form in this request; refused where it is none of ours."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST:
            raise HTTPException(413, "a form has at most 64 KiB")
    try:
        if kind != "application/x-www-form-urlencoded":
            message = "not a form"
            raise ValueError(message)  # noqa: TRY301 - one refusal for all that is no form
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=_MOST_FIELDS,
            errors="strict",
        )
    except ValueError:
        raise HTTPException(400, "this is not a form of the desk; open the page again") from None
    if len({name for name, _ in pairs}) != len(pairs):
        raise HTTPException(400, "a field was sent twice; open the page again")
    return Form({name: value.replace("\r\n", "\n") for name, value in pairs})
