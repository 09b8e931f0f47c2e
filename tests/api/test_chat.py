"""``POST /v1/chat``: a prompt in, that task's stream out, in three formats; a repeat resumes."""

import json
from typing import Any

import anyio
import pytest

from tests.api.calling import DEADLINE_SECONDS, POLL_SECONDS, Api, problem, serving, sse

pytestmark = pytest.mark.anyio
SHORT = {"prompt": "play 3 events"}
BEGUN, ENDED = ["user_prompt", "task_started", "agent_status"], ["agent_status", "task_completed"]
TYPES = [*BEGUN, "reasoning", "debug", "graph_update", *ENDED]


async def test_a_chat_is_a_stream_of_server_sent_events(api: Api) -> None:
    response = await api.ask("POST", "/v1/chat", SHORT)
    events = sse(response.text)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert [name for _, name, _ in events if name != "live"] == TYPES
    assert all(id_ == data["id"] for id_, name, data in events if name != "live")
    assert response.text.startswith(": puntini\nretry: ")


async def test_a_chat_can_be_lines(api: Api) -> None:
    response = await api.ask("POST", "/v1/chat", SHORT, accept="application/x-ndjson")
    events = [json.loads(line) for line in response.text.splitlines() if line]
    assert response.headers["content-type"] == "application/x-ndjson"
    assert [event["type"] for event in events if event["type"] != "live"] == TYPES


async def test_a_chat_can_be_one_object_when_the_task_has_ended(api: Api) -> None:
    answer = await api.post("/v1/chat", SHORT, accept="application/json")
    task = await api.get(f"/v1/tasks/{answer['task_id']}")
    session = await api.get(f"/v1/sessions/{answer['session_id']}")
    assert answer == {
        "task_id": task["task_id"],
        "session_id": session["session_id"],
        "status": "completed",
        "success": True,
        "final_answer": "Played 3 events.",
        "cursor": session["cursor"],
    }


@pytest.mark.parametrize("accept", ["text/event-stream", "application/x-ndjson", "application/json"])
async def test_headers_name_what_was_made(api: Api, accept: str) -> None:
    response = await api.ask("POST", "/v1/chat", SHORT, accept=accept)
    task_id = response.headers["puntini-task"]
    assert response.headers["location"] == f"/v1/tasks/{task_id}"
    task = await api.get(response.headers["location"])
    assert task["session_id"] == response.headers["puntini-session"]
    assert (await api.get(f"/v1/sessions/{task['session_id']}"))["title"] == "play 3 events"


async def test_a_format_that_is_not_there_starts_nothing(api: Api) -> None:
    problem(await api.ask("POST", "/v1/chat", SHORT, accept="image/png"), 406, "not_acceptable")
    assert (await api.get("/v1/sessions"))["total"] == 0


async def test_the_title_is_the_beginning_of_the_prompt_on_one_line(api: Api) -> None:
    body = {"prompt": "  Draw\n\na   " + "very " * 50}
    async with api.stream("/v1/chat", "POST", json.dumps(body).encode()):
        pass
    (session,) = (await api.get("/v1/sessions"))["items"]
    assert session["title"].startswith("Draw a very very")
    assert len(session["title"]) <= 80


async def test_a_chat_in_a_session_shows_its_own_task_only(api: Api) -> None:
    session_id = await api.create()
    before = await api.played(session_id)
    events = sse((await api.ask("POST", "/v1/chat", SHORT | {"session_id": session_id})).text)
    assert [name for _, name, _ in events if name != "live"] == TYPES
    assert before not in {data.get("task_id") for _, _, data in events}


async def test_a_failed_task_says_so(api: Api) -> None:
    async with serving([Broken()]) as other:
        answer = await other.post("/v1/chat", {"prompt": "x", "agent": "broken"}, accept="application/json")
    assert (answer["status"], answer["success"], answer["final_answer"]) == ("failed", False, "")
    assert answer["error"] == "ValueError: It broke."


class Broken:
    """An agent that fails."""

    name = "broken"

    async def run(self, task: object) -> str:
        """Fail."""
        raise ValueError("It broke.")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "prompt"),
        ({"prompt": " "}, "prompt"),
        ({"prompt": 1}, "prompt"),
        ({"prompt": "x", "agent": "nobody"}, "agent"),
        ({"prompt": "x", "max_steps": 0}, "max_steps"),
        ({"prompt": "x", "if_busy": "maybe"}, "if_busy"),
        ({"prompt": "x", "stream": True}, "stream"),
    ],
)
async def test_a_chat_that_can_not_be_is_refused_by_field(api: Api, body: Any, path: str) -> None:
    told = problem(await api.ask("POST", "/v1/chat", body), 400, "invalid")
    assert told["errors"][0]["path"] == path
    assert told["detail"].startswith(f"{path}: ")
    assert (await api.get("/v1/sessions"))["total"] == 0


async def test_a_session_that_is_not_there_is_not_found(api: Api) -> None:
    problem(await api.ask("POST", "/v1/chat", SHORT | {"session_id": "ses_none"}), 404, "not_found")


async def test_a_closed_session_takes_no_chat(api: Api) -> None:
    session_id = await api.create()
    await api.command(session_id, "close_session")
    problem(await api.ask("POST", "/v1/chat", SHORT | {"session_id": session_id}), 409, "session_closed")


async def test_a_busy_session_can_refuse(api: Api) -> None:
    session_id = await api.create()
    await api.prompt(session_id, "play 10000 events every 5 ms")
    body = SHORT | {"session_id": session_id, "if_busy": "reject"}
    problem(await api.ask("POST", "/v1/chat", body), 409, "task_running")


async def test_a_chat_is_posted(api: Api) -> None:
    response = await api.ask("GET", "/v1/chat")
    problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "OPTIONS, POST"


# Repeats.


def ids(text: str) -> list[str]:
    """The ids of the events in a stream."""
    return [id_ for id_, _, _ in sse(text) if id_]


async def test_a_repeat_with_the_last_event_id_resumes(api: Api) -> None:
    first = await api.ask("POST", "/v1/chat", SHORT)
    session_id, read = first.headers["puntini-session"], ids(first.text)
    again = await api.ask("POST", "/v1/chat", SHORT | {"session_id": session_id}, last_event_id=read[2])
    assert ids(again.text) == read[3:]
    assert len((await api.get(f"/v1/tasks?session_id={session_id}"))["items"]) == 1


async def test_a_repeat_at_the_end_has_nothing_to_say(api: Api) -> None:
    first = await api.ask("POST", "/v1/chat", SHORT)
    body = {"session_id": first.headers["puntini-session"]}
    again = await api.ask("POST", "/v1/chat", body, last_event_id=ids(first.text)[-1])
    assert again.status_code == 204


async def test_a_last_event_id_needs_its_session(api: Api) -> None:
    told = problem(await api.ask("POST", "/v1/chat", SHORT, last_event_id="abc.5"), 400, "invalid")
    assert told["errors"][0]["path"] == "session_id"


async def test_a_last_event_id_leads_to_the_task_that_said_the_event(api: Api) -> None:
    session_id = await api.create()
    running = await api.prompt(session_id, "play 30 events every 5 ms")
    await api.prompt(session_id, "play 2 events")
    said = [event for event in await api.events(session_id) if event["task_id"] == running]
    answer = await api.post(
        "/v1/chat", {"session_id": session_id}, last_event_id=said[-1]["id"], accept="application/json"
    )
    assert answer["task_id"] == running


async def test_a_last_event_id_of_a_task_that_waits_leads_to_it_and_not_to_the_one_that_runs(api: Api) -> None:
    session_id = await api.create()
    await api.prompt(session_id, "play 30 events every 5 ms")
    waiting = await api.command(session_id, "user_prompt", prompt="play 2 events")
    answer = await api.post(
        "/v1/chat", {"session_id": session_id}, last_event_id=waiting.json()["cursor"], accept="application/json"
    )
    assert answer["task_id"] == waiting.json()["task_id"]


async def test_the_id_that_a_stream_starts_with_leads_to_its_task(api: Api) -> None:
    first = await api.ask("POST", "/v1/chat", SHORT)
    start = first.headers["puntini-cursor"]
    again = await api.ask("POST", "/v1/chat", {"session_id": first.headers["puntini-session"]}, last_event_id=start)
    assert again.headers["puntini-task"] == first.headers["puntini-task"]
    assert ids(again.text)[-1] == ids(first.text)[-1]


async def test_an_id_that_no_task_said_leads_to_the_one_that_was_speaking(api: Api) -> None:
    session_id = await api.create()
    running = await api.prompt(session_id, "play 30 events every 5 ms")
    edit = await api.command(session_id, "graph_edit", base_version=0, delta=[{"action": "clear"}])
    answer = await api.post(
        "/v1/chat", {"session_id": session_id}, last_event_id=edit.json()["cursor"], accept="application/json"
    )
    assert answer["task_id"] == running


@pytest.mark.parametrize("last_id", ["zzz.3", "nonsense", "999"])
async def test_a_last_event_id_that_can_not_be_honoured_is_told_by_a_gap_and_starts_nothing(
    api: Api, last_id: str
) -> None:
    session_id = await api.create()
    await api.played(session_id)
    task_id = await api.played(session_id)
    response = await api.ask("POST", "/v1/chat", SHORT | {"session_id": session_id}, last_event_id=last_id)
    assert [name for _, name, _ in sse(response.text)] == ["gap", "session_ready", "live"]
    assert response.headers["puntini-task"] == task_id
    assert len((await api.get(f"/v1/tasks?session_id={session_id}"))["items"]) == 2


async def test_an_old_id_leads_to_the_task_that_goes_on_now(api: Api) -> None:
    session_id = await api.create()
    running = await api.prompt(session_id, "play 30 events every 5 ms")
    await api.prompt(session_id, "play 2 events")
    response = await api.ask("POST", "/v1/chat", {"session_id": session_id}, last_event_id="zzz.3")
    events = sse(response.text)
    assert [name for _, name, _ in events[:2]] == ["gap", "session_ready"]
    assert (events[-1][1], events[-1][2]["task_id"]) == ("task_completed", running)


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
async def test_a_last_event_id_in_a_session_without_tasks_is_not_found(api: Api, accept: str) -> None:
    body = {"session_id": await api.create()}
    problem(await api.ask("POST", "/v1/chat", body, last_event_id="zzz.3", accept=accept), 404, "not_found")


async def test_one_object_can_not_tell_of_a_gap_so_the_id_is_not_found(api: Api) -> None:
    session_id = await api.create()
    await api.played(session_id)
    body = {"session_id": session_id}
    response = await api.ask("POST", "/v1/chat", body, last_event_id="zzz.3", accept="application/json")
    problem(response, 404, "not_found")


async def test_a_known_key_goes_before_the_last_event_id(api: Api) -> None:
    session_id = await api.create()
    body = SHORT | {"session_id": session_id}
    first = await api.ask("POST", "/v1/chat", body, idempotency_key="k1")
    other = await api.ask("POST", "/v1/chat", body)
    again = await api.ask("POST", "/v1/chat", body, idempotency_key="k1", last_event_id=ids(other.text)[0])
    assert again.headers["puntini-task"] == first.headers["puntini-task"]


@pytest.mark.parametrize("forgotten", ["before its end", "with its end"])
async def test_a_repeat_is_answered_also_when_retention_has_been_there(api: Api, forgotten: str) -> None:
    body = SHORT | {"session_id": await api.create()}
    first = await api.post("/v1/chat", body, idempotency_key="k1", accept="application/json")
    end = int(first["cursor"].partition(".")[2])
    await api.played(body["session_id"])
    floor = end if forgotten == "with its end" else end - 1
    await api.parts.store.trim(body["session_id"], floor)
    api.parts.hub.trimmed(body["session_id"], floor)
    with anyio.fail_after(DEADLINE_SECONDS):
        again = await api.post("/v1/chat", body, idempotency_key="k1", accept="application/json")
    assert again == first | ({"final_answer": ""} if floor == end else {})


async def test_a_client_that_leaves_stops_nothing_and_comes_back(api: Api) -> None:
    body = b'{"prompt": "play 200 events every 1 ms"}'
    async with api.stream("/v1/chat", "POST", body, idempotency_key="k1") as wire:
        await wire.until("Thought 15.")
    task_id, read = wire.headers["puntini-task"], ids(wire.text.rpartition("\n\n")[0])
    again = await api.ask("POST", "/v1/chat", body, idempotency_key="k1", last_event_id=read[-1])
    assert again.headers["puntini-task"] == task_id
    seqs = [int(id_.rpartition(".")[2]) for id_ in read + ids(again.text)]
    assert seqs == list(range(1, len(seqs) + 1))
    assert (await api.get(f"/v1/tasks/{task_id}"))["status"] == "completed"


async def test_a_chat_that_waits_for_its_end_is_told_of_a_shutdown_and_can_be_repeated(api: Api) -> None:
    body = {"prompt": "play 100000 events every 1 ms"}
    async with anyio.create_task_group() as clients:
        clients.start_soon(cut_short, api, body)
        while not (await api.get("/v1/connections/stats"))["open"]:
            await anyio.sleep(POLL_SECONDS)
        await api.parts.drain(2.0)
    (task,) = (await api.get("/v1/tasks"))["items"]
    assert (task["status"], task["attempt"]) == ("queued", 2)


async def cut_short(api: Api, body: Any) -> None:
    """A chat whose server shuts down before it has ended."""
    response = await api.ask("POST", "/v1/chat", body, accept="application/json", idempotency_key="k1")
    assert "Ask again with the same Idempotency-Key" in problem(response, 503, "unavailable")["detail"]
    assert response.headers["retry-after"] == "1"
