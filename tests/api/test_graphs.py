"""``/v1/sessions/{id}/graph``: out as JSON or GraphML, in again, and questions about it."""

import json
from typing import Any

import anyio
import httpx
import pytest

from puntini.api.graph_bodies import IMPORT_LIMIT
from puntini.views.graphml_reader import MOST_ELEMENTS
from tests.api.calling import Api, problem

pytestmark = pytest.mark.anyio
GRAPHML = "application/graphml+xml"


def node(id_: str, label: str = "Thing", key: str = "", **props: Any) -> dict[str, Any]:
    return {"id": id_, "label": label, **({"key": key} if key else {}), "props": props}


def edge(id_: str, source: str, target: str, label: str = "TO", **props: Any) -> dict[str, Any]:
    return {"id": id_, "label": label, "source": source, "target": target, "props": props}


PEOPLE = {
    "nodes": [
        node("a", "Person", "Ann", age=30, tags=["x", {"y": None}], note="\x00 <&>\r\n"),
        node("b", "Person", "Zoë", ok=True, size=1.5),
        node("u", "City", "Ulm"),
    ],
    "edges": [edge("e", "a", "b", "KNOWS", since=2020), edge("f", "b", "u", "LIVES_IN")],
}


async def drawn(api: Api, graph: object = PEOPLE) -> str:
    """A session with a graph."""
    session_id = await api.create()
    await api.post(f"/v1/sessions/{session_id}/graph", graph)
    return session_id


async def elements(api: Api, session_id: str, query: str = "") -> dict[str, Any]:
    """A session's graph without its version."""
    graph: dict[str, Any] = await api.get(f"/v1/sessions/{session_id}/graph{query}")
    del graph["version"]
    return graph


# Out.


async def test_a_graph_goes_out_as_graphml_and_comes_in_elsewhere(api: Api) -> None:
    session_id, other = await drawn(api), await api.create()
    response = await api.ask("GET", f"/v1/sessions/{session_id}/graph?format=graphml")
    assert response.headers["content-type"] == GRAPHML
    assert response.headers["content-disposition"] == f'attachment; filename="{session_id}.graphml"'

    answer = await api.ask("POST", f"/v1/sessions/{other}/graph", response.content, content_type=GRAPHML)

    assert answer.status_code == 202, answer.text
    assert await elements(api, other) == PEOPLE


@pytest.mark.parametrize(
    ("query", "accept", "media"),
    [
        ("", "*/*", "application/json"),
        ("", GRAPHML, GRAPHML),
        ("", f"application/json;q=0.5, {GRAPHML}", GRAPHML),
        ("", f"application/json, {GRAPHML};q=0.5", "application/json"),
        ("", f"{GRAPHML};q=0", "application/json"),
        ("", "text/html", "application/json"),
        ("?format=json", GRAPHML, "application/json"),
        ("?format=graphml", "application/json", GRAPHML),
    ],
)
async def test_the_format_is_what_is_asked_for(api: Api, query: str, accept: str, media: str) -> None:
    session_id = await drawn(api)
    response = await api.ask("GET", f"/v1/sessions/{session_id}/graph{query}", accept=accept)
    assert response.headers["content-type"] == media


async def test_graphml_is_of_the_past_too(api: Api) -> None:
    session_id = await drawn(api)
    await api.post(f"/v1/sessions/{session_id}/graph", {"nodes": [node("late")]})
    past, now = [
        (await api.ask("GET", f"/v1/sessions/{session_id}/graph?format=graphml{at}")).text for at in ("&at=1", "")
    ]
    assert ("late" in past, "late" in now) == (False, True)


# In.


async def test_a_graph_that_comes_in_is_one_update_by_its_bringer(api: Api) -> None:
    session_id = await api.create()
    answer = await api.post(f"/v1/sessions/{session_id}/graph", {"version": 7, **PEOPLE})
    [event] = await api.events(session_id)
    assert answer == {"cursor": event["id"], "nodes": 3, "edges": 2}
    assert (event["type"], event["data"]["version"], event["data"]["author"]) == ("graph_update", 1, "local")
    assert await elements(api, session_id) == PEOPLE


async def test_a_graph_that_comes_in_again_changes_nothing(api: Api) -> None:
    session_id = await drawn(api)
    answer = await api.post(f"/v1/sessions/{session_id}/graph?mode=merge", PEOPLE)
    assert len(await api.events(session_id)) == 1
    assert answer["cursor"] == (await api.events(session_id))[0]["id"]


async def test_a_graph_is_put_in_the_place_of_another(api: Api) -> None:
    session_id = await drawn(api)
    await api.post(f"/v1/sessions/{session_id}/graph?mode=replace", {"nodes": [node("a", "City", "Ulm")]})
    assert await elements(api, session_id) == {"nodes": [node("a", "City", "Ulm")], "edges": []}


async def test_a_large_graph_is_several_updates_and_one_append(api: Api) -> None:
    nodes = [node(f"n{number}", text="x" * 100) for number in range(4_000)]
    session_id = await drawn(api, {"nodes": nodes})
    events = await api.events(session_id)
    assert [event["data"]["version"] for event in events] == list(range(1, len(events) + 1))
    assert len(events) > 1
    assert max(len(event["data"]["delta"]) for event in events) <= 1_000
    assert (await elements(api, session_id))["nodes"] == nodes
    assert (await api.get("/v1/connections/stats"))["store"]["appends"] == 2


async def test_a_retry_brings_nothing_in_twice(api: Api) -> None:
    session_id = await api.create()
    path = f"/v1/sessions/{session_id}/graph"
    first = await api.post(path, PEOPLE, idempotency_key="k1")
    await api.command(session_id, "graph_edit", base_version=1, delta=[{"action": "remove_node", "id": "a"}])

    assert await api.post(path, PEOPLE, idempotency_key="k1") == first
    assert [each["id"] for each in (await elements(api, session_id))["nodes"]] == ["b", "u"]
    await api.post(path, PEOPLE, idempotency_key="k2")
    assert len((await elements(api, session_id))["nodes"]) == 3


async def test_many_who_bring_the_same_in_bring_it_in_once(api: Api) -> None:
    session_id = await api.create()
    async with anyio.create_task_group() as clients:
        for _ in range(5):
            clients.start_soon(api.post, f"/v1/sessions/{session_id}/graph", PEOPLE)
    assert len(await api.events(session_id)) == 1


async def test_a_graph_comes_in_beside_an_agent_that_draws(api: Api) -> None:
    session_id = await api.create()
    task_id = await api.prompt(session_id, "play 100000 events every 1 ms")
    nodes = [node(f"mine-{number}") for number in range(2_000)]
    await api.post(f"/v1/sessions/{session_id}/graph", {"nodes": nodes})
    await api.ask("POST", f"/v1/tasks/{task_id}/control", {"action": "stop"})
    await api.until(task_id, "cancelled")
    assert {each["id"] for each in (await elements(api, session_id))["nodes"]} >= {each["id"] for each in nodes}


DEEP: Any = json.loads("[" * 61 + "]" * 61)


@pytest.mark.parametrize(
    ("body", "status", "path"),
    [
        ({}, 400, "nodes"),
        ({"nodes": [], "colour": 1}, 400, "colour"),
        ({"nodes": [{"id": "a"}]}, 400, "nodes[0].label"),
        ({"nodes": [node("a"), node("b") | {"x": 1}]}, 400, "nodes[1].x"),
        ({"nodes": [node("a"), node("a")]}, 400, "nodes[1]"),
        ({"nodes": [node("a")], "edges": [edge("e", "a", "x")]}, 400, "edges[0]"),
        ({"nodes": [node("a", p=DEEP)]}, 400, ""),
        ({"nodes": [node("a", p=[DEEP, DEEP])]}, 400, ""),
        ({"nodes": [node("a", text="x" * (1 << 20))]}, 413, ""),
        ({"nodes": [node("")] * (MOST_ELEMENTS + 1)}, 413, ""),
        ({"nodes": [node("a", text="x" * IMPORT_LIMIT)]}, 413, ""),
        (b"<graphml/>", 400, ""),
        (b"[" * 100_000, 400, ""),
        (b'{"nodes":' + b"[" * 100_000, 400, ""),
    ],
)
async def test_what_is_no_graph_is_refused_whole(api: Api, body: object, status: int, path: str) -> None:
    session_id = await api.create()
    response = await api.ask("POST", f"/v1/sessions/{session_id}/graph", body)
    told = problem(response, status, "invalid" if status == 400 else "too_large")
    if path:
        assert [each["path"] for each in told["errors"]] == [path]
        assert told["detail"].startswith(path)
    assert await api.events(session_id) == []


@pytest.mark.parametrize("media", [GRAPHML, "application/xml", "Text/XML; charset=utf-8"])
async def test_graphml_that_is_none_is_refused(api: Api, media: str) -> None:
    session_id = await api.create()
    hostile = (
        b'<!DOCTYPE g [<!ENTITY x SYSTEM "file:///etc/passwd">]><graphml><graph><node id="&x;"/></graph></graphml>'
    )
    response = await api.ask("POST", f"/v1/sessions/{session_id}/graph", hostile, content_type=media)
    assert "document type" in problem(response, 400, "invalid")["detail"]


async def test_a_closed_or_absent_session_takes_no_graph(api: Api) -> None:
    session_id = await api.create()
    await api.command(session_id, "close_session")
    problem(await api.ask("POST", f"/v1/sessions/{session_id}/graph", PEOPLE), 409, "session_closed")
    problem(await api.ask("POST", "/v1/sessions/ses_none/graph", PEOPLE), 404, "not_found")


# Questions.


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "abu"),
        ("?label=person", "ab"),
        ("?text=zoë", "b"),
        ("?property=age&value=30", "a"),
        ("?property=ok&value=true", "b"),
        ("?label=City&text=ann", ""),
    ],
)
async def test_nodes_are_found(api: Api, query: str, found: str) -> None:
    session_id = await drawn(api)
    page = await api.get(f"/v1/sessions/{session_id}/graph/query{query}")
    assert "".join(each["id"] for each in page["items"]) == found
    assert page["total"] == len(found)


async def test_found_nodes_are_whole_and_as_many_as_wanted(api: Api) -> None:
    session_id = await drawn(api)
    page = await api.get(f"/v1/sessions/{session_id}/graph/query?limit=1")
    assert page == {"items": [PEOPLE["nodes"][0]], "total": 3}


async def test_what_is_around_a_node_is_told(api: Api) -> None:
    session_id = await drawn(api)
    around = await api.get(f"/v1/sessions/{session_id}/graph/neighbourhood?node=Person:Ann")
    assert around == {"nodes": PEOPLE["nodes"][:2], "edges": PEOPLE["edges"][:1], "complete": True}
    deeper = await api.get(f"/v1/sessions/{session_id}/graph/neighbourhood?node=ann&depth=2&limit=2")
    assert (len(deeper["nodes"]), deeper["complete"]) == (2, False)


async def test_a_path_is_told(api: Api) -> None:
    session_id = await drawn(api)
    path = await api.get(f"/v1/sessions/{session_id}/graph/path?from=Ulm&to=Ann")
    assert [each["id"] for each in path["nodes"]] == ["u", "b", "a"]
    assert [each["id"] for each in path["edges"]] == ["f", "e"]
    assert path["forward"] == [False, False]
    await api.post(f"/v1/sessions/{session_id}/graph", {"nodes": [node("alone"), node("z", "Dog", "Ann")]})
    nothing = await api.get(f"/v1/sessions/{session_id}/graph/path?from=alone&to=u")
    assert nothing == {"nodes": [], "edges": [], "forward": []}
    several = await api.ask("GET", f"/v1/sessions/{session_id}/graph/path?from=Ann&to=u")
    assert "`Person:Ann`, `Dog:Ann`" in problem(several, 409, "conflict")["detail"]


@pytest.mark.parametrize(
    ("question", "status", "path"),
    [
        ("neighbourhood", 400, "node"),
        ("neighbourhood?node=Amm", 404, "node"),
        ("neighbourhood?node=a&depth=11", 400, "depth"),
        ("neighbourhood?node=a&limit=" + "9" * 5_000, 400, "limit"),
        ("neighbourhood?node=" + ":" * 5_000, 404, "node"),
        ("path?from=a", 400, "to"),
        ("path?from=a&to=nobody", 404, "to"),
        ("query?limit=0", 400, "limit"),
        ("query?colour=red", 400, "colour"),
    ],
)
async def test_odd_questions_are_refused(api: Api, question: str, status: int, path: str) -> None:
    session_id = await drawn(api)
    response: httpx.Response = await api.ask("GET", f"/v1/sessions/{session_id}/graph/{question}")
    told = problem(response, status, "invalid" if status == 400 else "not_found")
    assert told["errors"][0]["path"] == path


@pytest.mark.parametrize(("query", "path"), [("?format=xml", "format"), ("?at=zzz", "at"), ("?mode=merge", "mode")])
async def test_odd_ways_to_ask_for_the_graph_are_refused(api: Api, query: str, path: str) -> None:
    session_id = await drawn(api)
    response = await api.ask("GET", f"/v1/sessions/{session_id}/graph{query}")
    assert problem(response, 400, "invalid")["errors"][0]["path"] == path


async def test_a_mode_that_is_none_is_refused(api: Api) -> None:
    response = await api.ask("POST", f"/v1/sessions/{await api.create()}/graph?mode=append", PEOPLE)
    assert problem(response, 400, "invalid")["errors"][0]["path"] == "mode"


async def test_graphml_by_another_name_is_told_its_own(api: Api) -> None:
    response = await api.ask("POST", f"/v1/sessions/{await api.create()}/graph", b"<graphml/>")
    told = problem(response, 400, "invalid")
    assert told["detail"] == "This looks like GraphML; send it as Content-Type: application/graphml+xml."
