"""The runner: takes tasks from their lanes and has one attempt made at each.

Stopping is a cancellation; pausing and shutting down happen at the agent's next safe point. A task that was paused, or
whose server died, is taken up again as a new attempt that goes on after what the log already holds. Whatever happens,
exactly one end of each task is written.

While the store can't be written, a task that runs waits for it; a command does not, it raises StoreUnavailable.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import anyio
import structlog
from anyio.abc import TaskGroup
from msgspec.structs import replace

from puntini.agent.approvals import Approvals
from puntini.agent.attempt import Attempts
from puntini.agent.contract import Agent, Decision
from puntini.agent.control import LEAVE_SECONDS, Action, Control
from puntini.agent.emitter import RETRY_SECONDS
from puntini.agent.job import Job
from puntini.agent.jobs import Jobs
from puntini.agent.lanes import Lanes
from puntini.agent.people import People
from puntini.errors import NotFound, PuntiniError, StaleAttempt, StoreUnavailable
from puntini.log.contract import Once, Store, TaskRow, Written
from puntini.log.keeper import Keeper
from puntini.protocol.events import UserPrompt
from puntini.redaction import Redaction
from puntini.views.session import SessionView

log = structlog.get_logger("puntini.agent")


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
        redacted: Redaction | None = None,
        leave_seconds: float = LEAVE_SECONDS,
    ) -> None:
        self.agents = agents
        self.default = default
        self._store = store
        self._keeper = keeper
        self._group = tasks
        self._lanes = Lanes(most)
        self._jobs = Jobs()
        self._approvals = Approvals(store, self._go_on)
        self._control = Control(store, self._lanes, self._jobs, self._pump, leave_seconds=leave_seconds)
        self._people = People(store, self._jobs, self._again)
        self._attempts = Attempts(store, keeper, self._approvals, self.agent, self._go_on, task_seconds)
        self._redacted = redacted or Redaction()
        self._closing = False

    def agent(self, name: str) -> Agent:
        """An agent by name, the default one for none. Raises NotFound."""
        found = self.agents.get(name or self.default)
        if found is None:
            raise NotFound(f"There is no agent `{name}`; there is {', '.join(sorted(self.agents))}.", path="data.agent")
        return found

    # Its life.

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
                return await self._control.again(replace(row, crashes=crashes), "taken up again after a restart")
            except StaleAttempt:  # the last that the server before this one wrote came in just now
                row = await self._store.task(row.task_id) or replace(row, status="cancelled")
            except StoreUnavailable as error:
                if not told:
                    log.warning("the start waits for the store", task_id=row.task_id, reason=error.message)
                told = True
                await anyio.sleep(RETRY_SECONDS)
        return row

    async def shutdown(self) -> None:
        """Let every attempt end at its next safe point. What is unfinished is taken up at the next start."""
        self._closing = True
        for job in self._jobs:
            job.order = job.order or "suspend"
        await self._jobs.all_left()

    # What api asks.

    def known(self, agent: str) -> bool:
        """Whether there is such an agent."""
        return agent in self.agents

    def busy(self, session_id: str) -> bool:
        """Whether the session has a task that runs or waits."""
        return self._lanes.busy(session_id)

    @contextmanager
    def reserve(self, session_id: str) -> Iterator[Literal["running", "queued"]]:
        """Hold a place for a task about to be written; gives what the task starts with. Raises TooMany."""
        try:
            with self._lanes.reserve(session_id) as status:
                yield status
        finally:
            self._pump()  # a place that was kept in vain is free again

    def accept(self, row: TaskRow) -> None:
        """A task was written: run it when its turn comes."""
        self._lanes.add(row)
        self._pump()

    async def control(self, task_id: str, action: Action) -> TaskRow:
        """Pause, resume or stop. Raises NotFound, Conflict when the task's status does not allow it, or Unavailable."""
        return await self._control.give(task_id, action)

    async def interrupt(self, session_id: str) -> None:
        """Stop what runs and waits its turn in a session, and wait until it has ended. Raises StoreUnavailable."""
        await self._control.stop_session(session_id, resting=False)

    async def stop_session(self, session_id: str) -> None:
        """Stop all in a session, and wait until it has ended. Raises StoreUnavailable."""
        await self._control.stop_session(session_id, resting=True)

    async def steer(self, session_id: str, event: UserPrompt, once: Once | None) -> Written | None:
        """Say something to the task that runs in a session; None when none does that could hear it."""
        return await self._people.steer(session_id, event, once)

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

    @property
    def stats(self) -> dict[str, int]:
        """How many tasks run and wait."""
        return self._lanes.counts

    def running(self) -> Counter[str]:
        """How many tasks of each agent run."""
        return Counter(job.agent for job in self._jobs)

    # Turns.

    def _go_on(self, task_id: str) -> None:
        self._group.start_soon(self._people.decided, task_id)

    async def _again(self, row: TaskRow, detail: str) -> None:
        self.accept(await self._control.again(row, detail))

    def _pump(self) -> None:
        while not self._closing and (row := self._lanes.next()) is not None:
            # The job is there from the first moment: an order that comes before the agent begins must not pass it by.
            job = Job(row, self._store, self._keeper, self._approvals, self._jobs.turns, self._redacted)
            self._jobs.add(job)
            self._group.start_soon(self._run, job)

    async def _run(self, job: Job) -> None:
        try:
            await self._attempts.make(job)
        except PuntiniError as error:
            # Deleted, or taken over by another attempt: there is nobody left to tell but the operator.
            log.warning("task left", task_id=job.task_id, session_id=job.session_id, reason=error.message)
        except Exception:  # a fault of ours in one task must not end the others, which is what it would do from here
            log.exception("task lost", task_id=job.task_id, session_id=job.session_id)
        finally:
            job.emitter.close()
            # Since the last look at the job's orders nothing was awaited: who comes now finds no job.
            self._jobs.remove(job)
            self._lanes.done(job.session_id)
            self._pump()
