"""Requests as spans. Only in the way where there are traces."""

from puntini import tracing
from puntini.transport.answers import route_of
from puntini.transport.asgi import ASGIApp, Message, Receive, Scope, Send, header, request_id_of
from puntini.transport.naming import STARTS, SWITCHED

FAULT = 500


class Traced:
    """Pure ASGI middleware: a span from a request's beginning until its handlers have returned.

    It goes on with the caller's trace, where the caller names one. A stream's own span is a part of it, and lasts as
    long as the stream does (see ``puntini.transport.connections``).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, in a span."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] in STARTS:
                status = message.get("status", SWITCHED)
            await send(message)

        method = scope.get("method", "WEBSOCKET")
        parent = header(scope, b"traceparent")
        span = tracing.begin(method, "server", parent=parent, about={"http.request.method": method})
        try:
            with span.current():
                await self._app(scope, receive, noted)
        finally:
            span.note(
                {
                    "http.route": route_of(scope),
                    "http.response.status_code": status,
                    "puntini.request_id": request_id_of(scope),
                }
            )
            span.end(error=str(status) if status >= FAULT else "")
