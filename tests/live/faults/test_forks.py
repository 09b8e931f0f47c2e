"""The server is killed with SIGKILL while it copies a large session: the fork is there whole or not at all."""

import asyncio
import time
from pathlib import Path
from threading import Thread

import httpx
import pytest

from puntini.store.open import open_store
from puntini.store.sqlite import admin
from tests.live.serving import serving
from tests.store.making import SESSION, add, begin, many

EVENTS = 100_000


async def large(path: Path) -> None:
    """A store with one session of many events."""
    store = await open_store(str(path))
    await store.append(begin())
    some = many(500)
    for _ in range(EVENTS // 500):
        await store.append(add(*some))
    await store.close()


@pytest.mark.parametrize("seconds", [0.005, 0.03])
def test_a_fork_that_is_cut_short_is_made_by_the_repeat(tmp_path: Path, seconds: float) -> None:
    asyncio.run(large(tmp_path / "puntini.db"))
    with serving(tmp_path) as server:
        address = f"/v1/sessions/{SESSION}/fork"

        def forked() -> httpx.Response:
            return server.ask("POST", address, headers={"idempotency-key": "k"})

        def cut_short() -> None:
            with pytest.raises(httpx.TransportError):
                forked()

        asking = Thread(target=cut_short)
        asking.start()
        time.sleep(seconds)  # not to wait for something: to die at any moment
        server.kill()
        asking.join()
        assert admin.check(tmp_path / "puntini.db") == []
        server.start()

        again = forked()
        assert again.status_code == 201
        sessions = server.get("/v1/sessions")
        assert sessions["total"] == 2
        assert {each["events"] for each in sessions["items"]} == {EVENTS}
        [last] = server.events(again.json()["session_id"], after=str(EVENTS - 1))
        assert last["data"]["message"] == "event 500"
        server.stop()
    assert admin.check(tmp_path / "puntini.db") == []
    assert admin.figures(tmp_path / "puntini.db").events == 2 * EVENTS, "nothing of the first try is left"
