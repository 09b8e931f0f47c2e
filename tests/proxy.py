"""A TCP proxy between a client and a server, for tests that cut a connection at a chosen byte."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import SocketAttribute, SocketStream

CLOSED = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError)


class Proxy:
    """Carries bytes both ways until the client sends ``marked`` bytes: then the connection is cut, once.

    With ``reach`` the server still gets what was sent, and only its answer is lost.
    """

    def __init__(self, target: int) -> None:
        self.port = 0
        self.cuts = 0
        self._target = target
        self._marked = b""
        self._reach = False

    def cut_at(self, marked: bytes, *, reach: bool) -> None:
        """Cut the connection on which this is sent."""
        self._marked, self._reach = marked, reach

    async def serve(self, client: SocketStream) -> None:
        """Serve one client."""
        async with (
            client,
            await anyio.connect_tcp("127.0.0.1", self._target) as server,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(_carry, server, client)
            await self._watch(client, server)
            tasks.cancel_scope.cancel()

    async def _watch(self, client: SocketStream, server: SocketStream) -> None:
        try:
            async for data in client:
                cut = bool(self._marked) and self._marked in data
                if not cut or self._reach:
                    await server.send(data)
                if cut:
                    self._marked = b""
                    self.cuts += 1
                    return
        except CLOSED:
            return


async def _carry(server: SocketStream, client: SocketStream) -> None:
    try:
        async for data in server:
            await client.send(data)
        await client.aclose()
    except CLOSED:
        return


@asynccontextmanager
async def proxy(port: int) -> AsyncIterator[Proxy]:
    """A proxy to a port of this machine, for the length of a block."""
    carried = Proxy(port)
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        carried.port = listener.extra(SocketAttribute.local_port)
        tasks.start_soon(listener.serve, carried.serve)
        yield carried
        tasks.cancel_scope.cancel()
