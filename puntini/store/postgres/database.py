"""One Postgres database: connections, transactions that are tried again, and errors told in a sentence."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Self, TypeVar, cast

import anyio
import psycopg
import structlog
from anyio import CancelScope
from psycopg import AsyncConnection, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from puntini.errors import Misconfigured, StoreUnavailable

T = TypeVar("T")
Row = tuple[Any, ...]
Connection = AsyncConnection[Row]

CONNECTIONS = 8
WAIT_SECONDS = 5.0
"""For a free connection; then the store is away for who asked."""
CONNECT_SECONDS = 5
STATEMENT_MS = 30_000
TRIES = 5
"""Of a transaction that met another: a deadlock, or one that could not be put in order with it."""
LOG = structlog.get_logger("puntini.store")

_ALIVE = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
"""A peer that is gone without a word is noticed within some ten seconds."""


class Database:
    """Made by ``open``. ``direct`` is the address for what a pooler in between can't do: LISTEN, locks of a session."""

    def __init__(self, pool: "AsyncConnectionPool[Connection]", direct: str) -> None:
        self._pool = pool
        self._direct = direct

    @classmethod
    async def open(cls, dsn: str, *, direct: str = "", pooled: bool = False) -> Self:
        """Connect. With ``pooled`` a pooler stands in between, which keeps nothing of a session between transactions.

        Raises Misconfigured, with a sentence and without the password, when that does not work.
        """
        address = _address(dsn, pooled=pooled)
        await _try(address)
        pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            address,
            open=False,
            min_size=1,
            max_size=CONNECTIONS,
            timeout=WAIT_SECONDS,
            reconnect_timeout=WAIT_SECONDS,
            kwargs={"autocommit": True, "prepare_threshold": None if pooled else 3},
        )
        await pool.open()
        return cls(pool, _address(direct or dsn, pooled=False))

    async def close(self) -> None:
        """Let go of all connections."""
        await self._pool.close()

    @property
    def stats(self) -> dict[str, int]:
        """Connections, and who waits for one."""
        found = self._pool.get_stats()
        return {
            f"connections_{name}": found.get(name, 0) for name in ("pool_size", "pool_available", "requests_waiting")
        }

    async def rows(self, query: str, *values: Any) -> list[Row]:
        """What one statement gives, in a transaction of its own. Raises StoreUnavailable."""
        async with self._connection() as connection:
            cursor = await connection.execute(_query(query), values, binary=True)
            return await cursor.fetchall() if cursor.description else []

    async def change(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Do something in a transaction, once more where it met another. Raises StoreUnavailable, and as ``work`` does.

        When the connection breaks in the commit, it is not known whether it happened: what is done here must bear it.
        """
        for last in (*[False] * (TRIES - 1), True):
            try:
                async with self._connection() as connection, connection.transaction():
                    return await work(connection)
            except Collision:
                if last:
                    raise
        raise AssertionError("unreachable")

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        try:
            async with self._pool.connection() as connection:
                yield connection
        except psycopg.Error as error:
            raise told(error) from None
        except (PoolTimeout, PoolClosed) as error:
            raise told(error) from None

    @asynccontextmanager
    async def apart(self) -> AsyncIterator[Connection]:
        """A connection of one's own, straight to the server: what it listens to and locks ends with it."""
        try:
            connection = await AsyncConnection.connect(self._direct, autocommit=True)
        except psycopg.Error as error:
            raise told(error) from None
        try:
            yield connection
        except psycopg.Error as error:
            raise told(error) from None
        finally:
            with CancelScope(shield=True), suppress(psycopg.Error):
                await connection.close()


class Collision(StoreUnavailable):
    """Two transactions met. Tried again, one of them goes first."""


def told(error: Exception) -> StoreUnavailable:
    """What went wrong, in a sentence, without what the statement held."""
    if isinstance(error, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure):
        return Collision("Two changes met in the database; try again.")
    if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | PoolTimeout | PoolClosed):
        LOG.error("the database refused a statement", kind=type(error).__name__, reason=str(error).partition("\n")[0])
    return StoreUnavailable("The database does not answer as it should; try again in a moment.")


def _query(query: str) -> sql.SQL:
    """Our statements are our own texts; values are given beside them."""
    return sql.SQL(cast("Any", query))


def _address(dsn: str, *, pooled: bool) -> str:
    """The address with what we want of a connection. Raises Misconfigured."""
    try:
        given = conninfo_to_dict(dsn)
    except psycopg.Error as error:
        raise Misconfigured(f"The store's address can't be read: {str(error).strip()}; see docs/settings.md.") from None
    ours: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, "application_name": "puntini", **_ALIVE}
    if not pooled:
        ours["options"] = f"-c statement_timeout={STATEMENT_MS} -c idle_in_transaction_session_timeout={STATEMENT_MS}"
    return make_conninfo("", **{**ours, **given})


async def _try(address: str) -> None:
    try:
        with anyio.fail_after(2 * CONNECT_SECONDS):
            connection = await AsyncConnection.connect(address)
            await connection.close()
    except (psycopg.Error, TimeoutError) as error:
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else "no answer"
        raise Misconfigured(f"The database can't be reached: {reason}") from None
