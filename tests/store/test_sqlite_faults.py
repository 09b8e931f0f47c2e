"""The SQLite store when things go wrong: killed, out of room, without rights, after a power cut."""

import asyncio
import json
import random
import signal
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

import apsw
import pytest

from puntini.errors import Misconfigured, StoreUnavailable
from puntini.log.contract import Append, Fsync, Written
from puntini.store.sqlite import admin, files
from puntini.store.sqlite.store import SqliteStore
from tests.store.children import WITHOUT_RIGHTS, child, reported
from tests.store.making import SESSION, add, begin, everything, many, once, said, task

pytestmark = pytest.mark.anyio


def change(path: Path, sql: str) -> None:
    """Change a file that no store has open."""
    connection = apsw.Connection(str(path))
    connection.execute(sql)
    connection.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the store's file is."""
    return tmp_path / "puntini.db"


# Killed.

APPENDING = """
    async def main():
        store = await open_store(sys.argv[1])
        life = sys.argv[2]
        if not await store.session(SESSION):
            await store.append(begin())
        print(store.epoch, flush=True)
        async def speak(who):
            number = 0
            while True:
                number += 1
                name = f"{life} {who} {number}"
                written = await store.append(add(said(name), once=once(name)))
                print(json.dumps([written.first, name]), flush=True)
        await asyncio.gather(*[speak(who) for who in range(8)])
    asyncio.run(main())
"""


def live_and_die(path: Path, life: int, acknowledged: int) -> tuple[str, dict[int, str]]:
    """Append in a process that is killed after so many acknowledgements; returns its epoch and what it was told."""
    with child(APPENDING, given=[path, life]) as process:
        assert process.stdout is not None
        epoch = process.stdout.readline().strip()
        told = [process.stdout.readline() for _ in range(acknowledged)]
        process.send_signal(signal.SIGKILL)
        told += process.stdout.readlines()
    return epoch, dict(json.loads(line) for line in told if line.endswith("\n"))


async def test_what_was_acknowledged_survives_kills(path: Path) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    chance = random.Random(seed)
    epochs: set[str] = set()
    acknowledged: dict[int, str] = {}

    for life in range(4):
        epoch, told = live_and_die(path, life, chance.randrange(1, 400))
        epochs.add(epoch)
        assert not acknowledged.keys() & told.keys()
        acknowledged |= told

    assert admin.check(path) == []
    store = await SqliteStore.open(str(path))
    log = dict(await everything(store))
    await store.close()
    assert epochs == {store.epoch}
    assert list(log) == list(range(1, len(log) + 1))
    assert {seq: log[seq] for seq in acknowledged} == {seq: said(name) for seq, name in acknowledged.items()}
    assert len(set(log.values())) == len(log)


async def test_a_deletion_that_was_cut_short_is_finished_at_the_next_start(path: Path) -> None:
    store = await SqliteStore.open(str(path))
    await store.append(begin(SESSION, *many(5)))
    await store.close()
    change(path, "DELETE FROM sessions; INSERT INTO doomed VALUES (1)")

    store = await SqliteStore.open(str(path))
    await store.append(begin("ses_2", said()))
    await store.close()

    assert (admin.figures(path).events, admin.check(path)) == (1, [])


async def test_a_creation_that_was_cut_short_is_done_again(path: Path) -> None:
    files.beside(path, ".new").write_bytes(b"half a file")
    files.beside(path, "-wal").write_bytes(b"the log of a file that is gone")

    store = await SqliteStore.open(str(path))
    await store.append(begin(SESSION, said()))
    await store.close()

    assert admin.check(path) == []
    assert not files.beside(path, ".new").exists()


# Out of room.

FILLING = """
    from puntini.errors import StoreUnavailable
    async def main():
        store = await open_store(sys.argv[1])
        await store.append(begin(SESSION, said("first")))
        set_limit()
        acknowledged, refused = [1], ""
        while not refused:
            try:
                acknowledged.append((await store.append(add(said("x" * 5_000), said("y" * 5_000)))).last)
            except StoreUnavailable as error:
                refused = error.message
        kept = [seq for seq, _ in await everything(store)]
        lift_limit()
        written = await store.append(add(said("room again")))
        await store.close()
        print(json.dumps([acknowledged[-1], kept, refused, written.first, admin.check(Path(sys.argv[1]))]))
    asyncio.run(main())
"""
LARGEST_FILE = """
    import resource
    def set_limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
    def lift_limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""
SMALL_DISK = """
    import subprocess
    def set_limit():
        pass
    def lift_limit():
        subprocess.run(["mount", "-o", "remount,size=64m", Path(sys.argv[1]).parent], check=True)
"""


def fill(limit: str, path: Path, within: Sequence[str] = ()) -> str:
    """Append in a process until it is refused, then with room again; returns the sentence it was refused with."""
    report = reported(limit, FILLING, given=[path], within=within)
    acknowledged, kept, refused, again, faults = json.loads(report)
    assert acknowledged > 1
    assert kept == list(range(1, acknowledged + 1))
    assert again == acknowledged + 1
    assert faults == []
    return str(refused)


def test_a_file_that_may_not_grow_refuses_and_goes_on_when_it_may(path: Path) -> None:
    assert "nothing was written" in fill(LARGEST_FILE, path)


def test_a_full_disk_refuses_and_goes_on_when_there_is_room(path: Path) -> None:
    mounts = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=2m none "$0" && exec "$@"', str(path.parent)]
    try:
        subprocess.run([*mounts, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a disk of its own can't be mounted here")

    assert fill(SMALL_DISK, path, mounts) == "The store's disk is full; nothing was written. Make room and try again."


def test_a_store_for_which_there_is_no_room_is_not_made(path: Path) -> None:
    program = """
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (8_192, 8_192))
        try:
            asyncio.run(open_store(sys.argv[1]))
        except Exception as error:
            print(type(error).__name__, error)
    """
    report = reported(program, given=[path])

    assert report.startswith("Misconfigured The store ")
    assert "can't be created" in report
    assert not path.exists()


# Without rights.

OPENING = """
    try:
        asyncio.run(open_store(sys.argv[1]))
    except Exception as error:
        print(type(error).__name__, error)
"""


def test_a_directory_that_can_not_be_written_to_is_named(public: Path) -> None:
    public.chmod(0o555)

    report = reported(WITHOUT_RIGHTS, OPENING, given=[public / "puntini.db"])

    assert report.startswith(f"Misconfigured The store {public / 'puntini.db'} can't be locked: Permission denied.")


def test_a_file_that_can_not_be_written_to_is_named(public: Path) -> None:
    files.create(public / "puntini.db")
    (public / "puntini.db").chmod(0o444)
    public.chmod(0o777)

    report = reported(WITHOUT_RIGHTS, OPENING, given=[public / "puntini.db"])

    assert report == f"Misconfigured The store {public / 'puntini.db'} can't be used: The store is read-only.\n"


# What is no store, or somebody else's.


async def test_a_second_server_is_refused(path: Path) -> None:
    store = await SqliteStore.open(str(path))
    link = path.with_name("link.db")
    link.symlink_to(path)

    for name in (path, link):
        with pytest.raises(Misconfigured, match=r"Another server is using the store .*; stop it"):
            await SqliteStore.open(str(name))

    await store.close()
    await (await SqliteStore.open(str(path))).close()


def test_what_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    letter = "a letter to a friend\n" * 500
    path.write_text(letter)

    with pytest.raises(Misconfigured, match="is not a SQLite file"):
        asyncio.run(SqliteStore.open(str(path)))

    assert path.read_text() == letter


async def test_another_programs_database_is_refused(path: Path) -> None:
    change(path, "CREATE TABLE recipes (name)")

    with pytest.raises(Misconfigured, match="not a Puntini store"):
        await SqliteStore.open(str(path))


async def test_a_store_of_a_schema_that_never_was_released_is_refused(path: Path) -> None:
    store = await SqliteStore.open(str(path))
    await store.close()
    change(path, "PRAGMA user_version = 1")

    with pytest.raises(Misconfigured, match="move it away"):
        await SqliteStore.open(str(path))


async def test_a_newer_programs_store_is_refused(path: Path) -> None:
    files.create(path)
    change(path, "PRAGMA user_version = 999")

    with pytest.raises(Misconfigured, match=r"newer Puntini \(schema 999\); install that version"):
        await SqliteStore.open(str(path))


# After a power cut.


@pytest.mark.parametrize(
    ("durability", "clean", "boot", "stays"),
    [
        ("normal", "0", "another boot", False),
        ("normal", "0", files.boot_id(), True),
        ("normal", "1", "another boot", True),
        ("full", "0", "another boot", True),
    ],
)
async def test_the_epoch_is_renewed_when_commits_may_be_lost(
    path: Path, durability: Fsync, clean: str, boot: str, stays: bool
) -> None:
    before = await SqliteStore.open(str(path), durability=durability)
    await before.close()
    change(path, f"UPDATE meta SET value = '{clean}' WHERE key = 'clean'")
    change(path, f"UPDATE meta SET value = '{boot}' WHERE key = 'boot'")

    after = await SqliteStore.open(str(path), durability="full")
    await after.close()

    assert (after.epoch == before.epoch) == stays


def test_the_epoch_is_renewed_where_boots_can_not_be_told_apart(path: Path) -> None:
    files.create(path)
    connection = files.connect(path, write=True)

    epochs = [files.begin(connection, "normal", boot="") for _ in range(2)]

    connection.close()
    assert epochs[0] != epochs[1]


# How it writes.


async def test_what_waits_together_is_committed_together(path: Path) -> None:
    store = await SqliteStore.open(str(path))
    await store.append(begin())

    await asyncio.gather(*[store.submit(add(said())) for _ in range(1_000)])

    stats = store.stats
    await store.close()
    assert (stats["appends"], stats["events"]) == (1_001, 1_000)
    assert stats["commits"] < 100


SYNCING = """
    import apsw
    synced = 0
    class File(apsw.VFSFile):
        def __init__(self, name, flags):
            super().__init__("unix", name, flags)
        def xSync(self, flags):
            global synced
            synced += 1
            super().xSync(flags)
    class Watched(apsw.VFS):
        def __init__(self):
            super().__init__("watched", "unix", makedefault=True)
        def xOpen(self, name, flags):
            return File(name, flags)
    async def main():
        store = await open_store(sys.argv[1], durability=sys.argv[2])
        await store.append(begin())
        before = synced
        for _ in range(20):
            await store.append(add(said()))
        print(synced - before)
        await store.close()
    watched = Watched()
    asyncio.run(main())
"""


async def test_constant_writing_does_not_grow_the_write_ahead_log_without_end(path: Path) -> None:
    store = await SqliteStore.open(str(path))
    await store.append(begin())
    text = "x" * 16_000

    async def speak() -> None:
        for _ in range(750):
            await store.append(add(said(text)))

    await asyncio.gather(*[speak() for _ in range(10)])

    size = files.beside(path, "-wal").stat().st_size
    await store.close()
    assert size < 80 << 20, "120 MB were written"


@pytest.mark.parametrize(("durability", "least", "most"), [("full", 20, 40), ("normal", 0, 2)])
def test_full_durability_waits_for_the_disk_at_each_commit(
    path: Path, durability: Fsync, least: int, most: int
) -> None:
    syncs = int(reported(SYNCING, given=[path, durability]))

    assert least <= syncs <= most


async def test_a_closed_store_refuses_and_hangs_nobody(path: Path) -> None:
    store = await SqliteStore.open(str(path))
    await store.append(begin(SESSION, *many(3)))
    await store.close()

    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(store.append(add(said())), 5)
    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(store.trim(SESSION, 1), 5)
    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(store.read(SESSION, 0), 5)


UNSTORABLE = {
    "a number too large": add(said(), task=task(max_steps=1 << 70)),
    "a text that is no text": add(said(), once=once("\ud800")),
    "a task of another session": add(said(), task=task(session_id="ses_other")),
}


@pytest.mark.parametrize("write", UNSTORABLE.values(), ids=UNSTORABLE)
async def test_what_can_not_be_stored_is_refused_alone(path: Path, write: Append) -> None:
    store = await SqliteStore.open(str(path))
    await store.append(begin())

    written = asyncio.gather(
        *[store.submit(each) for each in (add(said()), write, add(said()))], return_exceptions=True
    )
    before, refused, after = await asyncio.wait_for(written, 5)

    assert isinstance(refused, Exception)
    assert [before, after] == [Written(SESSION, 1, 1), Written(SESSION, 2, 2)]
    await store.close()


# Private.


async def test_nobody_else_may_read_what_is_kept(path: Path) -> None:
    store = await SqliteStore.open(str(path))
    await store.append(begin())
    admin.backup(path, path.with_name("copy.db"))
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    await store.close()

    assert set(modes) > {"puntini.db", "puntini.db-wal", "puntini.db.lock", "copy.db"}
    assert set(modes.values()) == {0o600}


def test_a_lock_that_is_a_link_is_not_followed(path: Path) -> None:
    target = path.with_name("precious")
    target.write_text("gold")
    path.with_name("puntini.db.lock").symlink_to(target)

    with pytest.raises(Misconfigured, match="can't be locked"):
        files.lock(path)

    assert target.read_text() == "gold"
