"""``puntini store`` and ``puntini user`` on a Postgres database."""

import re
from collections.abc import Iterator
from pathlib import Path

import anyio
import psycopg
import pytest
from psycopg import sql

from puntini.log.documents import Document
from puntini.store.open import open_store
from tests.cli.conftest import Call
from tests.cli.terminal import puntini
from tests.postgres import Postgres
from tests.store.making import NOW, SESSION, add, begin, end_task, said, start_task

OK, FAILED, USAGE = 0, 1, 2
PASSWORD = "wet hammock, nineteen lions"


async def fill(dsn: str) -> None:
    """A session with a task, and a document."""
    store = await open_store(dsn)
    await store.append(begin(SESSION, said("one")))
    await store.append(start_task())
    await store.append(end_task())
    await store.append(add(said("the last")))
    row = Document(document_id="doc_1", owner="ana", title="Bees", created_at=NOW, size=9, passages=2)
    await store.add_document(row, ["a queen", "workers"])
    await store.close()


@pytest.fixture(scope="module")
def model(postgres_server: Postgres) -> Iterator[str]:
    """A database that holds something, of which others are made."""
    dsn = postgres_server.database()
    anyio.run(fill, dsn)
    yield dsn
    postgres_server.drop(dsn)


@pytest.fixture
def filled(postgres_server: Postgres, model: str) -> Iterator[str]:
    """A database of one's own that holds something."""
    name = f"{model.rpartition('/')[2]}_copy"
    made = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*map(sql.Identifier, (name, name.removesuffix("_copy"))))
    postgres_server.execute("postgres", made)
    yield postgres_server.dsn(name)
    postgres_server.drop(postgres_server.dsn(name))


# The schema.


def test_an_empty_database_gets_its_schema_step_by_step_and_once(call: Call, bare: str) -> None:
    flag = f"--store={bare}"
    unsound = call("store", "check", flag)

    looked = call("store", "migrate", "--dry-run", flag)
    taken = call("store", "migrate", flag)
    again = call("store", "migrate", flag)
    sound = call("store", "check", flag)

    assert unsound.out.startswith("There is no schema of ours in the database; `puntini store migrate` makes it.\n")
    assert looked.out.splitlines()[0] == "Missing: step 1, log."
    assert taken.out == looked.out.replace("Missing", "Taken")
    assert again.out == f"{bare} has the schema that this version needs.\n"
    assert sound.out.startswith(f"{bare} is sound: 0 sessions, 0 events, ")
    assert [each.code for each in (unsound, looked, taken, again, sound)] == [FAILED, OK, OK, OK, OK]


def test_a_newer_schema_is_refused_and_told(call: Call, filled: str) -> None:
    execute(filled, "INSERT INTO steps VALUES (99, 'later', 99)")

    migrated, checked = call("store", "migrate", f"--store={filled}"), call("store", "check", f"--store={filled}")

    assert (migrated.code, "too old; update it" in migrated.err) == (USAGE, True)
    assert checked.out.startswith("Step 99 of the schema is from a newer Puntini; install that to look at it.\n")


# Whether it is sound.


def execute(dsn: str, statement: str) -> None:
    """Have something done to a database."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statement.encode())


def test_a_sound_database_is_told_with_what_it_holds(call: Call, filled: str) -> None:
    ran = call("store", "check", f"--store={filled}")

    assert (ran.code, ran.err) == (OK, "")
    assert re.fullmatch(rf"{re.escape(filled)} is sound: 1 session, 4 events, [\d,]+ bytes\.\n", ran.out)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("DELETE FROM events WHERE first = 2", r"Session ses_1: events 2 to 2 are missing\."),
        ("UPDATE sessions SET head = 9", r"Session ses_1: events 5 to 9 are missing\."),
        ("UPDATE sessions SET head = 3", r"Session ses_1: events 4 to 4 are behind the last seq that was given\."),
        ("UPDATE events SET body = '{}' WHERE first = 4", r"Session ses_1: event 4 can't be read: .*"),
        ("UPDATE events SET size = 1 WHERE first = 4", r".*events 4 to 4 has another size than it says\."),
        ("UPDATE events SET first = 7, last = 7 WHERE first = 4", r"Session ses_1: events 4 to 6 are missing\."),
        ("UPDATE tasks SET status = 'running'", r"Session ses_1: task tsk_1 is running, but ends at event 3\."),
        ("UPDATE tasks SET session = 99", r"There are tasks of session number 99, which does not exist\."),
        ("UPDATE events SET session = 99 WHERE first = 4", r"There are events of session number 99, .*"),
        ("INSERT INTO members VALUES ('ben', 99, 'viewer')", r"There are members of session number 99, .*"),
        ("DELETE FROM spans", r"Session ses_1: the list of its days does not have event 1, of day \d+\."),
        ("UPDATE spans SET day = 7", r"There is no table events_7 for the events of a day .*"),
        ("DELETE FROM passages WHERE place = 1", r"Document doc_1 has 1 passages and should have 2\."),
        ("DELETE FROM documents", r"There are passages of document number 1, which does not exist\."),
        ("DELETE FROM meta", r"The store has no epoch; give it one with `puntini store new-epoch`\."),
    ],
)
def test_each_fault_is_told_in_a_line(call: Call, filled: str, damage: str, told: str) -> None:
    execute(filled, damage)

    ran = call("store", "check", f"--store={filled}")

    assert (ran.code, ran.err) == (FAILED, "")
    assert any(re.fullmatch(told, line) for line in ran.out.splitlines()), ran.out


# A new life.


def test_a_new_epoch_is_begun_and_only_while_nobody_uses_the_database(call: Call, filled: str) -> None:
    with psycopg.connect(filled, application_name="puntini"):
        refused = call("store", "new-epoch", f"--store={filled}")

    begun = call("store", "new-epoch", f"--store={filled}")

    assert refused == (USAGE, "", "puntini: Servers or workers are using the database; stop them first.\n")
    epoch = re.fullmatch(rf"{re.escape(filled)}: the epoch is (\w+) now\.\n", begun.out)
    assert epoch
    assert anyio.run(_epoch, filled) == epoch[1]


async def _epoch(dsn: str) -> str:
    store = await open_store(dsn)
    await store.close()
    return store.epoch


# What it can't do, in a sentence, and without a password.


def test_no_password_is_told(call: Call, filled: str, tmp_path: Path) -> None:
    secret = "hunter2%40secret"
    flag = f"--store={filled.replace('puntini@', f'puntini:{secret}@')}"
    file, to = str(tmp_path / "a.db"), flag.partition("=")[2]

    ran = [
        *(call("store", name, flag) for name in ("check", "migrate", "new-epoch")),
        call("store", "backup", "x.dump", flag),
        call("store", "copy", file, to),
        call("store", "copy", to, to),
        call("store", "check", f"{flag}_none"),
        call("store", "check", flag.replace("127.0.0.1", "%zz")),
        call("user", "list", flag),
    ]

    assert [each.code for each in ran] == [OK, OK, OK, USAGE, USAGE, USAGE, FAILED, USAGE, OK]
    assert not [each for each in ran if "hunter2" in each.out + each.err]
    assert f"pg_dump --format=custom --file=x.dump {filled}" in ran[3].err


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("none.db", "There is no store at none.db; name the file of one."),
        ("memory:", "The store memory: is no SQLite file; name one as FROM."),
        (str(Path(__file__)), f"{__file__} is not a SQLite file; name the file of a store."),
        ("postgresql://h/d", "A database is copied by Postgres's own tools: `pg_dump` and `pg_restore`."),
    ],
)
def test_what_can_t_be_copied_is_told(call: Call, bare: str, source: str, why: str) -> None:
    assert call("store", "copy", source, bare) == (USAGE, "", f"puntini: {why}\n")


def test_a_copy_goes_to_a_database_alone(call: Call) -> None:
    ran = call("store", "copy", "a.db", "b.db")
    assert "The store b.db is no Postgres database; name one as TO, postgresql://" in ran.err


def test_nothing_is_copied_over_something(call: Call, filled: str, tmp_path: Path) -> None:
    file = tmp_path / "puntini.db"
    anyio.run(fill, str(file))

    ran = call("store", "copy", str(file), filled)

    assert ran == (USAGE, "", "puntini: The database holds something already; name an empty one to copy to.\n")
    assert call("store", "check", f"--store={filled}").code == OK


# Accounts.


def test_accounts_are_made_and_changed_in_a_database(call: Call, bare: str, tmp_path: Path) -> None:
    flag = f"--store={bare}"
    for name in ("ann", "bob"):
        made = puntini("user", "add", name, "--password-stdin", flag, typed=f"{PASSWORD}\n", cwd=tmp_path)
        assert made == (OK, f"{name} can log in now, as {'an admin' if name == 'ann' else 'a user'}.\n", "")

    assert call("user", "disable", "bob", flag).out == "bob is disabled.\n"
    assert call("user", "list", flag).out == "ann\tadmin\tenabled\tnever\nbob\tuser\tdisabled\tnever\n"
