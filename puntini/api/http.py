"""What the route modules share: JSON in, JSON out, problems as ``application/problem+json``."""

from typing import Any, TypeVar

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from puntini.errors import Invalid
from puntini.protocol.decode import decode
from puntini.protocol.entries import encode
from puntini.transport.asgi import read_body

T = TypeVar("T")
PAGE = 20
PAGE_MOST = 100


class Body(Struct, frozen=True, forbid_unknown_fields=True):
    """Base of every request body: a field that is not known is an error, never ignored."""


class Json(Response):
    """A value as JSON."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """One line of JSON."""
        return encode(content)


async def read(request: Request, type_: type[T]) -> T:
    """The body as ``type_``; an empty one counts as ``{}``. Raises Invalid or TooLarge."""
    return decode(await read_body(request.receive) or b"{}", type_)


def page_bounds(request: Request) -> tuple[int, int]:
    """``limit`` and ``offset`` of a list. Raises Invalid."""
    return _whole(request, "limit", PAGE, 1, PAGE_MOST), _whole(request, "offset", 0, 0, 1 << 31)


def _whole(request: Request, name: str, default: int, least: int, most: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise Invalid(f"{name}: give a whole number from {least} to {most}", path=name)
    return int(text)


def known_query(request: Request, *names: str) -> None:
    """Raises Invalid for a query parameter that the route does not know."""
    for name in request.query_params:
        if name not in names:
            raise Invalid(f"{name[:40]}: there is no such query parameter", path=name[:40])
