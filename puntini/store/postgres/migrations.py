"""The schema, as numbered steps in ``schema/``: which are there, which are missing, and making up for them.

The first line of each step says which program still works once it was taken: ``-- works with: N`` names the oldest, by
the number of the last step that it knows. So a program of one version back goes on while the next is rolled out.
"""

import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

from puntini.errors import Misconfigured
from puntini.store.postgres.database import Database
from puntini.store.postgres.pool import Connection

LOCK = 0x50554E54
"""Of the database: one program at a time changes its schema."""
MIGRATION_SECONDS = 3_600.0
_NAME = re.compile(r"(\d{4})_([a-z_]+)\.sql")
_WORKS_WITH = re.compile(r"-- works with: (\d+)\n")


class Step(NamedTuple):
    """One step. ``works_with`` is the oldest program, by its number, that works after it."""

    number: int
    name: str
    works_with: int
    statements: str


def steps() -> list[Step]:
    """All that this program knows, in order."""
    return list(_steps())


@cache
def _steps() -> tuple[Step, ...]:
    files = resources.files("puntini.store.postgres").joinpath("schema").iterdir()
    return tuple(sorted(_step(file.name, file.read_text("utf-8")) for file in files if file.name.endswith(".sql")))


def _step(name: str, text: str) -> Step:
    found, works_with = _NAME.fullmatch(name), _WORKS_WITH.match(text)
    assert found, f"{name} is not called as a step is"
    assert works_with, f"{name} does not say in its first line what it works with"
    return Step(int(found[1]), found[2], int(works_with[1]), text)


async def taken(connection: Connection) -> dict[int, int]:
    """The steps that a database has taken, each with the oldest program that works with it."""
    # Asked of the catalogue's rows: what a name stands for is remembered, and can be old after a wait for a lock.
    cursor = await connection.execute(
        "SELECT 1 FROM pg_tables WHERE tablename = 'steps' AND schemaname = ANY(current_schemas(false))"
    )
    if await cursor.fetchone() is None:
        return {}
    cursor = await connection.execute("SELECT number, works_with FROM steps")
    return {int(number): int(works_with) for number, works_with in await cursor.fetchall()}


async def migrate(database: Database, known: Sequence[Step] | None = None) -> list[Step]:
    """Take the steps that are missing of those that are ``known``, all or none; those that were taken.

    Raises Misconfigured for a newer schema.
    """

    async def work(connection: Connection) -> list[Step]:
        return await _migrate(connection, steps() if known is None else known)

    return await database.change(work, seconds=MIGRATION_SECONDS)


async def missing(connection: Connection, known: Sequence[Step] | None = None) -> list[Step]:
    """The steps that a database has yet to take. Raises Misconfigured for a newer schema."""
    known = steps() if known is None else known
    before = await taken(connection)
    _require_not_newer(before, known)
    return [step for step in known if step.number not in before]


async def _migrate(connection: Connection, known: Sequence[Step]) -> list[Step]:
    await connection.execute("SET LOCAL statement_timeout = 0")
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
    lacking = await missing(connection, known)
    for step in lacking:
        await connection.execute(step.statements.encode())
        await connection.execute(
            "INSERT INTO steps (number, name, works_with) VALUES (%s, %s, %s)",
            (step.number, step.name, step.works_with),
        )
    return lacking


async def ready(database: Database, known: Sequence[Step] | None = None) -> None:
    """Make an empty database's schema, and see that any other's fits this program. Raises Misconfigured."""
    known = steps() if known is None else known
    before = await database.change(taken)
    if not before:
        await migrate(database, known)
        return
    fits(before, known)


def fits(before: dict[int, int], known: Sequence[Step] | None = None) -> None:
    """Raises Misconfigured where a schema that took these steps is none for a program with those that are ``known``."""
    known = steps() if known is None else known
    _require_not_newer(before, known)
    if any(step.number not in before for step in known):
        raise Misconfigured(
            f"The database's schema has number {max(before)}, this program needs {known[-1].number}; "
            "run `puntini store migrate`."
        )


def _require_not_newer(before: dict[int, int], known: Sequence[Step]) -> None:
    ours = known[-1].number
    newer = [works_with for number, works_with in before.items() if number > ours]
    if newer and max(newer) > ours:
        raise Misconfigured(
            f"The database's schema has number {max(before)}, this program knows {ours} and is too old; update it."
        )
