"""The saver of a running task: what it keeps goes into the log's transactions, at the moments when both agree.

LangGraph hands over what a node wrote as soon as the node is done. What the node said is told to the log when our loop
takes it from LangGraph's stream, or at once where it speaks through ``emit``. So what is handed over is held until all
that its node said has been told, and until no other node is in the middle of what it says: an attempt that dies then
leaves behind whole nodes only, and another one says the others' words anew.
"""

from collections.abc import Sequence

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata

from puntini.agent.contract import Task
from puntini.agent.graphs.saver import Saver
from puntini.log.contract import Kept

NOBODY = "00000000-0000-0000-0000-000000000000"
"""LangGraph's own name for writes that come from no node."""


class Behind:
    """Where a task keeps things: reads wait for what is on its way to the store."""

    def __init__(self, task: Task) -> None:
        self._shelf = task.shelf
        self._task = task

    async def keep(self, items: Sequence[Kept]) -> None:
        """Keep things together with what was said."""
        self._task.save(items)

    async def kept(self, space: str, kind: str, key: str) -> bytes | None:
        """One thing that is kept."""
        await self._task.drained()
        return await self._shelf.kept(space, kind, key)

    async def kept_all(
        self, space: str, kind: str, *, prefix: str = "", before: str = "", limit: int | None = None, last: bool = False
    ) -> list[tuple[str, bytes]]:
        """Keys with what is kept under them."""
        await self._task.drained()
        return await self._shelf.kept_all(space, kind, prefix=prefix, before=before, limit=limit, last=last)


class TaskSaver(Saver):
    """A saver for one attempt at a task."""

    def __init__(self, task: Task) -> None:
        super().__init__(Behind(task))
        self._task = task
        self._held: list[Kept] = []
        self._speaking: set[str] = set()
        self._awaited: set[str] = set()
        self._told: set[str] = set()

    def spoke(self, node: str) -> None:
        """A node has said something, and is not done."""
        if node not in self._told:
            self._speaking.add(node)

    def told(self, node: str) -> None:
        """All that a node said is in the log's hands."""
        self._told.add(node)
        self._speaking.discard(node)
        self._awaited.discard(node)
        self._release()

    def settle(self) -> None:
        """All nodes that ran are done and told."""
        self._speaking.clear()
        self._awaited.clear()
        self._told.clear()
        self._release()

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Keep a checkpoint. LangGraph makes the graph's own after its stream has given out all of the step.

        The next step begins when it is committed: nothing is done twice that a checkpoint says is done.
        """
        own = not config["configurable"].get("checkpoint_ns")
        if own:
            self.settle()
        place = await super().aput(config, checkpoint, metadata, new_versions)
        if own:
            await self._task.drained()
        return place

    async def _keep(self, items: Sequence[Kept], of_task: str = "") -> None:
        self._held += items
        if of_task not in {"", NOBODY} and of_task not in self._told:
            self._awaited.add(of_task)
        self._release()

    def _release(self) -> None:
        if self._held and not self._speaking and not self._awaited:
            self._task.save(self._held)
            self._held = []
