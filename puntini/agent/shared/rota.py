"""The rota of one of many nodes on one database: what the queue gives it runs here, and is found everywhere.

A node takes a task's lane before it runs it and renews the lease as long as it does. One that was cut off, frozen or
slow loses it: another node takes the task up as its next attempt, and from that moment on nothing that this one still
writes of it is accepted.
"""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress

import anyio
import structlog
from anyio.abc import TaskGroup
from msgspec.structs import replace

from puntini.agent.approvals import Approvals
from puntini.agent.job import Job
from puntini.agent.jobs import Jobs
from puntini.agent.resting import again
from puntini.agent.rota import Action, Start, check_queued, check_waiting, running_already
from puntini.agent.shared.control import SharedControl
from puntini.agent.shared.inbox import Inbox
from puntini.agent.shared.janitor import DUTY, Janitor
from puntini.agent.shared.lanes import HeldLanes
from puntini.agent.shared.wakes import Wakes
from puntini.errors import StaleAttempt, StoreUnavailable
from puntini.figures import figures
from puntini.log.contract import Once, Store, TaskRow, Written
from puntini.log.queue import LEASE_SECONDS, LOOK_SECONDS, RENEW_SECONDS, Figures, Queue
from puntini.protocol.events import UserPrompt

RETRY_SECONDS = 0.5
RESIGN_SECONDS = 2.0
FRESH_SECONDS = LEASE_SECONDS - 2.0
"""A lane that was taken longer ago may be another's by now."""
QUICK_SECONDS, LOOK_SHARE, LONGEST_REST = 0.01, 3, 0.25
"""Looks that take longer, as they do when thousands wait, take at most a quarter of the time."""
NOTHING = Figures(0, 0, 0.0, 0, frozenset(), frozenset())
log = structlog.get_logger("puntini.agent")


class Shared:
    """See ``Rota``. ``begin`` is told of each task whose turn has come here, ``go_on`` of each that waits in vain.

    It takes tasks of ``agents``, of which ``own`` are those that the others can't know unless they are told.
    """

    def __init__(
        self,
        store: Store,
        queue: Queue,
        jobs: Jobs,
        approvals: Approvals,
        agents: Collection[str],
        begin: Callable[[TaskRow], None],
        go_on: Callable[[str], None],
        tasks: TaskGroup,
        *,
        most: int,
        most_queued: int,
        leave_seconds: float,
        own: Sequence[str],
    ) -> None:
        self._store = store
        self._queue = queue
        self._jobs = jobs
        self._agents = agents
        self._own = own
        self._begin = begin
        self._group = tasks
        self._most = most
        self._most_queued = most_queued
        self._held = HeldLanes()
        self._wakes = Wakes()
        self._control = SharedControl(store, queue, self._wakes, self.accept, leave_seconds)
        self._inbox = Inbox(queue, jobs, self._wakes, tasks)
        self._janitor = Janitor(store, queue, approvals, self._control, go_on)
        self._coming = 0
        """Tasks that will run here and have no job yet."""
        self._taking_up: set[str] = set()
        self._closing = self._resigned = False
        self._figures = NOTHING
        self._added = 0
        self._claims = self._takeovers = self._lost = 0
        self._cut_off = False
        self._patient_until = 0.0

    # Its life.

    async def start(self) -> None:
        """Begin to look for work. What a dead node left is found as all work is."""
        self._queue.watch(self._wakes.all)
        await self._queue.renew([], list(self._agents), self._most, self._own)
        await self._count_once()
        for work in (self._queue.listen, self._renew, self._count, self._inbox.receive, self._janitor.run):
            self._group.start_soon(work)
        self._group.start_soon(self._bury)
        if self._most:
            self._group.start_soon(self._look_for_work)

    async def _bury(self) -> None:
        """Wait for no leases of a process that died here just before this one began, so long as there may be any."""
        until = anyio.current_time() + LEASE_SECONDS
        while anyio.current_time() < until:
            with suppress(StoreUnavailable):  # next time
                if number := await self._queue.bury():
                    log.warning("what dead processes of this machine held is taken over", processes=number)
            await anyio.sleep(LOOK_SECONDS)

    def close(self) -> None:
        """Begin nothing more."""
        self._closing = True

    async def resign(self) -> None:
        """Let others go on."""
        self._resigned = True
        with suppress(StoreUnavailable):
            await self._queue.leave()
            await self._queue.release(await self._queue.mine())
            await self._queue.resign(DUTY)
            self._queue.call()

    # Tasks about to be written.

    async def busy(self, session_id: str) -> bool:
        """Whether a session has a task that runs or waits, on any node."""
        return await self._queue.busy(session_id)

    @asynccontextmanager
    async def reserve(self, session_id: str, task_id: str, *, alone: bool = False) -> AsyncIterator[Start]:
        """Hold a place."""
        runs_here = self._room > 0 and not self._closing
        wanted = runs_here or alone
        self._coming += runs_here
        asked, place = anyio.current_time(), None
        self._held.asked.add((session_id, task_id))
        try:
            place = await self._queue.take(session_id, task_id, wanted=wanted)
            if alone and not place.taken:
                raise running_already()
            if place.taken:
                self._held.add(session_id, task_id, asked)
            if not (place.taken and runs_here):
                check_waiting(place.waiting)
                check_queued(self._queued, self._most_queued)
            yield "running" if place.taken and runs_here else "queued"
        finally:
            self._coming -= runs_here
            self._held.asked.discard((session_id, task_id))
            # Unless it runs now. Also when it is not known whether the lane was taken.
            if wanted and (place is None or place.taken) and self._jobs.get(task_id) is None:
                self._let_go(session_id, task_id)

    @property
    def _room(self) -> int:
        return self._most - self._jobs.count - self._coming

    @property
    def _queued(self) -> int:
        """How many wait, as far as is known here."""
        return self._figures.queued + self._added

    def accept(self, row: TaskRow) -> None:
        """A task was written."""
        if row.status == "running" and self._held.age(row.session_id, row.task_id) < FRESH_SECONDS:
            self._begin(row)
            return
        # One that was to run here, but it took too long: whoever finds it takes it up.
        self._added += 1
        self._queue.call()

    # Work.

    async def _look_for_work(self) -> None:
        while not self._closing:
            await self._wakes.work.wait(LOOK_SECONDS)
            began = anyio.current_time()
            with suppress(StoreUnavailable):  # next time
                await self._held.give_back(self._queue)
                if self._room > 0 and not self._closing:
                    await self._look()
            late = max(0.0, anyio.current_time() - began - QUICK_SECONDS)
            await anyio.sleep(min(LONGEST_REST, LOOK_SHARE * late))

    async def _look(self) -> None:
        asked = anyio.current_time()
        # Where this node could not renew, others could not either: they get the time to do so.
        left = not self._cut_off and asked >= self._patient_until
        try:
            claimed = await self._queue.claim(list(self._agents), self._room, left=left)
        except StoreUnavailable:
            self._held.unsure = True
            raise
        for row in claimed:
            if self._room <= 0 or self._closing:  # others have begun here meanwhile
                self._let_go(row.session_id, row.task_id)
                continue
            self._held.add(row.session_id, row.task_id, asked)
            self._claims += 1
            if row.status == "queued" and self._jobs.get(row.task_id) is None:
                self._begin(row)
            else:
                self._coming += 1
                self._group.start_soon(self._take_up, row)

    async def _take_up(self, row: TaskRow) -> None:
        """Begin another attempt at what its worker left, or the next one at what has hardly come to rest here."""
        self._taking_up.add(row.task_id)
        try:
            if row.status == "running":
                crashes = row.crashes + 1
                row = await again(self._store, replace(row, crashes=crashes), "taken up again: its worker was lost")
                log.warning("a task is taken over: its worker was lost", task_id=row.task_id, session_id=row.session_id)
                self._takeovers += 1
                figures.leases_taken += 1
            if job := self._jobs.get(row.task_id):  # of the attempt before, which was lost to this node itself
                job.lose()
            while self._jobs.get(row.task_id) is not None:
                await self._jobs.one_left()
        except (StaleAttempt, StoreUnavailable) as error:
            log.info("a task is not taken up", task_id=row.task_id, session_id=row.session_id, reason=error.message)
            self._let_go(row.session_id, row.task_id)
        else:
            self._begin(row)
        finally:
            self._taking_up.discard(row.task_id)
            self._coming -= 1

    def left(self, job: Job) -> None:
        """A job has left."""
        self._inbox.left(job)
        if job.task_id not in self._taking_up:
            self._let_go(job.session_id, job.task_id)

    def _let_go(self, session_id: str, task_id: str) -> None:
        self._held.remove(session_id, task_id)
        if not self._held.leaving:
            self._group.start_soon(self._release)
        self._held.leaving.add((session_id, task_id))

    async def _release(self) -> None:
        """Give lanes back, those that come meanwhile as well."""
        while lanes := list(self._held.leaving):
            try:
                await self._queue.release(lanes)
            except StoreUnavailable:  # they are given back later, or their time runs out
                self._held.unsure = True
            self._held.leaving.difference_update(lanes)
            if self._queued or self._room <= 0:
                self._queue.call()
            else:
                self._wakes.work.set()

    # Leases.

    async def _renew(self) -> None:
        try:
            while not self._resigned:
                await anyio.sleep(RENEW_SECONDS)
                while not await self._renewed():  # noqa: ASYNC110 - the database is away, and does not tell of its return
                    await anyio.sleep(RETRY_SECONDS)
        finally:
            # The end, orderly or not: what was cut off here is taken up elsewhere at once. A renewal that was under way
            # when the runner resigned is undone.
            with anyio.CancelScope(shield=True), anyio.move_on_after(RESIGN_SECONDS):
                await self.resign()

    async def _renewed(self) -> bool:
        if self._resigned:
            return True
        asked, at = self._held.all(), anyio.current_time()
        places = 0 if self._closing else self._most
        try:
            kept = await self._queue.renew(asked, list(self._agents) if places else [], places, self._own)
        except StoreUnavailable:
            self._cut_off = True
            return False
        if self._cut_off:
            self._cut_off, self._patient_until = False, anyio.current_time() + RENEW_SECONDS
        for session_id, task_id in self._held.renewed(asked, kept, at):
            job = self._jobs.get(task_id)
            if job is not None:
                self._lost += 1
                figures.leases_lost += 1
                log.warning("a lease was lost; the task is left to others", task_id=task_id, session_id=session_id)
                job.lose()
        return True

    async def _count(self) -> None:
        while True:
            await anyio.sleep(LOOK_SECONDS)
            with suppress(StoreUnavailable):
                await self._count_once()

    async def _count_once(self) -> None:
        self._added = 0
        self._figures = await self._queue.figures()

    # Orders.

    async def hear(self, job: Job) -> None:
        """Give a job the orders that were not given to it yet."""
        await self._inbox.look([job])

    async def give(self, task_id: str, action: Action) -> TaskRow:
        """Pause, resume or stop."""
        return await self._control.give(task_id, action)

    async def stop_session(self, session_id: str, *, resting: bool) -> None:
        """Stop what keeps a session busy."""
        await self._control.stop_session(session_id, resting=resting)

    async def tell(self, session_id: str, event: UserPrompt, once: Once | None) -> Written | None:
        """Say something to a task that runs elsewhere."""
        return await self._control.tell(session_id, event, once)

    @property
    def counts(self) -> dict[str, int]:
        """How many run here, and how many wait, for any node."""
        return {"running": self._jobs.count, "queued": self._queued}

    @property
    def leases(self) -> dict[str, int]:
        """What this node holds, has taken and has lost, and what there is to do for all."""
        return {
            "held": len(self._held),
            "claims": self._claims,
            "takeovers": self._takeovers,
            "lost": self._lost,
            "workers": self._figures.workers,
            "oldest_queued_seconds": int(self._figures.oldest_seconds),
        }

    @property
    def elsewhere(self) -> Collection[str]:
        """The agents that workers were started with."""
        return self._figures.own

    @property
    def unserved(self) -> Collection[str]:
        """Agents that tasks wait for and no worker has."""
        return self._figures.unserved
