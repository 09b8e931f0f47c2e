"""A SQLite store's file: opened, locked, versioned, and given its epoch."""

import fcntl
import os
from importlib import resources
from pathlib import Path
from typing import IO

import apsw

from puntini.errors import Misconfigured, StoreUnavailable
from puntini.log.contract import Fsync
from puntini.log.mint import new_epoch

VERSION = 2
MAGIC = b"SQLite format 3\0"
APPLICATION_ID = 0x50554E54
ADDED = {
    "documents": "documents.sql",
    "tasks_not_ended": "indexes.sql",
    "vectors": "vectors.sql",
    "members": "members.sql",
    "ends_of_tasks": "ends.sql",
}
"""What a store of before may lack, by one of its names, and what makes it."""
BUSY_MS = 5_000
RESTORED, COPIED = "restored", "copied"
"""These stand for the machine's start in a file that whoever opens it begins a new epoch in."""
_DOUBTS = {RESTORED: "the file is a backup", COPIED: "the file was copied to a database, which has its ids now"}
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Damaged(Misconfigured):
    """The file is damaged where it says what is in it, so that nothing can be read."""


def connect(path: Path, *, write: bool) -> apsw.Connection:
    """A connection set up as all of ours are. Raises Misconfigured when there is no such store."""
    flags = apsw.SQLITE_OPEN_READWRITE if write else apsw.SQLITE_OPEN_READONLY
    try:
        connection = apsw.Connection(str(path), flags=flags | apsw.SQLITE_OPEN_NOMUTEX)
        connection.set_busy_timeout(BUSY_MS)
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.pragma("cache_size", -16_384)
    except apsw.CantOpenError as error:
        if path.exists():
            raise Misconfigured(
                f"{path} can't be opened: {error}. Check its permissions, and its directory's."
            ) from None
        raise Misconfigured(f"There is no store at {path}; name its file with --store.") from None
    except apsw.NotADBError:
        raise _no_database(path) from None
    except apsw.CorruptError as error:
        raise Damaged(f"{path} is damaged: {error}; put a backup in its place.") from None
    except apsw.Error as error:
        raise Misconfigured(f"{path} can't be opened: {error}.") from None
    return connection


def create(path: Path) -> None:
    """Make a new store where there is none, whole or not at all. Raises Misconfigured."""
    making = beside(path, ".new")
    try:
        # What a crash left, and the log of a file that somebody removed: it would be played into the new one.
        for left in (making, *(beside(file, suffix) for file in (path, making) for suffix in ("-wal", "-shm"))):
            left.unlink(missing_ok=True)
        private(making).close()
        _fill(making)
        making.replace(path)
    except OSError as error:
        raise _not_made(path, error.strerror or "") from None
    except apsw.Error as error:
        raise _not_made(path, str(error)) from None


def check_kind(path: Path) -> None:
    """Raises Misconfigured for a file that is none of SQLite's, before anything is put beside it."""
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) not in {MAGIC, b""}:
                raise _no_database(path)
    except OSError:
        return  # there is none yet, or it can't be read, which opening it will tell


def private(path: Path) -> IO[str]:
    """Open a file for writing, or make it, for its owner alone: what people ask and agents answer is theirs.

    SQLite gives the files beside a database the same mode. A link is not followed.
    """
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), "w")


def _fill(path: Path) -> None:
    connection = apsw.Connection(str(path))
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        with connection:
            connection.execute(_sql("schema.sql"))
            for made_by in ADDED.values():
                connection.execute(_sql(made_by))
            connection.execute(f"PRAGMA user_version = {VERSION}; PRAGMA application_id = {APPLICATION_ID}")
            connection.execute("INSERT INTO meta VALUES ('epoch', ?), ('clean', '1')", (new_epoch(),))
    finally:
        connection.close()


def add_missing(connection: apsw.Connection) -> None:
    """Give a store of before what it lacks."""
    with connection:
        for name, made_by in ADDED.items():
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone() is None:
                connection.execute(_sql(made_by))


def _sql(name: str) -> str:
    return resources.files("puntini.store.sqlite").joinpath(name).read_text("utf-8")


def _not_made(path: Path, why: str) -> Misconfigured:
    return Misconfigured(f"The store {path} can't be created: {why}. Choose another place with --store.")


def beside(path: Path, suffix: str) -> Path:
    """A file that SQLite keeps beside a database."""
    return path.with_name(path.name + suffix)


def verify(connection: apsw.Connection, path: Path) -> None:
    """Raises Misconfigured unless this is a Puntini store of a version that we know."""
    try:
        application, version = connection.pragma("application_id"), connection.pragma("user_version")
    except apsw.NotADBError:
        raise _no_database(path) from None
    except apsw.CorruptError as error:
        raise Damaged(f"{path} is damaged: {error}; put a backup in its place.") from None
    except apsw.Error as error:
        raise Misconfigured(f"{path} can't be read: {error}.") from None
    if application != APPLICATION_ID:
        raise Misconfigured(f"{path} is a SQLite file, but not a Puntini store; name the file of one.")
    if 0 < version < VERSION:
        raise Misconfigured(
            f"{path} was written by an early Puntini (schema {version}), from before its first release; move it away, "
            "and a new one is made."
        )
    if version > VERSION:
        raise Misconfigured(
            f"{path} was written by a newer Puntini (schema {version}); install that version to use it."
        )


def _no_database(path: Path) -> Misconfigured:
    return Misconfigured(f"{path} is not a SQLite file; name the file of a store.")


def lock(path: Path) -> IO[str]:
    """Hold the store for one server. Raises Misconfigured when another has it, by this name or through a link."""
    try:
        held = private(beside(path.resolve(), ".lock"))
    except OSError as error:
        raise Misconfigured(
            f"The store {path} can't be locked: {error.strerror}. Check its directory, or choose another with --store."
        ) from None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        held.close()
        raise Misconfigured(f"Another server is using the store {path}; stop it, or choose another store.") from None
    return held


def meta(connection: apsw.Connection, key: str) -> str:
    """A value of the meta table, or an empty string."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return str(row[0]) if row else ""


def set_meta(connection: apsw.Connection, **values: str) -> None:
    """Write values of the meta table."""
    for key, value in values.items():
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


def boot_id() -> str:
    """What changes when the machine starts anew; empty where that can't be known."""
    return BOOT_ID.read_text().strip() if BOOT_ID.exists() else ""


def begin(connection: apsw.Connection, durability: Fsync, boot: str) -> str:
    """Mark the file as in use and return its epoch: a new one when a power cut may have taken committed events.

    With ``normal`` durability SQLite does not wait for the disk at each commit. What a killed process committed is safe
    with the operating system, but a power cut can lose it, and its seqs would be given twice. Where it can't be known
    whether the machine was started anew, it may have been.
    """
    epoch = new_epoch() if doubt(connection, boot) else meta(connection, "epoch")
    with connection:
        set_meta(connection, epoch=epoch, clean="0", durability=durability, boot=boot)
    return epoch


def doubt(connection: apsw.Connection, boot: str) -> str:
    """Why no older id may be valid any more; empty where all are."""
    unclean = meta(connection, "clean") != "1"
    risky = meta(connection, "durability") != "full" and (not boot or meta(connection, "boot") != boot)
    if not (unclean and risky):
        return ""
    return _DOUBTS.get(meta(connection, "boot"), "the machine was started anew, and the file had not been closed")


def unusable(path: Path, error: apsw.Error) -> Misconfigured:
    """The file is there but can't be used."""
    return Misconfigured(f"The store {path} can't be used: {told(error).message.partition(';')[0]}.")


def told(error: apsw.Error) -> StoreUnavailable:
    """A database error as a sentence for whoever asked."""
    match error:
        case apsw.FullError():
            return StoreUnavailable("The store's disk is full; nothing was written. Make room and try again.")
        case apsw.ReadOnlyError():
            return StoreUnavailable("The store is read-only; nothing was written. Check the file's permissions.")
        case apsw.BusyError() | apsw.LockedError():
            return StoreUnavailable("The store is busy; nothing was written. Try again.")
        case _:
            return StoreUnavailable(f"The store failed ({type(error).__name__}); nothing was written. Try again.")


def sync_directory(path: Path) -> None:
    """Make a new file's name durable."""
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
