"""The runner: has one attempt made at each task whose turn has come.

Stopping is a cancellation; pausing and shutting down happen at the agent's next safe point. A task that was paused, or
whose server died, is taken up again as a new attempt that goes on after what the log already holds. Whatever happens,
exactly one end of each task is written.

While the store can't be written, a task that runs waits for it; a command does not, it raises StoreUnavailable.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal

import structlog
from anyio.abc import TaskGroup

from puntini.agent.alone import Alone
from puntini.agent.approvals import Approvals
from puntini.agent.attempt import Attempts
from puntini.agent.contract import Agent, Decision
from puntini.agent.job import Job
from puntini.agent.jobs import Jobs
from puntini.agent.people import People
from puntini.agent.resting import again
from puntini.agent.rota import LEAVE_SECONDS, MOST_QUEUED, Action, Rota, Start
from puntini.agent.shared.rota import Shared
from puntini.errors import NotFound, PuntiniError
from puntini.log.contract import Once, Store, TaskRow, Written
from puntini.log.keeper import Keeper
from puntini.protocol.events import UserPrompt
from puntini.redaction import Redaction
from puntini.views.session import SessionView

log = structlog.get_logger("puntini.agent")


class Runner:
    """Runs the agents named in ``agents``; ``default`` serves where a task names none.

    ``own`` are those that the server was started with, and all where nothing is said; the store knows the others. One
    of many takes tasks of those alone that are ``taken``, if that is said.
    """

    def __init__(
        self,
        store: Store,
        keeper: Keeper[SessionView],
        agents: Mapping[str, Agent],
        default: str,
        tasks: TaskGroup,
        *,
        most: int,
        most_queued: int = MOST_QUEUED,
        task_seconds: float = 0.0,
        redacted: Redaction | None = None,
        leave_seconds: float = LEAVE_SECONDS,
        own: Sequence[str] | None = None,
        taken: Collection[str] | None = None,
    ) -> None:
        self.agents = agents
        self.default = default
        self._store = store
        self._keeper = keeper
        self._group = tasks
        self.taken: Collection[str] = agents if taken is None else taken
        self._jobs = Jobs()
        self._approvals = Approvals(store, self._go_on)
        self._rota = self._make_rota(most, most_queued, leave_seconds, list(agents) if own is None else own)
        self._people = People(store, self._jobs, self._again)
        self._attempts = Attempts(
            store, keeper, self._approvals, self.agent, self._go_on, self._rota.hear, task_seconds
        )
        self._redacted = redacted or Redaction()

    def _make_rota(self, most: int, most_queued: int, leave_seconds: float, own: Sequence[str]) -> Rota:
        if self._store.queue is None:
            return Alone(
                self._store,
                self._jobs,
                self._approvals,
                self._begin,
                most=most,
                most_queued=most_queued,
                leave_seconds=leave_seconds,
            )
        return Shared(
            self._store,
            self._store.queue,
            self._jobs,
            self._approvals,
            self.taken,
            self._begin,
            self._go_on,
            self._group,
            most=most,
            most_queued=most_queued,
            leave_seconds=leave_seconds,
            own=[name for name in own if name in self.taken],
        )

    def agent(self, name: str) -> Agent:
        """An agent by name, the default one for none. Raises NotFound."""
        found = self.agents.get(name or self.default)
        if found is None:
            raise NotFound(f"There is no agent `{name}`; there is {', '.join(sorted(self.agents))}.", path="data.agent")
        return found

    # Its life.

    async def start(self) -> None:
        """Take up what was left unfinished, and whatever comes."""
        await self._rota.start()
        self._group.start_soon(self._approvals.expire)

    async def shutdown(self) -> None:
        """Let every attempt end at its next safe point. The rest is for the next start, or others."""
        self._rota.close()
        for job in self._jobs:
            job.order = job.order or "suspend"
        await self._jobs.all_left()
        await self._rota.resign()

    # What api asks.

    @property
    def elsewhere(self) -> Collection[str]:
        """Agents that workers were started with, this one too."""
        return self._rota.elsewhere

    def known(self, agent: str) -> bool:
        """Whether there is such an agent, here or on another node."""
        return agent in self.agents or agent in self.elsewhere

    def names(self) -> list[str]:
        """The agents that there are, here or on another node."""
        return sorted({*self.agents, *self.elsewhere})

    async def busy(self, session_id: str) -> bool:
        """Whether the session has a task that runs or waits. Raises StoreUnavailable."""
        return await self._rota.busy(session_id)

    def reserve(self, session_id: str, task_id: str, *, alone: bool = False) -> AbstractAsyncContextManager[Start]:
        """Hold a place for a task about to be written; gives what the task starts with.

        Raises TooMany, and TaskRunning when it is to be ``alone`` in its session and is not.
        """
        return self._rota.reserve(session_id, task_id, alone=alone)

    def accept(self, row: TaskRow) -> None:
        """A task was written: run it when its turn comes."""
        self._rota.accept(row)

    async def control(self, task_id: str, action: Action) -> TaskRow:
        """Pause, resume or stop. Raises NotFound, Conflict when the task's status does not allow it, or Unavailable."""
        return await self._rota.give(task_id, action)

    async def interrupt(self, session_id: str) -> None:
        """Stop what runs and waits its turn in a session, and wait until it has ended. Raises Unavailable."""
        await self._rota.stop_session(session_id, resting=False)

    async def stop_session(self, session_id: str) -> None:
        """Stop all in a session, and wait until it has ended. Raises Unavailable."""
        await self._rota.stop_session(session_id, resting=True)

    async def steer(self, session_id: str, event: UserPrompt, once: Once | None) -> Written | None:
        """Say something to the task that runs in a session; None when none does that could hear it."""
        return await self._people.steer(session_id, event, once) or await self._rota.tell(session_id, event, once)

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
    def leases(self) -> dict[str, int]:
        """What one of many nodes holds, has taken and has lost, and what all have to do; empty for one alone."""
        return self._rota.leases

    @property
    def unserved(self) -> list[str]:
        """The agents that tasks wait for and no worker on the same store has."""
        return sorted(self._rota.unserved)

    @property
    def stats(self) -> dict[str, int]:
        """How many tasks run and wait."""
        return self._rota.counts

    def running(self) -> Counter[str]:
        """How many tasks of each agent run."""
        return Counter(job.agent for job in self._jobs)

    # Turns.

    def _go_on(self, task_id: str) -> None:
        self._group.start_soon(self._people.decided, task_id)

    async def _again(self, row: TaskRow, detail: str) -> None:
        self._rota.accept(await again(self._store, row, detail))

    def _begin(self, row: TaskRow) -> None:
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
            self._rota.left(job)
