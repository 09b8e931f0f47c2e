"""The schema, as numbered steps in ``schema/``: which are there, which are missing, and making up for them.

The first line of each step says which program still works once it was taken: ``-- works with: N`` names the oldest, by
the number of the last step that it knows. So a program of one version back goes on while the next is rolled out.
"""

import re
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
    files = resources.files("puntini.store.postgres").joinpath("schema").iterdir()
    return sorted(_step(file.name, file.read_text("utf-8")) for file in files if file.name.endswith(".sql"))


def _step(name: str, text: str) -> Step:
    found, works_with = _NAME.fullmatch(name), _WORKS_WITH.match(text)
    assert found, f"{name} is not called as a step is"
    assert works_with, f"{name} does not say in its first line what it works with"
    return Step(int(found[1]), found[2], int(works_with[1]), text)


async def taken(connection: Connection) -> dict[int, int]:
    """The steps that a database has taken, each with the oldest program that works with it."""
    cursor = await connection.execute("SELECT to_regclass('steps') IS NOT NULL")
    if (await cursor.fetchone()) != (True,):
        return {}
    cursor = await connection.execute("SELECT number, works_with FROM steps")
    return {int(number): int(works_with) for number, works_with in await cursor.fetchall()}


async def migrate(database: Database) -> list[Step]:
    """Take the steps that are missing, all or none; those that were taken. Raises Misconfigured for a newer schema."""
    return await database.change(_migrate, seconds=MIGRATION_SECONDS)


async def missing(connection: Connection) -> list[Step]:
    """The steps that a database has yet to take. Raises Misconfigured for a newer schema."""
    before = await taken(connection)
    _require_not_newer(before)
    return [step for step in steps() if step.number not in before]


async def _migrate(connection: Connection) -> list[Step]:
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
    lacking = await missing(connection)
    for step in lacking:
        await connection.execute(step.statements.encode())
        await connection.execute(
            "INSERT INTO steps (number, name, works_with) VALUES (%s, %s, %s)",
            (step.number, step.name, step.works_with),
        )
    return lacking


async def ready(database: Database) -> None:
    """Make an empty database's schema, and see that any other's fits this program. Raises Misconfigured."""
    before = await database.change(taken)
    if not before:
        await migrate(database)
        return
    _require_not_newer(before)
    newest = steps()[-1].number
    if max(before) < newest:
        raise Misconfigured(
            f"The database's schema has number {max(before)}, this program needs {newest}; run `puntini store migrate`."
        )


def _require_not_newer(before: dict[int, int]) -> None:
    ours = steps()[-1].number
    newer = [works_with for number, works_with in before.items() if number > ours]
    if newer and max(newer) > ours:
        raise Misconfigured(
            f"The database's schema has number {max(before)}, this program knows {ours} and is too old; update it."
        )
