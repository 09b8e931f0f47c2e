"""The runner: takes tasks from their lanes, runs one attempt at each, and writes exactly one end.

Stopping is a cancellation; pausing and shutting down happen at the agent's next safe point. A task that was paused, or
whose server died, is taken up again as a new attempt that goes on after what the log already holds.
"""

import asyncio
from collections.abc import Mapping
from typing import Literal

import anyio
import anyio.lowlevel
import structlog
from anyio.abc import TaskGroup
from msgspec.structs import replace

from puntini.agent.contract import Agent
from puntini.agent.emitter import Emitter
from puntini.agent.lanes import Lanes, Place
from puntini.errors import Conflict, NotFound, PuntiniError, StaleAttempt
from puntini.log.contract import Store, TaskRow
from puntini.log.keeper import Keeper, Versions
from puntini.log.mint import now_ms
from puntini.protocol.entries import Entry
from puntini.protocol.events import (
    Envelope,
    TaskCancelled,
    TaskCompleted,
    TaskData,
    TaskEndData,
    TaskFailed,
    TaskPaused,
    TaskProgress,
    TaskResumed,
    TaskStatus,
    Usage,
)
from puntini.views.session import SessionView

Action = Literal["pause", "resume", "stop"]
Order = Literal["pause", "suspend"]
ENDINGS: dict[str, type[TaskCompleted] | type[TaskFailed] | type[TaskCancelled]] = {
    "completed": TaskCompleted,
    "failed": TaskFailed,
    "cancelled": TaskCancelled,
}
NOT_SPOKEN = frozenset({"user_prompt", "task_started", "task_progress", "task_paused", "task_resumed"})
RECHECK_SECONDS = 0.05
POINTS_A_TURN = 512
ROOM_TURNS = 8
LEAST_SHARE = 4
LEAST_ROOM = 32
log = structlog.get_logger("puntini.agent")


class Interrupted(BaseException):
    """Unwinds an agent at a safe point. Not an Exception, so that an agent's own handlers let it pass."""


class Turns:
    """How many events a task may say before the others get their turn (``share``), so that no turn of the loop is long.

    ``room`` is how many of a task's events may wait to be appended.
    """

    share = POINTS_A_TURN
    room = POINTS_A_TURN

    def divide(self, tasks: int) -> None:
        """So many tasks run now."""
        self.share = max(LEAST_SHARE, POINTS_A_TURN // (tasks or 1))
        self.room = max(LEAST_ROOM, self.share * ROOM_TURNS)


class Job:
    """One running attempt. Implements the agent's ``Task``."""

    def __init__(self, row: TaskRow, spoken: int, emitter: Emitter, versions: Versions, turns: Turns) -> None:
        self.row = row
        self.task_id = row.task_id
        self.session_id = row.session_id
        self.prompt = row.prompt
        self.spoken = spoken
        self.emitter = emitter
        self.scope = anyio.CancelScope()
        self.order: Order | None = None
        self.interrupted = False
        self.stopped = False
        self.emit = emitter.emit
        self._turns = turns
        self._points = 0
        self.next_graph_version = versions.next

    async def point(self) -> None:
        """A safe point."""
        if self.order is not None:
            raise Interrupted
        self._points += 1
        if self._points >= self._turns.share:
            self._points = 0
            await asyncio.sleep(0)
        await self.emitter.room(self._turns.room)

    def stop(self) -> None:
        """Cut the agent off now."""
        self.stopped = True
        self.scope.cancel()


class Runner:
    """Runs the agents named in ``agents``; ``default`` serves where a task names none."""

    def __init__(
        self,
        store: Store,
        keeper: Keeper[SessionView],
        agents: Mapping[str, Agent],
        default: str,
        tasks: TaskGroup,
        *,
        most: int,
    ) -> None:
        self.agents = agents
        self.default = default
        self._store = store
        self._keeper = keeper
        self._group = tasks
        self._lanes = Lanes(most)
        self._jobs: dict[str, Job] = {}
        self._turns = Turns()
        self._closing = False
        self._left = anyio.Event()

    async def start(self) -> None:
        """Take up what a server before this one left unfinished."""
        for row in await self._store.tasks(open_only=True):
            if row.status == "running":
                row = await self._again(row, "taken up again after a restart")
            if row.status == "queued":
                self._lanes.add(row)
        self._pump()

    # What api asks.

    def known(self, agent: str) -> bool:
        """Whether there is such an agent."""
        return agent in self.agents

    def busy(self, session_id: str) -> bool:
        """Whether the session has a task that runs or waits."""
        return self._lanes.busy(session_id)

    def reserve(self, session_id: str) -> Place:
        """Hold a place for a task about to be written; its ``status`` is what the task starts with."""
        return self._lanes.reserve(session_id)

    def accept(self, row: TaskRow) -> None:
        """A task was written: run it when its turn comes."""
        self._lanes.add(row)
        self._pump()

    async def control(self, task_id: str, action: Action) -> TaskRow:
        """Pause, resume or stop. Raises NotFound, or Conflict when the task's status does not allow it."""
        row = await self._store.task(task_id)
        if row is None:
            raise NotFound(f"There is no task `{task_id}`.")
        if row.ended:
            raise Conflict(f"The task is {row.status}; it can't be {_PAST[action]} any more.")
        job = self._jobs.get(task_id)
        match action:
            case "stop":
                await self._stop(row)
            case "pause" if job is not None:
                job.order = "pause"
            case "pause":
                await self._pause_unstarted(row)
            case "resume":
                await self._resume(row, job)
        return row

    async def stop_session(self, session_id: str) -> None:
        """Stop what runs and waits in a session, and wait until it has ended."""
        while True:
            for row in await self._store.tasks(session_id=session_id, open_only=True):
                await self._stop(row)
            if not self._lanes.busy(session_id):
                return
            with anyio.move_on_after(RECHECK_SECONDS):
                await self._left.wait()

    async def _stop(self, row: TaskRow) -> None:
        """Stop a task wherever it is; one that ends by itself in this moment was faster."""
        latest: TaskRow | None = row
        while latest is not None and not latest.ended:
            if job := self._jobs.get(latest.task_id):
                job.stop()
                return
            try:
                await self._end_unstarted(latest)
                return
            except StaleAttempt:
                latest = await self._store.task(latest.task_id)

    async def shutdown(self) -> None:
        """Let every attempt end at its next safe point. What is unfinished is taken up at the next start."""
        self._closing = True
        for job in self._jobs.values():
            job.order = "suspend"
        while self._jobs:
            await self._left.wait()

    @property
    def stats(self) -> dict[str, int]:
        """How many tasks run and wait."""
        return self._lanes.counts

    # Tasks that do not run.

    async def _resume(self, row: TaskRow, job: Job | None) -> None:
        if job is not None and job.order != "pause":
            raise Conflict("The task is not paused.")
        if job is not None and not job.interrupted:
            job.order = None
            return
        while job is not None and self._jobs.get(row.task_id) is job:
            await self._left.wait()
        latest = await self._store.task(row.task_id)
        if latest is None or latest.status != "paused":
            raise Conflict("The task is not paused.")
        self.accept(await self._again(latest, ""))

    async def _again(self, row: TaskRow, detail: str) -> TaskRow:
        """Begin another attempt: it waits for its turn, and whatever the one before still says is refused."""
        again = replace(row, status="queued", attempt=row.attempt + 1, updated_at=now_ms())
        return await self._note(row, again, TaskResumed(data=TaskData(status="queued", detail=detail)))

    async def _pause_unstarted(self, row: TaskRow) -> None:
        if row.status != "paused":
            self._lanes.remove(row.task_id)
            await self._note(row, _now(row, "paused"), TaskPaused(data=TaskData(status="paused")))

    async def _end_unstarted(self, row: TaskRow) -> None:
        self._lanes.remove(row.task_id)
        await self._finish(Emitter(self._store, row), row, "cancelled")

    async def _note(self, before: TaskRow, after: TaskRow, event: Envelope) -> TaskRow:
        """Write a change of status and its event, fenced by the attempt that was."""
        emitter = Emitter(self._store, before)
        await emitter.commit([emitter.stamp(event)], after)
        return after

    # Tasks that run.

    def _pump(self) -> None:
        while not self._closing and (row := self._lanes.next()) is not None:
            self._group.start_soon(self._run, row)

    async def _run(self, row: TaskRow) -> None:
        try:
            await self._attempt(row)
        except PuntiniError as error:
            # Deleted, or taken over by another attempt: there is nobody left to tell but the operator.
            log.warning("task left", task_id=row.task_id, session_id=row.session_id, reason=error.message)
        finally:
            self._jobs.pop(row.task_id, None)
            self._turns.divide(len(self._jobs))
            self._lanes.done(row.session_id)
            self._left.set()
            self._left = anyio.Event()
            self._pump()

    async def _attempt(self, row: TaskRow) -> None:
        if row.status == "queued":
            row = await self._note(row, _now(row, "running"), TaskProgress(data=TaskData(status="running")))
        versions = self._keeper.versions(row.session_id)
        versions.at_least((await self._keeper.view(row.session_id)).graph.version)
        job = Job(row, await self._spoken(row), Emitter(self._store, row), versions, self._turns)
        if self._closing:
            job.order = "suspend"
        self._jobs[row.task_id] = job
        self._turns.divide(len(self._jobs))
        try:
            await self._work(job)
        finally:
            job.emitter.close()

    async def _spoken(self, row: TaskRow) -> int:
        """How many events the agent itself has said in earlier attempts."""
        spoken, cursor = 0, row.first_seq
        head = (await self._store.bounds(row.session_id)).head if row.attempt > 1 else 0
        while cursor < head:
            page = await self._store.read(row.session_id, cursor)
            spoken += sum(1 for _, entry in page.events if _said_by_agent(entry, row.task_id))
            cursor = page.upto
        return spoken

    async def _work(self, job: Job) -> None:
        status: TaskStatus = "completed"
        answer = error = ""
        with job.scope:
            try:
                answer = await self.agent(job.row.agent).run(job)
            except Interrupted:
                job.interrupted = True
            except PuntiniError as refusal:
                status, error = "failed", refusal.message
            except Exception as failure:  # an agent is anybody's code: whatever it raises fails its task, no more
                log.exception("agent failed", task_id=job.task_id, agent=job.row.agent)
                status, error = "failed", f"{type(failure).__name__}: {failure}"
        await job.emitter.drained()
        if job.interrupted and not job.stopped:
            await self._rest(job)
        elif job.stopped:
            await self._finish(job.emitter, job.row, "cancelled")
        else:
            await self._finish(job.emitter, job.row, status, answer=answer, error=error)

    async def _rest(self, job: Job) -> None:
        """The agent was unwound at a safe point: paused, or left for the next start."""
        if job.order != "pause":
            return
        paused = await self._note(job.row, _now(job.row, "paused"), TaskPaused(data=TaskData(status="paused")))
        if job.stopped:
            await self._finish(job.emitter, paused, "cancelled")

    async def _finish(
        self, emitter: Emitter, row: TaskRow, status: TaskStatus, *, answer: str = "", error: str = ""
    ) -> None:
        ended = _now(row, status)
        seconds = max(0, ended.updated_at - row.created_at) / 1000
        data = TaskEndData(duration_seconds=seconds, usage=Usage(), final_answer=answer, error=error)
        await emitter.commit([emitter.stamp(ENDINGS[status](data=data))], ended)

    def agent(self, name: str) -> Agent:
        """An agent by name, the default one for none. Raises NotFound."""
        found = self.agents.get(name or self.default)
        if found is None:
            raise NotFound(f"There is no agent `{name}`; there is {', '.join(sorted(self.agents))}.", path="data.agent")
        return found


_PAST = {"pause": "paused", "resume": "resumed", "stop": "stopped"}


def _now(row: TaskRow, status: TaskStatus) -> TaskRow:
    return replace(row, status=status, updated_at=now_ms())


def _said_by_agent(entry: Entry, task_id: str) -> bool:
    return entry.task_id == task_id and entry.kind not in NOT_SPOKEN
