"""Messages, graph and state of a session: now, and as they were at an event."""

import pytest

from tests.api.calling import Api, problem

pytestmark = pytest.mark.anyio


async def test_messages_are_what_was_asked_and_answered_oldest_first(api: Api) -> None:
    session_id = await api.create()
    await api.played(session_id, "play 14 events")
    page = await api.get(f"/v1/sessions/{session_id}/messages")
    asked, answered = page["items"]
    assert page["total"] == 2
    assert set(asked) == {"id", "role", "content", "timestamp"}
    assert (asked["role"], asked["content"]) == ("user", "play 14 events")
    assert (answered["role"], answered["agent"]) == ("assistant", "scripted")
    assert answered["content"] == "7 14 "


async def test_messages_come_in_pages_backwards(api: Api) -> None:
    session_id = await api.create()
    for number in range(4):
        await api.played(session_id, f"play 7 events every {number} ms")
    whole = (await api.get(f"/v1/sessions/{session_id}/messages"))["items"]
    newest = (await api.get(f"/v1/sessions/{session_id}/messages?limit=3"))["items"]
    before = (await api.get(f"/v1/sessions/{session_id}/messages?limit=3&before={newest[0]['id']}"))["items"]
    assert newest == whole[-3:]
    assert before == whole[-6:-3]
    assert (await api.get(f"/v1/sessions/{session_id}/messages?limit=3&offset=3"))["items"] == before
    assert (await api.get(f"/v1/sessions/{session_id}/messages?offset=100"))["items"] == []


async def test_before_a_message_that_is_not_there_is_nothing(api: Api) -> None:
    session_id = await api.create()
    await api.played(session_id, "play 7 events")
    assert (await api.get(f"/v1/sessions/{session_id}/messages?before=msg_none"))["items"] == []


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "after=3"])
async def test_odd_pages_of_messages_are_refused(api: Api, query: str) -> None:
    session_id = await api.create()
    problem(await api.ask("GET", f"/v1/sessions/{session_id}/messages?{query}"), 400, "invalid")


async def test_the_graph_is_what_the_updates_made(api: Api) -> None:
    session_id = await api.create()
    task_id = await api.played(session_id, "hello")
    graph = await api.get(f"/v1/sessions/{session_id}/graph")
    assert set(graph) == {"version", "nodes", "edges"}
    assert graph["version"] == 3
    assert [node["label"] for node in graph["nodes"]] == ["Prompt", "Answer"]
    assert graph["edges"] == [
        {
            "id": f"{task_id}-edge",
            "label": "ANSWERED_BY",
            "source": f"{task_id}-prompt",
            "target": f"{task_id}-answer",
            "props": {},
        }
    ]


async def test_the_graph_can_be_seen_as_it_was_at_each_event(api: Api) -> None:
    session_id = await api.create()
    await api.played(session_id, "play 70 events")
    versions = 0
    for event in await api.events(session_id):
        versions += event["type"] == "graph_update"
        graph = await api.get(f"/v1/sessions/{session_id}/graph?at={event['id']}")
        assert (graph["version"], len(graph["nodes"])) == (versions, versions)
    assert versions == 10


@pytest.mark.parametrize(("at", "version"), [("0", 0), ("earliest", 0), ("now", 1), ("5", 1)])
async def test_a_point_in_time_can_be_named_in_short(api: Api, at: str, version: int) -> None:
    session_id = await api.create()
    await api.played(session_id, "play 3 events")
    assert (await api.get(f"/v1/sessions/{session_id}/graph?at={at}"))["version"] == version


async def test_a_session_without_state_says_null(api: Api) -> None:
    session_id = await api.create()
    session = await api.get(f"/v1/sessions/{session_id}")
    state = await api.get(f"/v1/sessions/{session_id}/state")
    assert state == {"version": 0, "state": None, "cursor": session["cursor"]}


async def test_the_state_says_at_which_event_it_stands(api: Api) -> None:
    session_id = await api.create()
    await api.played(session_id, "play 3 events")
    third = (await api.events(session_id))[2]["id"]
    assert (await api.get(f"/v1/sessions/{session_id}/state?at={third}"))["cursor"] == third


@pytest.mark.parametrize("view", ["graph", "state"])
@pytest.mark.parametrize(
    ("at", "status", "code"),
    [
        ("zzz.1", 400, "invalid"),
        ("nonsense", 400, "invalid"),
        ("", 400, "invalid"),
        ("-1", 400, "invalid"),
        ("99", 404, "not_found"),
        ("9" * 18, 404, "not_found"),
        ("9" * 40, 400, "invalid"),
    ],
)
async def test_a_point_that_is_not_in_the_log_is_refused(api: Api, view: str, at: str, status: int, code: str) -> None:
    session_id = await api.create()
    await api.played(session_id, "play 1 event")
    problem(await api.ask("GET", f"/v1/sessions/{session_id}/{view}?at={at}"), status, code)


async def test_a_past_that_was_trimmed_is_not_found(api: Api) -> None:
    session_id = await api.create()
    await api.played(session_id, "play 20 events")
    await api.parts.keeper.snapshot_at(session_id, 10)
    await api.parts.store.trim(session_id, 10)
    problem(await api.ask("GET", f"/v1/sessions/{session_id}/graph?at=5"), 404, "not_found")
    assert (await api.get(f"/v1/sessions/{session_id}/graph?at=10"))["version"] == 1


@pytest.mark.parametrize("view", ["messages", "graph", "state"])
async def test_a_session_that_is_not_there_has_no_views(api: Api, view: str) -> None:
    problem(await api.ask("GET", f"/v1/sessions/ses_none/{view}"), 404, "not_found")
    if view != "messages":
        problem(await api.ask("GET", f"/v1/sessions/ses_none/{view}?at=1"), 404, "not_found")
