"""Ends that somebody has damaged in the database: what their tasks' records say is told all the same."""

import psycopg
import pytest

from puntini.api.analytics_tally import Tally
from puntini.store.open import open_store
from tests.store.making import NOW, SESSION, add, begin, completed, said, started, task

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("damage", [b"\xff\xfe", b'{"type":"task_completed","task_id":"\xff"', b"{}"])
async def test_an_end_that_is_damaged_hides_no_other(database: str, damage: bytes) -> None:
    store = await open_store(database)
    try:
        await store.append(begin(SESSION))
        for number in range(3):
            name, at = f"tsk_{number}", NOW + number
            await store.append(add(started(name), task=task(name), at=at))
            await store.append(add(said(), completed(name), task=task(name, status="completed", updated_at=at), at=at))
        with psycopg.connect(database, autocommit=True) as operator:
            operator.execute("UPDATE events SET body = %s WHERE last = 6", [damage + b"\n" + damage])

        found = [ending.told for ending in await store.ends(limit=9)]

        assert [(told.task_id, told.status, told.end) for told in found if told] == [
            ("tsk_2", "completed", completed("tsk_2")),
            ("tsk_1", "completed", None),
            ("tsk_0", "completed", completed("tsk_0")),
        ]
        assert len(await Tally(store).executions()) == 3
    finally:
        await store.close()
