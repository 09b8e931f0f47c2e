"""A rival: Starlette's WebSocket, written plainly. A queue a reader, a frame an event."""

import asyncio

from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from bench.rivals.broadcast import Broadcast, Said

broadcast = Broadcast()


async def stream(socket: WebSocket) -> None:
    """The session's events from now on, until the client leaves."""
    await socket.accept()
    queue = broadcast.join()
    writing = asyncio.create_task(_write(socket, queue))
    try:
        async for _ in socket.iter_text():
            pass
    finally:
        writing.cancel()
        broadcast.leave(queue)


async def _write(socket: WebSocket, queue: asyncio.Queue[Said]) -> None:
    try:
        while True:
            await socket.send_text((await queue.get())["data"])
    except WebSocketDisconnect:
        pass  # the reading side ends the socket


app = Starlette(routes=[WebSocketRoute("/stream", stream), Route("/play", broadcast.play, methods=["POST"])])
