"""``/v1/agents/{id}/messages``: what an agent was asked and said of late, and a word to it from a person.

Where a person names no session, what they say to an agent is one conversation: a session that the two keep for as long
as it is open, so that the agent knows what was said before.
"""

from asyncio import Lock
from typing import Annotated
from weakref import WeakValueDictionary

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from puntini.api.chat import names_of
from puntini.api.desk import Desk
from puntini.api.http import (
    NOT_BLANK,
    ONCE,
    PAGED,
    Body,
    Door,
    Json,
    idempotency_key,
    page_bounds,
    read,
    resource,
    whose,
)
from puntini.api.memory import AgentMemories, Spoken
from puntini.api.repeats import named
from puntini.auth.guard import principal_of
from puntini.auth.principals import Principal
from puntini.auth.rights import READ, WRITE
from puntini.errors import Invalid, NotFound, SessionClosed
from puntini.log.contract import Kept, Once, Store, TaskRow, Written
from puntini.protocol.commands import PROMPT_LIMIT, Name, UserPromptCommandData
from puntini.protocol.events import UserPrompt

SPACE, KIND = "conversations", "session"
"""Where the store keeps which session a person and an agent have."""
_prompt = msgspec.json.Decoder(UserPrompt)


class MessageBody(Body, frozen=True):
    """``POST /v1/agents/{id}/messages``."""

    message: Annotated[str, Meta(max_length=PROMPT_LIMIT, extra_json_schema={"pattern": NOT_BLANK})]
    session_id: Name = ""


class Sent(Struct, frozen=True):
    """What became of a message: ``task_id`` is the task that hears it, or that it started."""

    task_id: str
    session_id: str
    message_id: str
    cursor: str
    status: str


class Messages:
    """The routes."""

    def __init__(self, store: Store, desk: Desk, memories: AgentMemories) -> None:
        self._store = store
        self._desk = desk
        self._memories = memories
        # A pair's lock is there for as long as somebody holds it or waits for it.
        self._turns: WeakValueDictionary[str, Lock] = WeakValueDictionary()

    def routes(self) -> list[BaseRoute]:
        """What this resource answers."""
        address = "/v1/agents/{agent_id}/messages"
        listed = Door(READ, self.list, PAGED, gives=Spoken)
        sent = Door(
            WRITE, self.send, takes=MessageBody, gives=Sent, status=202, headers=ONCE, name="sendMessageToAgent"
        )
        return [resource(address, get=listed, post=sent)]

    async def list(self, request: Request) -> Response:
        """The newest ``limit`` messages but ``offset`` of the agent's latest tasks, the oldest of them first."""
        limit, offset = page_bounds(request)
        return Json(await self._memories.messages(request.path_params["agent_id"], whose(request), limit, offset))

    async def send(self, request: Request) -> Response:
        """Say something to an agent: to its task that runs in the session, else as a new task.

        ``Idempotency-Key`` makes a retry safe.
        """
        body = await read(request, MessageBody)
        if not body.message.strip():
            raise Invalid("message: write something", path="message")
        agent, who = request.path_params["agent_id"], principal_of(request.scope)
        await self._memories.check(agent)
        once = named("message", f"{who.user} {agent}", idempotency_key(request.headers.get("idempotency-key", "")))
        written = await self._said(agent, body, who, once)
        row = await self._store.task(written.task_id)
        if row is None:
            raise NotFound("The task of that message is gone.")
        return Json(await self._sent(written, row), status_code=202, headers=names_of(row))

    async def _said(self, agent: str, body: MessageBody, who: Principal, once: Once | None) -> Written:
        """Say it where it belongs. A conversation that is closed in this moment gives way to another."""
        if body.session_id:
            return await self._say(body.session_id, agent, body.message, who, once)
        if once and (before := await self._store.outcome(once)):
            return await self._say(before.session_id, agent, body.message, who, once)
        try:
            return await self._say(await self._conversation(who.user, agent), agent, body.message, who, once)
        except (SessionClosed, NotFound):
            return await self._say(await self._conversation(who.user, agent), agent, body.message, who, once)

    async def _say(self, session_id: str, agent: str, message: str, who: Principal, once: Once | None) -> Written:
        running = await self._store.tasks(session_id=session_id, status="running", agent=agent, limit=1)
        data = UserPromptCommandData(prompt=message, agent=agent, if_busy="steer" if running else "enqueue")
        return await self._desk.prompt(session_id, data, who, once=once)

    async def _conversation(self, user: str, agent: str) -> str:
        """The session of a person and an agent; a new one where there is none, or it is closed."""
        pair = f"{agent} {user}"  # no agent's name has a space in it
        turn = self._turns.setdefault(pair, Lock())
        async with turn:
            kept = await self._store.kept(SPACE, KIND, pair)
            row = await self._store.session(kept.decode()) if kept else None
            if row is not None and row.status == "active":
                return row.session_id
            session_id = await self._desk.create(agent, user=user, title=f"Messages to {agent}")
            if await self._store.swap(Kept(SPACE, KIND, pair, session_id.encode()), kept):
                return session_id
            # Another node was quicker: there is one conversation.
            await self._desk.closing.delete(session_id)
            return (await self._store.kept(SPACE, KIND, pair) or b"").decode()

    async def _sent(self, written: Written, row: TaskRow) -> Sent:
        page = await self._store.read(written.session_id, written.first - 1, to=written.first)
        # Of a repeat that comes when retention has removed what was said, its id is gone too.
        message_id = _prompt.decode(page.events[0][1].line).data.message_id if page.events else ""
        cursor = f"{self._store.epoch}.{written.last}"
        return Sent(row.task_id, row.session_id, message_id, cursor, row.status)
