"""A SQLite store's file is copied to a Postgres database: everything, whole or not at all."""

import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from puntini.errors import Misconfigured, StoreUnavailable
from puntini.log.contract import Kept, Snapshot, Store
from puntini.log.documents import Document
from puntini.store.copying import OLDEST_DAYS, copy
from puntini.store.open import open_store
from puntini.store.postgres.admin import check
from puntini.store.sqlite.admin import figures
from puntini.store.sqlite.source import source
from puntini.views.session import SessionView
from tests.store.making import SESSION, add, begin, end_task, everything, many, once, said, start_task, task
from tests.store.test_contract_vectors import SPACE, fill, near

pytestmark = pytest.mark.anyio
ODD = "odd \0 \1 \ue000 Ünïcödé \u2028 'quoted'"
DAY_MS = 86_400_000
NOW_MS = time.time_ns() // 1_000_000


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    """A store with a bit of everything, years of it."""
    path = tmp_path / "puntini.db"
    store = await open_store(str(path))
    for number, at in enumerate((0, NOW_MS - 400 * DAY_MS, NOW_MS - 3 * DAY_MS)):
        await store.append(begin(f"ses_{number}", *many(3), at=at))
    await store.amend("ses_1", at=NOW_MS, title=ODD)
    for at in (NOW_MS - DAY_MS, NOW_MS - 2 * DAY_MS, NOW_MS + 9 * DAY_MS):  # a clock that jumps
        await store.append(add(said(ODD), to="ses_2", at=at, once=once(f"{ODD} {at}", "ses_2")))
    await store.append(start_task())
    await store.append(end_task())
    await store.append(add(to="ses_2", task=task("tsk_2", "ses_2", "waiting", prompt=ODD, cost_usd=0.1), at=NOW_MS))
    await store.erase("ses_2", [2])
    await store.trim("ses_0", 2)
    await store.save_snapshot("ses_2", Snapshot(4, SessionView().encode()))
    await store.share("ses_2", "ben", "editor")
    await store.keep([Kept("ses_2", "checkpoint", ODD, bytes(range(256))), Kept("users", "user", "ann", b"{}")])
    row = Document(document_id="doc_1", owner="ana", title=ODD, created_at=9, size=9, passages=40)
    await store.add_document(row, [f"{ODD} {number} red" for number in range(39)] + ["the rarest blue"])
    await fill(store)
    await store.close()
    return path


async def told(store: Store) -> dict[str, Any]:
    """All that a store tells."""
    sessions = (await store.sessions(limit=9, offset=0))[0]
    ids = [row.session_id for row in sessions]
    return {
        "sessions": sessions,
        "events": [await everything(store, each) for each in ids],
        "bounds": [await store.bounds(each) for each in ids],
        "tasks": await store.tasks(),
        "members": [await store.members(each) for each in ids],
        "snapshot": await store.snapshot("ses_2", 9),
        "kept": [await store.kept_all(*place) for place in (("ses_2", "checkpoint"), ("users", "user"))],
        "outcome": await store.outcome(once(f"{ODD} {NOW_MS - DAY_MS}", "ses_2")),
        "documents": await store.documents(limit=9, offset=0),
        "search": [(hit.passage, hit.text) for hit in await store.by_words("rarest")],
        "near": await near(store, "blue", limit=3),
        "bare": await store.bare(SPACE, -1),
        "ends": await store.ends(limit=9),
        "epoch": store.epoch,
    }


async def copied(file: Path, target: str) -> list[tuple[str, int, int]]:
    """Copy, and return what was told meanwhile."""
    progress: list[tuple[str, int, int]] = []
    with source(file) as opened:
        await copy(opened, target, lambda *at: progress.append(at))
    return progress


async def opened(url: str) -> dict[str, Any]:
    """What a store tells that is opened for it."""
    store = await open_store(url)
    try:
        return await told(store)
    finally:
        await store.close()


async def test_the_copy_tells_what_the_file_does(file: Path, bare: str) -> None:
    before = await opened(str(file))

    progress = await copied(file, bare)

    assert await opened(bare) == before
    assert check(bare, SessionView.decode) == []
    assert ("sessions", 3, 3) in progress
    assert ("passages", 40, 40) in progress


async def test_days_do_not_go_back_nor_far(file: Path, bare: str) -> None:
    await copied(file, bare)

    today = NOW_MS // DAY_MS
    with psycopg.connect(bare) as connection:
        rows = connection.execute("SELECT session, array_agg(day ORDER BY first) FROM events GROUP BY 1 ORDER BY 1")
        days = {session: [day - today for day in found] for session, found in rows}

    assert days == {1: [-OLDEST_DAYS], 2: [-OLDEST_DAYS] * 3, 3: [-3, -1, -1, 0]}


async def test_life_goes_on_behind_the_copy(file: Path, bare: str) -> None:
    await copied(file, bare)
    store = await open_store(bare)

    await store.append(begin("ses_new", said()))
    written = await store.append(add(said("more"), to="ses_2"))
    row = Document(document_id="doc_2", owner="ana", title="T", created_at=9, size=9, passages=1)
    await store.add_document(row, ["new"])

    assert written.first == 7
    assert [row.session_id for row in (await store.sessions(limit=1, offset=0))[0]] == ["ses_new"]
    assert (await store.documents(limit=1, offset=0))[0] == [row]
    await store.close()


async def test_a_server_on_the_file_says_why_it_begins_a_new_epoch(
    file: Path, bare: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await copied(file, bare)
    before = figures(file).epoch
    assert "new epoch" not in capsys.readouterr().out

    store = await open_store(str(file))
    await store.close()

    assert store.epoch != before
    assert "the file was copied to a database, which has its ids now" in capsys.readouterr().out


async def test_what_arrives_changed_is_not_kept(file: Path, bare: str) -> None:
    await (await open_store(bare)).close()
    with psycopg.connect(bare, autocommit=True) as connection:
        connection.execute(
            """CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN NEW.body := 'spoilt'; RETURN NEW; END $$;
            CREATE TRIGGER spoil BEFORE INSERT ON snapshots FOR EACH ROW EXECUTE FUNCTION spoil()"""
        )

    with pytest.raises(StoreUnavailable, match="What the database has of snapshots is not what was copied"):
        await copied(file, bare)

    assert (await opened(bare))["sessions"] == []


async def test_a_database_that_holds_something_stays_as_it_is(file: Path, bare: str) -> None:
    store = await open_store(bare)
    await store.append(begin(SESSION, said("here before")))

    with pytest.raises(Misconfigured, match="holds something already"):
        await copied(file, bare)

    assert [entry for _, entry in await everything(store)] == [said("here before")]
    await store.close()


async def test_a_file_in_use_is_not_copied(file: Path) -> None:
    store = await open_store(str(file))

    with pytest.raises(Misconfigured, match="Another server is using the store"), source(file):
        pass
    await store.close()
