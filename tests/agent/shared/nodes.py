"""Nodes on one Postgres, in one process: each a store, a runner and a desk of its own."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import anyio
import psycopg

from puntini.agent.contract import Agent
from puntini.store.open import open_store
from tests.agent.stage import Stage


@asynccontextmanager
async def node(dsn: str, *agents: Agent, most: int = 100, **limits: int) -> AsyncIterator[Stage]:
    """A node's life. Leaving it cuts its tasks off and gives its leases back: they look as if their worker had died."""
    store = await open_store(dsn)
    try:
        async with anyio.create_task_group() as tasks:
            life = Stage(store, agents, tasks, most=most, **limits)
            store.watch(life.keeper.committed)
            await life.runner.start()
            yield life
            life.crash()
    finally:
        with anyio.CancelScope(shield=True):
            await store.close()


def runs_out(dsn: str, *lives: Stage) -> None:
    """The leases of these nodes are over, of all where none is named."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        names = [life.store.queue.node for life in lives if life.store.queue]
        connection.execute("UPDATE leases SET until = '-infinity' WHERE node = ANY(%s)", [names])


def rows(dsn: str, query: str) -> Sequence[tuple[object, ...]]:
    """What a statement gives."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()
