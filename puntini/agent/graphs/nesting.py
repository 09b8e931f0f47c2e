"""The saver of a task whose graph runs other graphs inside its nodes."""

from collections.abc import Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.graph import START

from puntini.agent.graphs.holding import TaskSaver


class NestingSaver(TaskSaver):
    """Saves the steps of inner graphs as they are done, and not only when the outer node is."""

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Keep what a node wrote. What a graph is given looks like that, but there is no node to wait for."""
        await super().aput_writes(config, writes, task_id, task_path)
        if task_path.endswith(START):
            self.told(task_id)
