"""``/v1/sessions``: create, list, look at, change, close, delete; what there is to see in one; commands."""

from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from puntini.api.desk import Desk
from puntini.api.http import Body, Json, idempotency_key, knowing, page_bounds, read, resource
from puntini.api.moments import Moments
from puntini.api.repeats import named
from puntini.errors import Invalid, NotFound
from puntini.log.contract import SessionRow, Store
from puntini.log.keeper import Keeper
from puntini.log.mint import new_id, now_ms, timestamp
from puntini.protocol.decode import decode_command
from puntini.protocol.events import Accepted, SessionClosed
from puntini.transport.asgi import read_body
from puntini.views.session import SessionView

TITLE_LIMIT = 200


class NewSession(Body, frozen=True):
    """``POST /v1/sessions``."""

    title: str = ""
    agent: str = ""


class SessionPatch(Body, frozen=True):
    """``PATCH /v1/sessions/{id}``; ``status: closed`` closes the session."""

    title: str | None = None
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


class Sessions:
    """The routes."""

    def __init__(self, store: Store, keeper: Keeper[SessionView], desk: Desk) -> None:
        self._store = store
        self._keeper = keeper
        self._desk = desk
        self._moments = Moments(store, keeper)

    def routes(self) -> list[Route]:
        """What this resource answers."""
        one = "/v1/sessions/{session_id}"
        listed = knowing("limit", "offset", "status", of=self.list)
        return [
            resource("/v1/sessions", post=knowing(of=self.create), get=listed),
            resource("/v1/sessions/stats", get=knowing(of=self.stats)),
            resource(one, get=knowing(of=self.get), patch=knowing(of=self.patch), delete=knowing(of=self.delete)),
            resource(f"{one}/commands", post=knowing(of=self.command)),
            resource(f"{one}/messages", get=knowing("limit", "offset", "before", of=self.messages)),
            resource(f"{one}/state", get=knowing("at", of=self.state)),
            resource(f"{one}/approvals", get=knowing("limit", "offset", of=self.approvals)),
        ]

    async def create(self, request: Request) -> Response:
        """A new session. ``Idempotency-Key`` makes a retry safe."""
        body = await read(request, NewSession)
        _check_title(body.title)
        user = request.state.principal
        once = named("create", user, idempotency_key(request.headers.get("idempotency-key", "")))
        session_id = await self._desk.create(body.agent, user=user, title=body.title, once=once)
        row = await self._row(session_id)
        return Json(self._info(row), status_code=201, headers={"location": f"/v1/sessions/{session_id}"})

    async def list(self, request: Request) -> Response:
        """Sessions, the newest first."""
        limit, offset = page_bounds(request)
        rows, total = await self._store.sessions(limit=limit, offset=offset, status=_status(request))
        return Json({"items": [self._info(row) for row in rows], "total": total})

    async def stats(self, _request: Request) -> Response:
        """How many sessions there are."""
        _, active = await self._store.sessions(limit=1, offset=0, status="active")
        _, closed = await self._store.sessions(limit=1, offset=0, status="closed")
        return Json({"total": active + closed, "active": active, "closed": closed})

    async def get(self, request: Request) -> Response:
        """One session."""
        return Json(self._info(await self._row(request.path_params["session_id"])))

    async def patch(self, request: Request) -> Response:
        """Change title or agent, or close the session."""
        session_id = request.path_params["session_id"]
        body = await read(request, SessionPatch)
        await self._row(session_id)
        if body.title is not None:
            _check_title(body.title)
        if body.agent is not None:
            self._desk.check_agent(body.agent, "agent")
        if body.title is not None or body.agent is not None:
            agent = self._desk.default_agent if body.agent == "" else body.agent
            await self._store.amend(session_id, at=now_ms(), title=body.title, agent=agent)
        if body.status == "closed":
            await self._desk.close(session_id, "closed by request")
        return Json(self._info(await self._row(session_id)))

    async def delete(self, request: Request) -> Response:
        """Remove a session with its whole log."""
        await self._desk.delete(request.path_params["session_id"])
        return Response(status_code=204)

    async def command(self, request: Request) -> Response:
        """Any command of the protocol; ``Idempotency-Key`` stands in for a missing ``command_id``."""
        session_id = request.path_params["session_id"]
        command = decode_command(await read_body(request.receive))
        if command.session_id not in {"", session_id}:
            raise Invalid("session_id: the address names another session", path="session_id")
        command = with_id(command, idempotency_key(request.headers.get("idempotency-key", "")))
        reply = await self._desk.execute(session_id, command, user=request.state.principal)
        match reply:
            case Accepted():
                return Json(replace(reply.data, command_id=reply.data.command_id or new_id("cmd")), status_code=202)
            case SessionClosed():
                cursor = f"{self._store.epoch}.{(await self._row(session_id)).head}"
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
        return Json({"items": items[: max(0, len(items) - offset)], "total": view.message_count})

    async def state(self, request: Request) -> Response:
        """The agent's state now, or as it was ``at`` an event."""
        view = await self._moments.view(request)
        cursor = f"{self._store.epoch}.{view.seq}"
        return Json({"version": view.state_version, "state": view.state, "cursor": cursor})

    async def approvals(self, request: Request) -> Response:
        """What people are asked and nobody has decided yet, oldest first."""
        limit, offset = page_bounds(request)
        view = await self._keeper.view(request.path_params["session_id"])
        items = view.approvals()
        return Json({"items": items[offset : offset + limit], "total": len(items)})

    async def _row(self, session_id: str) -> SessionRow:
        row = await self._store.session(session_id)
        if row is None:
            raise NotFound(f"There is no session `{session_id}`.")
        return row

    def _info(self, row: SessionRow) -> SessionInfo:
        return SessionInfo(
            session_id=row.session_id,
            title=row.title,
            status=row.status,
            agent=row.agent,
            owner=row.owner,
            created_at=timestamp(row.created_at),
            updated_at=timestamp(row.updated_at),
            cursor=f"{self._store.epoch}.{row.head}",
            events=row.head,
        )


def with_id(command: Any, command_id: str) -> Any:
    """The command, with an id if it had none."""
    return command if command.command_id else replace(command, command_id=command_id)


def _check_title(title: str) -> None:
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
