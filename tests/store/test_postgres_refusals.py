"""What a store refuses because another node may have been faster."""

from collections.abc import AsyncIterator
from random import Random

import psycopg
import pytest

from puntini.errors import StaleGraph, TaskRunning
from puntini.log.contract import GraphVersions, Kept, Store
from puntini.store.open import open_store
from tests.store.making import SESSION, add, begin, end_task, said, start_task

pytestmark = pytest.mark.anyio


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    """A store with a session."""
    opened = await open_store(database)
    await opened.append(begin(SESSION))
    yield opened
    await opened.close()


async def test_a_graph_version_is_given_once(store: Store) -> None:
    await store.append(add(said(), versions=GraphVersions(0, 2)))
    with pytest.raises(StaleGraph) as refused:
        await store.append(add(said(), versions=GraphVersions(1, 2)))
    assert refused.value.version == 2
    assert (await store.bounds(SESSION)).head == 1
    await store.append(add(said(), versions=GraphVersions(2, 3)))


async def test_of_versions_that_come_together_one_is_refused(store: Store) -> None:
    first, second = (store.submit(add(said(), versions=GraphVersions(0, 1))) for _ in range(2))
    await first
    with pytest.raises(StaleGraph):
        await second


async def test_a_session_is_not_at_rest_while_a_task_is_open(store: Store) -> None:
    await store.append(start_task())
    with pytest.raises(TaskRunning):
        await store.append(add(said(), status="closed", at_rest=True))
    row = await store.session(SESSION)
    assert row is not None
    assert row.status == "active"
    await store.append(end_task())
    await store.append(add(said(), status="closed", at_rest=True))


async def test_a_task_that_comes_together_with_the_close_counts(store: Store) -> None:
    begun, closed = store.submit(start_task()), store.submit(add(said(), status="closed", at_rest=True))
    await begun
    with pytest.raises(TaskRunning):
        await closed


async def test_what_no_index_takes_is_its_writer_s_fault_alone(store: Store) -> None:
    long = Kept(SESSION, "kind", Random(0).randbytes(3_000).hex(), b"")
    good, bad = store.submit(add(said("good"))), store.submit(add(said("bad"), kept=[long]))
    assert (await good).last == 1
    with pytest.raises(psycopg.errors.ProgramLimitExceeded):
        await bad
