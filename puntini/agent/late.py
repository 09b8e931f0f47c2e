"""Agents that are made when they are first needed: importing LangGraph takes most of a second."""

from collections.abc import Callable

import anyio
import anyio.to_thread

from puntini.agent.contract import Agent, Task


class Late:
    """Stands for an agent, which is made in a thread so that nobody waits for it but its task."""

    def __init__(self, name: str, make: Callable[[], Agent]) -> None:
        self.name = name
        self._make = make
        self._made: Agent | None = None
        self._making = anyio.Lock()

    async def ready(self) -> Agent:
        """The agent itself."""
        async with self._making:
            if self._made is None:
                self._made = await anyio.to_thread.run_sync(self._make)
            return self._made

    async def run(self, task: Task) -> str:
        """Run the agent."""
        return await (await self.ready()).run(task)
