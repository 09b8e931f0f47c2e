"""Which store a setting names."""

from typing import cast

from puntini.log.contract import Fsync, Store
from puntini.store.memory import MemoryStore


async def open_store(url: str, *, durability: Fsync = "normal", direct: str = "", listen: bool = True) -> Store:
    """Open ``memory:``, a Postgres database or a SQLite file. Raises Misconfigured with a sentence."""
    if url == "memory:":
        return MemoryStore()
    if url.startswith(("postgresql://", "postgres://")):
        from puntini.store.postgres.store import PostgresStore

        return cast("Store", await PostgresStore.open(url, direct=direct, listen=listen))
    from puntini.store.sqlite.store import SqliteStore

    return await SqliteStore.open(url.removeprefix("sqlite://"), durability=durability)
