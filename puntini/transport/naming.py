"""Every request has a name: ``X-Request-ID``, the caller's if it is one, else a new one.

The answer carries it, and so does each log line that is written meanwhile.
"""

import random
import re
from collections.abc import Awaitable
from time import perf_counter

from structlog.contextvars import bind_contextvars

from puntini.transport.answers import Answers
from puntini.transport.asgi import ASGIApp, Message, Receive, Scope, Send, header

_VALID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
SWITCHED = 101
"""A WebSocket's handshake was accepted."""
STARTS = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})


class Naming:
    """Pure ASGI middleware: puts the name into ``scope["state"]`` as ``request_id``, and on the response.

    ``answers`` are told of each response that begins.
    """

    def __init__(self, app: ASGIApp, answers: Answers) -> None:
        self._app = app
        self._answers = answers

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass on. Not a coroutine of its own: an open stream should not hold one more frame for this."""
        if scope["type"] in {"http", "websocket"}:
            name = header(scope, b"x-request-id")
            name = name if _VALID.fullmatch(name) else f"req_{random.getrandbits(64):016x}"
            scope["state"] = {**scope.get("state", {}), "request_id": name}
            bind_contextvars(request_id=name)
            send = _Named(send, name, scope, self._answers)
        return self._app(scope, receive, send)


class _Named:
    """``send`` with the name on what begins a response. A stream keeps this as long as it is open, so it is small."""

    __slots__ = ("_answers", "_at", "_name", "_scope", "_send")

    def __init__(self, send: Send, name: str, scope: Scope, answers: Answers) -> None:
        self._send = send
        self._name = name
        self._scope: Scope | None = scope
        self._answers = answers
        self._at = perf_counter()

    def __call__(self, message: Message) -> Awaitable[None]:
        if message["type"] in STARTS:
            message = {**message, "headers": [*message.get("headers", ()), (b"x-request-id", self._name.encode())]}
            self._begun(message)
        return self._send(message)

    def _begun(self, message: Message) -> None:
        scope, self._scope = self._scope, None
        if scope is not None:
            self._answers.begun(scope, message.get("status", SWITCHED), perf_counter() - self._at)
