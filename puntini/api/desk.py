"""The desk: carries commands out, whichever door they came in by. Each is safe to repeat under its ``command_id``."""

from asyncio import wait
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from typing import Any, Literal, Protocol, assert_never

import anyio
import anyio.lowlevel
from msgspec.structs import replace

from puntini import tracing
from puntini.api.edits import conflicts_of, edited
from puntini.api.repeats import Repeats, named, written
from puntini.auth.access import Access
from puntini.auth.guard import require_scope
from puntini.auth.principals import Principal
from puntini.errors import Conflict, Invalid, NotFound, SessionClosed, StaleGraph, TaskRunning, Unavailable
from puntini.log.contract import Append, GraphVersions, Kept, Once, SessionRow, Store, TaskRow, Written
from puntini.log.keeper import Keeper
from puntini.log.members import MemberRole
from puntini.log.mint import new_id, now_ms, timestamp
from puntini.protocol.commands import (
    Action,
    AgentStatusRequest,
    AnyCommand,
    ApprovalResponse,
    ChatHistoryRequest,
    CloseSession,
    Control,
    GraphEdit,
    InitSession,
    Ping,
    Resume,
    UserPromptCommand,
    UserPromptCommandData,
    WorkflowUpdateCommand,
)
from puntini.protocol.entries import Entry, entry_of
from puntini.protocol.events import (
    Accepted,
    AcceptedData,
    AgentStatus,
    AgentStatusData,
    ChatHistory,
    ChatHistoryData,
    Envelope,
    Pong,
    SessionClosedData,
    TaskData,
    TaskStarted,
    UserAction,
    UserPrompt,
    UserPromptData,
    WorkflowUpdate,
    WorkflowUpdateData,
)
from puntini.protocol.events import SessionClosed as SessionClosedEvent
from puntini.protocol.graph import GraphConflict
from puntini.views.session import SessionView

Order = UserPromptCommand | Control | ApprovalResponse | Action | GraphEdit | WorkflowUpdateCommand | CloseSession
"""Commands that change something, so that a repeat has to be told from a second one."""


Decided = Literal["approved", "denied", "answered"]


MOST_NAMED = 20
"""Agents in a sentence."""
EDIT_SECONDS = 5.0
"""How long an edit goes on trying to get in between what other nodes do to the graph."""


class Work(Protocol):
    """What the desk asks of whoever runs tasks."""

    default: str

    def known(self, agent: str) -> bool:
        """Whether there is such an agent."""
        ...

    def names(self) -> list[str]:
        """The agents that there are."""
        ...

    async def busy(self, session_id: str) -> bool:
        """Whether a task runs or waits. Raises StoreUnavailable."""
        ...

    def reserve(
        self, session_id: str, task_id: str, *, alone: bool = False
    ) -> AbstractAsyncContextManager[Literal["running", "queued"]]:
        """Hold a place for a task that is about to be written; gives what it starts with.

        Raises TooMany, and TaskRunning when it is to be ``alone`` in its session and is not.
        """
        ...

    def accept(self, row: TaskRow) -> None:
        """Run a task that was written."""
        ...

    async def control(self, task_id: str, action: Literal["pause", "resume", "stop"]) -> TaskRow:
        """Pause, resume or stop."""
        ...

    async def interrupt(self, session_id: str) -> None:
        """Stop what runs and waits its turn in a session, and wait for it."""
        ...

    async def stop_session(self, session_id: str) -> None:
        """Stop everything in a session and wait for it."""
        ...

    async def steer(self, session_id: str, event: UserPrompt, once: Once | None) -> Written | None:
        """Say something to the task that runs; None when none does that could hear it."""
        ...

    async def decide(
        self, session_id: str, approval_id: str, decision: Decided, value: Any, by: str, once: Once | None
    ) -> Written:
        """Decide what a task has asked. Raises NotFound or Conflict."""
        ...


class Desk:
    """Carries commands out on one store. ``look`` finds out which agents other nodes have created."""

    def __init__(
        self,
        store: Store,
        keeper: Keeper[SessionView],
        work: Work,
        access: Access,
        forget: Callable[[str], None],
        *,
        look: Callable[[], Awaitable[None]] = anyio.lowlevel.checkpoint,
    ) -> None:
        self._forget = forget
        self._look = look
        self._access = access
        self._store = store
        self._keeper = keeper
        self._work = work
        self._repeats = Repeats(store)
        self._closing: dict[str, anyio.Event] = {}

    @property
    def default_agent(self) -> str:
        """The agent of a session that names none."""
        return self._work.default

    async def create(self, agent: str, *, user: str, title: str = "", once: Once | None = None) -> str:
        """Create a session; returns its id. Raises Invalid for an unknown agent."""
        await self.check_agent(agent, "agent")
        row = new_session(agent or self._work.default, user=user, title=title)
        write = Append(session_id=row.session_id, create=row, at=row.created_at, once=once)
        return (await self._repeats.once(once, partial(self._written, write), appends_only=True)).session_id

    async def admit(self, session_id: str, who: Principal) -> MemberRole:
        """What somebody is in a session that they want to follow. Raises Unauthorized, Forbidden or NotFound."""
        require_scope(who, "read")
        return await self.standing(session_id, who)

    async def standing(self, session_id: str, who: Principal, role: MemberRole = "viewer") -> MemberRole:
        """What somebody is in a session, by any credential; ``role`` or more. Raises NotFound or Forbidden."""
        return await self._access.require(who, session_id, role)

    async def execute(self, session_id: str, command: AnyCommand, who: Principal) -> Envelope:
        """Do what was asked and say so. Raises PuntiniError."""
        match command:
            case Ping():
                return Pong(session_id=session_id, data=command.data)
            case ChatHistoryRequest():
                await self.admit(session_id, who)
                return await self._history(session_id, command)
            case AgentStatusRequest():
                await self.admit(session_id, who)
                return await self._status(session_id, command.data.agent)
            case InitSession() | Resume():
                raise Invalid(f"type: `{command.__struct_config__.tag}` works on a WebSocket only", path="type")
            case _:
                await self._may_order(session_id, who, "owner" if isinstance(command, CloseSession) else "editor")
                return await self._carry_out(session_id, command, who.user)

    async def _may_order(self, session_id: str, who: Principal, role: MemberRole = "editor") -> None:
        require_scope(who, "write")
        await self._access.require(who, session_id, role)

    async def _carry_out(self, session_id: str, command: Order, user: str) -> Envelope:
        once = named("command", session_id, command.command_id)
        work = partial(self._do, session_id, command, once, user)
        written = await self._repeats.once(once, work, appends_only=_appends_only(command))
        if isinstance(command, UserPromptCommand | Action):
            written = await self._heard(written)
        if isinstance(command, CloseSession) and not written.repeated:
            return SessionClosedEvent(session_id=session_id, data=SessionClosedData(reason=command.data.reason))
        conflicts = await self._conflicts(written) if isinstance(command, GraphEdit) else []
        return _accepted(command, written, self._store.epoch, conflicts)

    async def _do(self, session_id: str, command: Order, once: Once | None, user: str) -> Written:
        match command:
            case UserPromptCommand():
                return await self._prompt(session_id, command.data, user=user, once=once, create=None)
            case Control():
                return await self._control(session_id, command, once)
            case GraphEdit():
                return await self._edit(session_id, command, once, user)
            case WorkflowUpdateCommand():
                return await self._hand_over(session_id, command, once)
            case CloseSession():
                return await self.close(session_id, command.data.reason, once)
            case ApprovalResponse():
                data = command.data
                return await self._work.decide(session_id, data.approval_id, data.decided, data.value, user, once)
            case Action():
                action = UserAction(name=command.data.name, arguments=command.data.arguments)
                if heard := await self._steer(session_id, f"[{action.name}]", once, user, action):
                    return heard
                raise Conflict("No task runs in this session that could hear it; send a user_prompt to start one.")
            case _:
                assert_never(command)

    # Prompts.

    async def prompt(
        self,
        session_id: str,
        data: UserPromptCommandData,
        who: Principal,
        *,
        once: Once | None,
        create: SessionRow | None = None,
    ) -> Written:
        """Write a prompt and its task, and have it run; or have what runs hear it. A repeat changes nothing."""
        if create is None:
            await self._may_order(session_id, who)
        work = partial(self._prompt, session_id, data, user=who.user, once=once, create=create)
        return await self._heard(await self._repeats.once(once, work, appends_only=data.if_busy == "enqueue"))

    async def begin(
        self, session: SessionRow, data: UserPromptCommandData, given: Sequence[Envelope], once: Once | None
    ) -> Written:
        """Create a session with a task in it that is ``given`` something to go by. Who calls sees to repeats."""
        return await self._begin(
            session.session_id, session.agent, data, user=session.owner, once=once, create=session, given=given
        )

    async def _prompt(
        self, session_id: str, data: UserPromptCommandData, *, user: str, once: Once | None, create: SessionRow | None
    ) -> Written:
        if not data.prompt.strip():
            raise Invalid("data.prompt: write something", path="data.prompt")
        await self.check_agent(data.agent)
        agent = data.agent or (create or await self._active(session_id)).agent
        if create is None and data.if_busy in {"steer", "interrupt"} and await self._work.busy(session_id):
            if data.if_busy == "steer" and (heard := await self._steer(session_id, data.prompt, once, user)):
                return heard
            if data.if_busy == "interrupt":
                await self._work.interrupt(session_id)
        return await self._begin(session_id, agent, data, user=user, once=once, create=create)

    async def _steer(
        self, session_id: str, prompt: str, once: Once | None, user: str, action: UserAction | None = None
    ) -> Written | None:
        """Say something to the task that runs; None when none does that could hear it."""
        await self._active(session_id)
        said = UserPromptData(message_id=new_id("msg"), prompt=prompt, user_id=user, action=action)
        return await self._work.steer(session_id, UserPrompt(data=said, timestamp=timestamp()), once)

    async def _heard(self, written: Written) -> Written:
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
            entries = [_stamp(event, row) for event in (asked, *given, *started)]
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

    async def _active(self, session_id: str) -> SessionRow:
        row = await self._row(session_id)
        if row.status == "closed":
            raise SessionClosed("The session is closed; create another.")
        return row

    async def _row(self, session_id: str) -> SessionRow:
        row = await self._store.session(session_id)
        if row is None:
            raise NotFound(f"There is no session `{session_id}`.")
        return row

    # The other commands.

    async def _control(self, session_id: str, command: Control, once: Once | None) -> Written:
        task = await self._store.task(command.data.task_id)
        if task is None or task.session_id != session_id:
            raise NotFound("There is no such task in this session.", path="data.task_id")
        with anyio.CancelScope(shield=True):
            await self._work.control(task.task_id, command.data.action)
        # First done, then remembered: an answer that is lost in between is asked for again, and that is harmless.
        return await self._written(Append(session_id=session_id, once=once, at=now_ms()))

    async def _edit(self, session_id: str, command: GraphEdit, once: Once | None, user: str) -> Written:
        await self._active(session_id)
        versions = self._keeper.versions(session_id)
        until = anyio.current_time() + EDIT_SECONDS
        while anyio.current_time() < until:
            graph = (await self._keeper.view(session_id)).graph
            # What this process has given and not written yet comes before it in the log.
            known = max(graph.version, versions.issued)
            entries = [_stamp(event) for event in edited(graph, command.data, user, versions)]
            brings = GraphVersions(known, versions.issued)
            write = Append(session_id=session_id, entries=entries, versions=brings, once=once, at=now_ms())
            with suppress(StaleGraph):  # changed on another node in this moment: merge with that too
                return await self._written(write)
        raise Unavailable("The graph changes too fast on other nodes for this edit; send it once more.")

    async def _conflicts(self, done: Written) -> list[GraphConflict]:
        """The conflicts that an edit met, from the log, so that a repeat is told the same."""
        if done.last < done.first:
            return []
        page = await self._store.read(done.session_id, done.last - 1, to=done.last)
        return [conflict for _, entry in page.events for conflict in conflicts_of(entry)]

    async def _hand_over(self, session_id: str, command: WorkflowUpdateCommand, once: Once | None) -> Written:
        row = await self._active(session_id)
        to = command.data.to_agent
        await self.check_agent(to, "data.to_agent")
        data = WorkflowUpdateData(from_agent=row.agent, to_agent=to, reason=command.data.reason)
        return await self._say(session_id, WorkflowUpdate(data=data), once, agent=to)

    async def _say(
        self,
        session_id: str,
        event: Envelope,
        once: Once | None,
        *,
        agent: str | None = None,
        status: Literal["closed"] | None = None,
    ) -> Written:
        write = Append(
            session_id=session_id,
            entries=[_stamp(event)],
            agent=agent,
            status=status,
            at_rest=status == "closed",
            once=once,
            at=now_ms(),
        )
        return await self._written(write)

    async def _written(self, write: Append) -> Written:
        return await written(self._store, write)

    async def _history(self, session_id: str, command: ChatHistoryRequest) -> Envelope:
        view = await self._keeper.view(session_id)
        messages = view.messages(limit=command.data.limit, before=command.data.before)
        return ChatHistory(session_id=session_id, data=ChatHistoryData(messages=messages))

    async def _status(self, session_id: str, agent: str) -> Envelope:
        row = await self._row(session_id)
        await self.check_agent(agent)
        status: Literal["idle", "busy"] = "busy" if await self._work.busy(session_id) else "idle"
        return AgentStatus(session_id=session_id, data=AgentStatusData(agent=agent or row.agent, status=status))

    # Closing and deleting. No task may outlive its session, so prompts wait until it is decided what becomes of it.

    async def close(self, session_id: str, reason: str, once: Once | None = None) -> Written:
        """Stop what runs and write the session's last event. Closing a closed session changes nothing."""
        async with self._deciding(session_id):
            return await self._close(session_id, reason, once)

    async def close_if(self, session_id: str, reason: str, still: Callable[[], Awaitable[bool]]) -> bool:
        """Close, if ``still`` says so at a moment when no task can begin any more; returns whether it did."""
        async with self._deciding(session_id):
            if not await still():
                return False
            await self._close(session_id, reason, None)
            return True

    async def _close(self, session_id: str, reason: str, once: Once | None) -> Written:
        row = await self._row(session_id)
        if row.status == "closed":
            return Written(session_id, row.head + 1, row.head)
        event = SessionClosedEvent(data=SessionClosedData(reason=reason))
        while True:
            await self._work.stop_session(session_id)
            try:
                return await self._say(session_id, event, once, status="closed")
            except TaskRunning:
                continue  # begun on another node in between

    async def delete(self, session_id: str) -> None:
        """Remove a session and all that belongs to it. Raises NotFound."""
        async with self._deciding(session_id):
            await self._work.stop_session(session_id)
            await self._store.delete_session(session_id)
            self._keeper.forget(session_id)
            self._forget(session_id)

    @asynccontextmanager
    async def _deciding(self, session_id: str) -> AsyncIterator[None]:
        """Alone with a session: nobody else closes or deletes it meanwhile, and no task begins."""
        await self._decided(session_id)
        done = self._closing[session_id] = anyio.Event()
        try:
            yield
        finally:
            del self._closing[session_id]
            done.set()

    async def _decided(self, session_id: str) -> None:
        """Wait until nobody closes or deletes the session."""
        while done := self._closing.get(session_id):
            await done.wait()


def _appends_only(command: Order) -> bool:
    """Whether a command does nothing but append."""
    if isinstance(command, UserPromptCommand):
        return command.data.if_busy == "enqueue"
    return isinstance(command, GraphEdit | WorkflowUpdateCommand)


def new_session(agent: str, *, user: str, title: str = "") -> SessionRow:
    """A session's first record."""
    now = now_ms()
    return SessionRow(session_id=new_id("ses"), owner=user, title=title, agent=agent, created_at=now, updated_at=now)


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


def _stamp(event: Envelope, row: TaskRow | None = None) -> Entry:
    if row is None:
        return entry_of(replace(event, timestamp=timestamp()))
    return entry_of(replace(event, task_id=row.task_id, attempt=row.attempt, agent=row.agent, timestamp=timestamp()))


def _accepted(command: AnyCommand, written: Written, epoch: str, conflicts: list[GraphConflict]) -> Accepted:
    task_id = command.data.task_id if isinstance(command, Control) else written.task_id
    cursor = f"{epoch}.{written.last}"
    data = AcceptedData(command_id=command.command_id, cursor=cursor, task_id=task_id, conflicts=conflicts)
    return Accepted(session_id=written.session_id, data=data)
