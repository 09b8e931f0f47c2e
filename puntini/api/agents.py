"""``/v1/agents``: who there is, what each does, and agents that are created and deleted while the server runs."""

from collections.abc import Callable, Mapping
from typing import Literal, Protocol

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from puntini.api.http import PAGED, Body, Door, Json, Listed, page_bounds, read, resource, user_of
from puntini.auth.guard import principal_of
from puntini.auth.rights import READ, WRITE
from puntini.errors import Conflict, Forbidden, NotFound
from puntini.log.agents import (
    AgentRow,
    Allowed,
    Capabilities,
    Instructions,
    Kind,
    Manner,
    MaxTurns,
    Members,
    NewAgent,
    NewName,
    Reason,
    Role,
    Until,
)
from puntini.log.contract import Store
from puntini.log.mint import timestamp


class AgentBody(Body, frozen=True):
    """``POST /v1/agents``."""

    name: NewName
    role: Role
    capabilities: Capabilities
    reason: Reason
    instructions: Instructions = ""
    tools: Allowed | None = None
    members: Members = msgspec.field(default_factory=list)
    manner: Manner | None = None
    max_turns: MaxTurns | None = None
    until: Until = ""


class Working(Struct, frozen=True):
    """Whether an agent works, and at how many tasks."""

    agent_id: str
    status: Literal["idle", "busy"]
    running: int


class AgentInfo(Struct, frozen=True):
    """An agent as the API shows it; ``created_at`` is null for those the server was started with.

    Only teams have a ``manner``; for all others it is null, and what only teams have is empty.
    """

    agent_id: str
    name: str
    kind: Kind
    role: str
    capabilities: list[str]
    instructions: str
    tools: list[str]
    model: str
    members: list[str]
    manner: Manner | None
    max_turns: int
    until: str
    reason: str
    created_by: str
    created_at: str | None
    status: Literal["idle", "busy"]
    running: int


class Roster(Protocol):
    """What is asked of whoever knows the agents."""

    def rows(self) -> list[AgentRow]:
        """What is known of each."""
        ...

    def row(self, name: str) -> AgentRow | None:
        """What is known of one."""
        ...

    async def look(self) -> None:
        """Take in what other nodes have done."""
        ...

    async def create(self, new: NewAgent) -> AgentRow:
        """Create an agent. Raises Conflict or Invalid."""
        ...

    async def remove(self, name: str) -> None:
        """Forget one that was created. Raises NotFound or Conflict."""
        ...


class Agents:
    """The routes. ``running`` tells how many tasks of each agent run now."""

    def __init__(self, store: Store, roster: Roster, running: Callable[[], Mapping[str, int]]) -> None:
        self._store = store
        self._roster = roster
        self._running = running

    def routes(self) -> list[BaseRoute]:
        """What this resource answers."""
        return [
            resource(
                "/v1/agents",
                get=Door(READ, self.list, PAGED, gives=Listed[AgentInfo]),
                post=Door(WRITE, self.create, takes=AgentBody, gives=AgentInfo, status=201),
            ),
            resource(
                "/v1/agents/{agent_id}",
                get=Door(READ, self.get, gives=AgentInfo),
                delete=Door(WRITE, self.delete, status=204),
            ),
            resource("/v1/agents/{agent_id}/status", get=Door(READ, self.status, gives=Working)),
        ]

    async def list(self, request: Request) -> Response:
        """The agents, those that the server was started with first."""
        limit, offset = page_bounds(request)
        await self._roster.look()
        rows = self._roster.rows()
        items = [_info(row, await self._works_at(row.name)) for row in rows[offset : offset + limit]]
        return Json(Listed(items, len(rows)))

    async def get(self, request: Request) -> Response:
        """One agent."""
        row = await self._row(request)
        return Json(_info(row, await self._works_at(row.name)))

    async def status(self, request: Request) -> Response:
        """Whether it works."""
        row = await self._row(request)
        running = await self._works_at(row.name)
        return Json(Working(row.name, _status(running), running))

    async def create(self, request: Request) -> Response:
        """A new agent, which can be asked at once."""
        body = await read(request, AgentBody)
        row = await self._roster.create(NewAgent(created_by=user_of(request), **msgspec.structs.asdict(body)))
        return Json(_info(row, 0), status_code=201, headers={"location": f"/v1/agents/{row.name}"})

    async def delete(self, request: Request) -> Response:
        """Forget an agent that was created and has nothing to do. What it said stays in its sessions.

        That is for who created it, and for admins.
        """
        row = await self._row(request)
        who = principal_of(request.scope)
        if row.kind == "created" and row.created_by != who.user and not who.is_admin:
            raise Forbidden("This agent is somebody else's; only who created it, or an admin, can delete it.")
        total = await self._store.count_tasks(agent=row.name, open_only=True)
        if total and row.kind == "created":
            raise Conflict(f"The agent has {total} tasks that have not ended; wait for them, or stop them first.")
        await self._roster.remove(row.name)
        return Response(status_code=204)

    async def _works_at(self, name: str) -> int:
        """At how many tasks an agent works, at all nodes."""
        if self._store.shared:
            return await self._store.count_tasks(agent=name, status="running")
        return self._running().get(name, 0)

    async def _row(self, request: Request) -> AgentRow:
        """The agent that the address names. Raises NotFound."""
        agent_id: str = request.path_params["agent_id"]
        row = self._roster.row(agent_id)
        if row is None:  # it may have been created just now, at another node
            await self._roster.look()
            row = self._roster.row(agent_id)
        if row is None:
            raise NotFound(f"There is no agent `{agent_id[:80]}`; GET /v1/agents lists those that there are.")
        return row


def _status(running: int) -> Literal["idle", "busy"]:
    return "busy" if running else "idle"


def _info(row: AgentRow, running: int) -> AgentInfo:
    return AgentInfo(
        agent_id=row.name,
        name=row.name,
        kind=row.kind,
        role=row.role,
        capabilities=row.capabilities,
        instructions=row.instructions,
        tools=row.tools,
        model=row.model,
        members=row.members,
        manner=row.manner,
        max_turns=row.max_turns,
        until=row.until,
        reason=row.reason,
        created_by=row.created_by,
        created_at=timestamp(row.created_at) if row.created_at else None,
        status=_status(running),
        running=running,
    )
