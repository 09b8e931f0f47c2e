"""Looking after a store's file from outside: every fault that ``check`` knows, made by hand in a real file."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import apsw
import pytest

from puntini.errors import Misconfigured, StoreUnavailable
from puntini.log.contract import Snapshot, Store
from puntini.store.open import open_store
from puntini.store.sqlite import admin, files
from tests.store.children import WITHOUT_RIGHTS, reported
from tests.store.making import SESSION, add, begin, end_task, everything, many, once, said, start_task

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the store's file is."""
    return tmp_path / "puntini.db"


@pytest.fixture
async def running(path: Path) -> AsyncIterator[Store]:
    """A store that is open: one trimmed session with a task that ended, one that goes on, a snapshot and a command."""
    store = await open_store(str(path))
    await store.append(begin(SESSION, *many(3)))
    await store.append(start_task(once=once("c1")))
    await store.append(add(*many(2)))
    await store.append(end_task())
    await store.append(start_task("tsk_2"))
    await store.save_snapshot(SESSION, Snapshot(2, b"{}"))
    await store.trim(SESSION, 2)
    await store.erase(SESSION, [5])
    yield store
    with suppress(StoreUnavailable):  # a test may have closed it
        await store.close()


@pytest.fixture
async def sound(running: Store, path: Path) -> Path:
    """The same, closed."""
    await running.close()
    return path


def spoil(path: Path, sql: str) -> None:
    """Change a file behind the store's back."""
    connection = apsw.Connection(str(path))
    connection.execute(sql)
    connection.close()


def names_beside(path: Path) -> list[str]:
    """The files in the store's directory."""
    return sorted(each.name for each in path.parent.iterdir())


# Checking.


async def test_a_sound_file_has_no_faults(sound: Path) -> None:
    assert admin.check(sound) == []


async def test_a_running_store_can_be_checked_and_goes_on(running: Store, path: Path) -> None:
    assert admin.check(path) == []

    assert (await running.append(add(said()))).first == 9


async def test_a_store_that_changes_all_the_time_has_no_faults(running: Store, path: Path) -> None:
    async def change() -> None:
        number = 0
        while not checking.done():
            number += 1
            name = f"ses_x{number}"
            await running.append(begin(name, *many(20)))
            await running.append(start_task(f"tsk_x{number}", once=once(f"x{number}")))
            await running.append(end_task(f"tsk_x{number}"))
            await running.trim(SESSION, number)
            await running.delete_session(name)

    def check() -> list[str]:
        return [fault for _ in range(30) for fault in admin.check(path)]

    checking = asyncio.create_task(asyncio.to_thread(check))
    await change()

    assert await checking == []


async def test_a_store_without_one_of_its_tables_is_a_fault(sound: Path) -> None:
    spoil(sound, "DROP TABLE tasks")

    assert admin.check(sound) == ["SQLite can't read the file further: no such table: tasks."]
    with pytest.raises(Misconfigured, match="can't be read"):
        admin.figures(sound)


def test_damage_to_what_says_what_is_in_the_file_is_a_fault(path: Path) -> None:
    files.create(path)
    with path.open("r+b") as file:  # the names of its tables are here, or in pages that are named here
        file.seek(100)
        file.write(b"\xa5" * 1_000)

    [fault] = admin.check(path)

    assert fault.startswith(f"{path} is damaged: ")


def test_a_store_can_be_checked_where_nothing_can_be_written(public: Path) -> None:
    files.create(public / "puntini.db")
    (public / "puntini.db").chmod(0o644)
    public.chmod(0o555)

    report = reported(WITHOUT_RIGHTS, "print(admin.check(Path(sys.argv[1])))", given=[public / "puntini.db"])

    assert report == "[]\n"
    assert names_beside(public / "puntini.db") == ["puntini.db"]


FAULTS = [
    ("DELETE FROM events WHERE first = 5", "events 5 to 6 are missing"),
    ("DELETE FROM events WHERE first = 1", "events 3 to 3 are missing"),
    ("INSERT INTO events SELECT 99, session, first, last, at, size, body FROM events WHERE first = 5", "5 is there tw"),
    ("UPDATE events SET last = 9 WHERE first = 8", "the row of events 8 to 9 holds 1"),
    ("UPDATE events SET size = size + 1 WHERE first = 5", "the row of events 5 to 6 has another size than it says"),
    ("UPDATE events SET body = '{}', size = 2 WHERE first = 8", "event 8 can't be read: "),
    ("UPDATE events SET body = x'ff', size = 1 WHERE first = 8", "event 8 can't be read: "),
    (
        "UPDATE events SET body = '', size = 0 WHERE first = 7",
        "task tsk_1 is completed at event 7, but the log has no e",
    ),
    ("UPDATE tasks SET status = 'failed' WHERE id = 'tsk_1'", "is failed at event 7, but the log has completed at eve"),
    ("UPDATE tasks SET last_seq = 6 WHERE id = 'tsk_1'", "is completed at event 6, but the log has completed at eve"),
    ("UPDATE tasks SET last_seq = 0 WHERE id = 'tsk_1'", "is completed at event 0, which is not in the log"),
    ("UPDATE tasks SET last_seq = 99 WHERE id = 'tsk_1'", "is completed at event 99, which is not in the log"),
    ("UPDATE tasks SET status = 'running', last_seq = 0 WHERE id = 'tsk_1'", "tsk_1 is running, but ends at event 7"),
    ("UPDATE tasks SET status = 'lost' WHERE id = 'tsk_2'", "has a status that is not known, 'lost'"),
    ("UPDATE tasks SET first_seq = 99 WHERE id = 'tsk_2'", "task tsk_2 begins at event 99, which is not in the log"),
    ("UPDATE tasks SET first_seq = 3 WHERE id = 'tsk_2'", "task tsk_2 begins at event 3, which is not its own"),
    ("UPDATE snapshots SET seq = 1", "a snapshot is at event 1, which is not in the log"),
    ("UPDATE snapshots SET seq = 99", "a snapshot is at event 99, which is not in the log"),
    ("UPDATE snapshots SET body = x'7b'", "the snapshot at event 2 can't be read: "),
    ("UPDATE outcomes SET last = 99", "command 'c1' wrote events 4 to 99, which are not in the log"),
    ("UPDATE outcomes SET first = 0", "command 'c1' wrote events 0 to 4, which are not in the log"),
    ("UPDATE outcomes SET task = 'tsk_9'", "command 'c1' began task tsk_9, which does not exist"),
    ("UPDATE sessions SET status = 'lost'", "Session ses_1: the status 'lost' is not known"),
]


@pytest.mark.parametrize(("sql", "sentence"), FAULTS)
async def test_a_fault_is_found_and_told(sound: Path, sql: str, sentence: str) -> None:
    spoil(sound, sql)

    [fault] = admin.check(sound)

    assert sentence in fault
    assert fault.startswith("Session ses_1: ")
    assert fault.endswith(".")


@pytest.mark.parametrize("table", ["events", "tasks", "outcomes", "snapshots"])
async def test_what_belongs_to_no_session_is_a_fault(sound: Path, table: str) -> None:
    spoil(sound, "DELETE FROM sessions")
    spoil(
        sound,
        "; ".join(f"DELETE FROM {each}" for each in ("events", "tasks", "outcomes", "snapshots") if each != table),
    )

    assert admin.check(sound) == [f"There are {table} of session number 1, which does not exist."]


async def test_the_events_of_a_session_that_is_being_deleted_are_no_fault(sound: Path) -> None:
    spoil(sound, "DELETE FROM sessions; DELETE FROM tasks; DELETE FROM outcomes; DELETE FROM snapshots")
    spoil(sound, "INSERT INTO doomed VALUES (1)")

    assert admin.check(sound) == []


async def test_rows_below_the_floor_that_a_crash_left_are_no_fault(sound: Path) -> None:
    spoil(sound, "UPDATE sessions SET floor = 5; DELETE FROM snapshots")

    assert admin.check(sound) == []


async def test_a_task_has_one_end_in_the_log(running: Store, path: Path) -> None:
    await running.append(add(*[entry for _, entry in await everything(running) if entry.kind == "task_completed"]))

    assert admin.check(path) == ["Session ses_1: task tsk_1 ends twice, at events 7 and 9."]


async def test_a_snapshot_is_read_by_whoever_can(sound: Path) -> None:
    def decode(_body: bytes) -> None:
        raise ValueError("not a view")

    assert admin.check(sound, decode_snapshot=decode) == [
        "Session ses_1: the snapshot at event 2 can't be read: not a view."
    ]


@pytest.mark.parametrize("sql", ["PRAGMA user_version = 0", "DELETE FROM meta WHERE key = 'epoch'"])
async def test_a_store_without_version_or_epoch_is_a_fault(sound: Path, sql: str) -> None:
    spoil(sound, sql)

    assert len(admin.check(sound)) == 1


async def test_a_damaged_page_is_a_fault(sound: Path) -> None:
    connection = apsw.Connection(str(sound))
    page = int(connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'events'").get)
    connection.close()
    with sound.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\x55" * 4096)

    found = admin.check(sound)

    assert found
    assert "SQLite" in found[0]


async def test_many_faults_are_cut_off(sound: Path) -> None:
    rows = ", ".join(f"({number}, {number}, x'7b7d')" for number in range(10, 200))
    spoil(sound, f"INSERT INTO snapshots VALUES {rows}")

    assert len(admin.check(sound)) == admin.MOST_FAULTS


# Copying.


async def test_a_backup_holds_what_the_store_holds(running: Store, path: Path, tmp_path: Path) -> None:
    copied = admin.backup(path, tmp_path / "copy.db")

    assert (copied.sessions, copied.tasks, copied.events) == (1, 2, 8)
    assert admin.check(tmp_path / "copy.db") == []
    assert [name for name in names_beside(path) if name.startswith("copy")] == ["copy.db"]


async def test_a_backup_of_a_store_that_is_written_to_is_a_prefix_of_it(
    running: Store, path: Path, tmp_path: Path
) -> None:
    async def write() -> None:
        while not copying.done():
            await asyncio.gather(*[running.append(add(*many(20))) for _ in range(5)])

    await asyncio.gather(*[running.append(add(said("x" * 10_000))) for _ in range(200)])
    copying = asyncio.create_task(asyncio.to_thread(admin.backup, path, tmp_path / "copy.db"))
    await write()

    assert admin.check(tmp_path / "copy.db") == []
    copy = await open_store(str(tmp_path / "copy.db"))
    kept = await everything(copy)
    await copy.close()
    assert len(kept) >= 200
    assert kept == (await everything(running))[: len(kept)]


async def test_a_backup_starts_a_new_epoch_each_time_it_is_put_back(
    sound: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    admin.backup(sound, tmp_path / "copy.db")
    original = admin.figures(sound).epoch
    epochs = {original}

    for name in ("first.db", "second.db"):
        (tmp_path / name).write_bytes((tmp_path / "copy.db").read_bytes())
        store = await open_store(str(tmp_path / name), durability="full")
        epochs.add(store.epoch)
        await store.close()

    assert len(epochs) == 3
    said = [line for line in capsys.readouterr().out.splitlines() if "a new epoch begins" in line]
    assert len(said) == 2
    assert all("the file is a backup" in line for line in said)


async def test_a_backup_overwrites_nothing(sound: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("precious")

    with pytest.raises(Misconfigured, match="exists already; name a new file"):
        admin.backup(sound, tmp_path / "copy.db")

    assert (tmp_path / "copy.db").read_text() == "precious"


async def test_a_backup_into_no_directory_says_so(sound: Path, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="There is no directory"):
        admin.backup(sound, tmp_path / "nowhere" / "copy.db")


async def test_a_backup_that_can_not_be_written_leaves_nothing(sound: Path) -> None:
    with pytest.raises(StoreUnavailable, match="can't be written"):
        admin.backup(sound, Path("/proc/copy.db"))


# A new life.


async def test_a_new_epoch_is_the_epoch_of_the_next_server(sound: Path) -> None:
    before = admin.figures(sound).epoch

    epoch = admin.new_epoch(sound)

    store = await open_store(str(sound))
    await store.close()
    assert store.epoch == epoch != before


async def test_a_store_in_use_keeps_its_epoch(running: Store, path: Path) -> None:
    with pytest.raises(Misconfigured, match="Another server is using"):
        admin.new_epoch(path)

    assert admin.figures(path).epoch == running.epoch


# Wrong input.


def not_there(path: Path) -> None:
    """No file at all."""


def a_directory(path: Path) -> None:
    """A directory of that name."""
    path.mkdir()


def a_text(path: Path) -> None:
    """Something else."""
    path.write_text("not a database, but long enough to look at" * 100)


def another_database(path: Path) -> None:
    """Somebody else's SQLite file."""
    spoil(path, "CREATE TABLE t (x)")


def a_newer_store(path: Path) -> None:
    """A store of a later version."""
    files.create(path)
    spoil(path, "PRAGMA user_version = 999")


def copy(path: Path) -> None:
    """Back it up beside itself."""
    admin.backup(path, path.with_name("copy.db"))


WRONG = [
    (not_there, "There is no store at"),
    (a_directory, "is not a file; name"),
    (a_text, "is not a SQLite file"),
    (another_database, "not a Puntini store"),
    (a_newer_store, "newer Puntini .* install that version"),
]


@pytest.mark.parametrize(("make", "sentence"), WRONG)
@pytest.mark.parametrize("ask", [admin.check, admin.figures, admin.new_epoch, copy])
def test_what_is_no_store_is_refused_with_a_sentence(path: Path, ask: object, make: object, sentence: str) -> None:
    assert callable(make)
    assert callable(ask)
    make(path)
    there = names_beside(path)

    with pytest.raises(Misconfigured, match=sentence):
        ask(path)

    assert names_beside(path) == there
