"""A network between a process and its database: a relay whose links can be cut, in the ways that networks are."""

from collections.abc import Iterator
from contextlib import contextmanager

import anyio
from anyio.abc import SocketAttribute, SocketStream, TaskGroup, TaskStatus
from anyio.from_thread import BlockingPortal, start_blocking_portal

LOST = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, OSError)


class Way:
    """One direction. While it is cut, what is sent waits, as in a network that sends it again and again."""

    def __init__(self) -> None:
        self._whole = anyio.Event()
        self._whole.set()

    def cut(self) -> None:
        """Nothing gets through from now on."""
        self._whole = anyio.Event()

    def heal(self) -> None:
        """What waits arrives."""
        self._whole.set()

    async def open(self) -> None:
        """Wait until something gets through."""
        await self._whole.wait()

    async def carry(self, source: SocketStream, sink: SocketStream) -> None:
        """Carry bytes, and the end of them."""
        async for data in source:
            await self.open()
            await sink.send(data)
        await self.open()
        await sink.send_eof()


class Link:
    """Carries bytes between a port of its own and ``target``. Its verbs are for other threads than the relay's."""

    def __init__(self, portal: BlockingPortal, tasks: TaskGroup, target: int) -> None:
        self.port = 0
        self._portal = portal
        self._tasks = tasks
        self._target = target
        self._there, self._back = Way(), Way()
        self._connections: set[anyio.CancelScope] = set()
        self._listening: anyio.CancelScope

    def cut(self, *, deaf: bool = False) -> None:
        """From now on nothing gets through, and nobody is told; with ``deaf`` only of what the server answers."""
        self._portal.call(self._cut, deaf)

    async def _cut(self, deaf: bool) -> None:
        self._back.cut()
        if not deaf:
            self._there.cut()

    def refuse(self) -> None:
        """Besides, new connections are refused from now on."""
        self._portal.call(self._refuse)

    async def _refuse(self) -> None:
        self._listening.cancel()

    def heal(self, *, lost: bool = False) -> None:
        """All is as it was. What has waited on its way arrives now, or is ``lost`` with its connections."""
        self._portal.call(self._heal, lost)

    async def _heal(self, lost: bool) -> None:
        for connection in self._connections if lost else ():
            connection.cancel()
        self._there.heal()
        self._back.heal()
        if self._listening.cancel_called:
            await self.open()

    async def open(self) -> None:
        """Take connections, on the same port as before."""
        await self._tasks.start(self._listen)

    async def _listen(self, *, task_status: TaskStatus[None]) -> None:
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=self.port)
        self.port = listener.extra(SocketAttribute.local_port)
        with anyio.CancelScope() as self._listening:
            async with listener:
                task_status.started()
                await listener.serve(self._serve, self._tasks)

    async def _serve(self, client: SocketStream) -> None:
        async with client:
            with anyio.CancelScope() as connection:
                self._connections.add(connection)
                await self._there.open()
                try:
                    await self._connect(client)
                except* LOST:
                    pass  # one of them is gone, and so goes the other
            self._connections.discard(connection)

    async def _connect(self, client: SocketStream) -> None:
        async with await anyio.connect_tcp("127.0.0.1", self._target) as server, anyio.create_task_group() as ways:
            ways.start_soon(self._there.carry, client, server)
            ways.start_soon(self._back.carry, server, client)


class Relay:
    """Makes links."""

    def __init__(self, portal: BlockingPortal) -> None:
        self._portal = portal
        self._over = anyio.Event()
        self._tasks: TaskGroup

    async def run(self, *, task_status: TaskStatus[None]) -> None:
        """Carry what there is to carry, until ``close``."""
        async with anyio.create_task_group() as self._tasks:
            task_status.started()
            await self._over.wait()
            self._tasks.cancel_scope.cancel()

    async def close(self) -> None:
        """Let go of all connections."""
        self._over.set()

    def link(self, target: int) -> Link:
        """A whole link to a port of this machine."""
        return self._portal.call(self._link, target)

    async def _link(self, target: int) -> Link:
        made = Link(self._portal, self._tasks, target)
        await made.open()
        return made


@contextmanager
def relay() -> Iterator[Relay]:
    """A relay for the length of a block, in a thread of its own."""
    with start_blocking_portal() as portal:
        made = Relay(portal)
        running, _ = portal.start_task(made.run)
        try:
            yield made
        finally:
            portal.call(made.close)
            running.result()
