"""What is kept in a store's file by its names, for a program beside the server that uses it.

The server remembers nothing of what is kept for accounts, and each change here is a transaction of its own.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import apsw

from puntini.log.contract import Kept
from puntini.store.sqlite import files, reads
from puntini.store.sqlite.writes import keep, swap


class FileLedger:
    """See ``puntini.log.contract.Ledger``. Made by ``ledger``; it answers at once, and blocks meanwhile."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    async def keep(self, items: Sequence[Kept]) -> None:
        """Keep or forget things."""
        with self._connection:
            keep(self._connection, {(item.space, item.kind, item.key): item.body for item in items})

    async def swap(self, item: Kept, old: bytes | None) -> bool:
        """Keep or forget one thing if nobody was quicker."""
        return swap(self._connection, item, old)

    async def kept(self, space: str, kind: str, key: str) -> bytes | None:
        """One thing that is kept."""
        return reads.kept(self._connection, space, kind, key)

    async def kept_all(
        self, space: str, kind: str, *, prefix: str = "", before: str = "", limit: int | None = None, last: bool = False
    ) -> list[tuple[str, bytes]]:
        """Keys with what is kept under them."""
        return reads.kept_all(self._connection, space, kind, prefix, before, limit, last)


@contextmanager
def ledger(path: Path, *, make: bool = False) -> Iterator[FileLedger]:
    """A store's file for the length of a block; with ``make`` a new one where there is none.

    Raises Misconfigured for what is no store, and StoreUnavailable where it can't be written.
    """
    files.check_kind(path)
    if make and not path.exists():
        with files.lock(path):
            files.create(path)
    connection = files.connect(path, write=True)
    try:
        files.verify(connection, path)
        connection.transaction_mode = "IMMEDIATE"  # what is read first, the server may not change meanwhile
        yield FileLedger(connection)
    except apsw.Error as error:
        raise files.told(error) from None
    finally:
        connection.close()
