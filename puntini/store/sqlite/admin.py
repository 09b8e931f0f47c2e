"""What is done to a store's file from outside a server: look whether it is sound, copy it, give it a new life.

What can't be done because of what was asked raises Misconfigured, with a sentence that says what to do instead.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from urllib.parse import quote

import apsw
import msgspec

from puntini.errors import Misconfigured, StoreUnavailable
from puntini.log import mint
from puntini.store.soundness import Decode, Figures
from puntini.store.sqlite import files
from puntini.store.sqlite.check import faults

MOST_FAULTS = 100
BACKUP_PAGES = 1_024
RESTORED = {"clean": "0", "durability": "normal", "boot": files.RESTORED}
"""What a copy says of itself: that commits may be missing, so that whoever opens it starts a new epoch."""


def check(path: Path, *, decode_snapshot: Decode = msgspec.json.decode) -> list[str]:
    """One sentence for each fault, at most 100; none when the file is sound. A server may be running.

    ``decode_snapshot`` reads a snapshot's body and raises ValueError (as msgspec does) when it can't.
    """
    found: list[str] = []
    try:
        with _looking(path) as connection, closing(faults(connection, decode_snapshot)) as told:
            try:
                for fault in islice(told, MOST_FAULTS):
                    found.append(fault)  # noqa: PERF402 - what was found counts also when reading fails then
            except apsw.Error as error:
                found.append(f"SQLite can't read the file further: {error}.")
    except files.Damaged as error:
        found.append(error.message)
    return found


def figures(path: Path) -> Figures:
    """How much a store holds. A server may be running."""
    with _looking(path) as connection:
        sessions, tasks, events = connection.execute(_COUNTS).get
        return Figures(
            epoch=files.meta(connection, "epoch"),
            sessions=sessions,
            tasks=tasks,
            events=events,
            bytes=sum(each.stat().st_size for each in (path, files.beside(path, "-wal")) if each.exists()),
        )


_COUNTS = """SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM tasks),
    (SELECT ifnull(sum(last - first + 1), 0) FROM events)"""


def backup(path: Path, to: Path) -> Figures:
    """Copy a store, as it is at one moment, to a new file, which is there whole or not at all. A server may be running.

    Opening the copy starts a new epoch, each time that it is restored: what came after the copy is not in it, and its
    ids must not be given twice. Raises StoreUnavailable when the copy can't be written.
    """
    _check_new(to)
    part = files.beside(to, f".{os.getpid()}.part")
    with _looking(path) as source:
        try:
            files.private(part).close()
            _copy(source, part)
            _mark(part)
            _sync(part)
            _check_new(to)
            part.rename(to)
            files.sync_directory(to)
        except (apsw.Error, OSError) as error:
            raise StoreUnavailable(f"The backup {to} can't be written: {error}. Make room, or name another.") from None
        finally:
            for left in (part, files.beside(part, "-wal"), files.beside(part, "-shm")):
                left.unlink(missing_ok=True)
    return figures(to)


def new_epoch(path: Path) -> str:
    """Give a store a new life, so that ids of its old one are answered by a gap; returns the epoch.

    For a file that was put back in an earlier state. Raises Misconfigured while a server uses the file.
    """
    with _looking(path):
        pass  # what is no store of ours shall not get a lock beside it
    with files.lock(path):
        connection = files.connect(path, write=True)
        try:
            epoch = mint.new_epoch()
            with connection:
                files.set_meta(connection, epoch=epoch, clean="1")
        except apsw.Error as error:
            raise files.unusable(path, error) from None
        finally:
            connection.close()
    return epoch


@contextmanager
def _looking(path: Path) -> Iterator[apsw.Connection]:
    """A read-only connection to a store that we know. Raises Misconfigured."""
    if not path.exists():
        raise Misconfigured(f"There is no store at {path}; name the file of one.")
    if not path.is_file():
        raise Misconfigured(f"{path} is not a file; name the file of a store.")
    connection = _open(path)
    try:
        files.verify(connection, path)
        yield connection
    except apsw.Error as error:
        raise Misconfigured(f"{path} can't be read: {error}; `puntini store check` may say more.") from None
    finally:
        connection.close()


def _open(path: Path) -> apsw.Connection:
    """Only to look, and leave nothing behind: a read-only connection does not remove what it puts beside a file."""
    if files.beside(path, "-wal").exists():
        return files.connect(path, write=False)
    if not os.access(path.parent, os.W_OK):  # so nobody can be writing, and SQLite could put nothing there either
        uri = f"file:{quote(str(path.absolute()))}?immutable=1"
        try:
            return apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
        except apsw.Error as error:
            raise files.unusable(path, error) from None
    connection = files.connect(path, write=os.access(path, os.W_OK))
    connection.pragma("query_only", True)
    return connection


def _check_new(to: Path) -> None:
    if to.exists() or to.is_symlink():
        raise Misconfigured(f"{to} exists already; name a new file for the backup.")
    if not to.parent.is_dir():
        raise Misconfigured(f"There is no directory {to.parent}; make it, or name another file for the backup.")


def _copy(source: apsw.Connection, to: Path) -> None:
    target = apsw.Connection(str(to))
    try:
        target.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")  # a half-made copy is thrown away
        # Inside one read transaction: a copy that saw another's commits between its steps would begin again each time.
        with source:
            files.meta(source, "epoch")
            with target.backup("main", source, "main") as copy:
                while not copy.done:
                    copy.step(BACKUP_PAGES)
    finally:
        target.close()


def _mark(path: Path) -> None:
    connection = files.connect(path, write=True)
    try:
        with connection:
            files.set_meta(connection, **RESTORED)
    finally:
        connection.close()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
