"""A SQLite store's file as what is copied from: nobody else uses it meanwhile, and it is as a server would leave it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from puntini.errors import Misconfigured
from puntini.store.sqlite import files
from puntini.store.sqlite.documents import remove_unfinished
from puntini.store.sqlite.rows import PLACE_BITS, SESSION_COLUMNS, TASK_FIELDS
from puntini.store.sqlite.slices import remove_doomed_all

_PLACE = (1 << PLACE_BITS) - 1
_DAY_MS = 86_400_000


class Source:
    """A file that is held. Rows come as the other store's tables have them, each table's in the order of its making."""

    def __init__(self, connection: apsw.Connection, epoch: str) -> None:
        self._db = connection
        self.epoch = epoch

    def count(self, table: str) -> int:
        """How many rows a table has."""
        return int(self._db.execute(f"SELECT count(*) FROM {table}").get)

    def rows(self, table: str) -> Iterator[tuple[Any, ...]]:
        """A table's rows."""
        return self._db.execute(_ROWS[table])

    def days(self) -> Iterator[int]:
        """The days since 1970 on which events were written."""
        return (int(day) for (day,) in self._db.execute(f"SELECT DISTINCT at / {_DAY_MS} FROM events"))

    def handed_over(self) -> None:
        """Note that another store goes on with this epoch."""
        with self._db:
            files.set_meta(self._db, clean="0", durability="normal", boot=files.COPIED)


@contextmanager
def source(path: Path) -> Iterator[Source]:
    """Hold a file for the length of a block. Raises Misconfigured for what is no store, or one that a server uses."""
    if not path.is_file():
        raise Misconfigured(f"There is no store at {path}; name the file of one.")
    files.check_kind(path)
    with files.lock(path):
        connection = files.connect(path, write=True)
        try:
            files.verify(connection, path)
            yield _begun(connection)
        except apsw.Error as error:
            raise files.unusable(path, error) from None
        finally:
            connection.close()


def _begun(connection: apsw.Connection) -> Source:
    """What a server does when it opens the file: it may be left by one that was killed, or by an earlier version."""
    files.add_missing(connection)
    if files.meta(connection, "boot") == files.COPIED:  # copied before, and not used since: the epoch is still its own
        epoch = files.meta(connection, "epoch")
    else:
        epoch = files.begin(connection, "normal", files.boot_id())
        files.set_meta(connection, clean="1")
    remove_doomed_all(connection)
    remove_unfinished(connection)
    return Source(connection, epoch)


_ROWS = {
    "sessions": f"""SELECT s.num, {SESSION_COLUMNS},
        ifnull((SELECT max(at) FROM events WHERE session = s.num), 0) / {_DAY_MS} FROM sessions s ORDER BY s.num""",
    "members": "SELECT user, session, role FROM members",
    "events": f"""SELECT session, at / {_DAY_MS}, first, last, at, size, CAST(body AS BLOB) FROM events
        ORDER BY session, first""",
    "tasks": f"SELECT num, id, session, {', '.join(TASK_FIELDS)} FROM tasks ORDER BY num",
    "outcomes": "SELECT scope, key, session, first, last, task, at FROM outcomes",
    "snapshots": "SELECT session, seq, CAST(body AS BLOB) FROM snapshots",
    "kept": "SELECT space, kind, key, CAST(body AS BLOB) FROM kept ORDER BY num",
    "documents": "SELECT num, id, owner, title, source, created_at, size, passages FROM documents ORDER BY num",
    "passages": f"""SELECT d.owner, d.title, p.rowid >> {PLACE_BITS}, p.rowid & {_PLACE}, p.text
        FROM passages p JOIN documents d ON d.num = p.rowid >> {PLACE_BITS}""",
    "vectors": f"SELECT first >> {PLACE_BITS}, first & {_PLACE}, space, CAST(body AS BLOB) FROM vectors",
}
