"""An attempt at a task, from its turn to its end, or to where it rests. It writes what becomes of the task."""

import math
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
import structlog

from puntini.agent import emit, status
from puntini.agent.approvals import Approvals
from puntini.agent.contract import Agent
from puntini.agent.emit import Voice
from puntini.agent.emitter import RETRY_SECONDS
from puntini.agent.exits import contain_exits
from puntini.agent.job import Interrupted, Job, said_by_agent
from puntini.agent.status import Change, End
from puntini.agent.traces import told
from puntini.errors import NotFound, PuntiniError, SessionClosed, StaleAttempt, StoreUnavailable, described
from puntini.log.contract import Store, TaskRow
from puntini.log.keeper import Keeper
from puntini.views.session import SessionView

FAULT = "The server met an error of its own; its log says more."
MOST_CRASHES = 3
DIED = f"The task died {MOST_CRASHES} times in a row at the same place; it is not tried again."
SUSPENDED = "the server stops; it goes on at the next start"
LEFT = "its worker stops; another one takes it up, or the next to start"
T = TypeVar("T")
log = structlog.get_logger("puntini.agent")


class Attempts:
    """Makes attempts. ``agent`` finds one by name; ``go_on`` is told of each task that rested after its decision came.

    ``hear`` gives a job the orders that were not given to it yet. ``seconds`` is what an attempt may take, 0 for ever.
    """

    def __init__(
        self,
        store: Store,
        keeper: Keeper[SessionView],
        approvals: Approvals,
        agent: Callable[[str], Agent],
        go_on: Callable[[str], None],
        hear: Callable[[Job], Awaitable[None]],
        seconds: float,
    ) -> None:
        self._store = store
        self._keeper = keeper
        self._approvals = approvals
        self._agent = agent
        self._go_on = go_on
        self._hear = hear
        self._seconds = seconds

    async def make(self, job: Job) -> None:
        """Run a job. Whatever goes wrong fails its task, so that it has an end; unless the log takes none.

        Raises StaleAttempt, NotFound or SessionClosed then.
        """
        async with told(self._store, job):
            await self._make(job)

    async def _make(self, job: Job) -> None:
        try:
            await self._begin(job)
            await self._work(job)
        except (StaleAttempt, NotFound, SessionClosed):
            raise
        except Exception as error:
            log.exception("attempt failed", task_id=job.task_id, session_id=job.session_id)
            reason = error.message if isinstance(error, PuntiniError) else FAULT
            await self._fail(job, reason)

    async def _fail(self, job: Job, reason: str) -> None:
        """Write that a task failed, if need be without what it took: every task has its end."""
        try:
            await job.emitter.commit(*status.ended(job.row, End("failed", error=reason)))
        except (StaleAttempt, NotFound, SessionClosed):
            raise
        except Exception:  # whatever the books can't hold: the end is written without them, for each task has one
            log.exception("an end without books", task_id=job.task_id, session_id=job.session_id)
            await job.emitter.commit(*status.without_books(job.row, End("failed", error=FAULT)))

    # Its beginning.

    async def _begin(self, job: Job) -> None:
        """Say that the task runs, and learn what an agent has to know. Waits while the store is away."""
        if job.row.status == "queued":
            # Of two nodes that believe it to be their turn the second is told. A process alone is not: what says that
            # it runs already is then the late word of the process before it.
            await job.emitter.commit(*status.running(job.row), still="queued" if self._store.queue else None)
        await job.turn()
        await _patiently(lambda: self._learn(job))

    async def _learn(self, job: Job) -> None:
        view = await self._keeper.view(job.session_id)
        job.versions.at_least(view.graph.version)
        job.state_version = view.state_version
        if job.row.attempt > 1:
            await self._hear(job)
            job.spoken_before = await self._spoken(job.row)
            job.decided = await self._approvals.unseen(job.row)
            job.attention.at_least((await self._store.bounds(job.session_id)).head)

    async def _spoken(self, row: TaskRow) -> int:
        """How many events the agent itself has said in earlier attempts. Before its start it was given things."""
        spoken, cursor, started = 0, row.first_seq, False
        head = (await self._store.bounds(row.session_id)).head
        while cursor < head:
            page = await self._store.read(row.session_id, cursor)
            for _, entry in page.events:
                started = started or (entry.kind == "task_started" and entry.task_id == row.task_id)
                spoken += started and said_by_agent(entry, row.task_id)
            cursor = page.upto
        return spoken

    # The agent's part.

    async def _work(self, job: Job) -> None:
        """Let the agent work, and write what came of it."""
        end = await self._play(job)
        await job.emitter.drained()
        if end is None and not (job.leaving or job.waits):
            end = End("failed", error="The agent left as if at a safe point, and nobody had asked it to.")
        if job.stopped:
            end = End("cancelled")
        if end is None:
            await self._rest(job)
        else:
            await job.emitter.commit(*status.ended(job.row, end))

    async def _play(self, job: Job) -> End | None:
        """The agent's part, to its end or to a safe point (None). It has a task of its own, to leave in any state."""
        if job.order is not None or job.stopped:
            job.interrupted = True
            return None
        if job.row.crashes >= MOST_CRASHES:
            return End("failed", error=DIED)
        outcome: list[End | None] = []
        if self._seconds:
            job.scope.deadline = anyio.current_time() + self._seconds
        try:
            with job.scope:
                async with anyio.create_task_group() as alone:
                    alone.start_soon(self._call, job, outcome)
        except ExceptionGroup as group:  # the agent left a cancel scope open
            outcome = [_judge(job, group.exceptions[0])]
        if not outcome and job.late:
            outcome = [End("failed", error=f"The task took longer than {self._seconds:g} seconds.")]
        end = outcome[0] if outcome else End("cancelled")
        job.interrupted = end is None
        return end

    async def _call(self, job: Job, outcome: list[End | None]) -> None:
        """Call the agent, and note what came of it, unless it was cancelled."""
        contain_exits()
        emit.current.set(Voice(job, job.emit))
        try:
            outcome.append(_answered(await self._agent(job.row.agent).run(job)))
        except (KeyboardInterrupt, GeneratorExit):  # not the agent's: the process or the loop ends
            raise
        except BaseException as error:  # an agent is anybody's code
            if isinstance(error, anyio.get_cancelled_exc_class()) and anyio.current_effective_deadline() == -math.inf:
                raise  # stopped, or the server ends; any other cancellation is of the agent's making
            outcome.append(_judge(job, error))
        finally:
            job.attention.listening = False

    # Where it rests.

    async def _rest(self, job: Job) -> None:
        """The agent was unwound at a safe point: paused, waiting for a decision, or left for the next start.

        That is no death, and must not count as one: another attempt is due, which the next server finds queued.
        """
        news = False
        while (change := _due(job, LEFT if self._store.shared else SUSPENDED)) is not None:
            await job.emitter.commit(*change)
            job.renew()
            await _patiently(lambda: self._hear(job))
            if job.row.status == "waiting":
                news = bool(await _patiently(lambda: self._approvals.unseen(job.row)) - job.decided)
        if news and job.row.status == "waiting":
            self._go_on(job.task_id)


def _due(job: Job, left: str) -> Change | None:
    """What is to be written of a job whose agent has left at a safe point; orders may still come, one by one.

    Of one that is ``left`` to others the reason is said.
    """
    row = job.row
    if row.ended:
        return None
    if job.stopped:
        return status.ended(row, End("cancelled"))
    if job.order == "pause":
        return None if row.status == "paused" else status.paused(row)
    if row.status != "running":
        return None
    return status.waiting(row) if job.waits else status.queued_again(row, left)


async def _patiently(read: Callable[[], Awaitable[T]]) -> T:
    """Read from the store, and again while it is away."""
    while True:
        try:
            return await read()
        except StoreUnavailable:
            await anyio.sleep(RETRY_SECONDS)


def _judge(job: Job, error: BaseException) -> End | None:
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


def _answered(answer: object) -> End:
    if isinstance(answer, str):
        return End("completed", answer=answer)
    return End("failed", error=f"The agent returned {type(answer).__name__}, not its answer as a str.")
