"""A stream goes on from the outermost frame: the handlers that opened it have returned by then.

Whoever waits holds the frames of all who wait for it. Between the server and a stream lie a dozen, of middleware and
routing, that have nothing to do any more once the response has begun. Without them an idle connection takes about a
quarter less memory.
"""

from collections.abc import Awaitable, Callable

from puntini.transport.asgi import ASGIApp, Receive, Scope, Send

KEY = "puntini.rest"

Work = Callable[[], Awaitable[None]]


async def hand_over(scope: Scope, work: Work) -> None:
    """Leave ``work`` to the outermost frame; where there is none, do it here and now."""
    rest: list[Work] | None = scope.get(KEY)
    if rest is None:
        await work()
    else:
        rest.append(work)


async def outermost(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Call the app, then do what was handed over."""
    rest: list[Work] = []
    scope[KEY] = rest
    await app(scope, receive, send)
    if rest:
        await rest.pop()()
