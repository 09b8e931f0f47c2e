"""``/v1/memory/{agent_id}``: what an agent's latest tasks were about."""

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from puntini.api.desk import Desk
from puntini.api.folds import Folds
from puntini.api.http import PAGED, Door, Json, Words, page_bounds, resource, whose
from puntini.api.recall import Said, hits, query, said, summaries
from puntini.auth.rights import READ
from puntini.errors import Invalid, NotFound
from puntini.log.contract import Store, TaskRow

TASKS = 5


class AgentMemory(Struct, frozen=True):
    """Working memory of an agent: what was said in its latest ``tasks``, and the newest ``summary`` of it."""

    agent_id: str
    tasks: list[str]
    working_messages: list[Said]
    summary: str
    summaries: list[Said]
    hits: list[Said]
    total: int
    complete: bool


class Spoken(Struct, frozen=True):
    """Messages of an agent's latest tasks; ``complete`` is whether all that was said is still there."""

    items: list[Said]
    total: int
    complete: bool


class AgentMemories:
    """The routes."""

    def __init__(self, store: Store, folds: Folds, desk: Desk) -> None:
        self._store = store
        self._folds = folds
        self._desk = desk

    def routes(self) -> list[BaseRoute]:
        """What this resource answers."""
        found = Door(READ, self.get, {**PAGED, "q": Words}, gives=AgentMemory, name="getAgentMemory")
        return [resource("/v1/memory/{agent_id}", get=found)]

    async def get(self, request: Request) -> Response:
        """The newest ``limit`` messages but ``offset`` of the agent's latest tasks, and their summaries."""
        words = query(request)
        limit, offset = page_bounds(request)
        agent_id = request.path_params["agent_id"]
        rows = await self._tasks(agent_id, whose(request))
        messages, summed, complete = await self._said(rows)
        memory = AgentMemory(
            agent_id=agent_id,
            tasks=[row.task_id for row in rows],
            working_messages=_newest(messages, limit, offset),
            summary=summed[-1].content if summed else "",
            summaries=summed[: -limit - 1 : -1],
            hits=await hits([*summed, *messages], words),
            total=len(messages),
            complete=complete,
        )
        return Json(memory)

    async def messages(self, agent_id: str, user: str | None, limit: int, offset: int) -> Spoken:
        """The newest ``limit`` messages but ``offset`` of an agent's latest tasks, oldest first. Raises NotFound.

        Of those that ``user`` may see; None for all.
        """
        messages, _, complete = await self._said(await self._tasks(agent_id, user))
        return Spoken(_newest(messages, limit, offset), len(messages), complete)

    async def check(self, agent_id: str) -> None:
        """Raises NotFound when there is no such agent."""
        try:
            await self._desk.check_agent(agent_id, "agent_id")
        except Invalid:
            raise NotFound(f"There is no agent `{agent_id[:80]}`; GET /v1/agents lists those that there are.") from None

    async def _said(self, rows: list[TaskRow]) -> tuple[list[Said], list[Said], bool]:
        """Messages and summaries, the oldest first, and whether that is all that there was."""
        messages: list[Said] = []
        summed: list[Said] = []
        complete = True
        for row in reversed(rows):
            view = await self._folds.view(row)
            messages += said(view)
            summed += summaries(view)
            complete &= view.complete
        return messages, summed, complete

    async def _tasks(self, agent_id: str, user: str | None) -> list[TaskRow]:
        """The agent's latest tasks, the newest first; none of an agent that has had none. Raises NotFound."""
        rows = await self._store.tasks(agent=agent_id, user=user, limit=TASKS, last=True)
        if not rows:
            await self.check(agent_id)
        return rows


def _newest(messages: list[Said], limit: int, offset: int) -> list[Said]:
    end = max(0, len(messages) - offset)
    return messages[max(0, end - limit) : end]
