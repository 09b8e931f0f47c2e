"""``ETag`` and ``If-None-Match`` (RFC 9110, 8.8.3 and 13.1.2): what a client has already is not sent again."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

Tag = dict[str, str]
KNOWN: dict[str, Any] = {"headers": ("If-None-Match",), "answers": {304: None}}
"""What the door of an address with tags says."""


def etag(name: str) -> Tag:
    """The headers of what has this name: whoever keeps it has to ask whether it is still right.

    A weak tag: what is the same may be written otherwise by another version.
    """
    return {"etag": f'W/"{name}"', "cache-control": "private, no-cache"}


def has(request: Request, tag: Tag) -> bool:
    """Whether the client has it already."""
    known = {each.strip() for each in request.headers.get("if-none-match", "").split(",")}
    return bool(known & {tag["etag"], tag["etag"].removeprefix("W/"), "*"})


def same(tag: Tag) -> Response:
    """304: what you have is right."""
    return Response(status_code=304, headers=tag)
