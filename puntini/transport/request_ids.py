"""Every HTTP request has an id: the client's own, or one that is made. It is in the answer, and in its problem."""

import re
from collections.abc import Awaitable
from typing import Any

from puntini.log.mint import new_id
from puntini.transport.asgi import Message, Scope, Send, header

NAME = "X-Request-Id"
_FIELD = NAME.lower().encode()
_FIT = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def request_id(scope: Scope) -> str:
    """The id of a request; empty where none was given to it."""
    return str(scope.get("state", {}).get("request_id", ""))


def identified(scope: Scope, send: Send) -> Send:
    """Give a request its id, and return the ``send`` that names it. An id that does not fit a log line is replaced."""
    given = header(scope, _FIELD)
    named = given if _FIT.fullmatch(given) else new_id("req")
    state: dict[str, Any] = scope.setdefault("state", {})
    state["request_id"] = named
    field = (_FIELD, named.encode())

    def send_named(message: Message) -> Awaitable[None]:
        # No coroutine of its own: a stream sends often.
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), field]}
        return send(message)

    return send_named
