"""Filling an empty database with what another store holds: one transaction, checked before it is committed."""

from collections.abc import Callable, Iterable
from hashlib import md5
from typing import Any, NamedTuple

from puntini.errors import Misconfigured, StoreUnavailable
from puntini.store.postgres.adapters import escaped
from puntini.store.postgres.database import execute
from puntini.store.postgres.life import go_on
from puntini.store.postgres.pool import Connection
from puntini.store.postgres.rows import TASK_FIELDS, TASK_TYPES

Row = tuple[Any, ...]
Tell = Callable[[int], None]
"""Told how many rows of a table are there, now and then."""
TELL_ROWS = 10_000


class Table(NamedTuple):
    """A table's columns with their types, in the order of what is copied. The sum is made of those in ``proof``."""

    name: str
    columns: dict[str, str]
    unproved: frozenset[str] = frozenset()
    as_text: bool = False

    @property
    def proof(self) -> list[str]:
        """The columns of which the sum is made."""
        return [name for name in self.columns if name not in self.unproved]


class Sum(NamedTuple):
    """What a table holds, whatever the order of its rows."""

    rows: int
    digest: int


async def fill(connection: Connection, table: Table, rows: Iterable[Row], tell: Tell) -> Sum:
    """Copy rows into a table, as they come; returns what they are."""
    digest = number = 0
    proved = [at for at, name in enumerate(table.columns) if name not in table.unproved]
    statement = f"COPY {table.name} ({', '.join(map(_quoted, table.columns))}) FROM STDIN"
    async with connection.cursor().copy(f"{statement}{'' if table.as_text else ' (FORMAT BINARY)'}".encode()) as copy:
        if not table.as_text:
            copy.set_types(list(table.columns.values()))
        for number, row in enumerate(rows, 1):
            await copy.write_row(row)
            digest += _digest([row[at] for at in proved])
            if number % TELL_ROWS == 0:
                tell(number)
    tell(number)
    return Sum(number, digest)


async def found(connection: Connection, table: Table) -> Sum:
    """What a table holds."""
    parts = " || '\\x00'::bytea || ".join(_bytes_of(name, table.columns[name]) for name in table.proof)
    [(rows, digest)] = await execute(
        connection,
        f"SELECT count(*), coalesce(sum(('x' || left(md5({parts}), 14))::bit(56)::bigint), 0)::text FROM {table.name}",
    )
    return Sum(rows, int(digest))


def _digest(values: Iterable[Any]) -> int:
    parts = (value if isinstance(value, bytes) else escaped(str(value)).encode() for value in values)
    return int(md5(b"\0".join(parts), usedforsecurity=False).hexdigest()[:14], 16)


def _bytes_of(name: str, kind: str) -> str:
    return name if kind == "bytea" else f"convert_to({_quoted(name)}::text, 'UTF8')"


def _quoted(name: str) -> str:
    return f'"{name}"'


_TASK_TYPES = {name: TASK_TYPES.get(name, "int8") for name in TASK_FIELDS}
TABLES = (
    Table(
        "sessions",
        {"num": "int8", "id": "text", "owner": "text", "title": "text", "agent": "text", "status": "text"}
        | dict.fromkeys(("created_at", "updated_at", "floor", "head"), "int8")
        | {"day": "int4"},
        frozenset({"day"}),
    ),
    Table("members", {"user": "text", "session": "int8", "role": "text"}),
    Table(
        "events",
        {"session": "int8", "day": "int4", "first": "int8", "last": "int8", "at": "int8", "size": "int4"}
        | {"body": "bytea"},
        frozenset({"day"}),
    ),
    Table("tasks", {"num": "int8", "id": "text", "session": "int8", **_TASK_TYPES}, frozenset({"cost_usd"})),
    Table(
        "outcomes",
        {"scope": "text", "key": "text", "session": "int8", "first": "int8", "last": "int8", "task": "text"}
        | {"at": "int8"},
    ),
    Table("snapshots", {"session": "int8", "seq": "int8", "body": "bytea"}),
    Table("kept", {"space": "text", "kind": "text", "key": "text", "body": "bytea"}),
    Table(
        "documents",
        {"num": "int8", "id": "text", "owner": "text", "title": "text", "source": "text"}
        | {"created_at": "int8", "size": "int8", "passages": "int4", "words": "int8"},
        frozenset({"words"}),
    ),
    Table(
        "passages",
        {"document": "int8", "place": "int4", "length": "int4", "text": "text", "words": "tsvector"},
        frozenset({"length", "words"}),
        as_text=True,
    ),
    Table("vectors", {"document": "int8", "first": "int4", "space": "text", "body": "bytea"}),
)


async def begin(connection: Connection) -> None:
    """Within a transaction: let it take its time, and nobody else in. Raises Misconfigured for what is not empty."""
    for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):
        await execute(connection, f"SET LOCAL {setting} = 0")
    await execute(connection, f"LOCK TABLE {', '.join(table.name for table in TABLES)} IN EXCLUSIVE MODE")
    [(filled,)] = await execute(connection, f"SELECT {' OR '.join(f'EXISTS (SELECT FROM {t.name})' for t in TABLES)}")
    if filled:
        raise Misconfigured("The database holds something already; name an empty one to copy to.")
    for table in ("sessions", "tasks"):  # what is copied is no news
        await execute(connection, f"ALTER TABLE {table} DISABLE TRIGGER USER")


async def finish(connection: Connection, epoch: str) -> None:
    """What follows from what was copied, and where new numbers begin."""
    await execute(connection, "INSERT INTO spans SELECT session, day, min(first) FROM events GROUP BY session, day")
    await execute(
        connection,
        "UPDATE documents SET words = (SELECT coalesce(sum(length), 0) FROM passages WHERE document = num)",
    )
    for table in ("sessions", "tasks", "documents"):
        next_num = f"(SELECT coalesce(max(num), 0) + 1 FROM {table})"
        await execute(connection, f"SELECT setval(pg_get_serial_sequence('{table}', 'num'), {next_num}, false)")
    await go_on(connection, epoch)
    for table in ("sessions", "tasks"):
        await execute(connection, f"ALTER TABLE {table} ENABLE TRIGGER USER")


async def prove(connection: Connection, sums: dict[str, Sum]) -> None:
    """Look whether each table holds what was copied into it. Raises StoreUnavailable where one does not."""
    for table in TABLES:
        if await found(connection, table) != sums[table.name]:
            raise StoreUnavailable(
                f"What the database has of {table.name} is not what was copied; nothing is kept. Try again."
            )
