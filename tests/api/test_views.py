"""Messages, graph and state of a session: now, and as they were at an event."""

import pytest

from puntini.log.contract import Append
from puntini.protocol.entries import entry_of
from puntini.protocol.events import Envelope
from tests.api.calling import Api, problem
from tests.views.said import add_node, drawn, requested, resolved, retracted

pytestmark = pytest.mark.anyio


async def say(api: Api, session_id: str, *events: Envelope) -> None:
    """Write to a session's log as an agent would."""
    entries = [entry_of(event) for event in events]
    await api.parts.store.append(Append(session_id=session_id, entries=entries, at=1))


async def test_messages_are_what_was_asked_and_answered_oldest_first(api: Api) -> None:
    session_id = await api.create()
    await api.played(session_id, "play 14 events")
    page = await api.get(f"/v1/sessions/{session_id}/messages")
    asked, answered = page["items"]
    assert page["total"] == 2
    assert set(asked) == {"id", "role", "content", "timestamp", "task_id"}
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


@pytest.mark.parametrize(("at", "version"), [("0", 0), ("earliest", 0), ("now", 1), ("6", 1)])
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


async def test_approvals_are_listed_until_they_are_decided(api: Api) -> None:
    session_id = await api.create()
    await say(api, session_id, *(requested(f"a{number}", at="10:00") for number in range(3)), resolved("a1"))
    page = await api.get(f"/v1/sessions/{session_id}/approvals?limit=1&offset=1")
    assert page["total"] == 2
    assert page["items"] == [
        {
            "approval_id": "a2",
            "task_id": "t1",
            "agent": "dot",
            "question": "May I?",
            "tool_name": "",
            "parameters": {},
            "options": ["approve", "deny"],
            "response_schema": None,
            "expires_at": "",
            "requested_at": "10:00",
        }
    ]


async def test_what_was_retracted_is_not_shown_but_where_it_was_seen(api: Api) -> None:
    session_id = await api.create()
    await say(api, session_id, drawn(add_node("a"), version=1), drawn(add_node("b"), version=2, task="t1"))
    await say(api, session_id, retracted(2, 2, task="t1"))
    at = f"/v1/sessions/{session_id}/graph"
    assert [node["id"] for node in (await api.get(at))["nodes"]] == ["a"]
    assert [node["id"] for node in (await api.get(f"{at}?at=2"))["nodes"]] == ["a", "b"]


@pytest.mark.parametrize("view", ["messages", "graph", "state", "approvals"])
async def test_a_session_that_is_not_there_has_no_views(api: Api, view: str) -> None:
    problem(await api.ask("GET", f"/v1/sessions/ses_none/{view}"), 404, "not_found")
    if view in {"graph", "state"}:
        problem(await api.ask("GET", f"/v1/sessions/ses_none/{view}?at=1"), 404, "not_found")
