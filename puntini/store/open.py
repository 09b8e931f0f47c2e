"""Which store a setting names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, assert_never

from puntini.errors import Misconfigured
from puntini.log.contract import Fsync, Ledger, Store
from puntini.store.memory import MemoryStore

Kind = Literal["memory", "postgres", "sqlite"]


def kind_of(url: str) -> Kind:
    """What kind of store is named. Raises Misconfigured for one that there is not."""
    if url == "memory:":
        return "memory"
    scheme, colon, _ = url.partition("://")
    if colon and scheme in {"postgresql", "postgres"}:
        return "postgres"
    if colon and scheme != "sqlite":
        raise Misconfigured(
            f"There is no store of the kind {scheme}:; name a SQLite file, postgresql://USER:PASSWORD@HOST/DATABASE, "
            "or memory:."
        )
    return "sqlite"


async def open_store(url: str, *, durability: Fsync = "normal", direct: str = "", listen: bool = True) -> Store:
    """Open ``memory:``, a Postgres database or a SQLite file. Raises Misconfigured with a sentence."""
    match kind_of(url):
        case "memory":
            return MemoryStore()
        case "postgres":
            require_driver()
            from puntini.store.postgres.store import PostgresStore

            return await PostgresStore.open(url, direct=direct, listen=listen)
        case "sqlite":
            from puntini.store.sqlite.store import SqliteStore

            return await SqliteStore.open(url.removeprefix("sqlite://"), durability=durability)
        case never:
            assert_never(never)


def require_driver() -> None:
    """Raises Misconfigured where the package that speaks to Postgres is missing, which not everybody needs."""
    if find_spec("psycopg") is None:
        raise Misconfigured(
            "A Postgres store needs psycopg; install Puntini with its extra `postgres`, as by "
            "`pip install '.[postgres]'` in a checkout."
        )


@asynccontextmanager
async def open_ledger(place: str | Path, *, make: bool = False) -> AsyncIterator[Ledger]:
    """What a file, or the database at an address, keeps by its names, for a program beside the servers that use it.

    With ``make`` a file that is missing is made. Raises Misconfigured and StoreUnavailable.
    """
    if isinstance(place, Path):
        from puntini.store.sqlite.ledger import ledger

        with ledger(place, make=make) as opened:
            yield opened
        return
    require_driver()
    from puntini.store.postgres.ledger import ledger as database

    async with database(place) as kept:
        yield kept
