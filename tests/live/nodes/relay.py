"""A network between a process and its database: a relay whose links can be cut, in the ways that networks are."""

from collections.abc import Iterator
from contextlib import contextmanager

import anyio
from anyio.abc import SocketAttribute, SocketStream, TaskGroup, TaskStatus
from anyio.from_thread import BlockingPortal, start_blocking_portal

LOST = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, OSError)


class Link:
    """Carries bytes both ways between a port of its own and ``target``. Its verbs are for other threads."""

    def __init__(self, portal: BlockingPortal, tasks: TaskGroup, target: int) -> None:
        self.port = 0
        self._portal = portal
        self._tasks = tasks
        self._target = target
        self._whole = anyio.Event()
        self._whole.set()
        self._listening = anyio.CancelScope()

    def cut(self) -> None:
        """From now on nothing gets through, and nobody is told. What is sent waits on its way."""
        self._portal.call(self._cut)

    async def _cut(self) -> None:
        self._whole = anyio.Event()

    def refuse(self) -> None:
        """Besides, new connections are refused from now on."""
        self._portal.call(self._refuse)

    async def _refuse(self) -> None:
        self._listening.cancel()

    def heal(self) -> None:
        """All is as it was. What has waited on its way arrives now."""
        self._portal.call(self._heal)

    async def _heal(self) -> None:
        if self._listening.cancel_called:
            await self.open()
        self._whole.set()

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
            await self._whole.wait()
            try:
                server = await anyio.connect_tcp("127.0.0.1", self._target)
            except OSError:
                return
            async with server, anyio.create_task_group() as both:
                both.start_soon(self._carry, client, server, both)
                both.start_soon(self._carry, server, client, both)

    async def _carry(self, source: SocketStream, sink: SocketStream, both: TaskGroup) -> None:
        try:
            async for data in source:
                await self._whole.wait()
                await sink.send(data)
            await self._whole.wait()
            await sink.send_eof()
        except LOST:
            both.cancel_scope.cancel()


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
