"""Nodes on one Postgres, in one process: each a store, a runner and a desk of its own."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import anyio
import psycopg

from puntini.agent.contract import Agent
from puntini.store.open import open_store
from tests.agent.stage import Stage


@asynccontextmanager
async def node(dsn: str, *agents: Agent, most: int = 100, leave_seconds: float = 5.0) -> AsyncIterator[Stage]:
    """A node's life; leaving it lets its work go, so say ``vanish`` where a death is meant."""
    store = await open_store(dsn)
    try:
        async with anyio.create_task_group() as tasks:
            life = Stage(store, agents, tasks, most=most, leave_seconds=leave_seconds)
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
