"""The saver of a running task: what it keeps goes into the log's transactions, at the moments when both agree.

LangGraph hands over what a node wrote as soon as the node is done. What the node said is told to the log when our loop
takes it from LangGraph's stream, or at once where it speaks through ``emit``. So what is handed over is held until all
that its node said has been told, and until no other node is in the middle of what it says: an attempt that dies then
leaves behind whole nodes only, and another one says the others' words anew.
"""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple
from langgraph.graph import START
from msgspec.structs import replace

from puntini.agent.contract import Task
from puntini.agent.emitter import MOST_BYTES
from puntini.agent.graphs.kinds import CHECKPOINT, LF, VALUE, WRITE
from puntini.agent.graphs.saver import Saver, key_of, lasting, space_of
from puntini.errors import TooLarge
from puntini.log.contract import Kept

NOBODY = "00000000-0000-0000-0000-000000000000"
"""LangGraph's own name for writes that come from no node."""
AFTER = "puntini_after"
"""Where a checkpoint's metadata names the nodes of the step before it."""


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
    """A saver for one attempt at a task.

    The nodes of a graph that ``tells_itself`` speak by ``emit`` only: what one says is told when it hands over what it
    wrote.
    """

    def __init__(self, task: Task, *, tells_itself: bool = False) -> None:
        super().__init__(Behind(task))
        self._task = task
        self._tells_itself = tells_itself
        self._held: dict[Kept, Kept] = {}
        """What is to be saved, under itself without its body."""
        self._there: defaultdict[str, set[Kept]] = defaultdict(set)
        """What is kept of each namespace, without bodies: its next checkpoint replaces what it does not need."""
        self._speaking: set[str] = set()
        self._awaited: set[str] = set()
        self._told: set[str] = set()
        self._after: set[str] = set()

    def spoke(self, node: str) -> None:
        """A node has said something, and is not done."""
        if node not in self._told:
            self._speaking.add(node)

    def ran(self, name: str) -> None:
        """A node of the graph itself is done: the next checkpoint comes after it."""
        self._after.add(name)

    def told(self, node: str) -> None:
        """All that a node said is in the log's hands."""
        self._told.add(node)
        self._speaking.discard(node)
        self._awaited.discard(node)
        self._release()

    async def settle(self) -> None:
        """All nodes that ran are done and told: what is held is saved. Raises TooLarge."""
        self._all_told()
        self._release()
        if self._held:
            await self._task.drained()
            self._save()

    def _all_told(self) -> None:
        self._speaking.clear()
        self._awaited.clear()
        self._told.clear()

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Keep what a node wrote. What an inner graph is given looks like that, but there is no node to wait for."""
        await super().aput_writes(config, writes, task_id, task_path)
        if task_path.endswith(START):
            self.told(task_id)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Keep a checkpoint, in the place of the one before. Raises TooLarge.

        LangGraph makes the graph's own after its stream has given out all of the step. It takes the place of those of
        subgraphs too, names the nodes it comes after, and the next step begins when it is committed: nothing is done
        twice that a checkpoint says is done.
        """
        namespace = config["configurable"].get("checkpoint_ns", "")
        if not namespace:
            self._all_told()
            metadata = cast("CheckpointMetadata", {**metadata, AFTER: sorted(self._after)})
            self._after.clear()
        if "counters_since_delta_snapshot" not in metadata:  # else its ancestors are part of it
            self._replace(config["configurable"]["thread_id"], namespace, checkpoint)
        place = await super().aput(config, checkpoint, metadata, new_versions)
        if not namespace:
            await self.settle()
            await self._task.drained()
        return place

    def _replace(self, thread_id: str, namespace: str, checkpoint: Checkpoint) -> None:
        """Forget, with what is kept next, all that this checkpoint does not stand on."""
        versions = checkpoint["channel_versions"].items()
        needed = {key_of(thread_id, namespace, name, str(version)) for name, version in versions}
        over = [namespace] if namespace else [at for at in self._there if not at or not lasting(at)]
        for at in over:
            gone = {item for item in self._there[at] if item.key not in needed}
            self._there[at] -= gone
            self._held |= {item: item for item in gone}
            if not self._there[at]:
                del self._there[at]

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """One checkpoint; what there is of it is noted, for it goes when another takes its place."""
        found = await super().aget_tuple(config)
        if found is not None:
            place = found.config["configurable"]
            thread_id, namespace, name = place["thread_id"], place["checkpoint_ns"], place["checkpoint_id"]
            space = space_of(thread_id)
            there = self._there[namespace]
            writes = await self._shelf.kept_all(space, WRITE, prefix=key_of(thread_id, namespace, name, ""))
            there |= {Kept(space, WRITE, key, None) for key, _ in writes}
            there.add(Kept(space, CHECKPOINT, key_of(thread_id, namespace, name), None))
            for channel, version in found.checkpoint["channel_versions"].items():
                there.add(Kept(space, VALUE, key_of(thread_id, namespace, channel, str(version)), None))
        return found

    async def _keep(self, items: Sequence[Kept], of_task: str = "") -> None:
        for item in items:
            bare = replace(item, body=None)
            self._held[bare] = item
            self._there[item.key.split(LF)[1]].add(bare)
        if self._tells_itself:
            self._told.add(of_task)
            self._speaking.discard(of_task)
        elif of_task not in {"", NOBODY} and of_task not in self._told:
            self._awaited.add(of_task)
        self._release()

    def _release(self) -> None:
        """Save what is held, unless somebody speaks; or the log is so far behind that it has to wait for the step."""
        if self._held and not self._speaking and not self._awaited:
            with suppress(TooLarge):
                self._save()

    def _save(self) -> None:
        try:
            self._task.save(list(self._held.values()))
        except BufferError:
            raise TooLarge(
                f"The graph's state takes more than {MOST_BYTES >> 20} MiB in one step; "
                "keep large things elsewhere, and in the state where they are."
            ) from None
        self._held = {}
