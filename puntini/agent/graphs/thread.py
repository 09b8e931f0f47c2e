"""A task's thread of checkpoints: where it begins, and when it goes."""

from langchain_core.runnables import RunnableConfig

from puntini.agent.contract import Task
from puntini.agent.graphs.holding import TaskSaver
from puntini.agent.graphs.kinds import NEWEST
from puntini.agent.recall import WORDS, Words, read_words
from puntini.log.contract import Kept

MARK = "puntini_task"
"""Where a checkpoint's metadata names the task that made it."""


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
        """Begin it, if there is none yet. Those whose tasks have ended go, also where they ended as they rested."""
        task = self._task
        if await self._saver.aget_tuple(self.config) is not None:
            return
        before = [name for name in await self._known() if name != self.name]
        items = await self._saver.carried(before[0], self.name) if before else []
        open_ = []
        for name in before:
            if await task.has_ended(name.rpartition("/")[2]):
                items += await self._saver.all_of(name)
            else:
                open_.append(name)
        task.save([*items, Kept(task.session_id, NEWEST, task.agent, "\n".join([self.name, *open_]).encode())])

    async def words(self) -> list[Words]:
        """What to begin with where no checkpoint is: in a session that began as another."""
        return read_words(await self._task.shelf.kept(self._task.session_id, WORDS, self._task.agent))

    async def leave(self) -> None:
        """At the end, forget it if another task has begun since: nobody begins where it is."""
        if self.name not in (await self._known())[:1]:
            self._task.save(await self._saver.all_of(self.name))

    async def _known(self) -> list[str]:
        kept = await self._task.shelf.kept(self._task.session_id, NEWEST, self._task.agent)
        return kept.decode().split("\n") if kept else []
