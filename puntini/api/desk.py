"""The desk: carries commands out, whichever door they came in by. Each is safe to repeat under its ``command_id``."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Literal, assert_never

import anyio
import anyio.lowlevel

from puntini.api.closing import Closing
from puntini.api.edits import conflicts_of, edited
from puntini.api.prompts import Prompts
from puntini.api.records import active_row, new_session, row_of, stamped
from puntini.api.repeats import Repeats, named, written
from puntini.api.workers import Work
from puntini.auth.access import Access
from puntini.auth.guard import require_scope
from puntini.auth.principals import Principal
from puntini.errors import Conflict, Invalid, NotFound, StaleGraph, Unavailable
from puntini.log.contract import Append, GraphVersions, Once, SessionRow, Store, Written
from puntini.log.keeper import Keeper
from puntini.log.members import MemberRole
from puntini.log.mint import now_ms
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
    UserAction,
    WorkflowUpdate,
    WorkflowUpdateData,
)
from puntini.protocol.events import SessionClosed as SessionClosedEvent
from puntini.protocol.graph import GraphConflict
from puntini.views.session import SessionView

Order = UserPromptCommand | Control | ApprovalResponse | Action | GraphEdit | WorkflowUpdateCommand | CloseSession
"""Commands that change something, so that a repeat has to be told from a second one."""

EDIT_SECONDS = 5.0
"""How long an edit goes on trying to get in between what other nodes do to the graph."""


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
        self._access = access
        self._store = store
        self._keeper = keeper
        self._work = work
        self._repeats = Repeats(store)
        self.closing = Closing(store, keeper, work, forget)
        self.prompts = Prompts(store, work, self.closing.decided, look)
        self.check_agent = self.prompts.check_agent

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
            written = await self.prompts.heard(written)
        if isinstance(command, CloseSession) and not written.repeated:
            return SessionClosedEvent(session_id=session_id, data=SessionClosedData(reason=command.data.reason))
        conflicts = await self._conflicts(written) if isinstance(command, GraphEdit) else []
        return _accepted(command, written, self._store.epoch, conflicts)

    async def _do(self, session_id: str, command: Order, once: Once | None, user: str) -> Written:
        match command:
            case UserPromptCommand():
                return await self.prompts.ask(session_id, command.data, user=user, once=once, create=None)
            case Control():
                return await self._control(session_id, command, once)
            case GraphEdit():
                return await self._edit(session_id, command, once, user)
            case WorkflowUpdateCommand():
                return await self._hand_over(session_id, command, once)
            case CloseSession():
                return await self.closing.close(session_id, command.data.reason, once)
            case ApprovalResponse():
                data = command.data
                return await self._work.decide(session_id, data.approval_id, data.decided, data.value, user, once)
            case Action():
                action = UserAction(name=command.data.name, arguments=command.data.arguments)
                if heard := await self.prompts.steer(session_id, f"[{action.name}]", once, user, action):
                    return heard
                raise Conflict("No task runs in this session that could hear it; send a user_prompt to start one.")
            case _:
                assert_never(command)

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
        work = partial(self.prompts.ask, session_id, data, user=who.user, once=once, create=create)
        return await self.prompts.heard(await self._repeats.once(once, work, appends_only=data.if_busy == "enqueue"))

    async def _control(self, session_id: str, command: Control, once: Once | None) -> Written:
        task = await self._store.task(command.data.task_id)
        if task is None or task.session_id != session_id:
            raise NotFound("There is no such task in this session.", path="data.task_id")
        with anyio.CancelScope(shield=True):
            await self._work.control(task.task_id, command.data.action)
        # First done, then remembered: an answer that is lost in between is asked for again, and that is harmless.
        return await self._written(Append(session_id=session_id, once=once, at=now_ms()))

    async def _edit(self, session_id: str, command: GraphEdit, once: Once | None, user: str) -> Written:
        await active_row(self._store, session_id)
        versions = self._keeper.versions(session_id)
        until = anyio.current_time() + EDIT_SECONDS
        while anyio.current_time() < until:
            graph = (await self._keeper.view(session_id)).graph
            # What this process has given and not written yet comes before it in the log.
            known = max(graph.version, versions.issued)
            entries = [stamped(event) for event in edited(graph, command.data, user, versions)]
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
        row = await active_row(self._store, session_id)
        to = command.data.to_agent
        await self.check_agent(to, "data.to_agent")
        data = WorkflowUpdateData(from_agent=row.agent, to_agent=to, reason=command.data.reason)
        said = [stamped(WorkflowUpdate(data=data))]
        return await self._written(Append(session_id=session_id, entries=said, agent=to, once=once, at=now_ms()))

    async def _written(self, write: Append) -> Written:
        return await written(self._store, write)

    async def _history(self, session_id: str, command: ChatHistoryRequest) -> Envelope:
        view = await self._keeper.view(session_id)
        messages = view.messages(limit=command.data.limit, before=command.data.before)
        return ChatHistory(session_id=session_id, data=ChatHistoryData(messages=messages))

    async def _status(self, session_id: str, agent: str) -> Envelope:
        row = await row_of(self._store, session_id)
        await self.check_agent(agent)
        status: Literal["idle", "busy"] = "busy" if await self._work.busy(session_id) else "idle"
        return AgentStatus(session_id=session_id, data=AgentStatusData(agent=agent or row.agent, status=status))


def _appends_only(command: Order) -> bool:
    """Whether a command does nothing but append."""
    if isinstance(command, UserPromptCommand):
        return command.data.if_busy == "enqueue"
    return isinstance(command, GraphEdit | WorkflowUpdateCommand)


def _accepted(command: AnyCommand, written: Written, epoch: str, conflicts: list[GraphConflict]) -> Accepted:
    task_id = command.data.task_id if isinstance(command, Control) else written.task_id
    cursor = f"{epoch}.{written.last}"
    data = AcceptedData(command_id=command.command_id, cursor=cursor, task_id=task_id, conflicts=conflicts)
    return Accepted(session_id=written.session_id, data=data)
