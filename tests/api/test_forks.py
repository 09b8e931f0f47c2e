"""``POST /v1/sessions/{id}/fork``: a new session that begins as another was."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from puntini.agent.contract import Approval, Task
from puntini.agent.recall import Recall
from puntini.api.forks import Forks
from puntini.log.contract import Append, SessionRow, Snapshot
from puntini.log.keeper import Keeper
from puntini.protocol.entries import entry_of
from puntini.protocol.events import Debug, DebugData, LoggedEvent, SessionClosed
from puntini.store.memory import MemoryStore
from puntini.views.session import SessionView
from tests.api.acting import acting
from tests.api.calling import Api, problem, serving, sse
from tests.api.inside import inside
from tests.store.making import everything
from tests.views import said
from tests.views.strategies import events, task_ids

pytestmark = pytest.mark.anyio
SLOW = "play 100000 events every 5 ms"
ENDS = {"task_completed", "task_failed", "task_cancelled"}


async def fork(api: Api, session_id: str, at: object = None, body: object = None) -> str:
    """A fork's id."""
    query = "" if at is None else f"?at={at}"
    return str((await api.post(f"/v1/sessions/{session_id}/fork{query}", body))["session_id"])


def without_place(event: dict[str, Any]) -> dict[str, Any]:
    """An event but for the session that it is in."""
    return {name: value for name, value in event.items() if name != "session_id"}


async def told(api: Api, session_id: str) -> list[dict[str, Any]]:
    """All events, but for where they are."""
    return [without_place(event) for event in await api.events(session_id)]


async def seen(api: Api, session_id: str, at: object = "now") -> tuple[Any, Any]:
    """Graph and state."""
    state = await api.get(f"/v1/sessions/{session_id}/state?at={at}")
    return await api.get(f"/v1/sessions/{session_id}/graph?at={at}"), state


async def test_a_fork_is_told_as_a_new_session_is(api: Api) -> None:
    session_id = await api.create(title="First", agent="puntini")
    await api.prompt(session_id, "hello", agent="scripted")

    response = await api.ask("POST", f"/v1/sessions/{session_id}/fork", {"title": "Second"})
    made = response.json()

    assert response.status_code == 201
    assert response.headers["location"] == f"/v1/sessions/{made['session_id']}"
    assert made == await api.get(response.headers["location"])
    assert (made["title"], made["agent"], made["owner"], made["status"]) == ("Second", "puntini", "local", "active")
    assert made["session_id"] != session_id


async def test_what_is_not_said_is_as_in_the_other(api: Api) -> None:
    session_id = await api.create(title="First")

    for body, title, agent in (
        (None, "First", "scripted"),
        ({"title": ""}, "", "scripted"),
        ({"agent": "puntini"}, "First", "puntini"),
    ):
        made = await api.get(f"/v1/sessions/{await fork(api, session_id, body=body)}")
        assert (made["title"], made["agent"], made["events"]) == (title, agent, 0)


async def test_history_messages_graph_and_state_are_the_others_at_every_event(api: Api) -> None:
    session_id = await api.create()
    await api.played(session_id, "play 12 events")
    await api.played(session_id, "play 3 events")
    whole, ends = await told(api, session_id), 0

    for seq, event in enumerate(whole, 1):
        copy = await fork(api, session_id, event["id"])
        history = await told(api, copy)
        assert history[:seq] == whole[:seq]
        started = {each["task_id"] for each in history if each["type"] == "task_started"}
        ended = [each["task_id"] for each in history if each["type"] in ENDS]
        assert sorted(ended) == sorted(started), "every task ends once"
        ends += len(history) - seq
        for at in range(seq + 1):
            graph, state = await seen(api, copy, at)
            assert (graph, state) == await seen(api, session_id, at)
    assert ends > 15, "one at each event inside a task"


async def test_a_fork_goes_on_by_itself(api: Api) -> None:
    session_id = await api.create()
    await api.played(session_id)
    copy = await fork(api, session_id)
    before = await told(api, session_id)

    task_id = await api.played(copy, "play 3 events")

    assert await told(api, session_id) == before
    assert (await told(api, copy))[: len(before)] == before
    assert [task["task_id"] for task in (await api.get(f"/v1/tasks?session_id={copy}"))["items"]] == [task_id]
    messages = (await api.get(f"/v1/sessions/{copy}/messages"))["items"]
    assert messages[:2] == (await api.get(f"/v1/sessions/{session_id}/messages"))["items"]


# Tasks.


async def test_a_task_that_runs_goes_on_in_its_session_and_ends_in_the_fork(api: Api) -> None:
    session_id = await api.create()
    task_id = await api.prompt(session_id, SLOW)
    queued = await api.prompt(session_id, "play 1 events")

    copy = await fork(api, session_id)

    *_, first, second = await told(api, copy)
    assert [(each["type"], each["task_id"]) for each in (first, second)] == [
        ("task_cancelled", task_id),
        ("task_cancelled", queued),
    ]
    assert first["data"]["error"] == "The session was forked here; the task goes on where it was begun."
    assert (first["agent"], first["attempt"], first["data"]["usage"]["input_tokens"]) == ("scripted", 1, 0)
    assert (await api.get(f"/v1/tasks/{task_id}"))["status"] == "running"
    assert (await api.get(f"/v1/tasks/{task_id}"))["session_id"] == session_id
    ready = await first_of_stream(api, copy)
    assert (ready["type"], ready["data"]["tasks"]) == ("session_ready", [])
    problem(await api.command(copy, "control", task_id=task_id, action="stop"), 404, "not_found")
    assert await api.played(copy, "play 1 events")


async def first_of_stream(api: Api, session_id: str) -> dict[str, Any]:
    """A stream's first event."""
    async with api.stream(f"/v1/sessions/{session_id}/stream") as wire:
        return sse(await wire.until("event: live"))[0][2]


class Asking:
    """Asks a person once."""

    name = "asking"

    async def run(self, task: Task) -> str:
        """Wait for the decision."""
        if (decision := await task.ask(Approval(key="k", question="May I?"))) is None:
            task.wait()
        return decision.decision


async def test_what_a_task_has_asked_is_closed_in_the_fork() -> None:
    async with serving([Asking()], agent=("asking",)) as api:
        session_id = await api.create()
        task_id = await api.prompt(session_id, "Go!")
        await api.until(task_id, "waiting")
        [approval] = (await api.get(f"/v1/sessions/{session_id}/approvals"))["items"]

        copy = await fork(api, session_id)

        assert (await api.get(f"/v1/sessions/{copy}/approvals"))["items"] == []
        answer = {"approval_id": approval["approval_id"], "decision": "approved"}
        problem(await api.command(copy, "approval_response", **answer), 404, "not_found")
        assert (await api.command(session_id, "approval_response", **answer)).status_code == 202
        await api.until(task_id, "completed")


async def test_a_cursor_in_a_fork_leads_to_no_task_of_the_other_session(api: Api) -> None:
    session_id = await api.create()
    await api.played(session_id)
    copy = await fork(api, session_id)
    task_id = await api.played(copy, "play 1 events")

    said_before = (await api.events(session_id))[5]["id"]
    body = {"prompt": "x", "session_id": copy}
    problem(
        await api.ask("POST", "/v1/chat", body, last_event_id=said_before, accept="application/json"), 404, "not_found"
    )
    stream = await api.ask("POST", "/v1/chat", body, last_event_id=said_before)

    assert stream.headers["puntini-task"] == task_id
    assert {event["session_id"] for _, _, event in sse(stream.text)} == {copy}


async def test_a_task_that_is_retracted_later_shows_what_was_seen_then() -> None:
    store = MemoryStore()
    events_: list[LoggedEvent] = [
        said.asked("p", "Go!"),
        said.started(),
        said.whole("m1", "stands"),
        said.whole("m2", "void later"),
        said.retracted(4, 4),
        said.whole("m3", "anew"),
    ]
    await begin(store, events_)
    async with forking(store) as make:
        inside_ = await make(4)
        behind = await make(5)

    keeper = Keeper(store, SessionView, SessionView.decode)
    assert [each.content for each in (await keeper.view(inside_)).messages(limit=9)] == ["Go!", "stands", "void later"]
    assert [each.content for each in (await keeper.view(behind)).messages(limit=9)] == ["Go!", "stands"]


# Any session, at any event.


async def begin(store: MemoryStore, history: list[LoggedEvent]) -> None:
    """A session of ana's."""
    row = SessionRow(session_id="ses_1", owner="ana", agent="scripted", created_at=1, updated_at=1)
    entries = [entry_of(event) for event in history]
    await store.append(Append(session_id="ses_1", create=row, entries=entries, at=1))


@asynccontextmanager
async def forking(store: MemoryStore) -> AsyncIterator[Callable[[int], Awaitable[str]]]:
    """``await make(at)`` forks the session; returns the fork's id."""
    async with inside(store) as parts:
        keeper = Keeper(store, SessionView, SessionView.decode)
        forks = Forks(store, keeper, parts.desk, Recall(store).carried)
        async with acting(store, forks.routes()) as ask:

            async def make(at: int) -> str:
                response = await ask("ana", "POST", f"/v1/sessions/ses_1/fork?at={at}")
                assert response.status_code == 201, response.text
                return str(response.json()["session_id"])

            yield make


@st.composite
def histories(draw: st.DrawFn) -> list[LoggedEvent]:
    """What may be said in a session that is not closed, and taken back."""
    history: list[LoggedEvent] = []
    for event in draw(st.lists(events, max_size=25)):
        if isinstance(event, SessionClosed):
            continue
        history.append(event)
        if draw(st.integers(0, 9)) == 0:
            first = draw(st.integers(1, len(history)))
            history.append(said.retracted(first, len(history), task=draw(task_ids)))
    return history


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(histories(), st.data())
def test_a_fork_of_any_session_at_any_event_is_seen_as_the_session_was(
    history: list[LoggedEvent], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(history)), label="at")
    saved = data.draw(st.sets(st.integers(1, len(history)), max_size=3) if history else st.just(set()), label="saved")
    erased = data.draw(st.sets(st.integers(1, len(history)), max_size=3) if history else st.just(set()), label="erased")

    async def compare() -> None:
        store = MemoryStore()
        await begin(store, history)
        keeper = Keeper(store, SessionView, SessionView.decode)
        for seq in saved:
            await keeper.snapshot_at("ses_1", seq)
        await store.erase("ses_1", sorted(erased))
        async with forking(store) as make:
            copy = await make(at)
        was = await everything(store, "ses_1")
        ends = (await everything(store, copy))[sum(seq <= at for seq, _ in was) :]
        assert await everything(store, copy) == [each for each in was if each[0] <= at] + ends
        for seq in range(at + 1):
            assert (await keeper.view_at(copy, seq)).encode() == (await keeper.view_at("ses_1", seq)).encode()
        before, after = await keeper.view_at("ses_1", at), await keeper.view(copy)
        assert [entry.task_id for _, entry in ends] == [task.task_id for task in before.tasks()]
        assert after.tasks() == []
        # Its tasks have ended, so no answer goes on.
        assert after.messages(limit=99) == [replace(each, partial=False) for each in before.messages(limit=99)]
        assert after.plan == before.plan
        assert after.graph.graph() == before.graph.graph()
        assert (after.state, after.state_version) == (before.state, before.state_version)

    asyncio.run(compare())


# Where a session can be forked.


async def test_a_session_can_be_forked_as_it_was_in_the_beginning(api: Api) -> None:
    session_id = await api.create()
    await api.played(session_id)

    for at in ("0", "earliest"):
        assert await told(api, await fork(api, session_id, at)) == []


async def test_what_the_log_does_not_reach_can_not_be_forked(api: Api) -> None:
    session_id = await api.create()
    await api.played(session_id, "play 20 events")
    await api.parts.keeper.snapshot_at(session_id, 10)
    await api.parts.store.trim(session_id, 10)
    address = f"/v1/sessions/{session_id}/fork"

    back = problem(await api.ask("POST", f"{address}?at=9"), 404, "not_found")
    assert back["detail"] == "The log does not reach back to that id."
    forward = problem(await api.ask("POST", f"{address}?at=999"), 404, "not_found")
    assert forward["detail"] == "The log does not reach forward to that id."
    for at in ("other.5", "x", "-1", ""):
        problem(await api.ask("POST", f"{address}?at={at}"), 400, "invalid")
    problem(await api.ask("POST", f"{address}?to=3"), 400, "invalid")
    problem(await api.ask("POST", "/v1/sessions/ses_none/fork"), 404, "not_found")
    assert (await api.get("/v1/sessions"))["total"] == 1


async def test_a_fork_of_a_trimmed_session_stands_on_the_same_floor(api: Api) -> None:
    session_id = await api.create()
    await api.played(session_id, "play 20 events")
    await api.parts.keeper.snapshot_at(session_id, 10)
    await api.parts.store.trim(session_id, 10)

    for at in (10, 15):
        copy = await fork(api, session_id, at)
        assert await api.parts.store.bounds(copy) == (10, at + 1)
        assert await seen(api, copy, at) == await seen(api, session_id, at)
        assert await api.played(copy, "play 1 events")


async def test_a_closed_session_is_gone_on_with_in_a_fork(api: Api) -> None:
    session_id = await api.create()
    await api.played(session_id)
    before = await told(api, session_id)
    await api.ask("PATCH", f"/v1/sessions/{session_id}", {"status": "closed"})
    closing = (await api.events(session_id))[-1]["id"]

    for at in (None, closing):
        copy = await fork(api, session_id, at)
        assert await told(api, copy) == before
        assert (await api.get(f"/v1/sessions/{copy}"))["status"] == "active"
        assert await api.played(copy, "play 1 events")


async def test_of_a_closed_session_without_events_there_is_no_fork(api: Api) -> None:
    session_id = await api.create()
    await api.ask("PATCH", f"/v1/sessions/{session_id}", {"status": "closed"})
    await api.parts.keeper.snapshot_at(session_id, 1)
    await api.parts.store.trim(session_id, 1)

    told_ = problem(await api.ask("POST", f"/v1/sessions/{session_id}/fork"), 404, "not_found")

    assert told_["detail"] == "The session is closed, and none of its events are left; create another."


async def test_a_fork_can_be_forked_and_stays_when_the_others_go(api: Api) -> None:
    first = await api.create()
    await api.prompt(first, SLOW)
    second = await fork(api, first)
    third = await fork(api, second, (await api.events(second))[3]["id"])
    history, view = await told(api, third), await seen(api, third)
    assert [event["type"] for event in history].count("task_cancelled") == 1

    for session_id in (first, second):
        assert (await api.ask("DELETE", f"/v1/sessions/{session_id}")).status_code == 204

    assert (await told(api, third), await seen(api, third)) == (history, view)
    assert await api.played(third, "play 1 events")


# Repeats and rights.


async def test_a_repeat_makes_no_second_fork(api: Api) -> None:
    session_id = await api.create()
    await api.played(session_id)

    answers = await asyncio.gather(
        *[api.ask("POST", f"/v1/sessions/{session_id}/fork", idempotency_key="k") for _ in range(3)]
    )

    assert len({answer.json()["session_id"] for answer in answers}) == 1
    assert {answer.status_code for answer in answers} == {201}
    assert (await api.get("/v1/sessions"))["total"] == 2
    other = await api.create()
    assert (await api.post(f"/v1/sessions/{other}/fork", idempotency_key="k"))["events"] == 0


@pytest.mark.parametrize(
    ("body", "path"), [({"title": "x" * 201}, "title"), ({"agent": "nobody"}, "agent"), ({"at": "3"}, "at")]
)
async def test_a_fork_that_can_not_be_is_refused_by_field(api: Api, body: object, path: str) -> None:
    session_id = await api.create()

    refused = problem(await api.ask("POST", f"/v1/sessions/{session_id}/fork", body), 400, "invalid")

    assert refused["errors"][0]["path"] == path


@pytest.mark.parametrize(
    ("user", "status"),
    [("ana", 201), ("editor", 201), ("root", 201), ("viewer", 403), ("reader", 403), ("stranger", 404), ("", 401)],
)
async def test_a_fork_takes_an_editor_who_owns_it_then(user: str, status: int) -> None:
    store = MemoryStore()
    await begin(store, [Debug(data=DebugData(message="for editors"))])
    for role in ("editor", "viewer"):
        await store.share("ses_1", role, role)
    async with inside(store) as parts:
        keeper = Keeper(store, SessionView, SessionView.decode)
        routes = Forks(store, keeper, parts.desk, Recall(store).carried).routes()
        async with acting(store, routes) as ask:
            response = await ask(user, "POST", "/v1/sessions/ses_1/fork")

    assert response.status_code == status
    if status == 201:
        assert response.json()["owner"] == user
        assert await store.members(response.json()["session_id"]) == []


async def test_a_snapshot_of_before_is_used_in_the_fork(api: Api) -> None:
    session_id = await api.create()
    await api.played(session_id, "play 20 events")
    await api.parts.keeper.snapshot(session_id)

    copy = await fork(api, session_id)

    found = await api.parts.store.snapshot(copy, 10_000)
    assert isinstance(found, Snapshot)
    assert found.seq == len(await api.events(session_id))
