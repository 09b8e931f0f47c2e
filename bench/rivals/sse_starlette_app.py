"""A rival: sse-starlette, written plainly. A queue a reader, a dict an event."""

from collections.abc import AsyncIterator

from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.rivals.broadcast import Broadcast, Said

broadcast = Broadcast()


async def stream(_request: Request) -> Response:
    """The session's events from now on."""
    return EventSourceResponse(_events())


async def _events() -> AsyncIterator[Said]:
    queue = broadcast.join()
    try:
        while True:
            yield await queue.get()
    finally:
        broadcast.leave(queue)


app = Starlette(routes=[Route("/stream", stream), Route("/play", broadcast.play, methods=["POST"])])
