"""``/v1/keys``, ``/v1/tickets`` and ``/v1/audit``: made once, listed without their secret, told of."""

import time
from typing import Any

import anyio
import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from puntini.api.http import Door, resource
from puntini.auth.principals import LOCAL
from puntini.auth.rights import ANYBODY
from puntini.auth.tickets import FIRST_USE_SECONDS
from tests.api.calling import Api

pytestmark = pytest.mark.anyio


async def made(api: Api, **body: object) -> dict[str, Any]:
    """A new key, as it is shown once."""
    return dict(await api.post("/v1/keys", {"name": "ci", **body}))


async def audited(api: Api, query: str = "") -> list[dict[str, Any]]:
    """The audit log, with all that was noted by now."""
    await api.parts.entrance.audit.flush()
    return list((await api.get(f"/v1/audit{query}"))["items"])


# Keys.


async def test_a_key_is_shown_once_and_opens_what_it_says(api: Api) -> None:
    key = await made(api, scopes=["read"], expires_in=3_600)

    who = await api.parts.entrance.keys.principal(key["key"])

    assert (who.user, sorted(who.scopes), who.credential) == ("local", ["read"], f"key:{key['key_id']}")
    assert 3_500 < who.expires_at - time.time() <= 3_600
    listed = await api.ask("GET", "/v1/keys")
    assert key["key"] not in listed.text
    [info] = listed.json()["items"]
    assert {**info, "last_used_at": None} == {name: value for name, value in key.items() if name != "key"}
    assert info["last_used_at"]


async def test_the_answer_with_the_key_is_kept_nowhere_on_its_way(api: Api) -> None:
    response = await api.ask("POST", "/v1/keys", {"name": "ci"})
    assert response.status_code == 201
    assert response.headers["cache-control"] == "no-store"


async def test_a_revoked_key_stays_in_the_list_as_that(api: Api) -> None:
    key = await made(api)

    assert (await api.ask("DELETE", f"/v1/keys/{key['key_id']}")).status_code == 204

    [info] = (await api.get("/v1/keys"))["items"]
    assert info["revoked"]
    assert api.parts.entrance.keys.known(key["key"]) is None
    assert (await api.ask("DELETE", "/v1/keys/nowhere")).status_code == 404


async def test_keys_come_in_pages_the_newest_first(api: Api) -> None:
    for number in range(3):
        await made(api, name=f"key {number}")
    page = await api.get("/v1/keys?limit=2&offset=1")
    assert ([info["name"] for info in page["items"]], page["total"]) == (["key 1", "key 0"], 3)
    assert (await api.get("/v1/keys?user=ann"))["total"] == 0


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "ci", "scopes": []}, "scopes"),
        ({"name": "ci", "scopes": ["root"]}, "scopes"),
        ({"name": "ci", "expires_in": 0}, "expires_in"),
        ({"name": "ci", "expires_in": 1e12}, "expires_in"),
        ({"name": "ci", "owner": "ann"}, "owner"),
    ],
)
async def test_what_can_t_be_a_key_is_refused(api: Api, body: dict[str, object], path: str) -> None:
    response = await api.ask("POST", "/v1/keys", body)
    assert response.status_code == 400
    assert path in response.text


# Tickets.


@pytest.mark.parametrize("by", ["session_id", "task_id", "path", "older path"])
async def test_a_ticket_comes_with_the_address_that_it_opens(api: Api, by: str) -> None:
    session = await api.create()
    task = await api.played(session)
    stream = {
        "session_id": f"/v1/sessions/{session}/stream",
        "task_id": f"/v1/tasks/{task}/stream",
        "path": f"/v1/sessions/{session}/stream",
        "older path": f"/v1/stream/tasks/{task}",
    }[by]
    given = {"session_id": session, "task_id": task}.get(by, stream)
    ticket = await api.post("/v1/tickets", {by if "_id" in by else "path": given})

    assert ticket["url"] == f"{stream}?ticket={ticket['ticket']}"
    path, _, query = ticket["url"].partition("?")
    asked = {"type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": []}
    who = await api.parts.entrance.tickets.admit(asked, ticket["ticket"])
    assert who.user == LOCAL.user
    assert not who.may("write")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"session_id": "a", "task_id": "b"}, 400),
        ({"path": "/v1/sessions"}, 400),
        ({"path": "https://evil.example/v1/sessions/a/stream"}, 400),
        ({"session_id": "a/b"}, 400),
        ({"path": "/v1/sessions/../keys/stream"}, 400),
        ({"after": "now"}, 400),
    ],
)
async def test_a_ticket_is_for_one_stream(api: Api, body: dict[str, object], status: int) -> None:
    assert (await api.ask("POST", "/v1/tickets", body)).status_code == status


async def test_a_ticket_says_until_when_it_is_to_be_used(api: Api) -> None:
    ticket = await api.post("/v1/tickets", {"session_id": await api.create()})
    assert 0 < FIRST_USE_SECONDS <= 30
    assert ticket["expires_at"].endswith("Z")


# Audit.


async def test_what_was_done_to_keys_is_in_the_audit_log(api: Api) -> None:
    key = await made(api)
    response = await api.ask("DELETE", f"/v1/keys/{key['key_id']}", X_Request_ID="mine")
    assert response.headers["x-request-id"] == "mine"

    revoked, created = await audited(api)

    assert (created["what"], revoked["what"]) == ("key_created", "key_revoked")
    assert created["of"] == revoked["of"] == key["key_id"]
    assert (revoked["who"], revoked["credential"], revoked["request_id"]) == ("local", "open", "mine")
    assert [entry["what"] for entry in await audited(api, "?what=key_revoked&who=local")] == ["key_revoked"]
    assert await audited(api, "?since=2999-01-01T00:00:00Z") == await audited(api, "?who=ann") == []
    assert await audited(api, f"?before={revoked['id']}&since=2020-01-01T00:00:00") == [created]


@pytest.mark.parametrize("query", ["before=x", "since=yesterday", "since=5", "limit=0", "offset=5"])
async def test_an_odd_question_to_the_audit_log_is_refused(api: Api, query: str) -> None:
    assert (await api.ask("GET", f"/v1/audit?{query}")).status_code == 400


async def test_nothing_changes_the_audit_log(api: Api) -> None:
    await made(api)
    before = await audited(api)
    routes = [route for route in api.app.routes if isinstance(route, Route) and "audit" in route.path]

    assert [(route.path, route.methods) for route in routes] == [("/v1/audit", {"GET", "HEAD", "OPTIONS"})]
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert (await api.ask(method, "/v1/audit")).status_code == 405
    for space in ("audit", "auth"):
        assert (await api.ask("DELETE", f"/v1/sessions/{space}")).status_code == 404
    assert await audited(api) == before


async def test_entries_are_written_by_themselves(api: Api) -> None:
    await made(api)
    with anyio.fail_after(20):
        while not (await api.get("/v1/audit"))["items"]:
            await anyio.sleep(0.01)


# Faults.


async def test_every_problem_names_its_request(api: Api) -> None:
    for path in ("/nowhere", "/v1/tasks/none", "/v1/sessions?limit=x"):
        response = await api.ask("GET", path, X_Request_ID="mine-1")
        assert response.json()["request_id"] == response.headers["x-request-id"] == "mine-1"


async def test_a_fault_of_the_server_s_own_names_its_request_and_its_log_line_does_too(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fault(_request: Request) -> Response:
        raise RuntimeError("a fault")

    api.app.router.routes.append(resource("/v1/fault", get=Door(ANYBODY, fault)))
    transport = httpx.ASGITransport(api.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        response = await http.get("/v1/fault?token=hidden", headers={"X-Request-ID": "mine-2"})

    assert (response.status_code, response.headers["x-request-id"]) == (500, "mine-2")
    assert response.json()["request_id"] == "mine-2"
    said = capsys.readouterr().out
    assert "mine-2" in said
    assert "hidden" not in said
