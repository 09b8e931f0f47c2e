"""Which store a setting names."""

from puntini.errors import Misconfigured
from puntini.log.contract import Fsync, Store
from puntini.store.memory import MemoryStore


async def open_store(url: str, *, durability: Fsync = "normal") -> Store:
    """Open ``memory:`` or a SQLite file. Raises Misconfigured with a sentence."""
    if url == "memory:":
        return MemoryStore()
    if url.startswith(("postgresql://", "postgres://")):
        raise Misconfigured("This version has no Postgres store yet; give --store a file, or memory:.")
    from puntini.store.sqlite.store import SqliteStore

    return await SqliteStore.open(url.removeprefix("sqlite://"), durability=durability)
