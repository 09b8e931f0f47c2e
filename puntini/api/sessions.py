"""``/v1/sessions``: create, list, look at, change, close, delete; what there is to see in one; commands."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from puntini.api.desk import Desk
from puntini.api.etags import KNOWN, etag, has, same
from puntini.api.http import (
    ONCE,
    PAGED,
    At,
    Body,
    Door,
    Json,
    Listed,
    idempotency_key,
    page_bounds,
    read,
    resource,
    user_of,
    whose,
)
from puntini.api.moments import Moments
from puntini.api.records import row_of
from puntini.api.repeats import named
from puntini.auth.guard import Note, principal_of
from puntini.auth.rights import EDIT, OWN, READ, VIEW, WRITE
from puntini.errors import Invalid
from puntini.log.contract import SessionRow, Store
from puntini.log.keeper import Keeper
from puntini.log.mint import new_id, now_ms, timestamp
from puntini.protocol.commands import HttpCommand
from puntini.protocol.decode import decode_command
from puntini.protocol.events import (
    Accepted,
    AcceptedData,
    AgentStatus,
    ApprovalView,
    ChatHistory,
    Message,
    Pong,
    SessionClosed,
    SessionStatus,
)
from puntini.transport.asgi import read_body
from puntini.views.session import SessionView

TITLE_LIMIT = 200
Title = Annotated[str, Meta(extra_json_schema={"maxLength": TITLE_LIMIT})]
Before = Annotated[str, Meta(description="the id of a message: only those before it")]


class NewSession(Body, frozen=True):
    """``POST /v1/sessions``."""

    title: Title = ""
    agent: str = ""


class SessionPatch(Body, frozen=True):
    """``PATCH /v1/sessions/{id}``; ``status: closed`` closes the session."""

    title: Title | None = None
    agent: str | None = None
    status: Literal["closed"] | None = None


class SessionInfo(Struct, frozen=True):
    """A session as the API shows it."""

    session_id: str
    title: str
    status: str
    agent: str
    owner: str
    created_at: str
    updated_at: str
    cursor: str
    events: int


class SessionStats(Struct, frozen=True):
    """How many sessions there are."""

    total: int
    active: int
    closed: int


class StateInfo(Struct, frozen=True):
    """The agent's state as it was at ``cursor``; null as long as there is none."""

    version: int
    state: dict[str, Any] | None
    cursor: str


class Sessions:
    """The routes."""

    def __init__(self, store: Store, keeper: Keeper[SessionView], desk: Desk, note: Note) -> None:
        self._store = store
        self._keeper = keeper
        self._desk = desk
        self._note = note
        self._moments = Moments(store, keeper)

    def routes(self) -> list[BaseRoute]:
        """What this resource answers."""
        one = "/v1/sessions/{session_id}"
        listed = Door(READ, self.list, {**PAGED, "status": SessionStatus}, gives=Listed[SessionInfo])
        told = Door(
            VIEW,
            self.command,
            takes=HttpCommand,
            gives=AcceptedData,
            status=202,
            answers={200: Pong | ChatHistory | AgentStatus},
            headers=ONCE,
            name="sendCommand",
        )
        spoken = Door(VIEW, self.messages, {**PAGED, "before": Before}, gives=Listed[Message])
        return [
            resource(
                "/v1/sessions",
                post=Door(WRITE, self.create, takes=NewSession, gives=SessionInfo, status=201, headers=ONCE),
                get=listed,
            ),
            resource("/v1/sessions/stats", get=Door(READ, self.stats, gives=SessionStats)),
            resource(
                one,
                get=Door(VIEW, self.get, gives=SessionInfo),
                patch=Door(EDIT, self.patch, takes=SessionPatch, gives=SessionInfo),
                delete=Door(OWN, self.delete, status=204),
            ),
            resource(f"{one}/commands", post=told),
            resource(f"{one}/messages", get=spoken),
            resource(f"{one}/state", get=Door(VIEW, self.state, {"at": At}, gives=StateInfo, **KNOWN)),
            resource(f"{one}/approvals", get=Door(VIEW, self.approvals, PAGED, gives=Listed[ApprovalView])),
        ]

    async def create(self, request: Request) -> Response:
        """A new session. ``Idempotency-Key`` makes a retry safe."""
        body = await read(request, NewSession)
        check_title(body.title)
        user = user_of(request)
        once = named("create", user, idempotency_key(request.headers.get("idempotency-key", "")))
        session_id = await self._desk.create(body.agent, user=user, title=body.title, once=once)
        row = await row_of(self._store, session_id)
        return Json(
            info_of(row, self._store.epoch), status_code=201, headers={"location": f"/v1/sessions/{session_id}"}
        )

    async def list(self, request: Request) -> Response:
        """Sessions, the newest first."""
        limit, offset = page_bounds(request)
        seen = whose(request)
        rows, total = await self._store.sessions(limit=limit, offset=offset, status=_status(request), user=seen)
        return Json(Listed([info_of(row, self._store.epoch) for row in rows], total))

    async def stats(self, request: Request) -> Response:
        """How many sessions there are."""
        seen = whose(request)
        _, active = await self._store.sessions(limit=1, offset=0, status="active", user=seen)
        _, closed = await self._store.sessions(limit=1, offset=0, status="closed", user=seen)
        return Json(SessionStats(active + closed, active, closed))

    async def get(self, request: Request) -> Response:
        """One session."""
        return Json(info_of(await row_of(self._store, request.path_params["session_id"]), self._store.epoch))

    async def patch(self, request: Request) -> Response:
        """Change title or agent, or close the session, which takes its owner."""
        session_id = request.path_params["session_id"]
        body = await read(request, SessionPatch)
        if body.status == "closed":
            await self._desk.standing(session_id, principal_of(request.scope), "owner")
        await row_of(self._store, session_id)
        if body.title is not None:
            check_title(body.title)
        if body.agent is not None:
            await self._desk.check_agent(body.agent, "agent")
        if body.title is not None or body.agent is not None:
            agent = self._desk.default_agent if body.agent == "" else body.agent
            await self._store.amend(session_id, at=now_ms(), title=body.title, agent=agent)
        if body.status == "closed":
            await self._desk.closing.close(session_id, "closed by request")
        return Json(info_of(await row_of(self._store, session_id), self._store.epoch))

    async def delete(self, request: Request) -> Response:
        """Remove a session with its whole log."""
        session_id = request.path_params["session_id"]
        await self._desk.closing.delete(session_id)
        self._note(request.scope, "session_deleted", of=session_id)
        return Response(status_code=204)

    async def command(self, request: Request) -> Response:
        """Any command of the protocol; ``Idempotency-Key`` stands in for a missing ``command_id``."""
        session_id = request.path_params["session_id"]
        command = decode_command(await read_body(request.receive))
        if command.session_id not in {"", session_id}:
            raise Invalid("session_id: the address names another session", path="session_id")
        command = with_id(command, idempotency_key(request.headers.get("idempotency-key", "")))
        reply = await self._desk.execute(session_id, command, principal_of(request.scope))
        match reply:
            case Accepted():
                return Json(replace(reply.data, command_id=reply.data.command_id or new_id("cmd")), status_code=202)
            case SessionClosed():
                cursor = f"{self._store.epoch}.{(await row_of(self._store, session_id)).head}"
                return Json({"command_id": command.command_id or new_id("cmd"), "cursor": cursor}, status_code=202)
            case _:
                return Json(reply)

    async def messages(self, request: Request) -> Response:
        """The conversation, oldest first: the newest ``limit`` messages, or those before message id ``before``.

        ``offset`` leaves out so many of the newest.
        """
        limit, offset = page_bounds(request)
        view = await self._keeper.view(request.path_params["session_id"])
        items = view.messages(limit=limit + offset, before=request.query_params.get("before", ""))
        return Json(Listed(items[: max(0, len(items) - offset)], view.message_count))

    async def state(self, request: Request) -> Response:
        """The agent's state now, or as it was ``at`` an event."""
        view = await self._moments.view(request)
        cursor = f"{self._store.epoch}.{view.seq}"
        tag = etag(cursor)
        return same(tag) if has(request, tag) else Json(StateInfo(view.state_version, view.state, cursor), headers=tag)

    async def approvals(self, request: Request) -> Response:
        """What people are asked and nobody has decided yet, oldest first."""
        limit, offset = page_bounds(request)
        view = await self._keeper.view(request.path_params["session_id"])
        items = view.approvals()
        return Json(Listed(items[offset : offset + limit], len(items)))


def info_of(row: SessionRow, epoch: str) -> SessionInfo:
    """A session as the API shows it."""
    return SessionInfo(
        session_id=row.session_id,
        title=row.title,
        status=row.status,
        agent=row.agent,
        owner=row.owner,
        created_at=timestamp(row.created_at),
        updated_at=timestamp(row.updated_at),
        cursor=f"{epoch}.{row.head}",
        events=row.head,
    )


def with_id(command: Any, command_id: str) -> Any:
    """The command, with an id if it had none."""
    return command if command.command_id else replace(command, command_id=command_id)


def check_title(title: str) -> None:
    """Raises Invalid for one that is too long."""
    if len(title) > TITLE_LIMIT:
        raise Invalid(f"title: use at most {TITLE_LIMIT} characters", path="title")


def _status(request: Request) -> Literal["active", "closed"] | None:
    match request.query_params.get("status"):
        case None:
            return None
        case "active":
            return "active"
        case "closed":
            return "closed"
        case _:
            raise Invalid("status: use active or closed", path="status")
