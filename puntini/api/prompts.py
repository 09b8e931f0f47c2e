"""Prompts: what becomes of something that a user says to a session."""

from asyncio import wait
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

import anyio
from msgspec.structs import replace

from puntini import tracing
from puntini.api.records import active_row, stamped
from puntini.api.workers import Work
from puntini.errors import Invalid
from puntini.log.contract import Append, Kept, Once, SessionRow, Store, TaskRow, Written
from puntini.log.mint import new_id, now_ms, timestamp
from puntini.protocol.commands import UserPromptCommandData
from puntini.protocol.events import (
    AgentStatus,
    AgentStatusData,
    Envelope,
    TaskData,
    TaskStarted,
    UserAction,
    UserPrompt,
    UserPromptData,
)

MOST_NAMED = 20
"""Agents in a sentence."""


class Prompts:
    """Begins tasks, or has one that runs hear what is said. Who calls sees to rights and repeats.

    ``decided`` waits until nobody closes a session, ``look`` finds out which agents other nodes have created.
    """

    def __init__(
        self,
        store: Store,
        work: Work,
        decided: Callable[[str], Awaitable[None]],
        look: Callable[[], Awaitable[None]],
    ) -> None:
        self._store = store
        self._work = work
        self._decided = decided
        self._look = look

    async def begin(
        self, session: SessionRow, data: UserPromptCommandData, given: Sequence[Envelope], once: Once | None
    ) -> Written:
        """Create a session with a task in it that is ``given`` something to go by."""
        return await self._begin(
            session.session_id, session.agent, data, user=session.owner, once=once, create=session, given=given
        )

    async def ask(
        self, session_id: str, data: UserPromptCommandData, *, user: str, once: Once | None, create: SessionRow | None
    ) -> Written:
        """Begin a task, in a session to ``create`` or in one that is there, or say it to what runs."""
        if not data.prompt.strip():
            raise Invalid("data.prompt: write something", path="data.prompt")
        await self.check_agent(data.agent)
        agent = data.agent or (create or await active_row(self._store, session_id)).agent
        if create is None and data.if_busy in {"steer", "interrupt"} and await self._work.busy(session_id):
            if data.if_busy == "steer" and (heard := await self.steer(session_id, data.prompt, once, user)):
                return heard
            if data.if_busy == "interrupt":
                await self._work.interrupt(session_id)
        return await self._begin(session_id, agent, data, user=user, once=once, create=create)

    async def steer(
        self, session_id: str, prompt: str, once: Once | None, user: str, action: UserAction | None = None
    ) -> Written | None:
        """Say something to the task that runs; None when none does that could hear it."""
        await active_row(self._store, session_id)
        said = UserPromptData(message_id=new_id("msg"), prompt=prompt, user_id=user, action=action)
        return await self._work.steer(session_id, UserPrompt(data=said, timestamp=timestamp()), once)

    async def heard(self, written: Written) -> Written:
        """The same, with the task that heard it if it made none: from the log, so that a repeat is told the same."""
        if written.task_id:
            return written
        page = await self._store.read(written.session_id, written.first - 1, to=written.first)
        return written._replace(task_id=page.events[0][1].task_id if page.events else "")

    async def _begin(
        self,
        session_id: str,
        agent: str,
        data: UserPromptCommandData,
        *,
        user: str,
        once: Once | None,
        create: SessionRow | None,
        given: Sequence[Envelope] = (),
    ) -> Written:
        await self._decided(session_id)
        task_id = new_id("tsk")
        async with self._work.reserve(session_id, task_id, alone=data.if_busy == "reject") as status:
            row = _new_task(task_id, session_id, agent, data, status)
            asked, *started = _prompt_events(row, data.prompt, user)
            # What was given stands before the start, and after it the agent's own words, which attempts count.
            entries = [stamped(event, row) for event in (asked, *given, *started)]
            write = Append(
                session_id=session_id,
                entries=entries,
                task=row,
                safe=bool(given),
                kept=_trace(row),
                once=once,
                create=create,
                at=row.created_at,
            )
            submitted = self._store.submit(write)
            with anyio.CancelScope(shield=True):
                # Once it is written it has to be run, also when the caller has left.
                await wait([submitted])
                if not submitted.exception() and not submitted.result().repeated:
                    self._work.accept(replace(row, first_seq=submitted.result().first))
            return submitted.result()

    async def check_agent(self, agent: str, path: str = "data.agent") -> None:
        """Raises Invalid when an agent is named that is not there."""
        if not agent or self._work.known(agent):
            return
        await self._look()
        if not self._work.known(agent):
            names = self._work.names()
            there = f"{', '.join(names[:MOST_NAMED])}{', …' if len(names) > MOST_NAMED else ''}"
            raise Invalid(f"{path}: there is no agent `{agent[:80]}`; there is {there}", path=path)


def _new_task(
    task_id: str, session_id: str, agent: str, data: UserPromptCommandData, status: Literal["running", "queued"]
) -> TaskRow:
    now = now_ms()
    return TaskRow(
        task_id=task_id,
        session_id=session_id,
        agent=agent,
        prompt=data.prompt,
        status=status,
        max_steps=data.max_steps,
        priority=data.priority,
        created_at=now,
        updated_at=now,
    )


def _trace(row: TaskRow) -> list[Kept]:
    """The trace that a task belongs to, kept with it for whoever runs it."""
    if not tracing.on():
        return []
    return [Kept(row.session_id, tracing.KEPT_AS, row.task_id, tracing.traceparent().encode())]


def _prompt_events(row: TaskRow, prompt: str, user: str) -> list[Envelope]:
    asked = UserPrompt(data=UserPromptData(message_id=new_id("msg"), prompt=prompt, user_id=user))
    started = TaskStarted(data=TaskData(status=row.status))
    if row.status == "queued":
        return [asked, started]
    # Its first attempt begins with this.
    return [asked, started, AgentStatus(data=AgentStatusData(agent=row.agent, status="busy"))]
