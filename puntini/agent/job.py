"""A job: one attempt at a task while it runs, and the orders it is given."""

from collections.abc import Sequence
from operator import index
from typing import Literal, NoReturn, TypeVar

import anyio
from msgspec.structs import replace

from puntini.agent import approvals
from puntini.agent.approvals import Approvals
from puntini.agent.attention import Attention
from puntini.agent.contract import Approval, Decision, Heard
from puntini.agent.emitter import Emitter
from puntini.agent.turns import Turns
from puntini.errors import Exhausted
from puntini.log.contract import Kept, Shelf, Store, TaskRow
from puntini.log.keeper import Keeper
from puntini.log.mint import now_ms
from puntini.protocol.entries import Entry
from puntini.protocol.events import SERVERS_OWN, Envelope, TaskRetracted, TaskRetractedData
from puntini.redaction import Redaction
from puntini.views.graph import GraphView
from puntini.views.session import SessionView

Order = Literal["pause", "suspend"]
N = TypeVar("N", int, float)
MOST_SPENT = 10**15
"""Tokens, or dollars, of a task."""
NOT_SPOKEN = SERVERS_OWN | {"task_progress", "agent_status"}
"""What does not count as an agent's word: only the server says it, or the server says it too, of each task."""


class Interrupted(BaseException):
    """Unwinds an agent at a safe point. Not an Exception, so that an agent's own handlers let it pass."""


class Waiting(Interrupted):
    """Unwinds an agent that waits for a decision."""


def out_of_steps(steps: int) -> Exhausted:
    """A task has taken all the steps that it may."""
    return Exhausted(f"The task took {steps} steps, which is all it may take; ask again with a larger max_steps.")


def booked(what: str, before: N, more: N) -> N:
    """A sum in a task's books. Raises ValueError for what no book can hold."""
    if not (0 <= more <= MOST_SPENT and before + more <= MOST_SPENT):
        raise ValueError(f"{what}: a task books from 0 to {MOST_SPENT}, not {more} more than {before}.")
    return before + more


class Job:
    """One attempt at a task, from the moment its turn has come. Implements the agent's ``Task``.

    Orders may come at any time: whoever runs the job looks at them before the agent begins and after it has left.
    """

    def __init__(
        self,
        row: TaskRow,
        store: Store,
        keeper: Keeper[SessionView],
        decisions: Approvals,
        turns: Turns,
        redacted: Redaction,
    ) -> None:
        self.versions = keeper.versions(row.session_id)
        emitter = Emitter(store, row, redacted=redacted, versions=self.versions)
        self._redacted = redacted
        self._store = store
        self._keeper = keeper
        self._decisions = decisions
        self.task_id = row.task_id
        self.attempt = row.attempt
        self.session_id = row.session_id
        self.prompt = row.prompt
        self.spoken_before = 0
        self.emitter = emitter
        self.scope = anyio.CancelScope()
        self.order: Order | None = None
        self.interrupted = False
        """Whether the order has taken hold: from then on it can't be taken back."""
        self.stopped = False
        self.lost = False
        """Whether another node may have taken the task over: then it writes nothing more."""
        self.state_version = 0
        self.waits = False
        """Whether it left because it waits for a decision."""
        self.decided: frozenset[str] = frozenset()
        """What was decided before this attempt began, so that it is not news when it waits again."""
        self.attention = Attention(store)
        self._say = emitter.emit
        self.emit = self._say if row.crashes == 0 else self._say_again
        self._goes_on = False
        """Whether the agent goes on after what it has spoken, rather than begin where it last saved."""
        self._turns = turns
        self._points = 0
        self.next_graph_version = self.versions.next

    @property
    def row(self) -> TaskRow:
        """The task's record, as it was last written or is to be written next."""
        return self.emitter.row

    @property
    def agent(self) -> str:
        """In whose name it speaks."""
        return self.row.agent

    @property
    def shelf(self) -> Shelf:
        """Where things can be kept and found again."""
        return self._store

    async def graph(self) -> GraphView:
        """The session's graph."""
        await self.drained()
        return (await self._keeper.view(self.session_id)).graph

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return self.row.steps

    @property
    def max_steps(self) -> int:
        """How many steps it may take."""
        return self.row.max_steps

    @property
    def hears(self) -> bool:
        """Whether what is said to it now may be heard."""
        return self.attention.listening and not (self.interrupted or self.stopped)

    @property
    def leaving(self) -> bool:
        """Whether it is to come to rest."""
        return self.order is not None

    async def point(self) -> None:
        """A safe point."""
        if self.order is not None:
            self.interrupted = True
            raise Interrupted
        await self.room()

    async def room(self) -> None:
        """Waits while the log is behind."""
        self._points += 1
        if self._points >= self._turns.share:
            self._points = 0
            await self._turns.next()
        await self.emitter.room(self._turns.room)

    async def turn(self) -> None:
        """Wait for a turn of the loop in which there is room for what this job does next."""
        await self._turns.turn()

    def next_state_version(self) -> int:
        """The version of the next ``state_update``."""
        self.state_version += 1
        return self.state_version

    # Saving, and going on from what was saved, or said.

    @property
    def spoken(self) -> int:
        """How many events the agent said in earlier attempts. Who asks is taken to go on after them."""
        self._goes_on = True
        return self.spoken_before

    def _say_again(self, event: Envelope) -> None:
        """Say something after a death. For an agent that goes by what it has spoken, a word more is progress."""
        self._say(event)
        if self._goes_on and self.row.crashes and event.__struct_config__.tag not in NOT_SPOKEN:
            self.save(())

    async def rewind(self) -> None:
        """Void what was said after the last save."""
        self._goes_on = False
        void = await self._said_since(await self._safe()) if self.row.attempt > 1 else []
        if void:
            first, last = (f"{self._store.epoch}.{seq}" for seq in (void[0], void[-1]))
            data = TaskRetractedData(attempt=self.row.attempt - 1, from_id=first, to_id=last)
            await self.emitter.commit([TaskRetracted(data=data)], self.row)

    async def _safe(self) -> int:
        """Up to where what was said stands. The dead attempt's last save may have come in after our row was read."""
        known = await self._store.task(self.task_id)
        return self.row.safe_seq if known is None else known.safe_seq

    async def _said_since(self, seq: int) -> list[int]:
        """The seqs of what the agent said after a place, and has not taken back."""
        said: list[int] = []
        cursor = max(seq, self.row.first_seq)
        head = (await self._store.bounds(self.session_id)).head
        while cursor < head:
            page = await self._store.read(self.session_id, cursor)
            for at, entry in page.events:
                if said_by_agent(entry, self.task_id):
                    said.append(at)
                elif entry.kind == "task_retracted" and entry.task_id == self.task_id:
                    said.clear()
            cursor = page.upto
        return said

    def save(self, kept: Sequence[Kept]) -> None:
        """Keep things with all that was said so far."""
        self.emitter.save(kept, replace(self.row, crashes=0, updated_at=now_ms()))

    async def drained(self) -> None:
        """Wait until all is committed."""
        await self.emitter.drained()
        await self.turn()

    def renew(self) -> None:
        """What is written from here on is of the attempt that is due, and whatever the agent still says is dropped."""
        self.emitter.close()
        # It rests, and others may change it too.
        self.emitter = Emitter(self._store, self.row, resting=True, redacted=self._redacted)
        if self.lost:
            self.emitter.close()

    # The books.

    def step(self) -> int:
        """Count a step."""
        if self.steps >= self.max_steps:
            raise out_of_steps(self.steps)
        self.emitter.row = replace(self.row, steps=self.steps + 1)
        return self.steps

    def spend(self, input_tokens: int, output_tokens: int, cost_usd: float | None) -> None:
        """Book what a model took."""
        row = self.row
        self.emitter.row = replace(
            row,
            input_tokens=booked("input_tokens", row.input_tokens, index(input_tokens)),
            output_tokens=booked("output_tokens", row.output_tokens, index(output_tokens)),
            cost_usd=row.cost_usd if cost_usd is None else booked("cost_usd", row.cost_usd or 0.0, cost_usd),
        )

    # People.

    async def ask(self, approval: Approval) -> Decision | None:
        """Ask a person."""
        name = approvals.approval_id(self.task_id, approval.key)
        decided = await self._decisions.decision(self.session_id, name)
        if decided is not None:
            self.save([self._decisions.seen(self.row, name)])
        elif not await self._decisions.asked(self.session_id, name):
            event, kept, expires_at = approvals.request(self.row, approval)
            self.emit(event)
            self.save([kept])
            if expires_at:
                await self.drained()  # what is not there yet can't expire
                self._decisions.watch(self.session_id, name, expires_at)
        return decided

    def wait(self) -> NoReturn:
        """Come to rest until something is decided."""
        self.waits = True
        raise Waiting

    async def has_ended(self, task_id: str) -> bool:
        """Whether another task has ended, or is gone."""
        row = await self._store.task(task_id)
        return row is None or row.ended

    async def heard(self, after: int, *, last: bool = False) -> list[Heard]:
        """What people said to this task."""
        return await self.attention.heard(self.row, after, last=last)

    @property
    def late(self) -> bool:
        """Whether it was cut off because its time was over."""
        return not self.stopped and self.scope.deadline <= anyio.current_time()

    def stop(self) -> None:
        """Cut the agent off now, or before it begins."""
        self.stopped = True
        self.scope.cancel()

    def lose(self) -> None:
        """Cut the agent off, and leave the task to others."""
        self.lost = True
        self.emitter.close()
        self.scope.cancel()


def said_by_agent(entry: Entry, task_id: str) -> bool:
    """Whether an event is a task's agent's own word."""
    return entry.task_id == task_id and entry.kind not in NOT_SPOKEN
