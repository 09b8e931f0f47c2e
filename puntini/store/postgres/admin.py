"""What is done to a database from outside a server: see if it is sound, bring its schema up, give it a new life."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from puntini.errors import Misconfigured, StoreUnavailable
from puntini.log import mint
from puntini.store.postgres.adapters import Adapted
from puntini.store.postgres.check import faults
from puntini.store.postgres.database import APPLICATION, FORBIDDEN, Database, parsed, unreachable
from puntini.store.postgres.life import go_on
from puntini.store.postgres.migrations import Step, migrate, missing
from puntini.store.postgres.pool import CONNECT_SECONDS
from puntini.store.soundness import Decode, Figures

MOST_FAULTS = 100
Connection = psycopg.Connection[tuple[Any, ...]]


async def brought_up(dsn: str, *, look: bool = False) -> list[Step]:
    """Take the steps of the schema that are missing, or with ``look`` only tell them. Raises Misconfigured."""
    database = await Database.open(dsn)
    try:
        return await (database.change(missing) if look else migrate(database))
    finally:
        await database.close()


def check(dsn: str, decode_snapshot: Decode) -> list[str]:
    """One sentence for each fault, at most 100; none when the database is sound. Servers may be running."""
    with _connected(dsn) as connection:
        return list(islice(faults(connection, decode_snapshot), MOST_FAULTS))


def figures(dsn: str) -> Figures:
    """How much a database holds. Servers may be running."""
    with _connected(dsn) as connection:
        row = connection.execute(_FIGURES).fetchone()
        assert row is not None
        epoch, sessions, tasks, events, size = row
        return Figures(epoch=epoch or "", sessions=sessions, tasks=tasks, events=int(events), bytes=size)


async def new_epoch(dsn: str) -> str:
    """Give a database a new life; returns the epoch. Raises Misconfigured while servers use it."""
    unused(dsn)
    epoch = mint.new_epoch()
    database = await Database.open(dsn)
    try:
        await database.change(partial(go_on, epoch=epoch))
    finally:
        await database.close()
    return epoch


def unused(dsn: str) -> None:
    """Raises Misconfigured while servers or workers use a database."""
    with _connected(dsn) as connection:
        row = connection.execute(_USED, (APPLICATION,)).fetchone()
        if row and row[0]:
            raise Misconfigured("Servers or workers are using the database; stop them first.")


@contextmanager
def _connected(dsn: str) -> Iterator[Connection]:
    """A connection that may take its time. Raises Misconfigured, and StoreUnavailable when something breaks."""
    address = make_conninfo(
        "",
        **{
            "connect_timeout": int(CONNECT_SECONDS),
            **parsed(dsn),
            "application_name": f"{APPLICATION} administration",
            "options": "-c statement_timeout=0",
        },
    )
    try:
        connection = psycopg.connect(address, autocommit=True, context=Adapted())
    except psycopg.Error as error:
        raise unreachable(error) from None
    try:
        yield connection
    except psycopg.errors.UndefinedTable:
        raise Misconfigured("The database has no schema of ours, or an old one; run `puntini store migrate`.") from None
    except psycopg.errors.InsufficientPrivilege:
        raise StoreUnavailable(FORBIDDEN) from None
    except psycopg.Error as error:
        raise StoreUnavailable(f"The database failed ({type(error).__name__}); try again.") from None
    finally:
        connection.close()


_FIGURES = """SELECT (SELECT value FROM meta WHERE key = 'epoch'), (SELECT count(*) FROM sessions),
    (SELECT count(*) FROM tasks), (SELECT coalesce(sum(last - first + 1), 0) FROM events),
    pg_database_size(current_database())"""
_USED = """SELECT count(*) > 0 FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = %s AND pid <> pg_backend_pid()"""
