"""One Postgres database: connections, transactions that are tried again, and errors told in a sentence."""

import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from shlex import quote
from typing import Any, Self, TypeVar, cast

import anyio
import psycopg
import structlog
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from puntini.errors import Misconfigured, StoreUnavailable
from puntini.store.postgres.identity import place_of
from puntini.store.postgres.pool import (
    CONNECT_SECONDS,
    FULL,
    WAIT_SECONDS,
    Answers,
    Connection,
    Pool,
    Row,
    away,
    connect,
    end,
    is_full,
    reason,
)

T = TypeVar("T")

APPLICATION = "puntini"
"""What connections of nodes are called in the database's lists."""
OLDEST_VERSION = 150_000
CONNECTIONS = 5
URGENT = 3
"""For what others wait for: appends, leases, hints. They do not wait behind reads."""
STATEMENT_MS = 30_000
IDLE_MS = 5_000
"""What a process that is frozen in the middle of a transaction holds is free after this: others take its tasks over."""
NOT_IDLE = f"SET LOCAL idle_in_transaction_session_timeout = {IDLE_MS}"
"""The same for one transaction: a pooler carries no settings of a connection."""
TRIES = 5
"""Of a transaction that met another: a deadlock, or one that could not be put in order with it."""
LEAST_SECONDS = 1.0
"""With less time left nothing is tried again: whoever asked has waited enough."""
LOG = structlog.get_logger("puntini.store")

MET = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure, psycopg.errors.UniqueViolation)
"""What a transaction is told that met another: seen from the beginning, the other's change is there by now."""
_ALIVE = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
"""A peer that is gone without a word is noticed within some ten seconds."""


class Database:
    """Made by ``open``. ``direct`` is the address for what a pooler in between can't do: LISTEN, locks of a session."""

    def __init__(
        self, address: str, direct: str, *, pooled: bool, size: int = CONNECTIONS, answers: Answers | None = None
    ) -> None:
        self.pool = Pool(address, size=size, pooled=pooled, answers=answers)
        self._address = address
        self.ahead_ms = 0
        """How far its clock is ahead of this machine's, as it was measured last."""
        self._direct = direct
        self._pooled = pooled

    @classmethod
    async def open(cls, dsn: str, *, direct: str = "", pooled: bool = False) -> Self:
        """Connect. With ``pooled`` a pooler stands in between, which keeps nothing of a session between transactions.

        Raises Misconfigured or StoreUnavailable, with a sentence and without the password, when that does not work.
        """
        address = _address(dsn, pooled=pooled)
        straight = _address(direct or dsn, pooled=False)
        first = await _first(address, pooled=pooled)
        database = cls(address, straight, pooled=pooled)
        database.pool.take(first)
        if direct:
            try:
                await database.compare(first)
            except BaseException:
                await database.close()
                raise
        return database

    async def compare(self, known: Connection) -> None:
        """See that ``direct`` leads to the same database. Raises Misconfigured or StoreUnavailable."""
        straight = await _first(self._direct, pooled=False, name="store_direct")
        try:
            same = await place_of(straight) == await place_of(known)
        except psycopg.Error as error:
            raise told(error) from None
        finally:
            await end(straight)
        if not same:
            raise Misconfigured(_ANOTHER)

    def beside(self, size: int) -> "Database":
        """The same database, with so many connections of its own."""
        return Database(self._address, self._direct, pooled=self._pooled, size=size, answers=self.pool.answers)

    async def close(self) -> None:
        """Let go of all connections."""
        await self.pool.close()

    @property
    def away(self) -> bool:
        """Whether the database did not answer just now."""
        return self.pool.away

    @property
    def stats(self) -> dict[str, int]:
        """Connections that were made, and who waits for one."""
        return {"connections_opened": self.pool.opened, "connections_waited_for": self.pool.waiting}

    async def rows(self, query: str, *values: Any) -> list[Row]:
        """What one statement gives, in a transaction of its own. Raises StoreUnavailable.

        When the connection breaks it is asked once more: it must do no harm to do it twice.
        """

        async def ask(connection: Connection) -> list[Row]:
            return await execute(connection, query, *values)

        return await self.ask(ask)

    async def once(self, query: str, *values: Any) -> list[Row]:
        """As ``rows``, for what must not be done twice: when the connection breaks, StoreUnavailable is raised."""
        async with self.connection() as connection:
            return await execute(connection, query, *values)

    async def ask(self, question: Callable[[Connection], Awaitable[T]], *, seconds: float = WAIT_SECONDS) -> T:
        """Ask something, in transactions of its own, and once more when the connection breaks. As ``rows``.

        It has so many ``seconds`` in all.
        """
        until = time.monotonic() + seconds
        try:
            async with self.connection(seconds=seconds) as connection:
                return await question(connection)
        except Lost:
            # What was cut off because its time was over is not tried again.
            if (left := until - time.monotonic()) < LEAST_SECONDS:
                raise
            async with self.connection(fresh=True, seconds=left) as connection:
                return await question(connection)

    async def change(self, work: Callable[[Connection], Awaitable[T]], *, seconds: float = WAIT_SECONDS) -> T:
        """Do something in a transaction, once more where it met another. Raises StoreUnavailable, and as ``work`` does.

        When the connection breaks before the commit, it is tried once more; in the commit, it is not known whether it
        happened, and StoreUnavailable is raised. It has so many ``seconds``.
        """
        until = time.monotonic() + seconds
        for last in (*[False] * (TRIES - 1), True):
            left = until - time.monotonic()
            try:
                return await self.ask(lambda connection: _transaction(connection, work, self._pooled), seconds=left)
            except Collision:
                if last or until - time.monotonic() < LEAST_SECONDS:
                    raise
        raise AssertionError("unreachable")

    @asynccontextmanager
    async def connection(self, *, fresh: bool = False, seconds: float = WAIT_SECONDS) -> AsyncIterator[Connection]:
        """A connection for the length of a block, with errors told. Raises StoreUnavailable."""
        async with self.pool.connection(fresh=fresh, seconds=seconds) as connection:
            try:
                yield connection
            except psycopg.Error as error:
                if not is_lost(connection, error):
                    raise await refused(connection, error) from None
                await end(connection)  # it may look as if it could be used again
                raise Lost(away().message) from None

    @asynccontextmanager
    async def apart(self) -> AsyncIterator[Connection]:
        """A connection of one's own, straight to the server: what it listens to and locks ends with it."""
        try:
            with anyio.fail_after(CONNECT_SECONDS):
                connection = await connect(self._direct)
        except (psycopg.Error, TimeoutError, OSError) as error:
            raise StoreUnavailable(FULL) if self.pool.is_full(error) else away() from None
        try:
            yield connection
        except psycopg.Error as error:
            raise told(error) from None
        finally:
            await end(connection)


HELD = "Another change takes long in the database; try again in a moment."
ONLY_READ = (
    "The database takes no changes: it is a replica, or is set to read only; give the primary's address, as with "
    "?target_session_attrs=read-write, or set default_transaction_read_only to off."
)
NO_ROOM = "The database's disk is full: make room for it."
FORBIDDEN = "The database's role may not do that; make it the owner of the database and of its tables."


class Collision(StoreUnavailable):
    """Two transactions met. Tried again, one of them goes first."""


class Locked(StoreUnavailable):
    """Somebody else held for long what a statement asked for."""


class Lost(StoreUnavailable):
    """The connection broke. On another one it may be tried again."""


async def execute(connection: Connection, query: str, *values: Any) -> list[Row]:
    """What one statement gives. Not for use in a pipeline: there the answer comes later. Raises psycopg.Error."""
    cursor = await connection.execute(text_of(query), values, binary=True)
    return await cursor.fetchall() if cursor.description else []


def text_of(query: str) -> sql.SQL:
    """Our statements are our own texts; values are given beside them."""
    return sql.SQL(cast("Any", query))


def is_lost(connection: Connection, error: psycopg.Error) -> bool:
    """Whether this was the connection's end, and not a statement's: then what was sent before may have been done."""
    return connection.closed or error.diag.severity_nonlocalized != "ERROR"


async def refused(connection: Connection, error: psycopg.Error) -> StoreUnavailable:
    """What a refused statement comes to. A server that only reads is left: writes may be taken at its address again."""
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        await end(connection)
    return told(error)


def told(error: Exception) -> StoreUnavailable:
    """What went wrong, in a sentence, without what the statement held."""
    if isinstance(error, MET):
        return Collision("Two changes met in the database; try again.")
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return Locked(HELD)
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return StoreUnavailable(ONLY_READ)
    if isinstance(error, psycopg.errors.DiskFull):
        return StoreUnavailable(NO_ROOM)
    if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        LOG.error("the database refused a statement", kind=type(error).__name__, reason=str(error).partition("\n")[0])
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return StoreUnavailable(FORBIDDEN)
    return StoreUnavailable("The database does not answer as it should; try again in a moment.")


async def _transaction(connection: Connection, work: Callable[[Connection], Awaitable[T]], pooled: bool) -> T:
    committing = False
    try:
        async with connection.transaction():
            if pooled:
                await execute(connection, NOT_IDLE)
            result = await work(connection)
            committing = True
    except psycopg.Error as error:
        if committing and is_lost(connection, error):
            raise away() from None
        raise
    return result


_ANOTHER = "store_direct leads to another database than store; give it an address of the same one, without the pooler."
_UNREADABLE = (
    "The database's address can't be read; write it as postgresql://USER:PASSWORD@HOST/DATABASE, and signs "
    "such as @ and / in a password as %40 and %2F."
)


_NO_PORT = "The port in the database's address is no number from 1 to 65535; correct it."


def parsed(dsn: str) -> dict[str, Any]:
    """What an address says. Raises Misconfigured."""
    place, _, path = dsn.partition("://")[2].partition("?")[0].partition("/")
    if "@" in path or place.count("@") > 1:  # a part of a password would be taken for a host's or database's name
        raise Misconfigured(_UNREADABLE)
    try:
        said = conninfo_to_dict(dsn)
    except psycopg.Error:  # it may quote the password
        raise Misconfigured(_UNREADABLE) from None
    if not all(_is_port(each) for each in str(said.get("port") or "").split(",")):
        raise Misconfigured(_NO_PORT)  # it may be a part of a password, too, and is not quoted
    return said


def _is_port(text: str) -> bool:
    return not text or (text.isascii() and text.isdecimal() and 0 < int(text) < 1 << 16)


def _address(dsn: str, *, pooled: bool) -> str:
    """The address with what we want of a connection. Raises Misconfigured."""
    ours: dict[str, Any] = {"connect_timeout": int(CONNECT_SECONDS), "application_name": APPLICATION, **_ALIVE}
    if not pooled:
        ours["options"] = f"-c statement_timeout={STATEMENT_MS} -c idle_in_transaction_session_timeout={IDLE_MS}"
    return make_conninfo("", **{**ours, **parsed(dsn)})


async def _first(address: str, *, pooled: bool, name: str = "") -> Connection:
    try:
        with anyio.fail_after(2 * CONNECT_SECONDS):
            connection = await connect(address, pooled=pooled)
    except (psycopg.Error, TimeoutError) as error:
        raise unreachable(error, name) from None
    try:
        _check(connection)
    except Misconfigured:
        await end(connection)
        raise
    return connection


def _check(connection: Connection) -> None:
    version, encoding = connection.info.server_version, connection.info.parameter_status("server_encoding")
    if version < OLDEST_VERSION:
        raise Misconfigured(
            f"Postgres {version // 10_000} is too old; Puntini needs {OLDEST_VERSION // 10_000} or newer."
        )
    if encoding != "UTF8":
        raise Misconfigured(f"The database is kept in {encoding}; make one with `createdb --encoding=UTF8`.")


def unreachable(error: Exception, name: str = "") -> StoreUnavailable:
    """No connection could be made. That may be the address's fault, and may pass: whoever starts it may try again."""
    if is_full(error):
        return StoreUnavailable(FULL)
    subject = f"The database that {name} names" if name else "The database"
    why = reason(error)
    _, answered, refusal = why.partition("FATAL:")
    if not answered:
        return StoreUnavailable(f"{subject} can't be reached: {why}.")
    missing = _MISSING.search(refusal)
    hint = f"; make it by `createdb {quote(missing[1])}`, or correct the address" if missing else ""
    return StoreUnavailable(f"{subject} refuses the connection: {refusal.strip()}{hint}.")


_MISSING = re.compile(r'database "(.+)" does not exist')
