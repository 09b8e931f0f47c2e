"""Who may do what: every address by every kind of caller. A new address fails here until it is said how to call it.

Ann owns a session, edits of it are for eve, vic may look, otto has nothing to do with it, and ada is the admin. What
ann's session holds has a word in it that nobody else may ever be shown.
"""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Literal, NamedTuple

import httpx
import pytest

from puntini.api.http import Address, SocketAddress
from puntini.auth.principals import NOBODY, Principal
from puntini.auth.rights import Right
from puntini.log.members import RANKS, MemberRole
from tests.api.calling import Api, serving
from tests.transport.wire import Socket, scope_of

pytestmark = [pytest.mark.anyio, pytest.mark.several_stores]

MARK = "zebrawood"
OWNER, EDITOR, VIEWER, OTHER, ADMIN = "ann", "eve", "vic", "otto", "ada"
ROLES: dict[str, MemberRole] = {OWNER: "owner", EDITOR: "editor", VIEWER: "viewer"}
CALLERS = {
    "nobody": None,
    "other": Principal(OTHER, credential="token:o"),
    "viewer": Principal(VIEWER, credential="token:v"),
    "editor": Principal(EDITOR, credential="token:e"),
    "owner": Principal(OWNER, credential="token:a"),
    "reading owner": Principal(OWNER, scopes=frozenset({"read"}), credential="key:a"),
    "admin": Principal(ADMIN, "admin", credential="token:x"),
    "admin without the scope": Principal(ADMIN, "admin", frozenset({"read", "write"}), "key:x"),
}


class Call(NamedTuple):
    """How an address is called: ``{session}`` and ``{task}`` stand for ann's.

    ``good`` are the statuses for whoever may. ``role`` is what the body asks for where it, and not the path, names the
    session. ``mine`` is what only ann has, and admins perhaps.
    """

    query: str = ""
    body: object = None
    good: tuple[int, ...] = (200,)
    role: MemberRole | None = None
    mine: Literal["", "alone", "and admins"] = ""
    accept: str = "application/json"


CALLS: dict[str, Call] = {
    "GET /v1/health": Call(),
    "GET /v1/ready": Call(),
    "GET /v1/status": Call(),
    "GET /v1/connections/stats": Call(),
    "GET /metrics": Call(),
    "GET /v1/sessions/{session_id}/stream": Call("?after=earliest"),
    "GET /v1/tasks/{task_id}/stream": Call("?after=earliest"),
    "GET /v1/stream/tasks/{task_id}": Call("?after=earliest"),
    "POST /v1/chat": Call(body={"prompt": "play 1 events", "session_id": "{session}"}, role="editor"),
    "POST /v1/sessions": Call(body={"title": "mine"}, good=(201,)),
    "GET /v1/sessions": Call(),
    "GET /v1/sessions/stats": Call(),
    "GET /v1/sessions/{session_id}": Call(),
    "PATCH /v1/sessions/{session_id}": Call(body={"title": "changed"}),
    "DELETE /v1/sessions/{session_id}": Call(good=(204,)),
    "POST /v1/sessions/{session_id}/commands": Call(
        body={"type": "user_prompt", "data": {"prompt": "play 1 events"}}, good=(202,), role="editor"
    ),
    "GET /v1/sessions/{session_id}/messages": Call(),
    "GET /v1/sessions/{session_id}/state": Call(),
    "GET /v1/sessions/{session_id}/approvals": Call(),
    "GET /v1/sessions/{session_id}/graph": Call(),
    "POST /v1/sessions/{session_id}/graph": Call(body={"nodes": [], "edges": []}, good=(202,)),
    "GET /v1/sessions/{session_id}/graph/query": Call(),
    "GET /v1/sessions/{session_id}/graph/neighbourhood": Call("?node=n1"),
    "GET /v1/sessions/{session_id}/graph/path": Call("?from=n1&to=n1"),
    "POST /v1/tasks": Call(body={"task": "play 1 events", "session_id": "{session}"}, good=(202,), role="editor"),
    "GET /v1/tasks": Call("?status=all"),
    "GET /v1/tasks/{task_id}": Call(),
    "DELETE /v1/tasks/{task_id}": Call(good=(409,)),
    "POST /v1/tasks/{task_id}/control": Call(body={"action": "stop"}, good=(409,)),
    "GET /v1/tasks/{task_id}/result": Call(),
    "GET /v1/tasks/{task_id}/steps": Call(),
    "GET /v1/tasks/{task_id}/plan": Call(),
    "GET /v1/tasks/{task_id}/tools": Call(),
    "GET /v1/tasks/{task_id}/memory": Call(),
    "GET /v1/memory/{agent_id}": Call(),
    "GET /v1/agents": Call(),
    "POST /v1/agents": Call(
        body={"name": "helper", "role": "helps", "capabilities": ["helps"], "reason": "r"}, good=(201,)
    ),
    "GET /v1/agents/{agent_id}": Call(),
    "DELETE /v1/agents/{agent_id}": Call(good=(403, 409)),
    "GET /v1/agents/{agent_id}/status": Call(),
    "GET /v1/agents/{agent_id}/messages": Call(),
    "POST /v1/agents/{agent_id}/messages": Call(
        body={"message": "play 1 events", "session_id": "{session}"}, good=(202,), role="editor"
    ),
    "GET /v1/tools": Call(),
    "GET /v1/documents": Call(),
    "POST /v1/documents": Call(body={"title": "t", "text": "some text"}, good=(201,)),
    "GET /v1/documents/{document_id}": Call(mine="alone"),
    "DELETE /v1/documents/{document_id}": Call(good=(204,), mine="alone"),
    "GET /v1/search": Call(f"?q={MARK}"),
    "POST /v1/sessions/{session_id}/fork": Call(body={}, good=(201,)),
    "GET /v1/sessions/{session_id}/members": Call(),
    "PUT /v1/sessions/{session_id}/members/{user}": Call(body={"role": "viewer"}),
    "DELETE /v1/sessions/{session_id}/members/{user}": Call(good=(404,), role="owner"),
    "GET /v1/templates": Call("?limit=100"),
    "POST /v1/templates": Call(body={"title": "t", "tasks": [{"id": "a", "title": "A"}]}, good=(201,)),
    "GET /v1/templates/{template_id}": Call(mine="and admins"),
    "PATCH /v1/templates/{template_id}": Call(body={"title": "other"}, mine="and admins"),
    "DELETE /v1/templates/{template_id}": Call(good=(204,), mine="and admins"),
    "POST /v1/templates/{template_id}/tasks": Call(body={"run": False}, good=(201,), mine="and admins"),
    "GET /v1/analytics": Call("?by=agent"),
    "GET /v1/analytics/tasks/{task_id}": Call(),
    "GET /v1/analytics/performance": Call(),
    "GET /v1/analytics/trending": Call(),
    "POST /v1/register": Call(body={"username": "zed", "password": "short"}, good=(400, 401, 403)),
    "POST /v1/login": Call(body={"username": "zed", "password": "no such user at all"}, good=(401,)),
    "POST /v1/logout": Call(good=(204,)),
    "POST /v1/token/refresh": Call(body={"refresh_token": "none"}, good=(401,)),
    "GET /v1/token": Call(),
    "GET /v1/me": Call(),
    "PATCH /v1/me": Call(body={"password": "x", "current_password": "x"}, good=(409,)),
    "GET /v1/users": Call(),
    "PATCH /v1/users/{user}": Call(body={"role": "user"}, good=(404,)),
    "POST /v1/keys": Call(body={"name": "k", "scopes": ["read"]}, good=(201, 403)),
    "GET /v1/keys": Call(),
    "DELETE /v1/keys/{key_id}": Call(good=(204,), mine="and admins"),
    "POST /v1/tickets": Call(body={"session_id": "{session}"}, good=(201,), role="viewer"),
    "GET /v1/audit": Call(),
    "GET /openapi.json": Call(),
    "GET /docs": Call(accept="text/html"),
    "GET /docs/{file}": Call(accept="text/css"),
    "GET /": Call(good=(200, 503), accept="text/html"),
    "GET /assets/{asset}": Call(good=(200, 404), accept="text/plain"),
}
"""Each address by its method and path."""
SOCKETS = {
    "/v1/sessions/{session_id}/stream",
    "/v1/tasks/{task_id}/stream",
    "/v1/stream/tasks/{task_id}",
    "/ws/chat",
}


def known(scope: Any) -> Principal:
    """Who asks: what callers say of themselves. What credentials are good for is tested elsewhere."""
    scope["state"]["address"] = "192.0.2.1"
    return CALLERS[dict(scope["headers"]).get(b"x-caller", b"nobody").decode()] or NOBODY


class World:
    """One server with ann's session in it, in which a task has ended that she never wants otto to know of."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.session = self.task = ""
        self.names: dict[str, str] = {}

    async def build(self) -> None:
        """Have ann do things, and share them."""
        self.session = await self.api.create(title=MARK)
        for user, role in ROLES.items():
            if role != "owner":
                await self.api.parts.store.share(self.session, user, role)
        self.task = await self.api.played(self.session, "play 7 events")
        document = await self.api.post("/v1/documents", {"title": MARK, "text": f"A {MARK} table."})
        template = await self.api.post("/v1/templates", {"title": MARK, "tasks": [{"id": "a", "title": MARK}]})
        key = await self.api.post("/v1/keys", {"name": MARK})
        self.names = {
            "session_id": self.session,
            "task_id": self.task,
            "agent_id": "scripted",
            "document_id": document["document_id"],
            "template_id": template["template_id"],
            "key_id": key["key_id"],
            "file": "style.css",
            "asset": "licences.txt",
        }
        graph = {"nodes": [{"id": "n1", "label": "Wood", "key": MARK}], "edges": []}
        await self.api.post(f"/v1/sessions/{self.session}/graph", graph)

    async def ask(self, caller: str, method: str, path: str, call: Call) -> httpx.Response:
        """One call."""
        address = path.format_map(Placeholders(self.names)) + call.query
        return await self.api.ask(method, address, self._filled(call.body), accept=call.accept, x_caller=caller)

    def _filled(self, body: object) -> object:
        if isinstance(body, dict):
            return {name: self._filled(value) for name, value in body.items()}
        if isinstance(body, str):
            return body.replace("{session}", self.session).replace("{task}", self.task)
        return body


class Placeholders(dict[str, str]):
    """What addresses name; of what is not ann's, something that is not there."""

    def __missing__(self, name: str) -> str:
        return "unknown"


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    """A server of its own for one call: what it does disturbs no other."""
    async with serving() as api:
        api.parts.entrance.known = known  # type: ignore[method-assign]
        api.http.headers["x-caller"] = "owner"
        here = World(api)
        await here.build()
        yield here


async def addresses() -> list[Address | SocketAddress]:
    """Everything that is served."""
    async with serving() as api:
        return [route for route in api.app.routes if isinstance(route, Address | SocketAddress)]


def names_of(routes: list[Address | SocketAddress]) -> Iterator[tuple[str, Right]]:
    """Each method of each address, and what it asks for."""
    for route in routes:
        if isinstance(route, Address):
            for method, door in route.doors.items():
                yield f"{method} {route.path}", door.right


def expected(right: Right, call: Call, who: Principal | None) -> tuple[int, ...]:
    """What a caller is to be answered."""
    if right.scope is None:
        return call.good
    if who is None:
        return (401,)
    if not who.may(right.scope):
        return (403,)
    if call.mine:
        return call.good if who.user == OWNER or (who.is_admin and call.mine == "and admins") else (404,)
    asked = call.role or (right.role if right.of else None)
    if asked is None or who.is_admin:
        return call.good
    role = ROLES.get(who.user)
    if role is None:
        return (404,)
    if RANKS[role] < RANKS[asked] or (call.role and call.role != "viewer" and not who.may("write")):
        return (403,)
    return call.good


def may_see(who: Principal | None) -> bool:
    """Whether a caller may be shown ann's word."""
    return who is not None and (who.is_admin or who.user in ROLES)


async def test_it_is_said_of_every_address_how_to_call_it() -> None:
    served = await addresses()

    assert dict.fromkeys(name for name, _ in names_of(served)).keys() == CALLS.keys()
    assert {route.path for route in served if isinstance(route, SocketAddress)} == SOCKETS


@pytest.mark.parametrize("name", CALLS)
async def test_each_caller_is_answered_as_is_right(name: str) -> None:
    method, call = name.split()[0], CALLS[name]
    rights = dict(names_of(await addresses()))
    changes = {caller for caller, who in CALLERS.items() if expected(rights[name], call, who) == call.good}
    alone = changes if method != "GET" else set()
    for callers in [CALLERS.keys() - alone, *({caller} for caller in sorted(alone))]:
        async with world() as here:
            for caller in sorted(callers):
                await answered_as_is_right(here, caller, name, rights[name])


async def answered_as_is_right(here: World, caller: str, name: str, right: Right) -> None:
    """One caller at one address."""
    method, path = name.split()
    call, who = CALLS[name], CALLERS[caller]
    answer = await here.ask(caller, method, path, call)

    assert answer.status_code in expected(right, call, who), f"{caller}: {answer.status_code} {answer.text}"
    if not may_see(who):
        assert MARK not in answer.text.replace(call.query.partition("=")[2] or "\0", ""), caller
    if answer.status_code == 404 and not may_see(who):
        nothing = await here.ask(caller, method, path.replace("_id}", "_id_of_nothing}"), call)
        assert nothing.status_code == 404, "what may not be seen is as what is not there"


async def test_documents_are_their_owners_alone() -> None:
    async with world() as here:
        for caller in ("other", "viewer", "editor", "admin"):
            found = await here.api.get(f"/v1/search?q={MARK}", x_caller=caller)
            assert found["items"] == []
        assert (await here.api.get(f"/v1/search?q={MARK}", x_caller="owner"))["items"]


async def test_a_viewer_is_sent_no_debug_events_and_an_editor_is() -> None:
    async with world() as here:
        kinds = {
            caller: {event["type"] for event in await events(here, caller)} for caller in ("viewer", "editor", "admin")
        }
    assert "debug" not in kinds["viewer"]
    assert kinds["editor"] == kinds["admin"] == kinds["viewer"] | {"debug"}


async def events(here: World, caller: str) -> list[dict[str, Any]]:
    """All of the session that a caller is sent."""
    path = f"/v1/sessions/{here.session}/stream?after=earliest&limit=1000"
    found: list[dict[str, Any]] = (await here.api.get(path, accept="application/json", x_caller=caller))["events"]
    return found


# Sockets.


def socket(here: World, caller: str, path: str) -> Socket:
    """A caller's socket at an address."""
    headers = {"x-caller": caller}
    scope = scope_of("websocket", path.format_map(Placeholders(here.names)), headers, subprotocols=["puntini.v1"])
    scope["extensions"] = {"websocket.http.response": {}}
    made = Socket(here.api.app, scope, line=True)
    made.put({"type": "websocket.connect"})
    return made


@pytest.mark.parametrize("path", sorted(SOCKETS))
async def test_each_caller_s_socket_is_opened_or_refused_as_is_right(path: str) -> None:
    rights = {route.path: route.door.right for route in await addresses() if isinstance(route, SocketAddress)}
    async with world() as here:
        for caller, who in CALLERS.items():
            async with socket(here, caller, path) as opened:
                await opened.until(lambda sent=opened.sent: sent)  # type: ignore[misc]
                status = 200 if opened.accepted else int(opened.sent[0]["status"])

                assert status in expected(rights[path], Call(), who), caller


async def said_to(here: World, caller: str, *commands: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """What a chat socket answers to the last of these commands, all of which ann's session is meant by."""
    async with socket(here, caller, "/ws/chat") as chat:
        for number, (type_, data) in enumerate(commands):
            if number:
                await chat.until_type("live")
            chat.say(type_, data, command_id=f"command-{number}", session_id=here.session)
        last = f"command-{len(commands) - 1}"
        await chat.until(lambda: any(last in json.dumps(event) for event in chat.events()))
        answer: dict[str, Any] = next(event for event in chat.events() if last in json.dumps(event))
        return answer


async def test_a_chat_socket_takes_up_no_session_that_its_user_may_not_see() -> None:
    async with world() as here:
        refused = await said_to(here, "other", ("init_session", {"session_id": here.session}))
        there_is_none = await said_to(here, "other", ("init_session", {"session_id": "ses_none"}))

    assert (refused["error"]["code"], there_is_none["error"]["code"]) == (404, 404)


@pytest.mark.parametrize(
    ("type_", "data"),
    [
        ("user_prompt", {"prompt": "play 1 events"}),
        ("action", {"name": "x"}),
        ("control", {"task_id": "tsk_none", "action": "stop"}),
        ("graph_edit", {"base_version": 0, "delta": []}),
        ("approval_response", {"approval_id": "a", "decision": "approve"}),
        ("workflow_update", {"to_agent": "scripted", "reason": "r"}),
        ("close_session", {}),
    ],
)
@pytest.mark.parametrize("caller", ["viewer", "reading owner"])
async def test_who_may_only_look_orders_nothing_through_a_socket(caller: str, type_: str, data: dict[str, Any]) -> None:
    async with world() as here:
        answer = await said_to(here, caller, ("init_session", {"session_id": here.session}), (type_, data))

    assert answer.get("error", {}).get("code") == 403, answer


async def test_only_the_owner_closes_a_session_whatever_the_door() -> None:
    async with world() as here:
        path = f"/v1/sessions/{here.session}"
        for caller in ("viewer", "editor", "reading owner"):
            assert (await here.api.ask("PATCH", path, {"status": "closed"}, x_caller=caller)).status_code == 403
        assert (await here.api.get(path))["status"] == "active"
        assert (await here.api.ask("PATCH", path, {"status": "closed"}, x_caller="owner")).json()["status"] == "closed"


async def test_a_viewer_who_goes_on_with_a_chat_is_sent_no_debug_events_either() -> None:
    async with world() as here:
        first = (await events(here, "owner"))[0]["id"]
        kinds = {caller: await gone_on_with(here, caller, first) for caller in ("viewer", "editor")}

    assert "debug" not in kinds["viewer"]
    assert kinds["editor"] == kinds["viewer"] | {"debug"}


async def gone_on_with(here: World, caller: str, last_id: str) -> set[str]:
    """The types of the events that a chat sends who names where to go on."""
    headers = {"last_event_id": last_id, "accept": "application/x-ndjson", "x_caller": caller}
    answer = await here.api.ask("POST", "/v1/chat", {"session_id": here.session}, **headers)
    assert answer.status_code == 200, answer.text
    return {json.loads(line)["type"] for line in answer.text.splitlines() if line}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat", {"prompt": "play 1 events"}),
        ("/v1/tasks", {"task": "play 1 events"}),
        ("/v1/tasks", {"task": "play 1 events", "stream": True}),
    ],
)
async def test_a_repeat_shows_nothing_of_a_session_that_one_is_no_member_of_any_more(
    path: str, body: dict[str, object]
) -> None:
    async with world() as here:
        headers = {"idempotency_key": "k", "x_caller": "editor", "accept": "application/json"}
        await here.api.post(path, {**body, "session_id": here.session}, **headers)
        await here.api.parts.store.share(here.session, EDITOR, None)

        for session in ({}, {"session_id": (await here.api.post("/v1/sessions", **headers))["session_id"]}):
            answer = await here.api.ask("POST", path, {**body, **session}, **headers)
            assert answer.status_code == 404, answer.text


async def test_a_stream_of_a_chat_obeys_when_its_reader_may_do_less() -> None:
    async with world() as here:
        headers = {"x-caller": "editor", "content-type": "application/json"}
        body = json.dumps({"prompt": "play 9999 events at 20/s", "session_id": here.session}).encode()
        async with here.api.stream("/v1/chat", "POST", body, **headers) as wire:
            await wire.until("task_started")
            [connection] = here.api.parts.connections.all()

            assert connection.role == "editor"


async def test_closing_a_session_takes_its_owner_by_whatever_door() -> None:
    async with world() as here:
        path = f"/v1/sessions/{here.session}"
        for caller, status in {"editor": 403, "owner": 200}.items():
            body = {"status": "closed", "title": f"by {caller}"}
            assert (await here.api.ask("PATCH", path, body, x_caller=caller)).status_code == status
            found = await here.api.get(path)
            assert (found["status"] == "closed") == (found["title"] == f"by {caller}") == (caller == "owner")


async def test_what_is_forbidden_is_written_down_by_whatever_door_it_was_asked_for() -> None:
    async with world() as here:
        said = {"prompt": "play 1 events"}
        stream = f"/v1/sessions/{here.session}/stream"
        socket = Socket(here.api.app, scope_of("websocket", stream, {"x-caller": "viewer"}), line=False)
        socket.put({"type": "websocket.connect"})
        async with socket:
            socket.say("user_prompt", said)
            await socket.until_type("error")
        commands = f"/v1/sessions/{here.session}/commands"
        body = {"type": "user_prompt", "data": said}
        await here.api.ask("POST", "/v1/chat", {**said, "session_id": here.session}, x_caller="viewer")
        await here.api.ask("POST", commands, body, x_caller="viewer")
        await here.api.ask("GET", "/v1/users", x_caller="viewer")

        await here.api.parts.entrance.audit.flush()
        noted = (await here.api.get("/v1/audit?what=forbidden&who=vic", x_caller="admin"))["items"]
        assert [entry["of"] for entry in noted] == ["/v1/users", commands, "/v1/chat", stream]


async def test_a_credential_that_only_reads_begins_no_session_by_a_socket() -> None:
    async with world() as here:
        before = (await here.api.get("/v1/sessions"))["total"]
        socket = Socket(here.api.app, scope_of("websocket", "/ws/chat", {"x-caller": "reading owner"}), line=False)
        socket.put({"type": "websocket.connect"})
        async with socket:
            socket.say("init_session", {})
            error = await socket.until_type("error")

            assert error["error"]["reason"] == "forbidden"
        assert (await here.api.get("/v1/sessions"))["total"] == before
