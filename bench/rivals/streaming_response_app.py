"""A rival: Starlette's StreamingResponse. A queue a reader, bytes an event."""

from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from bench.rivals.broadcast import Broadcast

broadcast = Broadcast()


async def stream(_request: Request) -> Response:
    """The session's events from now on."""
    return StreamingResponse(_blocks(), media_type="text/event-stream", headers={"cache-control": "no-cache"})


async def _blocks() -> AsyncIterator[bytes]:
    queue = broadcast.join()
    try:
        while True:
            said = await queue.get()
            yield f"id: {said['id']}\nevent: {said['event']}\ndata: {said['data']}\n\n".encode()
    finally:
        broadcast.leave(queue)


app = Starlette(routes=[Route("/stream", stream), Route("/play", broadcast.play, methods=["POST"])])
