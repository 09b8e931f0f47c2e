"""From a SQLite store's file to an empty Postgres database: everything, with the epoch, so that ids stay good.

It is there as a whole or not at all. Rows are streamed, so it takes the same memory whatever there is.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from puntini.store.postgres import copying, partitions
from puntini.store.postgres.copying import Sum
from puntini.store.postgres.database import Database
from puntini.store.postgres.flush import TODAY
from puntini.store.postgres.migrations import ready
from puntini.store.postgres.searches import indexed
from puntini.store.sqlite.source import Source

Row = tuple[Any, ...]
Progress = Callable[[str, int, int], None]
"""Told of which table how many rows are copied, and how many there are."""
OLDEST_DAYS = 60
"""Events from before are kept with those of that day: each day has a table of its own."""


async def copy(source: Source, dsn: str, tell: Progress) -> dict[str, Sum]:
    """Copy a store; returns what was copied of each table. Raises Misconfigured and StoreUnavailable."""
    database = await Database.open(dsn)
    try:
        await ready(database)
        [(today,)] = await database.rows(f"SELECT {TODAY}")
        kept = partial(_kept_with, oldest=today - OLDEST_DAYS, today=today)
        await partitions.make(database, *{kept(day) for day in source.days()})
        async with database.apart() as connection:
            async with connection.transaction():
                await copying.begin(connection)
                sums = {
                    table.name: await copying.fill(
                        connection,
                        table,
                        _rows(source, table.name, kept),
                        partial(_tell, tell, table.name, source.count(table.name)),
                    )
                    for table in copying.TABLES
                }
                await copying.finish(connection, source.epoch)
                await copying.prove(connection, sums)
            await connection.execute("ANALYZE")
    finally:
        await database.close()
    source.handed_over()
    return sums


def _tell(tell: Progress, name: str, total: int, rows: int) -> None:
    tell(name, rows, total)


def _kept_with(day: int, *, oldest: int, today: int) -> int:
    return min(max(day, oldest), today)


def _rows(source: Source, table: str, kept: Callable[[int], int]) -> Iterable[Row]:
    """A table's rows as the database has them."""
    rows = source.rows(table)
    match table:
        case "sessions":
            return ((*row, kept(day) if day else 0) for *row, day in rows)
        case "events":
            return _dated(rows, kept)
        case "documents":
            return ((*row, 0) for row in rows)
        case "passages":
            return ((num, at, *_taken_apart(owner, title, text)) for owner, title, num, at, text in rows)
        case _:
            return rows


def _dated(rows: Iterable[Row], kept: Callable[[int], int]) -> Iterator[Row]:
    """In a session's log days never go back, whatever a clock did."""
    session = latest = 0
    for num, day, *rest in rows:
        latest = max(latest, kept(day)) if num == session else kept(day)
        session = num
        yield (num, latest, *rest)


def _taken_apart(owner: str, title: str, text: str) -> Row:
    length, words = indexed(owner, f"{title} {text}")
    return length, text, words
