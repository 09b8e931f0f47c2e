"""The parts behind the routes, put together on a store of one's own: for what no request can bring about."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import anyio

from puntini.agent.contract import Task
from puntini.agent.runner import Runner
from puntini.agent.scripted import ScriptedAgent
from puntini.api.desk import Desk
from puntini.auth.access import Access
from puntini.log.contract import Store
from puntini.log.keeper import Keeper
from puntini.views.session import SessionView


class Other:
    """An agent to hand over to."""

    name = "other"

    async def run(self, task: Task) -> str:
        """Do nothing."""
        return ""


class Inside(NamedTuple):
    """A desk and who works for it."""

    desk: Desk
    runner: Runner


@asynccontextmanager
async def inside(store: Store) -> AsyncIterator[Inside]:
    """A desk at work on a store."""
    keeper = Keeper(store, SessionView, SessionView.decode)
    async with anyio.create_task_group() as tasks:
        agents = {agent.name: agent for agent in (ScriptedAgent(), Other())}
        runner = Runner(store, keeper, agents, "scripted", tasks, most=10)
        store.watch(keeper.committed)
        yield Inside(Desk(store, keeper, runner, Access(store), lambda _: None), runner)
        await runner.shutdown()
        tasks.cancel_scope.cancel()
