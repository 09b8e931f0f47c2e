"""The few ASGI words that every transport needs: headers, bodies, answers, problems."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http import HTTPStatus
from typing import Any, Literal, Protocol
from urllib.parse import parse_qsl

import anyio
from msgspec import UNSET, Struct, UnsetType

from puntini.errors import Invalid, PuntiniError, TooLarge, TooMany, TooSlow, Unauthorized
from puntini.protocol.entries import encode

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]

BODY_LIMIT = 1 << 20


class Line(Protocol):
    """What our own server puts into a scope's extensions as ``puntini.line``: the connection's other end."""

    lost: bool
    """Whether the client has left already: nobody is called for that again."""

    on_lost: Callable[[], None] | None
    """Called when the client leaves."""

    def abort(self) -> None:
        """Cut the connection at once, without waiting for what the client has not read."""

    def unsent(self) -> int:
        """How many bytes the server holds that the kernel has not taken."""


class SocketLine(Line, Protocol):
    """A WebSocket's line: one message may go out in pieces."""

    async def send_piece(self, piece: bytes, *, first: bool, last: bool) -> None:
        """A piece of a text message, once the transport can take it. No other message may come between.

        Raises OSError when the client has left, or the socket is closed.
        """


def line_of(scope: Scope) -> Line | None:
    """The connection's line, where the server gives one."""
    line: Line | None = scope.get("extensions", {}).get("puntini.line")
    return line


def socket_line_of(scope: Scope) -> SocketLine | None:
    """The line of a WebSocket, where the server gives one that takes messages in pieces."""
    line: SocketLine | None = scope.get("extensions", {}).get("puntini.pieces")
    return line


def request_id_of(scope: Scope) -> str:
    """The request's name, as ``Naming`` gave it; empty where it gave none."""
    return str(scope.get("state", {}).get("request_id", ""))


def header(scope: Scope, name: bytes) -> str:
    """A request header's first value, or an empty string."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return ""


def query(scope: Scope) -> dict[str, str]:
    """The query's parameters; of a repeated one the last. Raises Invalid when there are far too many."""
    try:
        return dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True, max_num_fields=50))
    except ValueError:
        raise Invalid("Send at most 50 query parameters.") from None


class BodyDeadline:
    """Middleware: a request's body has ``seconds`` to arrive in whole, from when it is first asked for.

    After that ``receive`` raises TooSlow. What comes behind the body, the word that the client left, has no deadline.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass on. Not a coroutine of its own: an open stream should not hold one more frame for this."""
        if scope["type"] == "http" and scope["method"] not in {"GET", "HEAD"}:
            receive = _in_time(receive, self._seconds)
        return self._app(scope, receive, send)


def _in_time(receive: Receive, seconds: float) -> Receive:
    due: float | None = None
    arrived = False

    async def receive_in_time() -> Message:
        nonlocal due, arrived
        if arrived:
            return await receive()
        due = due or anyio.current_time() + seconds
        with anyio.CancelScope(deadline=due):
            message = await receive()
            arrived = not message.get("more_body", False)
            return message
        raise TooSlow(f"Send the whole body within {seconds:g} seconds.")

    return receive_in_time


async def read_body(receive: Receive, *, limit: int = BODY_LIMIT) -> bytes:
    """The whole body. Raises TooLarge, or Invalid when the client leaves before it is there."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Invalid("The request ended before its body did.")
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise TooLarge(f"Send at most {limit} bytes in a body.")
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


async def answer(
    send: Send, status: int, body: bytes, media: bytes, headers: Headers = (), *, head: bool = False
) -> None:
    """One whole response."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", media), (b"content-length", b"%d" % len(body)), *headers],
        }
    )
    await send({"type": "http.response.body", "body": b"" if head else body})


class FieldProblem(Struct, frozen=True):
    """What is wrong with a field or a parameter; ``path`` leads to it."""

    path: str
    message: str


class Check(Struct, frozen=True):
    """One thing that was looked at. What is ``fail`` keeps traffic away; what is ``warn`` wants a person."""

    name: Literal["draining", "store", "streams", "workers", "settings", "clock", "loop"]
    state: Literal["ok", "warn", "fail"]
    detail: str = ""


class ProblemDetails(Struct, frozen=True, kw_only=True):
    """Why a request was refused (RFC 9457). ``code`` is stable and made for programs, ``detail`` says what to do.

    ``queued`` is how many tasks wait, where too many do. Only a server that is not ready has ``checks``.

    """

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldProblem]
    request_id: str | UnsetType = UNSET
    queued: int | UnsetType = UNSET
    checks: list[Check] | UnsetType = UNSET


def problem_details(error: PuntiniError, request_id: str = "") -> ProblemDetails:
    """What there is to say of an error."""
    return ProblemDetails(
        title=error.title,
        status=error.status,
        code=error.code,
        detail=error.message,
        errors=[FieldProblem(error.path, error.message)] if error.path else [],
        request_id=request_id or UNSET,
        queued=UNSET if not isinstance(error, TooMany) or error.queued is None else error.queued,
    )


def problem_body(error: PuntiniError, request_id: str = "") -> bytes:
    """An error as ``application/problem+json``."""
    return encode(problem_details(error, request_id)) + b"\n"


def problem_headers(error: PuntiniError) -> list[tuple[bytes, bytes]]:
    """The headers of an error response. A problem that passes carries ``Retry-After``.

    One that a credential solves says of which kind (RFC 9110, 11.6.1). A body that is late may still be on its way, and
    nobody will read it: the connection ends (RFC 9110, 15.5.9).
    """
    headers = [(b"cache-control", b"no-store"), *error.headers]
    if error.retry_after is not None:
        headers.append((b"retry-after", b"%d" % error.retry_after))
    if isinstance(error, Unauthorized):
        headers.append((b"www-authenticate", b"Bearer"))
    if isinstance(error, TooSlow):
        headers.append((b"connection", b"close"))
    return headers


def note_code(scope: Scope, error: PuntiniError) -> None:
    """Have the access log say why the answer is what it is."""
    scope.setdefault("state", {})["code"] = error.code


async def answer_problem(scope: Scope, send: Send, error: PuntiniError) -> None:
    """An error response."""
    note_code(scope, error)
    headers = problem_headers(error)
    body = problem_body(error, request_id_of(scope))
    await answer(send, error.status, body, b"application/problem+json", headers, head=scope.get("method") == "HEAD")


async def refuse(scope: Scope, receive: Receive, send: Send, error: PuntiniError) -> None:
    """Refuse an HTTP request, or a WebSocket before it is accepted: with an HTTP status where the server can."""
    if scope["type"] == "http":
        await answer_problem(scope, send, error)
        return
    note_code(scope, error)
    await receive()
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": error.close, "reason": HTTPStatus(error.status).phrase})
        return
    body = problem_body(error, request_id_of(scope))
    media, size = (b"content-type", b"application/problem+json"), (b"content-length", b"%d" % len(body))
    await send(
        {
            "type": "websocket.http.response.start",
            "status": error.status,
            "headers": [media, size, *problem_headers(error)],
        }
    )
    await send({"type": "websocket.http.response.body", "body": body})
