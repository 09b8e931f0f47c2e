"""Templates over HTTP: listed, searched, brought, changed, removed; each by their owner."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from puntini.api.template_shelf import MOST_OWN
from puntini.auth.principals import Principal
from puntini.transport.asgi import ASGIApp, Receive, Scope, Send
from tests.api.calling import HOST, Api, problem, serving

pytestmark = pytest.mark.anyio
BOXES = {"id": "boxes", "title": "Pack the boxes", "description": "Heavy things into small ones.", "hours": 6}
VAN = {"id": "van", "title": "Hire a van", "difficulty": "easy"}
DRIVE = {"id": "drive", "title": "Drive", "depends_on": ["boxes", "van"]}
MOVE = {"title": "Move house", "tags": ["home"], "difficulty": "hard", "tasks": [BOXES, DRIVE, VAN]}
ANN, BOB, ADA = Principal("ann"), Principal("bob"), Principal("ada", "admin")


@pytest.fixture(params=["memory", "sqlite"])
async def api(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Api]:
    """An app on either store."""
    async with serving(store="memory:" if request.param == "memory" else tmp_path / "puntini.db") as running:
        yield running


class Passed:
    """An app behind a gate that lets one user in."""

    def __init__(self, app: ASGIApp, api: Api, who: Principal) -> None:
        self._app = app
        self._api = api
        self._who = who

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on in the user's name."""
        scope["state"] = {"principal": self._who, "guard": self._api.parts.entrance.guard}
        await self._app(scope, receive, send)


@asynccontextmanager
async def as_user(api: Api, who: Principal) -> AsyncIterator[Api]:
    """The same app as somebody else sees it."""
    inner = Starlette(routes=list(api.app.routes), exception_handlers=api.app.exception_handlers)
    transport = httpx.ASGITransport(Passed(inner, api, who))
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}", trust_env=False) as http:
        yield Api(api.app, http)


async def ids(api: Api, **query: object) -> list[str]:
    """The ids of the templates that a list shows."""
    params = {name: str(value) for name, value in query.items()}
    response = await api.http.get("/v1/templates", params={"limit": "100", **params})
    assert response.status_code == 200, response.text
    return [item["template_id"] for item in response.json()["items"]]


# Looking.


async def test_the_built_in_ones_are_listed_by_title_a_page_at_a_time(api: Api) -> None:
    page = await api.get("/v1/templates?limit=2&offset=1")

    assert ([item["title"] for item in page["items"]], page["total"]) == (["Database design", "Documentation"], 8)
    assert page["items"][0] == {
        "template_id": "database-design",
        "kind": "built_in",
        "owner": "",
        "title": "Database design",
        "description": page["items"][0]["description"],
        "difficulty": "medium",
        "tags": ["data", "database", "modelling", "postgres", "schema", "sql", "storage"],
        "task_count": 10,
        "hours": 76.0,
        "created_at": None,
        "updated_at": None,
    }


async def test_one_is_shown_with_its_tasks(api: Api) -> None:
    whole = await api.get("/v1/templates/rest-api")

    assert whole["title"] == "REST API"
    assert [task["id"] for task in whole["tasks"]][:3] == ["contract", "service", "data-model"]
    assert set(whole["tasks"][2]) == {"id", "title", "description", "depends_on", "difficulty", "hours"}
    assert whole["tasks"][2]["depends_on"] == ["contract"]


async def test_who_has_it_already_is_not_sent_it_again(api: Api) -> None:
    first = await api.ask("GET", "/v1/templates/rest-api")
    tag = first.headers["etag"]

    for held in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = await api.ask("GET", "/v1/templates/rest-api", if_none_match=held)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    other = await api.ask("GET", "/v1/templates/documentation", if_none_match=tag)
    assert (other.status_code, other.json()["template_id"]) == (200, "documentation")


async def test_they_are_found_by_difficulty_tags_and_words(api: Api) -> None:
    assert await ids(api, difficulty="easy") == ["documentation", "web-scraper"]
    assert await ids(api, tag="web") == ["react-app", "rest-api", "web-scraper"]
    assert await ids(api, tag="Python, WEB") == ["web-scraper"]
    assert await ids(api, tag="none") == []
    assert (await ids(api, q="an API for others"))[0] == "rest-api"
    assert await ids(api, q="robots") == ["web-scraper"]
    assert await ids(api, q="robots", difficulty="hard") == []
    assert len(await ids(api, q=" ")) == 8


@pytest.mark.parametrize(
    ("query", "path"),
    [("difficulty=extreme", "difficulty"), ("limit=0", "limit"), ("offset=x", "offset"), ("level=easy", "level")],
)
async def test_a_query_that_can_not_be_is_refused_and_its_parameter_named(api: Api, query: str, path: str) -> None:
    told = problem(await api.ask("GET", f"/v1/templates?{query}"), 400, "invalid")

    assert [error["path"] for error in told["errors"]] == [path]


async def test_what_is_not_there_is_told_so(api: Api) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("PATCH", ""), ("POST", "/tasks")):
        told = problem(await api.ask(method, f"/v1/templates/none{path}", {}), 404, "not_found")
        assert told["detail"] == "There is no template `none`; GET /v1/templates lists those that there are."


# One's own.


async def test_one_s_own_is_there_found_changed_and_removed(api: Api) -> None:
    response = await api.ask("POST", "/v1/templates", MOVE)
    added, path = response.json(), response.headers["location"]

    assert (response.status_code, path) == (201, f"/v1/templates/{added['template_id']}")
    assert await api.get(path) == added
    assert {name: added[name] for name in ("kind", "owner", "task_count", "hours")} == {
        "kind": "created",
        "owner": "local",
        "task_count": 3,
        "hours": 6.0,
    }
    assert (await ids(api))[8:] == [added["template_id"]]
    assert await ids(api, q="packing a van", tag="home") == [added["template_id"]]

    before = (await api.ask("GET", path)).headers["etag"]
    changed = (await api.ask("PATCH", path, {"title": "Move out", "tasks": [VAN]})).json()
    assert (changed["title"], changed["task_count"], changed["tags"]) == ("Move out", 1, ["home"])
    assert changed["created_at"] == added["created_at"] <= changed["updated_at"]
    assert (await api.ask("GET", path, if_none_match=before)).json() == changed

    assert (await api.ask("DELETE", path)).status_code == 204
    problem(await api.ask("GET", path), 404, "not_found")
    assert len(await ids(api)) == 8


async def test_one_s_own_are_listed_with_the_newest_first(api: Api) -> None:
    for number in range(5):
        await api.post("/v1/templates", MOVE | {"title": f"Move {number}"})
    times = [item["created_at"] for item in (await api.get("/v1/templates?offset=8"))["items"]]

    assert len(times) == 5
    assert times == sorted(times, reverse=True)


async def test_a_repeat_adds_nothing(api: Api) -> None:
    first, second = [await api.post("/v1/templates", MOVE, idempotency_key="k1") for _ in range(2)]
    other = await api.post("/v1/templates", MOVE, idempotency_key="k2")

    assert first == second
    assert first["template_id"] != other["template_id"]
    assert len(await ids(api)) == 10


async def test_changes_that_meet_are_all_made(api: Api) -> None:
    path = f"/v1/templates/{(await api.post('/v1/templates', MOVE))['template_id']}"
    changes: list[dict[str, object]] = [{"title": "Moved"}, {"difficulty": "easy"}, {"tags": ["a"]}]
    async with anyio.create_task_group() as clients:
        for change in changes:
            clients.start_soon(api.ask, "PATCH", path, change)

    whole = await api.get(path)
    assert (whole["title"], whole["difficulty"], whole["tags"]) == ("Moved", "easy", ["a"])


async def test_the_built_in_ones_stay_as_they_are(api: Api) -> None:
    for method in ("PATCH", "DELETE"):
        told = problem(await api.ask(method, "/v1/templates/rest-api", {}), 409, "conflict")
        assert told["detail"] == "`rest-api` is built in and stays as it is; create a template of your own."


async def test_there_is_an_end_to_how_many_one_can_have() -> None:
    async with serving() as api:
        for _ in range(MOST_OWN):
            await api.post("/v1/templates", MOVE)
        told = problem(await api.ask("POST", "/v1/templates", MOVE), 409, "conflict")
        assert told["detail"] == f"You have {MOST_OWN} templates, which is the most; delete one of them first."

        gone = (await api.get("/v1/templates?offset=8"))["items"][0]["template_id"]
        assert (await api.ask("DELETE", f"/v1/templates/{gone}")).status_code == 204
        await api.post("/v1/templates", MOVE)


def with_task(**changes: object) -> dict[str, Any]:
    """A template whose second task is changed."""
    return MOVE | {"tasks": [BOXES, VAN | changes]}


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "title"),
    ({"title": "T"}, "tasks"),
    (MOVE | {"title": " "}, "title"),
    (MOVE | {"title": "two\nlines"}, "title"),
    (MOVE | {"title": "T" * 121}, "title"),
    (MOVE | {"description": "d" * 1_001}, "description"),
    (MOVE | {"difficulty": "extreme"}, "difficulty"),
    (MOVE | {"tags": ["two words"]}, "tags[0]"),
    (MOVE | {"tags": ["x", "x"]}, "tags[1]"),
    (MOVE | {"tasks": []}, "tasks"),
    (MOVE | {"tasks": [{"id": f"t{at}", "title": f"T {at}"} for at in range(51)]}, "tasks"),
    (MOVE | {"owner": "bob"}, "owner"),
    (with_task(id="Has Spaces"), "tasks[1].id"),
    (with_task(title="PACK the boxes"), "tasks[1].title"),
    (with_task(depends_on=["plane"]), "tasks[1].depends_on[0]"),
    (with_task(depends_on=["van"]), "tasks"),
    (with_task(hours=0), "tasks[1].hours"),
    (with_task(cost=5), "tasks[1].cost"),
]


@pytest.mark.parametrize(("body", "path"), REFUSED)
async def test_a_body_that_can_not_be_is_refused_and_its_field_named(body: dict[str, Any], path: str) -> None:
    async with serving() as api:
        told = problem(await api.ask("POST", "/v1/templates", body), 400, "invalid")

        assert [error["path"] for error in told["errors"]] == [path]
        assert len(await ids(api)) == 8


async def test_a_change_that_leaves_no_good_template_is_refused(api: Api) -> None:
    path = f"/v1/templates/{(await api.post('/v1/templates', MOVE))['template_id']}"
    before = await api.get(path)

    told = problem(await api.ask("PATCH", path, {"tasks": [DRIVE]}), 400, "invalid")
    assert told["detail"] == "tasks[0].depends_on[0]: there is no task `boxes`; name one by its id."
    assert await api.get(path) == before


odd = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(["\ud800", "\0", "\u2028"])
fields = st.sampled_from(["id", "title", "description", "depends_on", "difficulty", "hours", "tags", "x"])
tasks = st.lists(st.dictionaries(fields, odd | st.lists(odd, max_size=2)), max_size=3)


@settings(max_examples=20)
@given(st.lists(st.dictionaries(fields, odd) | st.fixed_dictionaries({"title": odd, "tasks": tasks}), max_size=6))
def test_odd_templates_are_answered(bodies: list[dict[str, Any]]) -> None:
    async def ask() -> None:
        async with serving() as api:
            for body in [*bodies, MOVE | {"description": "\u2028 \x00"}]:
                response = await api.ask("POST", "/v1/templates", json.dumps(body).encode())
                assert response.status_code in {201, 400}, response.text
            await ids(api, q="x")

    anyio.run(ask)


# Of several users.


async def test_nobody_sees_another_s(api: Api) -> None:
    async with as_user(api, ANN) as ann, as_user(api, BOB) as bob:
        mine = (await ann.post("/v1/templates", MOVE, idempotency_key="k"))["template_id"]
        his = (await bob.post("/v1/templates", MOVE, idempotency_key="k"))["template_id"]
        path = f"/v1/templates/{mine}"

        assert mine != his
        assert ((await ids(ann))[8:], (await ids(bob))[8:]) == ([mine], [his])
        assert await ids(bob, q="house") == [his]
        for method, address in (("GET", path), ("PATCH", path), ("DELETE", path), ("POST", f"{path}/tasks")):
            told = problem(await bob.ask(method, address, {}), 404, "not_found")
            assert told["detail"] == f"There is no template `{mine}`; GET /v1/templates lists those that there are."
        assert (await ann.get(path))["owner"] == "ann"


async def test_an_admin_gets_at_anybody_s_by_its_id(api: Api) -> None:
    async with as_user(api, ANN) as ann, as_user(api, ADA) as ada:
        path = f"/v1/templates/{(await ann.post('/v1/templates', MOVE))['template_id']}"

        assert len(await ids(ada)) == 8
        assert (await ada.get(path))["owner"] == "ann"
        assert (await ada.ask("PATCH", path, {"title": "Moved"})).json()["owner"] == "ann"
        assert (await ann.get(path))["title"] == "Moved"
        assert (await ada.ask("DELETE", path)).status_code == 204
        problem(await ann.ask("GET", path), 404, "not_found")


async def test_what_somebody_begins_is_theirs(api: Api) -> None:
    async with as_user(api, ANN) as ann, as_user(api, BOB) as bob:
        begun = [await user.post("/v1/templates/rest-api/tasks", {}, idempotency_key="k") for user in (ann, bob)]

        assert begun[0]["session_id"] != begun[1]["session_id"]
        assert (await ann.get(f"/v1/sessions/{begun[0]['session_id']}"))["owner"] == "ann"
        problem(await bob.ask("GET", f"/v1/sessions/{begun[0]['session_id']}/graph"), 404, "not_found")


async def test_a_credential_to_read_does_not_write(api: Api) -> None:
    async with as_user(api, Principal("ann", scopes=frozenset({"read"}))) as reader:
        assert len(await ids(reader)) == 8
        problem(await reader.ask("POST", "/v1/templates", MOVE), 403, "forbidden")
        problem(await reader.ask("POST", "/v1/templates/rest-api/tasks", {}), 403, "forbidden")
