"""What the route modules share: JSON in, JSON out, problems as ``application/problem+json``."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from puntini.errors import Invalid, PuntiniError
from puntini.protocol.decode import decode
from puntini.protocol.entries import encode
from puntini.protocol.mistakes import suggestion
from puntini.transport.asgi import Scope, Send, answer, problem_body, read_body

T = TypeVar("T")
Endpoint = Callable[[Request], Awaitable[Response]]
PAGE = 20
PAGE_MOST = 100
KEY_LIMIT = 128


class Body(Struct, frozen=True, forbid_unknown_fields=True):
    """Base of every request body: a field that is not known is an error, never ignored."""


class Json(Response):
    """A value as JSON."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """One line of JSON; ended, because people read it in terminals too."""
        return encode(content) + b"\n"


async def read(request: Request, type_: type[T]) -> T:
    """The body as ``type_``; an empty one counts as ``{}``. Raises Invalid or TooLarge."""
    return decode(await read_body(request.receive) or b"{}", type_)


async def method_allowed(scope: Scope, send: Send, *methods: str) -> bool:
    """Whether a pure ASGI endpoint takes the request's method; if not, it is answered."""
    if scope["method"] in methods:
        return True
    headers = [(b"allow", ", ".join(methods).encode())]
    await answer(send, 405, problem_body(wrong_method()), b"application/problem+json", headers)
    return False


def idempotency_key(header: str) -> str:
    """The ``Idempotency-Key`` header, bounded. Raises Invalid."""
    if len(header) > KEY_LIMIT:
        raise Invalid(f"Idempotency-Key: use at most {KEY_LIMIT} characters", path="Idempotency-Key")
    return header


def wrong_method() -> PuntiniError:
    """What is said to a method that an address does not take."""
    error = PuntiniError("This address does not take that method.")
    error.status, error.code, error.title = 405, "method_not_allowed", "Method Not Allowed"
    return error


def page_bounds(request: Request) -> tuple[int, int]:
    """``limit`` and ``offset`` of a list. Raises Invalid."""
    return whole(request, "limit", PAGE, 1, PAGE_MOST), whole(request, "offset", 0, 0, 1 << 31)


def whole(request: Request, name: str, default: int, least: int, most: int) -> int:
    """A query parameter that is a whole number. Raises Invalid."""
    text = request.query_params.get(name)
    if text is None:
        return default
    # More digits than these are never in range, and so many that Python refuses to read them would be a fault.
    if not re.fullmatch("[0-9]{1,10}", text) or not least <= int(text) <= most:
        raise Invalid(f"{name}: give a whole number from {least} to {most}", path=name)
    return int(text)


def resource(path: str, **methods: Endpoint) -> Route:
    """One address with all that it takes, so that a wrong method is told every right one."""
    endpoints = {method.upper(): endpoint for method, endpoint in methods.items()}

    async def dispatch(request: Request) -> Response:
        return await endpoints["GET" if request.method == "HEAD" else request.method](request)

    return Route(path, dispatch, methods=list(endpoints))


def knowing(*query: str, of: Endpoint) -> Endpoint:
    """The endpoint, for requests that have no query parameters but these; any other is an error, never ignored."""

    async def checked(request: Request) -> Response:
        for name in request.query_params:
            if name not in query:
                raise Invalid(
                    f"{name[:40]}: there is no such query parameter; {suggestion(name, query)}", path=name[:40]
                )
        return await of(request)

    return checked
