"""What the route modules share: JSON in, JSON out, problems as ``application/problem+json``."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, Generic, TypeVar

from msgspec import Meta, Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from structlog.contextvars import bind_contextvars

from puntini.auth.guard import principal_of
from puntini.auth.rights import Right
from puntini.errors import Forbidden, Invalid, PuntiniError
from puntini.protocol.decode import decode
from puntini.protocol.entries import encode
from puntini.protocol.mistakes import suggestion
from puntini.transport.asgi import Message, Receive, Scope, Send, read_body, refuse

T = TypeVar("T")
Endpoint = Callable[[Request], Awaitable[Response]]
PAGE = 20
PAGE_MOST = 100
KEY_LIMIT = 128
CREDENTIALS = frozenset({"token", "api_key", "ticket"})
"""Parameters of every address: a credential may stand in a query."""
NAMED = frozenset({"session_id", "task_id"})
"""What log lines name, where a path has it."""


class Body(Struct, frozen=True, forbid_unknown_fields=True):
    """Base of every request body: a field that is not known is an error, never ignored."""


class Listed(Struct, Generic[T], frozen=True):
    """A page of a list, and how many there are in all."""

    items: Sequence[T]
    total: int


class Json(Response):
    """A value as JSON."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """One line of JSON; ended, because people read it in terminals too."""
        return encode(content) + b"\n"


async def read(request: Request, type_: type[T]) -> T:
    """The body as ``type_``; an empty one counts as ``{}``. Raises Invalid or TooLarge."""
    return decode(await read_body(request.receive) or b"{}", type_)


def idempotency_key(header: str) -> str:
    """The ``Idempotency-Key`` header, bounded. Raises Invalid."""
    if len(header) > KEY_LIMIT:
        raise Invalid(f"Idempotency-Key: use at most {KEY_LIMIT} characters", path="Idempotency-Key")
    return header


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


class Door(Struct, frozen=True):
    """One method of an address: who may use it, what it takes, what it answers.

    ``query`` names its parameters with their types; any other is an error, never ignored. ``takes`` is the type of its
    JSON body, ``gives`` of what it answers with ``status``. An address that is an ASGI app of its own has none ``of``.

    What only the OpenAPI document needs (see ``puntini.api.openapi``): ``needs`` are parameters without which there is
    no answer, ``headers`` those of the request that are read, ``answers`` further statuses of success with what they
    give, ``takes_also`` and ``gives_also`` content types of the body and of the answer beside JSON. ``name`` is the
    operation's, where the one that is made from method and path reads badly.
    """

    right: Right
    of: Endpoint | None = None
    query: Mapping[str, Any] = {}
    takes: Any = None
    gives: Any = None
    status: int = 200
    needs: Sequence[str] = ()
    headers: Sequence[str] = ()
    answers: Mapping[int, Any] = {}
    takes_also: Sequence[str] = ()
    gives_also: Sequence[str] = ()
    name: str = ""

    async def answer(self, request: Request) -> Response:
        """Check the query and let in. The guard has been passed."""
        for name in request.query_params:
            if name not in self.query and name not in CREDENTIALS:
                raise Invalid(
                    f"{name[:40]}: there is no such query parameter; {suggestion(name, self.query)}", path=name[:40]
                )
        assert self.of is not None
        try:
            return await self.of(request)
        except Forbidden:
            request.scope["state"]["guard"].refused(request.scope)
            raise


def about(scope: Scope, route: BaseRoute) -> None:
    """Note what a request is about: its route, for whoever counts it, and what log lines are to name."""
    # In a place that the scope has already: one more would make it larger, and every stream keeps its own.
    scope["endpoint"] = route
    for name in NAMED & scope["path_params"].keys():
        bind_contextvars(**{name: scope["path_params"][name]})


class Address(Route):
    """A route that only the guard opens."""

    def __init__(self, path: str, endpoint: Any, doors: Mapping[str, Door]) -> None:
        super().__init__(path, endpoint, methods=[*doors, "OPTIONS"])
        self.doors = doors
        self.allow = ", ".join(sorted(self.methods or ()))

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, if the caller has the right."""
        about(scope, self)
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        if method in self.doors:
            await scope["state"]["guard"].admit(scope, self.doors[method].right)
            await super().handle(scope, receive, send if scope["method"] != "HEAD" else _without_body(send))
        elif method == "OPTIONS":
            await send({"type": "http.response.start", "status": 204, "headers": [(b"allow", self.allow.encode())]})
            await send({"type": "http.response.body", "body": b""})
        else:
            raise HTTPException(405, headers={"allow": self.allow})


def _without_body(send: Send) -> Send:
    """What HEAD answers with: the headers of GET, and nothing of its body (RFC 9110, 9.3.2)."""

    async def send_headers(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return send_headers


class SocketAddress(WebSocketRoute):
    """The same for WebSockets."""

    def __init__(self, path: str, endpoint: Any, door: Door) -> None:
        super().__init__(path, endpoint)
        self.door = door

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, if the caller has the right."""
        about(scope, self)
        try:
            await scope["state"]["guard"].admit(scope, self.door.right)
        except PuntiniError as error:
            await refuse(scope, receive, send, error)
            return
        await super().handle(scope, receive, send)


def resource(path: str, **methods: Door) -> Address:
    """One address with all that it takes, so that a wrong method is told every right one."""
    doors = {method.upper(): door for method, door in methods.items()}

    async def dispatch(request: Request) -> Response:
        return await doors["GET" if request.method == "HEAD" else request.method].answer(request)

    return Address(path, dispatch, doors)


def guarded(routes: Sequence[BaseRoute]) -> list[BaseRoute]:
    """The same. Raises TypeError when there is one without a declared right: none such is ever served."""
    for route in routes:
        if not isinstance(route, Address | SocketAddress):
            raise TypeError(f"{route} declares no right; make it with `resource`, `Address` or `SocketAddress`")
    return list(routes)


def user_of(request: Request) -> str:
    """The name of whoever asks."""
    return principal_of(request.scope).user


def whose(request: Request) -> str | None:
    """Whose sessions a list is about: the caller's; None, all of them, where an admin asks."""
    who = principal_of(request.scope)
    return None if who.is_admin else who.user


# What query parameters may say, for those that check them and those that describe them.

Limit = Annotated[int, Meta(ge=1, le=PAGE_MOST, description="how many to answer with at most; 20 unless said")]
Offset = Annotated[int, Meta(ge=0, le=1 << 31, description="how many to leave out first")]
At = Annotated[
    str,
    Meta(
        pattern=r"^(earliest|now|([0-9a-zA-Z_-]+\.)?(0|[1-9][0-9]{0,17}))$",
        description="the id of the event at which to look, `earliest` or `now`; now unless said",
    ),
]
Words = Annotated[str, Meta(description="words to look for")]
PAGED: dict[str, Any] = {"limit": Limit, "offset": Offset}
NOT_BLANK = r"\S"
"""The pattern of a text that says something."""
ONCE = ("Idempotency-Key",)
"""The headers of what can be repeated without harm."""
