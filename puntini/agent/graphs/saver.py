"""LangGraph's checkpoints, kept on the same store as the log.

A checkpoint is a record without its channels' values; each value is kept once for each version of its channel. Names
are ``thread LF namespace LF checkpoint``, and what follows for values and writes: so they sort as LangGraph's ids do.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    PendingWrite,
    get_checkpoint_metadata,
    writes_sort_key,
)

from puntini.agent.graphs.kinds import CHECKPOINT, KINDS, LF, VALUE, WRITE
from puntini.log.contract import Kept, Shelf

EMPTY = "empty"
SPECIAL = 10
"""Added to a write's position, so that those of LangGraph's own, which are negative, sort as text."""

T = TypeVar("T")
Typed = tuple[str, bytes]


class Record(msgspec.Struct, array_like=True):
    """A checkpoint as it is kept."""

    checkpoint: Typed
    metadata: Typed
    parent: str


class Write(msgspec.Struct, array_like=True):
    """What a node wrote to a channel, before the step it belongs to was finished."""

    task_id: str
    task_path: str
    channel: str
    value: Typed


_pack = msgspec.msgpack.Encoder().encode
_record = msgspec.msgpack.Decoder(Record).decode
_write = msgspec.msgpack.Decoder(Write).decode
_value = msgspec.msgpack.Decoder(Typed).decode


def space_of(thread_id: str) -> str:
    """Where a thread's checkpoints are kept: threads are called ``session/agent``, and go with their session."""
    return thread_id.partition("/")[0]


def lasting(namespace: str) -> bool:
    """Whether it is the graph's own or that of a subgraph that remembers from run to run: then it names no node's."""
    return ":" not in namespace


class Saver(BaseCheckpointSaver[str]):
    """See LangGraph's ``BaseCheckpointSaver``. To be made on the event loop; its synchronous half is for threads."""

    def __init__(self, shelf: Shelf) -> None:
        super().__init__()
        self._shelf = shelf
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()

    # Reading.

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """One checkpoint, the newest when none is named."""
        thread_id, namespace, checkpoint_id = _place(config)
        space, prefix = space_of(thread_id), key_of(thread_id, namespace, "")
        if checkpoint_id:
            body = await self._shelf.kept(space, CHECKPOINT, prefix + checkpoint_id)
            return None if body is None else await self._tuple(thread_id, namespace, checkpoint_id, body)
        for key, body in await self._shelf.kept_all(space, CHECKPOINT, prefix=prefix, limit=1, last=True):
            return await self._tuple(thread_id, namespace, key.removeprefix(prefix), body)
        return None

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - LangGraph's name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """A thread's checkpoints, the newest first. Threads are never listed across sessions."""
        if config is None:
            return
        thread_id, _, checkpoint_id = _place(config)
        namespace = config["configurable"].get("checkpoint_ns")
        prefix = key_of(thread_id, "") if namespace is None else key_of(thread_id, namespace, "")
        end = _place(before)[2] if before else ""
        left = limit
        for key, body in await self._newest(thread_id, prefix):
            _, at, found_id = key.split(LF)
            if (checkpoint_id and found_id != checkpoint_id) or (end and found_id >= end):
                continue
            found = await self._tuple(thread_id, at, found_id, body)
            if filter and any(found.metadata.get(name) != value for name, value in filter.items()):
                continue
            if left == 0:
                return
            left = None if left is None else left - 1
            yield found

    async def _newest(self, thread_id: str, prefix: str) -> list[tuple[str, bytes]]:
        found = await self._shelf.kept_all(space_of(thread_id), CHECKPOINT, prefix=prefix)
        return sorted(found, key=lambda item: item[0].rpartition(LF)[2], reverse=True)

    async def _tuple(self, thread_id: str, namespace: str, checkpoint_id: str, body: bytes) -> CheckpointTuple:
        record = _record(body)
        checkpoint: Checkpoint = self.serde.loads_typed(record.checkpoint)
        checkpoint["channel_values"] = await self._values(thread_id, namespace, checkpoint["channel_versions"])
        return CheckpointTuple(
            config=_config(thread_id, namespace, checkpoint_id),
            checkpoint=checkpoint,
            metadata=self.serde.loads_typed(record.metadata),
            parent_config=_config(thread_id, namespace, record.parent) if record.parent else None,
            pending_writes=await self._writes(thread_id, namespace, checkpoint_id),
        )

    async def _values(self, thread_id: str, namespace: str, versions: ChannelVersions) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for channel, version in versions.items():
            key = key_of(thread_id, namespace, channel, str(version))
            body = await self._shelf.kept(space_of(thread_id), VALUE, key)
            if body is not None and (typed := _value(body))[0] != EMPTY:
                values[channel] = self.serde.loads_typed(typed)
        return values

    async def _writes(self, thread_id: str, namespace: str, checkpoint_id: str) -> list[PendingWrite]:
        prefix = key_of(thread_id, namespace, checkpoint_id, "")
        found = await self._shelf.kept_all(space_of(thread_id), WRITE, prefix=prefix)
        writes = [(_write(body), int(key.rpartition(LF)[2])) for key, body in found]
        writes.sort(key=lambda item: writes_sort_key(item[0].task_path, item[0].task_id, item[1]))
        return [(write.task_id, write.channel, self.serde.loads_typed(write.value)) for write, _ in writes]

    # Writing.

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Keep a checkpoint."""
        thread_id, namespace, parent = _place(config)
        space = space_of(thread_id)
        bare: dict[str, Any] = {**checkpoint}
        values = bare.pop("channel_values")
        items = [
            Kept(
                space,
                VALUE,
                key_of(thread_id, namespace, channel, str(version)),
                _pack(self.serde.dumps_typed(values[channel]) if channel in values else (EMPTY, b"")),
            )
            for channel, version in new_versions.items()
        ]
        record = Record(
            self.serde.dumps_typed(bare),
            self.serde.dumps_typed(get_checkpoint_metadata(config, metadata)),
            parent,
        )
        items.append(Kept(space, CHECKPOINT, key_of(thread_id, namespace, checkpoint["id"]), _pack(record)))
        await self._keep(items)
        return _config(thread_id, namespace, checkpoint["id"])

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Keep what a node wrote, before its step is finished."""
        thread_id, namespace, checkpoint_id = _place(config)
        await self._keep(
            [
                Kept(
                    space_of(thread_id),
                    WRITE,
                    key_of(
                        thread_id, namespace, checkpoint_id, task_id, str(WRITES_IDX_MAP.get(channel, at) + SPECIAL)
                    ),
                    _pack(Write(task_id, task_path, channel, self.serde.dumps_typed(value))),
                )
                for at, (channel, value) in enumerate(writes)
            ],
            task_id,
        )

    async def _keep(self, items: Sequence[Kept], _of_task: str = "") -> None:
        await self._shelf.keep(items)

    async def adelete_thread(self, thread_id: str) -> None:
        """Forget all of a thread."""
        await self._shelf.keep(await self.all_of(thread_id))

    async def all_of(self, thread_id: str) -> list[Kept]:
        """All of a thread, to be forgotten."""
        return [item for kind in KINDS async for item in self._gone(thread_id, kind)]

    async def _gone(self, thread_id: str, kind: str) -> AsyncIterator[Kept]:
        space = space_of(thread_id)
        for key, _ in await self._shelf.kept_all(space, kind, prefix=thread_id + LF):
            yield Kept(space, kind, key, None)

    async def newest(self, thread_id: str) -> str:
        """The id of a thread's newest checkpoint, subgraphs' too: it names the place where the thread is."""
        found = await self._newest(thread_id, key_of(thread_id, ""))
        return found[0][0].rpartition(LF)[2] if found else ""

    async def carried(self, source_thread_id: str, target_thread_id: str) -> list[Kept]:
        """What makes a thread begin where another is: the newest checkpoints, without what was under way there."""
        space, to = space_of(source_thread_id), space_of(target_thread_id)
        newest: dict[str, tuple[str, bytes]] = {}
        for key, body in await self._shelf.kept_all(space, CHECKPOINT, prefix=source_thread_id + LF):
            if lasting(namespace := key.split(LF)[1]):
                newest[namespace] = key, body
        items: list[tuple[str, str, bytes | None]] = []
        for namespace, (key, body) in newest.items():
            items.append((CHECKPOINT, key, body))
            for channel, version in self.serde.loads_typed(_record(body).checkpoint)["channel_versions"].items():
                name = key_of(source_thread_id, namespace, channel, str(version))
                items.append((VALUE, name, await self._shelf.kept(space, VALUE, name)))
        cut = len(source_thread_id)
        return [Kept(to, kind, target_thread_id + key[cut:], body) for kind, key, body in items if body is not None]

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy all of a thread to another."""
        space, to = space_of(source_thread_id), space_of(target_thread_id)
        for kind in KINDS:
            found = await self._shelf.kept_all(space, kind, prefix=source_thread_id + LF)
            names = [(target_thread_id + key[len(source_thread_id) :], body) for key, body in found]
            await self._shelf.keep([Kept(to, kind, key, body) for key, body in names])

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Forget all but the newest checkpoint of each namespace, or with ``delete`` all.

        A thread with delta channels, whose values are spread over its ancestors, is left as it is.
        """
        for thread_id in thread_ids:
            if strategy == "delete":
                await self.adelete_thread(thread_id)
            else:
                await self._keep_latest(thread_id)

    async def _keep_latest(self, thread_id: str) -> None:
        space = space_of(thread_id)
        latest: dict[str, str] = {}
        for key, _ in await self._shelf.kept_all(space, CHECKPOINT, prefix=thread_id + LF):
            latest[key.split(LF)[1]] = key
        needed = set(latest.values())
        for namespace, key in latest.items():
            found = await self.aget_tuple(_config(thread_id, namespace, key.rpartition(LF)[2]))
            if found is None or "counters_since_delta_snapshot" in found.metadata:
                return
            for channel, version in found.checkpoint["channel_versions"].items():
                needed.add(key_of(thread_id, namespace, channel, str(version)))
        gone = [item for kind in KINDS async for item in self._gone(thread_id, kind)]
        await self._shelf.keep([item for item in gone if not _needed(item.key, needed)])

    # For graphs that are run in threads.

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """``aget_tuple`` from a thread."""
        return self._wait(lambda: self.aget_tuple(config))

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - LangGraph's name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """``alist`` from a thread."""

        async def collected() -> Sequence[CheckpointTuple]:
            return [found async for found in self.alist(config, filter=filter, before=before, limit=limit)]

        yield from self._wait(collected)

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """``aput`` from a thread."""
        return self._wait(lambda: self.aput(config, checkpoint, metadata, new_versions))

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """``aput_writes`` from a thread."""
        self._wait(lambda: self.aput_writes(config, writes, task_id, task_path))

    def _wait(self, work: Callable[[], Awaitable[T]]) -> T:
        if threading.get_ident() == self._thread:  # it would wait for itself, and the whole server with it
            raise RuntimeError("An asynchronous node called a graph's invoke() or stream(); await ainvoke() instead.")

        async def run() -> T:
            return await work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result()


def key_of(*parts: str) -> str:
    """A name of several parts."""
    return LF.join(parts)


def _needed(key: str, needed: set[str]) -> bool:
    """Whether a thing is one that is needed, or a write of a checkpoint that is."""
    return key in needed or LF.join(key.split(LF)[:3]) in needed


def _place(config: RunnableConfig) -> tuple[str, str, str]:
    """Thread, namespace and checkpoint of a config."""
    given = config["configurable"]
    return given["thread_id"], given.get("checkpoint_ns", ""), given.get("checkpoint_id") or ""


def _config(thread_id: str, namespace: str, checkpoint_id: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread_id, "checkpoint_ns": namespace, "checkpoint_id": checkpoint_id}}
