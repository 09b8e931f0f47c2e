"""Documents in SQLite when things go wrong, and how little others notice of them."""

import asyncio
import time
from itertools import pairwise
from pathlib import Path

import apsw
import pytest

from puntini.store.open import open_store
from puntini.store.sqlite import admin
from tests.store.children import child
from tests.store.making import add, begin, said
from tests.store.test_contract_documents import found, keep
from tests.store.test_contract_vectors import SPACE, fill, near

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the store's file is."""
    return tmp_path / "puntini.db"


def change(path: Path, sql: str) -> None:
    """Change a file that no store has open."""
    connection = apsw.Connection(str(path))
    connection.execute(sql)
    connection.close()


def counted(path: Path, sql: str) -> int:
    """A number from a file."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    with connection:
        number = int(connection.execute(sql).get)
    connection.close()
    return number


ADDING = """
    from tests.store.test_contract_documents import keep
    async def main():
        store = await open_store(sys.argv[1])
        await keep(store, "doc_whole", "a needle that stays")
        if sys.argv[2] == "removing":
            await keep(store, "doc_1", *["needle"] * 5000)
            print("go", flush=True)
            await store.remove_document("doc_1")
        else:
            print("go", flush=True)
            await keep(store, "doc_1", *["needle"] * 500_000)
    asyncio.run(main())
"""


@pytest.mark.parametrize("doing", ["adding", "removing"])
async def test_a_kill_in_the_middle_leaves_nothing_half(path: Path, doing: str) -> None:
    with child(ADDING, given=[path, doing]) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "go\n"
        deadline = time.monotonic() + 20
        while counted(path, "SELECT count(*) FROM unfinished") == 0 and time.monotonic() < deadline:
            await asyncio.sleep(0.001)
        while counted(path, "SELECT count(*) FROM passages") in {1, 5001} and time.monotonic() < deadline:
            await asyncio.sleep(0.001)
        process.kill()
    assert counted(path, "SELECT count(*) FROM passages") > 1, "it was in the middle"

    store = await open_store(str(path))

    assert await found(store, "needle", limit=9) == [("doc_whole", 0)]
    assert (await store.documents(limit=9, offset=0))[1] == 1
    await store.close()
    assert admin.check(path) == []
    assert counted(path, "SELECT count(*) FROM passages") == 1
    assert counted(path, "SELECT count(*) FROM unfinished") == 0


async def test_documents_are_there_in_another_life_and_in_a_backup(path: Path) -> None:
    store = await open_store(str(path))
    row = await keep(store, "doc_1", "a needle", "hay")
    copy = path.with_name("copy.db")
    admin.backup(path, copy)
    await store.close()

    for file in (path, copy):
        store = await open_store(str(file))
        assert await found(store, "needle") == [("doc_1", 0)]
        assert await store.document("doc_1") == row
        await store.close()
        assert admin.check(file) == []


async def test_a_file_without_a_place_for_documents_is_given_one(path: Path) -> None:
    await (await open_store(str(path))).close()
    change(path, "DROP TABLE documents; DROP TABLE passages; DROP TABLE unfinished")
    assert admin.check(path) == ["There is no place for documents in it; a server that is started with it makes one."]

    store = await open_store(str(path))
    await keep(store, "doc_1", "a needle")

    assert await found(store, "needle") == [("doc_1", 0)]
    await store.close()
    assert admin.check(path) == []


async def test_a_file_without_a_place_for_vectors_is_given_one(path: Path) -> None:
    store = await open_store(str(path))
    await keep(store, "doc_1", "a needle")
    await store.close()
    change(path, "DROP TABLE vectors")
    assert admin.check(path) == []

    store = await open_store(str(path))
    await fill(store)

    assert await near(store, "red") == ["a needle"]
    await store.close()


async def test_vectors_are_there_in_another_life_and_go_with_their_document(path: Path) -> None:
    store = await open_store(str(path))
    await keep(store, "doc_1", *["red"] * 100)
    await keep(store, "doc_2", "blue")
    await fill(store)
    await store.close()

    store = await open_store(str(path))
    assert await store.bare(SPACE, -1) is None
    await store.remove_document("doc_1")
    assert await near(store, "red") == ["blue"]
    await store.close()

    assert admin.check(path) == []
    assert counted(path, "SELECT count(*) FROM vectors") == 1


async def test_vectors_of_no_document_are_a_fault(path: Path) -> None:
    store = await open_store(str(path))
    await keep(store, "doc_1", "red")
    await fill(store)
    await store.close()
    change(path, "UPDATE vectors SET first = first + (7 << 32)")

    assert admin.check(path) == ["There are vectors of document number 8, which does not exist."]


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        ("DELETE FROM passages WHERE text = 'hay'", "Document doc_1 has 1 passages and should have 2."),
        ("DELETE FROM documents", "There are passages of document number 1, which does not exist."),
        (
            "DELETE FROM passages_content",
            "SQLite finds the file damaged: malformed inverted index for FTS5 table main.passages.",
        ),
    ],
)
async def test_a_fault_is_found(path: Path, sql: str, fault: str) -> None:
    store = await open_store(str(path))
    await keep(store, "doc_1", "a needle", "hay")
    await store.close()
    change(path, sql)

    assert admin.check(path) == [fault]


async def test_a_document_that_is_being_written_is_no_fault(path: Path) -> None:
    store = await open_store(str(path))
    adding = asyncio.ensure_future(keep(store, "doc_1", *["needle"] * 1_000))

    checks = 0
    while not adding.done():
        assert await asyncio.to_thread(admin.check, path) == []
        checks += 1

    assert checks
    await store.close()


async def test_appends_go_on_while_a_large_document_comes_and_goes(path: Path) -> None:
    store = await open_store(str(path))
    await store.append(begin())
    words = " ".join(f"word{number}" for number in range(150))

    async def come_and_go() -> None:
        await keep(store, "doc_1", *[words] * 1_000)
        await store.remove_document("doc_1")

    working = asyncio.ensure_future(come_and_go())
    times = [time.monotonic()]
    while not working.done():
        await store.append(add(said()))
        times.append(time.monotonic())

    await working
    await store.close()
    waits = sorted(after - before for before, after in pairwise(times))
    assert len(waits) > 60, "one append a slice at least"
    assert waits[len(waits) // 2] < 0.05


async def test_of_more_passages_than_can_be_ranked_the_newest_are(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("puntini.store.sqlite.documents.RANKED", 10)
    store = await open_store(str(path))
    for number in range(4):
        await keep(store, f"doc_{number}", *["common"] * 5, owner="ana")
    await keep(store, "doc_rare", "common and rare", *["other"] * 20, owner="ben")

    newest = {hit.document_id for hit in await store.by_words("common", limit=99, owner="ana")}
    rare = await found(store, "common rare", limit=99)

    await store.close()
    assert newest == {"doc_2", "doc_3"}
    assert rare == [("doc_rare", 0)], "what is rare decides"
