"""The server is killed with SIGKILL while it copies a large session: the fork is there whole or not at all."""

import asyncio
import time
from pathlib import Path
from threading import Thread

import httpx
import pytest

from puntini.store.open import open_store
from tests.cli.terminal import puntini
from tests.live.serving import serving, store_of
from tests.store.making import SESSION, add, begin, many

EVENTS = 100_000


async def large(place: str) -> None:
    """A store with one session of many events."""
    store = await open_store(place)
    await store.append(begin())
    some = many(500)
    for _ in range(EVENTS // 500):
        await store.append(add(*some))
    await store.close()


@pytest.mark.parametrize("seconds", [0.005, 0.03])
def test_a_fork_that_is_cut_short_is_made_by_the_repeat(tmp_path: Path, seconds: float) -> None:
    store = store_of(tmp_path)
    asyncio.run(large(store))
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
        assert puntini("store", "check", f"--store={store}").code == 0
        server.start()

        again = forked()
        assert again.status_code == 201
        sessions = server.get("/v1/sessions")
        assert sessions["total"] == 2
        assert {each["events"] for each in sessions["items"]} == {EVENTS}
        [last] = server.events(again.json()["session_id"], after=str(EVENTS - 1))
        assert last["data"]["message"] == "event 500"
        server.stop()
    checked = puntini("store", "check", f"--store={store}")
    assert checked.code == 0, checked.out
    assert f" is sound: 2 sessions, {2 * EVENTS:,} events, " in checked.out, "nothing of the first try is left"
