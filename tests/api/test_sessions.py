"""``/v1/sessions``: create, list, look at, change, close and delete."""

import re
from typing import Any

import anyio
import pytest

from tests.api.calling import Api, problem

pytestmark = pytest.mark.anyio
SLOW = "play 100000 events every 5 ms"


async def test_a_new_session_is_told_in_full(api: Api) -> None:
    response = await api.ask("POST", "/v1/sessions", {"title": "A title"})
    session = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == f"/v1/sessions/{session['session_id']}"
    assert set(session) == {
        "session_id",
        "title",
        "status",
        "agent",
        "owner",
        "created_at",
        "updated_at",
        "cursor",
        "events",
    }
    assert (session["title"], session["status"], session["agent"]) == ("A title", "active", "scripted")
    assert (session["owner"], session["events"]) == ("local", 0)
    assert re.fullmatch(r"ses_[0-9a-z]{20}", session["session_id"])
    assert re.fullmatch(r"[a-z0-9]+\.0", session["cursor"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", session["created_at"])


@pytest.mark.parametrize("body", [None, b"", {}])
async def test_a_session_can_be_made_of_nothing(api: Api, body: object) -> None:
    response = await api.ask("POST", "/v1/sessions", body)
    assert response.status_code == 201
    assert response.json()["title"] == ""


async def test_a_session_is_found_where_location_says(api: Api) -> None:
    made = await api.ask("POST", "/v1/sessions", {"title": "x"})
    assert await api.get(made.headers["location"]) == made.json()


async def test_a_session_counts_its_events(api: Api) -> None:
    session_id = await api.create()
    await api.played(session_id, "play 3 events")
    session = await api.get(f"/v1/sessions/{session_id}")
    assert session["events"] == 8
    assert session["cursor"].endswith(".8")
    assert session["updated_at"] >= session["created_at"]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"title": "x" * 201}, "title"),
        ({"title": 5}, "title"),
        ({"agent": "nobody"}, "agent"),
        ({"name": "x"}, "name"),
        ({"status": "closed"}, "status"),
    ],
)
async def test_a_session_that_can_not_be_is_refused_by_field(api: Api, body: object, path: str) -> None:
    told = problem(await api.ask("POST", "/v1/sessions", body), 400, "invalid")
    assert told["errors"][0]["path"] == path
    assert told["detail"].startswith(f"{path}: ")
    assert (await api.get("/v1/sessions"))["total"] == 0


# The list.


async def test_the_list_is_newest_first_with_a_total(api: Api) -> None:
    made = [await api.create(title=str(number)) for number in range(3)]
    listed = await api.get("/v1/sessions")
    assert [item["session_id"] for item in listed["items"]] == made[::-1]
    assert listed["total"] == 3


async def test_the_list_comes_in_pages_of_twenty(api: Api) -> None:
    made = [await api.create() for _ in range(25)]
    first, second = await api.get("/v1/sessions"), await api.get("/v1/sessions?offset=20")
    assert [len(first["items"]), len(second["items"])] == [20, 5]
    assert [item["session_id"] for item in first["items"] + second["items"]] == made[::-1]
    assert first["total"] == second["total"] == 25


async def test_a_page_behind_the_last_is_empty(api: Api) -> None:
    await api.create()
    assert await api.get("/v1/sessions?offset=5&limit=100") == {"items": [], "total": 1}


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=101", "limit=-1", "limit=x", "limit=", "limit=1.5", "limit=٣", "offset=-1", "offset=1e3"],
)
async def test_odd_pages_are_refused(api: Api, query: str) -> None:
    told = problem(await api.ask("GET", f"/v1/sessions?{query}"), 400, "invalid")
    assert told["errors"][0]["path"] == query.partition("=")[0]


async def test_the_list_can_be_of_one_status(api: Api) -> None:
    active, closed = await api.create(), await api.create()
    await api.ask("PATCH", f"/v1/sessions/{closed}", {"status": "closed"})
    assert await ids(api, "status=active") == [active]
    assert await ids(api, "status=closed") == [closed]
    told = problem(await api.ask("GET", "/v1/sessions?status=open"), 400, "invalid")
    assert told["detail"] == "status: use active or closed"


async def ids(api: Api, query: str) -> list[str]:
    return [item["session_id"] for item in (await api.get(f"/v1/sessions?{query}"))["items"]]


async def test_stats_count_sessions_by_status(api: Api) -> None:
    await api.create()
    await api.ask("PATCH", f"/v1/sessions/{await api.create()}", {"status": "closed"})
    assert await api.get("/v1/sessions/stats") == {"total": 2, "active": 1, "closed": 1}


@pytest.mark.parametrize("path", ["/v1/sessions", "/v1/sessions/stats", "/v1/tasks"])
async def test_a_query_parameter_that_is_not_there_is_refused(api: Api, path: str) -> None:
    told = problem(await api.ask("GET", f"{path}?colour=red"), 400, "invalid")
    assert told["detail"].startswith("colour: there is no such query parameter; ")


# Changing and closing.


async def test_title_and_agent_can_be_changed(api: Api) -> None:
    session_id = await api.create(title="old")
    changed = await api.ask("PATCH", f"/v1/sessions/{session_id}", {"title": "new", "agent": "scripted"})
    assert changed.status_code == 200
    assert changed.json()["title"] == "new"
    assert (await api.get(f"/v1/sessions/{session_id}"))["title"] == "new"


async def test_an_agent_of_no_name_is_the_default_one(api: Api) -> None:
    session_id = await api.create()
    assert (await api.ask("PATCH", f"/v1/sessions/{session_id}", {"agent": ""})).json()["agent"] == "scripted"


async def test_what_is_not_named_is_not_changed(api: Api) -> None:
    session_id = await api.create(title="old")
    before = await api.get(f"/v1/sessions/{session_id}")
    assert (await api.ask("PATCH", f"/v1/sessions/{session_id}", {})).json() == before


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"status": "active"}, "status"),
        ({"agent": "nobody"}, "agent"),
        ({"title": "x" * 201}, "title"),
        ({"owner": "me"}, "owner"),
    ],
)
async def test_a_change_that_can_not_be_is_refused_and_changes_nothing(api: Api, body: Any, path: str) -> None:
    session_id = await api.create(title="old")
    told = problem(await api.ask("PATCH", f"/v1/sessions/{session_id}", {"title": "new"} | body), 400, "invalid")
    assert told["errors"][0]["path"] == path
    assert (await api.get(f"/v1/sessions/{session_id}"))["title"] == "old"


async def test_closing_writes_a_last_event_and_refuses_what_comes_after(api: Api) -> None:
    session_id = await api.create()
    closed = await api.ask("PATCH", f"/v1/sessions/{session_id}", {"status": "closed"})
    assert closed.json()["status"] == "closed"
    events = await api.events(session_id)
    assert [(event["type"], event["data"]["reason"]) for event in events] == [("session_closed", "closed by request")]
    told = problem(await api.command(session_id, "user_prompt", prompt="hello"), 409, "session_closed")
    assert told["detail"] == "The session is closed; create another."


async def test_closing_stops_what_runs_and_what_waits(api: Api) -> None:
    session_id = await api.create()
    tasks = [await api.prompt(session_id, SLOW) for _ in range(3)]
    await api.ask("PATCH", f"/v1/sessions/{session_id}", {"status": "closed"})
    assert [(await api.get(f"/v1/tasks/{task}"))["status"] for task in tasks] == ["cancelled"] * 3
    types = [event["type"] for event in await api.events(session_id, level="error")]
    assert types.count("task_cancelled") == 3
    assert types[-1] == "session_closed"


async def test_closing_twice_is_closing_once(api: Api) -> None:
    session_id = await api.create()
    for _ in range(2):
        assert (await api.ask("PATCH", f"/v1/sessions/{session_id}", {"status": "closed"})).status_code == 200
        assert (await api.command(session_id, "close_session")).status_code == 202
    assert len(await api.events(session_id)) == 1


async def test_a_closed_session_can_still_be_read(api: Api) -> None:
    session_id = await api.create()
    await api.played(session_id, "play 14 events")
    await api.ask("PATCH", f"/v1/sessions/{session_id}", {"status": "closed"})
    assert len((await api.get(f"/v1/sessions/{session_id}/messages"))["items"]) == 2
    assert len((await api.get(f"/v1/sessions/{session_id}/graph"))["nodes"]) == 2


async def test_an_open_stream_ends_with_the_close(api: Api) -> None:
    session_id = await api.create()
    async with api.stream(f"/v1/sessions/{session_id}/stream") as wire:
        await wire.until("event: live")
        await api.command(session_id, "close_session", reason="enough")
        text = await wire.end()
    assert '"type":"session_closed"' in text
    assert '"reason":"enough"' in text


# Deleting.


async def test_a_deleted_session_is_gone_everywhere(api: Api) -> None:
    session_id = await api.create()
    task_id = await api.played(session_id)
    assert (await api.ask("DELETE", f"/v1/sessions/{session_id}")).status_code == 204
    one = f"/v1/sessions/{session_id}"
    for path in (one, f"{one}/messages", f"{one}/graph", f"{one}/state", f"{one}/stream", f"/v1/tasks/{task_id}"):
        problem(await api.ask("GET", path), 404, "not_found")
    problem(await api.ask("DELETE", one), 404, "not_found")
    problem(await api.command(session_id, "user_prompt", prompt="hello"), 404, "not_found")
    assert (await api.get("/v1/sessions"))["total"] == 0


async def test_deleting_stops_what_runs_and_harms_nobody_else(api: Api) -> None:
    doomed, other = await api.create(), await api.create()
    await api.prompt(doomed, SLOW)
    task_id = await api.prompt(other, "play 50 events every 1 ms")
    assert (await api.ask("DELETE", f"/v1/sessions/{doomed}")).status_code == 204
    assert (await api.until(task_id, "completed"))["attempt"] == 1
    assert (await api.get("/v1/status"))["engine"] == {"running": 0, "queued": 0}


async def test_an_open_stream_ends_with_the_session(api: Api) -> None:
    session_id = await api.create()
    async with api.stream(f"/v1/sessions/{session_id}/stream") as wire:
        await wire.until("event: live")
        await api.ask("DELETE", f"/v1/sessions/{session_id}")
        await wire.end()
    assert (await api.get("/v1/connections/stats"))["open"] == 0


async def test_a_long_poll_ends_when_the_session_is_deleted(api: Api) -> None:
    session_id = await api.create()
    async with anyio.create_task_group() as clients:
        clients.start_soon(long_poll, api, session_id)
        while not (await api.get("/v1/connections/stats"))["open"]:
            await anyio.sleep(0.005)
        assert (await api.ask("DELETE", f"/v1/sessions/{session_id}")).status_code == 204


async def long_poll(api: Api, session_id: str) -> None:
    """Wait for news of a session that will be deleted."""
    path = f"/v1/sessions/{session_id}/stream?after=0&wait=50"
    problem(await api.ask("GET", path, accept="application/json"), 404, "not_found")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_a_session_that_is_not_there_is_not_found(api: Api, method: str) -> None:
    response = await api.ask(method, "/v1/sessions/ses_none", {} if method == "PATCH" else None)
    assert problem(response, 404, "not_found")["detail"] == "There is no session `ses_none`."


@pytest.mark.parametrize(
    "path", ["/v1/sessions", "/v1/sessions/{}", "/v1/sessions/{}/graph", "/v1/tasks", "/v1/health"]
)
async def test_head_is_get_without_a_body(api: Api, path: str) -> None:
    path = path.format(await api.create())
    head, get = await api.ask("HEAD", path), await api.ask("GET", path)
    assert head.status_code == get.status_code == 200
    assert head.headers["content-type"] == get.headers["content-type"]
