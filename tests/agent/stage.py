"""Runners on a memory store, for as long as a test lasts: they can be asked, watched, crashed and started again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal, TypeVar

import anyio
import anyio.lowlevel
import msgspec

from puntini.agent.contract import Agent
from puntini.agent.rota import Action
from puntini.agent.runner import Runner
from puntini.agent.scripted import ScriptedAgent
from puntini.api.desk import Desk
from puntini.auth.access import Access
from puntini.auth.principals import Principal
from puntini.errors import StoreUnavailable
from puntini.log.contract import Append, Bounds, Page, Store, TaskRow, Written
from puntini.log.keeper import Keeper
from puntini.log.queue import Queue
from puntini.protocol.commands import IfBusy, UserPromptCommandData
from puntini.protocol.events import (
    TASK_ENDS,
    AssistantResponse,
    Debug,
    GraphUpdate,
    LoggedEvent,
    PlanUpdate,
    Reasoning,
    Step,
    TaskStatus,
    ToolCall,
)
from puntini.store.memory import MemoryStore
from puntini.views.session import SessionView

DEADLINE_SECONDS = 20.0
POLL_SECONDS = 0.002
ANN = Principal("ann")
T = TypeVar("T")
_logged: msgspec.json.Decoder[LoggedEvent] = msgspec.json.Decoder(LoggedEvent)


class LateStore(MemoryStore):
    """A memory store that takes its time as a real one does: it commits and answers some turns of the loop later."""

    def __init__(self, turns: int = 3) -> None:
        super().__init__()
        self._turns = turns
        self._queue: list[tuple[Append, asyncio.Future[Written]]] = []

    def submit(self, write: Append) -> asyncio.Future[Written]:
        """Commit what was handed in first first, after a while."""
        done: asyncio.Future[Written] = asyncio.get_running_loop().create_future()
        self._queue.append((write, done))
        if len(self._queue) == 1:
            self._turn(self._turns)
        return done

    def _turn(self, left: int) -> None:
        if left:
            asyncio.get_running_loop().call_soon(self._turn, left - 1)
            return
        queue, self._queue = self._queue, []
        for write, done in queue:
            pass_on(super().submit(write), done)

    async def _wait(self) -> None:
        for _ in range(self._turns):
            await anyio.lowlevel.checkpoint()

    async def read(self, session_id: str, after: int, *, max_bytes: int = 65_536, to: int | None = None) -> Page:
        """As ever, but later."""
        await self._wait()
        return await super().read(session_id, after, max_bytes=max_bytes, to=to)

    async def bounds(self, session_id: str) -> Bounds:
        """As ever, but later."""
        await self._wait()
        return await super().bounds(session_id)

    async def task(self, task_id: str) -> TaskRow | None:
        """As ever, but later."""
        await self._wait()
        return await super().task(task_id)

    async def tasks(
        self,
        *,
        session_id: str | None = None,
        open_only: bool = False,
        status: TaskStatus | None = None,
        agent: str | None = None,
        user: str | None = None,
        limit: int | None = None,
        offset: int = 0,
        last: bool = False,
    ) -> list[TaskRow]:
        """As ever, but later."""
        await self._wait()
        return await super().tasks(
            session_id=session_id,
            open_only=open_only,
            status=status,
            agent=agent,
            user=user,
            limit=limit,
            offset=offset,
            last=last,
        )


def pass_on(source: asyncio.Future[Written], to: asyncio.Future[Written]) -> None:
    """Let ``to`` end as ``source`` has."""
    error = source.exception()
    if to.done():  # whoever waited has given up, which does not undo the append
        return
    if error is not None:
        to.set_exception(error)
    else:
        to.set_result(source.result())


class FailingStore(MemoryStore):
    """A memory store that can lose its disk: ``writes`` and ``reads`` say what works at the moment."""

    writes = True
    reads = True
    refused = 0
    fills_with = ""
    """The type of event after which the disk is full, if any."""

    def submit(self, write: Append) -> asyncio.Future[Written]:
        """Commit, if the disk is there."""
        if self.writes:
            self.writes = self.fills_with not in [entry.kind for entry in write.entries]
            return super().submit(write)
        self.refused += 1
        done: asyncio.Future[Written] = asyncio.get_running_loop().create_future()
        done.set_exception(StoreUnavailable("The disk is full."))
        return done

    async def bounds(self, session_id: str) -> Bounds:
        """The bounds, if the disk is there."""
        if not self.reads:
            self.refused += 1
            raise StoreUnavailable("The disk is gone.")
        return await super().bounds(session_id)


class Stage:
    """One life of a server: a runner, and a desk in front of it."""

    def __init__(self, store: Store, agents: Sequence[Agent], tasks: anyio.abc.TaskGroup, **limits: Any) -> None:
        self.store = store
        self.keeper = Keeper(store, SessionView, SessionView.decode)
        by_name = {agent.name: agent for agent in agents}
        self.runner = Runner(store, self.keeper, by_name, agents[0].name, tasks, **limits)
        self.desk = Desk(store, self.keeper, self.runner, Access(store), lambda _session_id: None)
        self._group = tasks

    # Asking.

    async def session(self) -> str:
        """A new session's id."""
        return await self.desk.create("", user="ann")

    async def prompt(self, session_id: str, text: str, *, agent: str = "", if_busy: IfBusy = "enqueue") -> str:
        """A new task's id."""
        data = UserPromptCommandData(prompt=text, agent=agent, if_busy=if_busy)
        return (await self.desk.prompt(session_id, data, who=ANN, once=None)).task_id

    async def task(self, text: str, *, agent: str = "") -> str:
        """A new task in a session of its own."""
        return await self.prompt(await self.session(), text, agent=agent)

    async def control(self, task_id: str, action: Action) -> None:
        """Pause, resume or stop."""
        await self.runner.control(task_id, action)

    async def decide(self, task_id: str) -> None:
        """Approve of what a task asks."""
        await self._decide(task_id, "approved", None)

    async def answer(self, task_id: str, value: Any) -> None:
        """Answer what a task asks."""
        await self._decide(task_id, "answered", value)

    async def _decide(self, task_id: str, decision: Literal["approved", "answered"], value: Any) -> None:
        session_id = (await self.row(task_id)).session_id
        (asked,) = (await self.keeper.view(session_id)).approvals()
        await self.runner.decide(session_id, asked.approval_id, decision, value, "ann", None)

    def crash(self) -> None:
        """Die as a killed process does, as far as anybody outside can tell."""
        self._group.cancel_scope.cancel()

    # Watching.

    async def row(self, task_id: str) -> TaskRow:
        """A task's record."""
        row = await self.store.task(task_id)
        assert row is not None
        return row

    async def status(self, task_id: str) -> str:
        """A task's status."""
        return (await self.row(task_id)).status

    async def log(self, session_id: str) -> list[LoggedEvent]:
        """All events of a session."""
        return await log_of(self.store, session_id)

    async def said(self, task_id: str) -> list[LoggedEvent]:
        """All events of a task."""
        row = await self.row(task_id)
        return [event for event in await self.log(row.session_id) if event.task_id == task_id]

    async def said_all(self, task_id: str) -> list[LoggedEvent]:
        """All events of a task's session."""
        return await self.log((await self.row(task_id)).session_id)

    async def kinds(self, task_id: str) -> list[str]:
        """The types of all events of a task, in order."""
        return [kind(event) for event in await self.said(task_id)]

    async def until(self, task_id: str, *statuses: str) -> TaskRow:
        """Wait until a task has one of these statuses."""

        async def reached() -> TaskRow | None:
            row = await self.row(task_id)
            return row if row.status in statuses else None

        return await until(reached, f"{task_id} to be {' or '.join(statuses)}")

    async def ended(self, task_id: str) -> str:
        """Wait for a task's end and for the runner to have left it; returns how it ended."""
        row = await self.until(task_id, "completed", "failed", "cancelled")

        async def left() -> bool:
            return not self.runner.stats["running"] or not await self.runner.busy(row.session_id)

        await until(left, "the runner to leave the task")
        return row.status

    async def spoken(self, task_id: str, count: int) -> None:
        """Wait until a task has said that many numbered events."""

        async def enough() -> bool:
            return len(numbers(await self.said(task_id))) >= count

        await until(enough, f"{count} events")


@asynccontextmanager
async def stage(store: Store, *agents: Agent, most: int = 1_000, leave_seconds: float = 5.0) -> AsyncIterator[Stage]:
    """A server's life; leaving it is a crash, so say ``shutdown`` where an orderly end is meant."""
    async with anyio.create_task_group() as tasks:
        life = Stage(store, agents or [ScriptedAgent()], tasks, most=most, leave_seconds=leave_seconds)
        store.watch(life.keeper.committed)
        await life.runner.start()
        yield life
        life.crash()
    if store.queue:
        await _let_go(store, store.queue)


async def _let_go(store: Store, queue: Queue) -> None:
    """The leases that a crash leaves behind have run out when the next life begins."""
    rows = await store.tasks(open_only=True)
    await queue.release([(row.session_id, row.task_id) for row in rows])


async def until(condition: Callable[[], Awaitable[T | None]], what: str) -> T:
    """Poll until ``condition`` is true; returns what it answered."""
    with anyio.move_on_after(DEADLINE_SECONDS):
        while True:
            if found := await condition():
                return found
            await anyio.sleep(POLL_SECONDS)
    raise AssertionError(f"waited in vain for {what}")


async def log_of(store: Store, session_id: str) -> list[LoggedEvent]:
    """All events of a session, decoded."""
    events: list[LoggedEvent] = []
    cursor, head = 0, (await store.bounds(session_id)).head
    while cursor < head:
        page = await store.read(session_id, cursor)
        events += [_logged.decode(entry.line) for _, entry in page.events]
        cursor = page.upto
    return events


def kind(event: LoggedEvent) -> str:
    """An event's type."""
    return str(event.__struct_config__.tag)


def ends(events: Sequence[LoggedEvent]) -> list[str]:
    """The ends among events."""
    return [kind(event) for event in events if kind(event) in TASK_ENDS]


def numbers(events: Sequence[LoggedEvent]) -> list[int]:
    """The numbers that a playing scripted agent gave its events."""
    return [number for event in events if (number := number_of(event)) is not None]


def number_of(event: LoggedEvent) -> int | None:
    """The number of one of the seven kinds of numbered events; None for anything else."""
    match event:
        case AssistantResponse(data=data) if data.chunk:
            return int(data.text)
        case Reasoning(data=data):
            return int(data.text.split(".")[0].removeprefix("Thought "))
        case Debug(data=data) if isinstance(data.details, dict):
            return int(data.details["n"])
        case GraphUpdate(data=data) if data.delta[0].node:
            return int(data.delta[0].node.props["n"])
        case ToolCall(data=data):
            return int(data.parameters["n"])
        case Step(data=data):
            return data.step_number
        case PlanUpdate(data=data):
            return int(data.current_plan[0].removeprefix("Say ").rstrip("."))
        case _:
            return None
