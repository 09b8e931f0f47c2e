"""A node's beat on a real database: what it waits for, and what not."""

import anyio
import pytest

from puntini.log.beat import Beat
from puntini.store.open import open_store

pytestmark = pytest.mark.anyio


async def yes() -> bool:
    return True


async def test_a_beat_does_not_wait_for_what_is_tidied(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("puntini.log.beat.BEAT_SECONDS", 0.01)
    store = await open_store(database)
    assert store.nodes is not None
    beat, beats, tidying = Beat(store.nodes, yes), anyio.Semaphore(0), anyio.Event()

    async def count() -> None:
        beats.release()

    async def tidy_for_ever() -> None:
        tidying.set()
        await anyio.sleep_forever()

    beat.also(count)
    beat.tidy(tidy_for_ever)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(beat.run)
        with anyio.fail_after(30):
            await tidying.wait()
            for _ in range(10):
                await beats.acquire()
        tasks.cancel_scope.cancel()
    await store.close()
