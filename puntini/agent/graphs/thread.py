"""A task's thread of checkpoints: where it begins, and when it goes."""

from langchain_core.runnables import RunnableConfig

from puntini.agent.contract import Task
from puntini.agent.graphs.holding import TaskSaver
from puntini.log.contract import Kept

MARK = "puntini_task"
"""Where a checkpoint's metadata names the task that made it."""
NEWEST = "thread"
"""Names the thread of the last task of each agent."""


class Thread:
    """Begins where the agent's last task in the session is, so that a conversation goes on from task to task."""

    def __init__(self, task: Task, saver: TaskSaver) -> None:
        self._task = task
        self._saver = saver
        self.name = f"{task.session_id}/{task.agent}/{task.task_id}"
        self.config: RunnableConfig = {
            "configurable": {"thread_id": self.name},
            "metadata": {MARK: task.task_id},
        }

    async def begin(self) -> None:
        """Begin it, if there is none yet; that of the last task goes, if its task has ended."""
        task = self._task
        if await self._saver.aget_tuple(self.config) is not None:
            return
        newest = await task.shelf.kept(task.session_id, NEWEST, task.agent)
        items = [Kept(task.session_id, NEWEST, task.agent, self.name.encode())]
        if newest is not None and (last := newest.decode()) != self.name:
            items += await self._saver.carried(last, self.name)
            if await task.has_ended(last.rpartition("/")[2]):
                items += await self._saver.all_of(last)
        task.save(items)

    async def leave(self) -> None:
        """At the end, forget it if another task has begun since: nobody begins where it is."""
        newest = await self._task.shelf.kept(self._task.session_id, NEWEST, self._task.agent)
        if newest is not None and newest.decode() != self.name:
            self._task.save(await self._saver.all_of(self.name))
