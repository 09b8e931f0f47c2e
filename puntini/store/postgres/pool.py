"""A few connections that are used again and again, and what is known of a database that does not answer."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import anyio
import psycopg
import structlog
from anyio import CancelScope
from psycopg import AsyncConnection
from psycopg.pq import PipelineStatus, TransactionStatus

from puntini.errors import StoreUnavailable
from puntini.store.postgres.adapters import Adapted
from puntini.store.postgres.identity import server_of

LOG = structlog.get_logger("puntini.store")

Row = tuple[Any, ...]
Connection = AsyncConnection[Row]

WAIT_SECONDS = 5.0
"""For one question to the database, with all that belongs to it: a free connection, and another where that breaks."""
FREE_SECONDS = 3.0
"""Of these, for a free connection: what is left is for the question."""
CONNECT_SECONDS = 3.0
# It warns of what is taken care of here: pipelines that end with an error, questions that are given up.
logging.getLogger("psycopg").setLevel(logging.ERROR)
_NOTICE = b"SET client_connection_check_interval = '1s'"
"""What waits for a lock when its connection is cut would go on waiting, and each new try would be one more of them."""
QUIET_SECONDS = 0.25
"""After an attempt to connect that failed; until then the database counts as away."""

FULL_SECONDS = 60.0
"""So long nothing is said anew of a database that gives no more connections: some succeed, and some do not."""
FULL = (
    "The database gives no more connections, and a process needs up to 11: raise max_connections or the role's "
    "CONNECTION LIMIT, run fewer processes, or put a pooler in between."
)
_FULL = ("too many connections", "too many clients", "connection slots are reserved", "no more connections")
"""What Postgres and poolers say then. Of an attempt to connect there is a text only, without the SQLSTATE, 53300."""


class Answers:
    """What is known of how a database answers, by all pools on it.

    Once it is known which ``server`` that is, what answers in its place is ``another``, and nothing is asked of it.
    """

    def __init__(self) -> None:
        self.untried_until = 0.0
        self.refused_until = 0.0
        self.missed = False
        self.full_until = 0.0
        self.server = ""
        self.another = anyio.Event()


class Pool:
    """At most ``size`` connections. Those that broke are dropped, and made anew when they are needed."""

    def __init__(self, address: str, *, size: int, pooled: bool, answers: Answers | None = None) -> None:
        self.answers = answers or Answers()
        self._address = address
        self._pooled = pooled
        self._free = anyio.Semaphore(size)
        self._idle: list[Connection] = []
        self._closed = False
        self.opened = 0

    @property
    def away(self) -> bool:
        """Whether the database did not answer just now, or is another."""
        return self.answers.another.is_set() or asyncio.get_running_loop().time() < self.answers.refused_until

    @property
    def waiting(self) -> int:
        """How many wait for a connection."""
        return self._free.statistics().tasks_waiting

    def take(self, connection: Connection) -> None:
        """Take in a connection that was made already."""
        self._idle.append(connection)
        self.opened += 1

    @asynccontextmanager
    async def connection(self, *, fresh: bool = False, seconds: float = WAIT_SECONDS) -> AsyncIterator[Connection]:
        """A connection for the length of a block; with ``fresh`` a new one. In so many ``seconds`` it is cut off.

        Raises StoreUnavailable where there is none to be had.
        """
        until = anyio.current_time() + seconds
        await self._enter(min(FREE_SECONDS, seconds * FREE_SECONDS / WAIT_SECONDS))
        try:
            connection = await self._connect(until) if fresh or not self._idle else self._idle.pop()
            try:
                left = until - anyio.current_time()
                # What is soon over is not given up half-way, which would take longer.
                with within(connection, left), CancelScope(shield=seconds <= WAIT_SECONDS):
                    yield connection
            finally:
                await self._leave(connection)
        finally:
            self._free.release()

    async def _enter(self, seconds: float) -> None:
        try:
            with anyio.fail_after(seconds):
                await self._free.acquire()
        except TimeoutError:
            raise away() from None

    async def _connect(self, until: float) -> Connection:
        if self._closed or self.away or asyncio.get_running_loop().time() < self.answers.untried_until:
            raise self._refusal()
        left = until - anyio.current_time()
        try:
            with anyio.fail_after(min(CONNECT_SECONDS, left)):
                connection = await connect(self._address, pooled=self._pooled)
                await self._recognise(connection)
        except (psycopg.Error, TimeoutError, OSError) as error:
            if isinstance(error, TimeoutError) and left < CONNECT_SECONDS:
                raise away() from None  # it had too little time to say anything of the database
            self._failed(error)
            raise self._refusal() from None
        if self.answers.missed:
            LOG.warning("the database is back")
        self.answers.untried_until = self.answers.refused_until = 0.0
        self.answers.missed = False
        self.opened += 1
        return connection

    def _failed(self, error: Exception) -> None:
        """No connection could be made: for a moment none is tried, and it is said once."""
        self.answers.untried_until = asyncio.get_running_loop().time() + QUIET_SECONDS
        if self.is_full(error):
            return  # what has its connection goes on
        self.answers.refused_until = self.answers.untried_until
        if not self.answers.missed:
            LOG.error("the database is away", reason=reason(error))
        self.answers.missed = True

    def is_full(self, error: Exception) -> bool:
        """Whether the database only gives no more connections, which is said once: it is not away."""
        if not is_full(error):
            return False
        now = asyncio.get_running_loop().time()
        if now >= self.answers.full_until:
            LOG.error(FULL, reason=reason(error))
        self.answers.full_until = now + FULL_SECONDS
        return True

    def _refusal(self) -> StoreUnavailable:
        """Why there is no connection to be had."""
        full = asyncio.get_running_loop().time() < self.answers.full_until
        return StoreUnavailable(FULL) if full and not self.answers.missed else away()

    async def _recognise(self, connection: Connection) -> None:
        try:
            await self.recognise(connection)
        except BaseException:  # whatever it was, a cancellation too: nobody else knows of the connection
            await end(connection)
            raise

    async def recognise(self, connection: Connection) -> None:
        """See that this is the database that it was. Raises StoreUnavailable where it is another, or psycopg.Error."""
        if self.answers.server and await server_of(connection) != self.answers.server:
            self.answers.another.set()
            raise away()

    async def _leave(self, connection: Connection) -> None:
        if connection.closed:
            await self.forget_idle()  # whatever broke this one most likely broke them too
        if self._closed or not _is_usable(connection):
            await end(connection)
        else:
            self._idle.append(connection)

    async def forget_idle(self) -> None:
        """Let go of the connections that nobody uses."""
        idle, self._idle = self._idle, []
        for connection in idle:
            await end(connection)

    async def close(self) -> None:
        """Let go of all connections; those in use go when they are given back."""
        self._closed = True
        await self.forget_idle()


async def connect(address: str, *, pooled: bool = False) -> Connection:
    """A connection where each statement stands for itself. Raises psycopg.Error."""
    connection = await AsyncConnection.connect(
        address, autocommit=True, prepare_threshold=None if pooled else 2, context=Adapted()
    )
    if not pooled:
        with suppress(psycopg.errors.InvalidParameterValue):  # there are systems where a server can't notice it
            await connection.execute(_NOTICE)
    return connection


def reason(error: Exception) -> str:
    """Why no connection could be made, in a line. Addresses and names are in it, and no password."""
    return (str(error).strip().splitlines() or ["no answer"])[0].removeprefix("connection failed: ").rstrip(".")


def is_full(error: Exception) -> bool:
    """Whether no connection could be made because there are as many as may be."""
    return any(words in str(error) for words in _FULL)


async def end(connection: Connection) -> None:
    """Let go of a connection, whatever its state."""
    with suppress(psycopg.Error, OSError):
        await connection.close()


def _is_usable(connection: Connection) -> bool:
    """Whether nothing is under way on a connection."""
    pgconn = connection.pgconn
    return (
        not connection.closed
        and pgconn.transaction_status == TransactionStatus.IDLE
        and pgconn.pipeline_status == PipelineStatus.OFF
    )


def away() -> StoreUnavailable:
    """The database can't be reached."""
    return StoreUnavailable("The database does not answer; try again in a moment.")


@contextmanager
def within(connection: Connection, seconds: float) -> Iterator[None]:
    """Cut the connection when the block takes longer: what waits for an answer then gets an error, and never hangs."""
    handle = asyncio.get_running_loop().call_later(seconds, _cut, connection)
    try:
        yield
    finally:
        handle.cancel()


def _cut(connection: Connection) -> None:
    if connection.closed:
        return
    with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as wire:
        wire.shutdown(socket.SHUT_RDWR)
