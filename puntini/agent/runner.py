"""The runner: takes tasks from their lanes, runs one attempt at each, and writes exactly one end.

Stopping is a cancellation; pausing and shutting down happen at the agent's next safe point. A task that was paused, or
whose server died, is taken up again as a new attempt that goes on after what the log already holds.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import anyio
import anyio.lowlevel
import structlog
from anyio.abc import TaskGroup
from msgspec.structs import replace

from puntini.agent.contract import Agent
from puntini.agent.emitter import RETRY_SECONDS, Emitter
from puntini.agent.job import Interrupted, Job, Turns
from puntini.agent.lanes import Lanes, Place
from puntini.errors import Conflict, NotFound, PuntiniError, StaleAttempt, StoreUnavailable
from puntini.log.contract import Store, TaskRow
from puntini.log.keeper import Keeper
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
Ending = Literal["completed", "failed", "cancelled"]
ENDINGS: dict[Ending, type[TaskCompleted] | type[TaskFailed] | type[TaskCancelled]] = {
    "completed": TaskCompleted,
    "failed": TaskFailed,
    "cancelled": TaskCancelled,
}
NOT_SPOKEN = frozenset({"user_prompt", "task_started", "task_progress", "task_paused", "task_resumed"})
RECHECK_SECONDS = 0.05
log = structlog.get_logger("puntini.agent")


class End(NamedTuple):
    """How an attempt came out."""

    status: Ending
    answer: str = ""
    error: str = ""


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
            job.order = job.order or "suspend"
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
        await self._finish(Emitter(self._store, row), row, End("cancelled"))

    async def _note(self, before: TaskRow, after: TaskRow, event: Envelope) -> TaskRow:
        """Write a change of status and its event, fenced by the attempt that was."""
        emitter = Emitter(self._store, before)
        await emitter.commit([emitter.stamp(event)], after)
        return after

    # Tasks that run.

    def _pump(self) -> None:
        while not self._closing and (row := self._lanes.next()) is not None:
            # The job is there from the first moment: an order that comes before the agent begins must not pass it by.
            versions = self._keeper.versions(row.session_id)
            job = self._jobs[row.task_id] = Job(row, Emitter(self._store, row), versions, self._turns)
            self._turns.divide(len(self._jobs))
            self._group.start_soon(self._run, job)

    async def _run(self, job: Job) -> None:
        row = job.row
        try:
            await self._begin(job)
            await self._work(job)
        except PuntiniError as error:
            # Deleted, or taken over by another attempt: there is nobody left to tell but the operator.
            log.warning("task left", task_id=row.task_id, session_id=row.session_id, reason=error.message)
        except Exception:  # a fault of ours in one task must not end the others, which is what it would do from here
            log.exception("task lost", task_id=row.task_id, session_id=row.session_id)
        finally:
            job.emitter.close()
            # Since the last look at the job's orders nothing was awaited: who comes now finds no job.
            del self._jobs[row.task_id]
            self._turns.divide(len(self._jobs))
            self._lanes.done(row.session_id)
            self._left.set()
            self._left = anyio.Event()
            self._pump()

    async def _begin(self, job: Job) -> None:
        """Say that the task runs, and learn what an agent has to know. Waits while the store is away."""
        if job.row.status == "queued":
            job.row = await self._note(job.row, _now(job.row, "running"), TaskProgress(data=TaskData(status="running")))
        while True:
            try:
                job.versions.at_least((await self._keeper.view(job.session_id)).graph.version)
                job.spoken = await self._spoken(job.row)
                return
            except StoreUnavailable:
                await anyio.sleep(RETRY_SECONDS)

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
        """Let the agent work, and write what came of it."""
        end = await self._play(job)
        await job.emitter.drained()
        if job.stopped:
            await self._finish(job.emitter, job.row, End("cancelled"))
        elif end is None:
            await self._rest(job)
        else:
            await self._finish(job.emitter, job.row, end)

    async def _play(self, job: Job) -> End | None:
        """The agent's part, to its end or to a safe point (None)."""
        end: End | None = End("cancelled")
        if job.order is not None or job.stopped:
            job.interrupted = True
            return None
        with job.scope:
            try:
                end = End("completed", answer=await self.agent(job.row.agent).run(job))
            except (Interrupted, BaseExceptionGroup, Exception) as error:  # noqa: BLE001 - an agent is anybody's code
                end = self._judge(job, error)
        job.interrupted = end is None
        return end

    def _judge(self, job: Job, error: BaseException) -> End | None:
        """What an agent's exception means: a safe point, also one that was met in a child task, or a failure."""
        if isinstance(error, BaseExceptionGroup):
            rest = error.split(Interrupted)[1]
            error = error if rest is None else rest
            if rest is None:
                return None
        if isinstance(error, Interrupted):
            return None
        if isinstance(error, PuntiniError):
            return End("failed", error=error.message)
        if not isinstance(error, Exception):
            raise error
        # Whatever an agent raises fails its task, no more.
        log.error("agent failed", task_id=job.task_id, agent=job.row.agent, exc_info=error)
        return End("failed", error=f"{type(error).__name__}: {error}")

    async def _rest(self, job: Job) -> None:
        """The agent was unwound at a safe point: paused, or left for the next start."""
        if job.order != "pause":
            return
        paused = await self._note(job.row, _now(job.row, "paused"), TaskPaused(data=TaskData(status="paused")))
        if job.stopped:
            await self._finish(job.emitter, paused, End("cancelled"))

    async def _finish(self, emitter: Emitter, row: TaskRow, end: End) -> None:
        ended = _now(row, end.status)
        seconds = max(0, ended.updated_at - row.created_at) / 1000
        data = TaskEndData(duration_seconds=seconds, usage=Usage(), final_answer=end.answer, error=end.error)
        await emitter.commit([emitter.stamp(ENDINGS[end.status](data=data))], ended)

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
