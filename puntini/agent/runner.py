"""The runner: takes tasks from their lanes, runs one attempt at each, and writes exactly one end.

Stopping is a cancellation; pausing and shutting down happen at the agent's next safe point. A task that was paused, or
whose server died, is taken up again as a new attempt that goes on after what the log already holds.

While the store can't be written, a task that runs waits for it; a command does not, it raises StoreUnavailable.
"""

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import anyio
import anyio.lowlevel
import structlog
from anyio.abc import TaskGroup
from msgspec import UNSET
from msgspec.structs import replace

from puntini.agent import emit
from puntini.agent.approvals import Approvals
from puntini.agent.contract import Agent, Decision
from puntini.agent.emit import Voice
from puntini.agent.emitter import RETRY_SECONDS, Emitter
from puntini.agent.job import Interrupted, Job, said_by_agent
from puntini.agent.lanes import Lanes, Place
from puntini.agent.turns import Turns
from puntini.errors import (
    Conflict,
    NotFound,
    PuntiniError,
    SessionClosed,
    StaleAttempt,
    StoreUnavailable,
    Unavailable,
    described,
)
from puntini.log.contract import Append, Once, Store, TaskRow, Written
from puntini.log.keeper import Keeper
from puntini.log.mint import now_ms
from puntini.protocol.entries import entry_of
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
    UserPrompt,
)
from puntini.views.session import SessionView

Action = Literal["pause", "resume", "stop"]
Ending = Literal["completed", "failed", "cancelled"]
ENDINGS: dict[Ending, type[TaskCompleted] | type[TaskFailed] | type[TaskCancelled]] = {
    "completed": TaskCompleted,
    "failed": TaskFailed,
    "cancelled": TaskCancelled,
}
FAULT = "The server met an error of its own; its log says more."
RECHECK_SECONDS = 0.05
LEAVE_SECONDS = 5.0
"""How long a resume waits for an attempt that is coming to rest."""
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
        task_seconds: float = 0.0,
        leave_seconds: float = LEAVE_SECONDS,
    ) -> None:
        self.agents = agents
        self.default = default
        self._store = store
        self._keeper = keeper
        self._group = tasks
        self._lanes = Lanes(most)
        self._jobs: dict[str, Job] = {}
        self._turns = Turns()
        self._task_seconds = task_seconds
        self._leave_seconds = leave_seconds
        self._approvals = Approvals(store, self._decided)
        self._closing = False
        self._left = anyio.Event()

    async def start(self) -> None:
        """Take up what a server before this one left unfinished."""
        rows = await self._store.tasks(open_only=True)
        for row in rows:
            latest = await self._take_up(row)
            if latest.status == "queued":
                self._lanes.add(latest)
        self._pump()
        await self._approvals.load(rows)
        self._group.start_soon(self._approvals.expire)

    async def _take_up(self, row: TaskRow) -> TaskRow:
        """Begin another attempt at what ran when the server ended. Waits while the store is away, and says so once."""
        told = False
        while row.status == "running" or (row.status == "waiting" and await self._approvals.unseen(row)):
            try:
                crashes = row.crashes + (row.status == "running")
                return await self._again(replace(row, crashes=crashes), "taken up again after a restart")
            except StaleAttempt:  # the last that the server before this one wrote came in just now
                row = await self._store.task(row.task_id) or replace(row, status="cancelled")
            except StoreUnavailable as error:
                if not told:
                    log.warning("the start waits for the store", task_id=row.task_id, reason=error.message)
                told = True
                await anyio.sleep(RETRY_SECONDS)
        return row

    # What api asks.

    def known(self, agent: str) -> bool:
        """Whether there is such an agent."""
        return agent in self.agents

    def busy(self, session_id: str) -> bool:
        """Whether the session has a task that runs or waits."""
        return self._lanes.busy(session_id)

    def runs(self, session_id: str) -> bool:
        """Whether a task runs that can hear what is said to it."""
        return self._hearing(session_id) is not None

    def _hearing(self, session_id: str) -> Job | None:
        return next((job for job in self._jobs.values() if job.session_id == session_id and not job.interrupted), None)

    def reserve(self, session_id: str) -> Place:
        """Hold a place for a task about to be written; its ``status`` is what the task starts with. Raises TooMany."""
        return self._lanes.reserve(session_id)

    def accept(self, row: TaskRow) -> None:
        """A task was written: run it when its turn comes."""
        self._lanes.add(row)
        self._pump()

    async def control(self, task_id: str, action: Action) -> TaskRow:
        """Pause, resume or stop. Raises NotFound, Conflict when the task's status does not allow it, or Unavailable."""
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

    # What people say to tasks.

    async def decide(
        self,
        session_id: str,
        approval_id: str,
        decision: Literal["approved", "denied", "answered"],
        value: Any,
        by: str,
        once: Once | None,
    ) -> Written:
        """Decide what a task has asked. Raises NotFound or Conflict."""
        return await self._approvals.decide(session_id, approval_id, Decision(decision, value, by), once)

    def _decided(self, task_id: str) -> None:
        self._group.start_soon(self._go_on, task_id)

    async def _go_on(self, task_id: str) -> None:
        """Begin another attempt at a task that waited for a decision."""
        try:
            while job := self._jobs.get(task_id):
                if not job.waits:
                    return  # it asks for the decision before it comes to rest
                await self._some_left(job.session_id)
            row = await self._store.task(task_id)
            if row is not None and row.status == "waiting":
                self._lanes.add(await self._again(row, "an approval was decided"))
                self._pump()
        except StaleAttempt:
            return  # stopped, or it goes on already
        except PuntiniError as error:
            log.warning("a task goes on at the next start", task_id=task_id, reason=error.message)

    async def steer(self, session_id: str, event: UserPrompt, once: Once | None) -> Written:
        """Say something to the task that runs in a session. Raises Conflict when none does."""
        job = self._hearing(session_id)
        if job is None:
            raise Conflict("No task runs in this session that could hear it; send a user_prompt to start one.")
        row = job.row
        said = replace(event, task_id=row.task_id, attempt=row.attempt, agent=row.agent)
        with anyio.CancelScope(shield=True):
            written = await self._store.append(
                Append(session_id=session_id, entries=[entry_of(said)], once=once, at=now_ms())
            )
        job.spoken_to = max(job.spoken_to, written.last)
        return written

    async def stop_session(self, session_id: str) -> None:
        """Stop what runs and waits in a session, and wait until it has ended. Raises StoreUnavailable."""
        while True:
            for row in await self._store.tasks(session_id=session_id, open_only=True):
                await self._stop(row)
            if not self._lanes.busy(session_id):
                return
            await self._some_left(session_id)

    async def _some_left(self, session_id: str) -> None:
        """Wait a moment for a job to leave. Raises StoreUnavailable when one of the session waits for the store."""
        for job in self._jobs.values():
            if job.session_id == session_id and job.emitter.away:
                raise StoreUnavailable(job.emitter.away)
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

    def running(self) -> Counter[str]:
        """How many tasks of each agent run."""
        return Counter(job.agent for job in self._jobs.values())

    # Tasks that do not run.

    async def _resume(self, row: TaskRow, job: Job | None) -> None:
        if job is not None and job.order != "pause":
            raise Conflict("The task is not paused.")
        if job is not None and not job.interrupted:
            job.order = None
            return
        if job is not None:
            await self._at_rest(job)
        latest = await self._store.task(row.task_id)
        if latest is None or latest.status != "paused":
            raise Conflict("The task is not paused.")
        with self._lanes.reserve(row.session_id), anyio.CancelScope(shield=True):
            # Once it is written it has to be run, also when the caller has left.
            self.accept(await self._again(latest, ""))

    async def _at_rest(self, job: Job) -> None:
        """Wait until a paused job has left. Raises Unavailable when its agent takes long to, or the store is away."""
        with anyio.move_on_after(self._leave_seconds):
            while self._jobs.get(job.task_id) is job:
                await self._some_left(job.session_id)
            return
        raise Unavailable("The task is still coming to rest; resume it in a moment.")

    async def _again(self, row: TaskRow, detail: str) -> TaskRow:
        """Begin another attempt: it waits for its turn, and whatever the one before still says is refused."""
        again = replace(row, status="queued", attempt=row.attempt + 1, updated_at=now_ms())
        await Emitter(self._store, row).write(TaskResumed(data=TaskData(status="queued", detail=detail)), again)
        return again

    async def _pause_unstarted(self, row: TaskRow) -> None:
        if row.status != "paused":
            await self._withdraw(row, TaskPaused(data=TaskData(status="paused")), _now(row, "paused"))

    async def _end_unstarted(self, row: TaskRow) -> None:
        await self._withdraw(row, *_ending(row, End("cancelled")))

    async def _withdraw(self, row: TaskRow, event: Envelope, after: TaskRow) -> None:
        """Write what becomes of a waiting task, which keeps its place in its lane unless that is written."""
        self._lanes.hold(row.task_id)
        try:
            with anyio.CancelScope(shield=True):
                await Emitter(self._store, row).write(event, after)
            self._lanes.remove(row.task_id)
        finally:
            self._lanes.free(row.task_id)
            self._pump()

    # Tasks that run.

    def _pump(self) -> None:
        while not self._closing and (row := self._lanes.next()) is not None:
            # The job is there from the first moment: an order that comes before the agent begins must not pass it by.
            job = self._jobs[row.task_id] = Job(row, self._store, self._keeper, self._approvals, self._turns)
            self._turns.divide(len(self._jobs))
            self._group.start_soon(self._run, job)

    async def _run(self, job: Job) -> None:
        row = job.row
        try:
            await self._attempt(job)
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

    async def _attempt(self, job: Job) -> None:
        """Run the job. Whatever goes wrong fails its task, so that it has an end; unless the log takes none."""
        try:
            await self._begin(job)
            await self._work(job)
        except (StaleAttempt, NotFound, SessionClosed):
            raise
        except Exception as error:
            log.exception("attempt failed", task_id=job.task_id, session_id=job.session_id)
            reason = error.message if isinstance(error, PuntiniError) else FAULT
            await self._finish(job, job.row, End("failed", error=reason))

    async def _begin(self, job: Job) -> None:
        """Say that the task runs, and learn what an agent has to know. Waits while the store is away."""
        if job.row.status == "queued":
            await job.emitter.commit(TaskProgress(data=TaskData(status="running")), _now(job.row, "running"))
        await self._turns.turn()
        while True:
            try:
                view = await self._keeper.view(job.session_id)
                job.versions.at_least(view.graph.version)
                job.state_version = view.state_version
                job.spoken = await self._spoken(job.row)
                job.decided = await self._approvals.unseen(job.row) if job.row.attempt > 1 else frozenset()
                job.spoken_to = (await self._store.bounds(job.session_id)).head if job.row.attempt > 1 else 0
                return
            except StoreUnavailable:
                await anyio.sleep(RETRY_SECONDS)

    async def _spoken(self, row: TaskRow) -> int:
        """How many events the agent itself has said in earlier attempts."""
        spoken, cursor = 0, row.first_seq
        head = (await self._store.bounds(row.session_id)).head if row.attempt > 1 else 0
        while cursor < head:
            page = await self._store.read(row.session_id, cursor)
            spoken += sum(1 for _, entry in page.events if said_by_agent(entry, row.task_id))
            cursor = page.upto
        return spoken

    async def _work(self, job: Job) -> None:
        """Let the agent work, and write what came of it."""
        end = await self._play(job)
        await job.emitter.drained()
        if end is None and not (job.leaving or job.waits):
            end = End("failed", error="The agent left as if at a safe point, and nobody had asked it to.")
        if job.stopped:
            await self._finish(job, job.row, End("cancelled"))
        elif end is None:
            await self._rest(job)
        else:
            await self._finish(job, job.row, end)

    async def _play(self, job: Job) -> End | None:
        """The agent's part, to its end or to a safe point (None). It has a task of its own, to leave in any state."""
        if job.order is not None or job.stopped:
            job.interrupted = True
            return None
        outcome: list[End | None] = []
        if self._task_seconds:
            job.scope.deadline = anyio.current_time() + self._task_seconds
        try:
            with job.scope:
                async with anyio.create_task_group() as alone:
                    alone.start_soon(self._call, job, outcome)
        except ExceptionGroup as group:  # the agent left a cancel scope open
            outcome = [self._judge(job, group.exceptions[0])]
        if not outcome and job.late:
            outcome = [End("failed", error=f"The task took longer than {self._task_seconds:g} seconds.")]
        end = outcome[0] if outcome else End("cancelled")
        job.interrupted = end is None
        return end

    async def _call(self, job: Job, outcome: list[End | None]) -> None:
        """Call the agent, and note what came of it, unless it was cancelled."""
        emit.current.set(Voice(job, job.emit))
        try:
            outcome.append(_answered(await self.agent(job.row.agent).run(job)))
        except (KeyboardInterrupt, GeneratorExit):  # not the agent's: the process or the loop ends
            raise
        except BaseException as error:  # an agent is anybody's code
            if isinstance(error, anyio.get_cancelled_exc_class()) and anyio.current_effective_deadline() == -math.inf:
                raise  # stopped, or the server ends; any other cancellation is of the agent's making
            outcome.append(self._judge(job, error))

    def _judge(self, job: Job, error: BaseException) -> End | None:
        """What an agent's exception means: a safe point, also one that was met in a child task, or a failure.

        Whatever an agent raises fails its task, no more.
        """
        if isinstance(error, BaseExceptionGroup):
            rest = error.split(Interrupted)[1]
            error = error if rest is None else rest
            if rest is None:
                return None
        if isinstance(error, Interrupted):
            return None
        if isinstance(error, PuntiniError):
            return End("failed", error=error.message)
        log.error("agent failed", task_id=job.task_id, agent=job.row.agent, exc_info=error)
        return End("failed", error=described(error))

    async def _rest(self, job: Job) -> None:
        """The agent was unwound at a safe point: paused, waiting for a decision, or left for the next start."""
        if job.waits and job.order != "pause":
            await job.emitter.commit(TaskProgress(data=TaskData(status="waiting")), _now(job.row, "waiting"))
            if job.stopped:
                await self._finish(job, job.row, End("cancelled"))
            elif await self._approvals.unseen(job.row) - job.decided:
                self._decided(job.task_id)
            return
        if job.order != "pause":
            return
        paused = _now(job.row, "paused")
        await job.emitter.commit(TaskPaused(data=TaskData(status="paused")), paused)
        if job.stopped:
            await self._finish(job, paused, End("cancelled"))

    async def _finish(self, job: Job, row: TaskRow, end: End) -> None:
        await job.emitter.commit(*_ending(row, end))

    def agent(self, name: str) -> Agent:
        """An agent by name, the default one for none. Raises NotFound."""
        found = self.agents.get(name or self.default)
        if found is None:
            raise NotFound(f"There is no agent `{name}`; there is {', '.join(sorted(self.agents))}.", path="data.agent")
        return found


_PAST = {"pause": "paused", "resume": "resumed", "stop": "stopped"}


def _now(row: TaskRow, status: TaskStatus) -> TaskRow:
    return replace(row, status=status, updated_at=now_ms())


def _ending(row: TaskRow, end: End) -> tuple[Envelope, TaskRow]:
    """A task's last event, and its row from then on."""
    ended = _now(row, end.status)
    seconds = max(0, ended.updated_at - row.created_at) / 1000
    cost = UNSET if row.cost_usd is None else row.cost_usd
    usage = Usage(input_tokens=row.input_tokens, output_tokens=row.output_tokens, cost_usd=cost)
    data = TaskEndData(duration_seconds=seconds, usage=usage, final_answer=end.answer, error=end.error)
    return ENDINGS[end.status](data=data), ended


def _answered(answer: object) -> End:
    if isinstance(answer, str):
        return End("completed", answer=answer)
    return End("failed", error=f"The agent returned {type(answer).__name__}, not its answer as a str.")
