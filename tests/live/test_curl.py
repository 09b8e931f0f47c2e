"""curl against a real server: the documented lines as they stand, and the protocol's rules as curl sees them."""

import json
import re
from collections.abc import Callable

import pytest

from tests.live.clients import curl as client
from tests.live.clients.curl import curl, examples, run, typed
from tests.live.serving import Serving, seq_of, wait_for
from tests.protocol.sse import parse

pytestmark = pytest.mark.skipif(not client.available(), reason="curl is not installed")

README = examples("README.md")
SHELL = examples("README.md", "S=")


@pytest.fixture
def server(shared: Serving) -> Serving:
    """A server that other tests use, too."""
    return shared


def only(lines: list[str], wanted: str) -> str:
    """The one example that is about ``wanted``."""
    [found] = [line for line in lines if wanted in line]
    return found


def events(stream: bytes) -> list[dict[str, object]]:
    """What a stream of Server-Sent Events says."""
    return [json.loads(block.data) for block in parse(stream).blocks]


def test_the_first_line_of_the_readme_plays_its_twenty_events_to_the_end(server: Serving) -> None:
    said = events(run(typed(only(README, f"curl -N {client.HOST}/v1/chat"), server.url)))

    assert [event["type"] for event in said][:2] == ["user_prompt", "task_started"]
    assert said[-1]["type"] == "task_completed"
    assert len([event for event in said if event["type"] != "live"]) >= 20 + 3


def test_the_readmes_session_its_stream_and_its_commands_fit_together(server: Serving) -> None:
    def typed_in(line: str) -> str:
        return run(["bash", "-c", f"S={session_id}; {line.replace(client.HOST, server.url)}"]).decode()

    session_id = (
        run(["bash", "-c", f"{only(SHELL, 'S=$(').replace(client.HOST, server.url)}; echo $S"]).decode().strip()
    )
    started = json.loads(typed_in(only(README, "user_prompt")))
    paused = json.loads(typed_in(only(README, "pause").replace("tsk_…", started["task_id"])))
    wait_for(lambda: server.get(f"/v1/tasks/{started['task_id']}")["status"] == "paused", 10.0, "the pause")
    stream = typed_in(f"{only(README, '/stream')} --max-time 1 || true")

    assert server.get(f"/v1/sessions/{session_id}")["title"] == "first"
    assert paused["command_id"] == "c7"
    assert [event["type"] for event in events(stream.encode())] == ["session_ready", "live"]


def test_a_task_is_followed_to_its_end_while_it_runs(server: Serving) -> None:
    session_id = server.create()
    task_id = server.play(session_id, "play 30 events every 10 ms")

    answer = curl("-N", f"{server.url}/v1/tasks/{task_id}/stream")

    ids = [block.last_id.rpartition(".")[2] for block in parse(answer.body).blocks if block.name != "live"]
    assert [int(seq) for seq in ids] == list(range(1, len(ids) + 1))
    assert events(answer.body)[-1]["type"] == "task_completed"


def test_a_stream_opens_as_the_protocol_says(server: Serving) -> None:
    session_id = server.create()
    server.command(session_id, "close_session")

    answer = curl("--compressed", f"{server.url}/v1/sessions/{session_id}/stream")

    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-cache, no-store, no-transform"
    assert answer.headers["x-accel-buffering"] == "no"
    assert "content-length" not in answer.headers
    assert "content-encoding" not in answer.headers
    start = re.escape(answer.headers["puntini-cursor"])
    assert re.match(rf": [^\n]*\nretry: \d+\n\nid: {start}\nevent: session_ready\n".encode(), answer.body)
    assert b"\r" not in answer.body


def test_last_event_id_goes_on_behind_that_event(server: Serving) -> None:
    session_id = server.create()
    server.finish(server.play(session_id, "play 20 events every 0 ms"))
    server.command(session_id, "close_session")
    all_events = server.events(session_id)
    cut = all_events[7]

    answer = curl("-N", "-H", f"Last-Event-ID: {cut['id']}", f"{server.url}/v1/sessions/{session_id}/stream")

    assert [event for event in events(answer.body) if "id" in event] == all_events[8:]
    assert answer.headers["puntini-cursor"] == cut["id"]


def test_the_header_wins_over_the_query(server: Serving) -> None:
    session_id = server.create()
    server.finish(server.play(session_id, "play 5 events every 0 ms"))
    server.command(session_id, "close_session")
    third = server.events(session_id)[2]["id"]

    answer = curl("-H", f"Last-Event-ID: {third}", f"{server.url}/v1/sessions/{session_id}/stream?after=earliest")

    assert seq_of(next(event for event in events(answer.body) if "id" in event)) == 4


@pytest.mark.parametrize("name", ["text/event-stream", "application/x-ndjson", "application/json"])
def test_head_gives_the_headers_only(server: Serving, name: str) -> None:
    session_id = server.create()

    answer = curl("--head", "-H", f"Accept: {name}", f"{server.url}/v1/sessions/{session_id}/stream")

    assert answer.status == 200
    assert answer.headers["content-type"].startswith(name)
    assert "puntini-cursor" in answer.headers
    assert answer.body == b""


def test_a_format_that_cannot_be_had_is_406(server: Serving) -> None:
    session_id = server.create()

    answer = curl("-H", "Accept: text/html", f"{server.url}/v1/sessions/{session_id}/stream")

    assert answer.status == 406
    assert answer.headers["content-type"] == "application/problem+json"
    assert json.loads(answer.body)["code"] == "not_acceptable"
    assert "text/event-stream" in json.loads(answer.body)["detail"]


def test_after_session_closed_a_reconnect_gets_204(server: Serving) -> None:
    session_id = server.create()
    server.command(session_id, "close_session", reason="done")
    last = server.events(session_id)[-1]

    answer = curl("-H", f"Last-Event-ID: {last['id']}", f"{server.url}/v1/sessions/{session_id}/stream")

    assert last["type"] == "session_closed"
    assert (answer.status, answer.body) == (204, b"")


def test_after_a_tasks_last_event_a_reconnect_gets_204(server: Serving) -> None:
    session_id = server.create()
    task_id = server.play(session_id, "play 3 events every 0 ms")
    server.finish(task_id)
    last = server.events(session_id)[-1]

    answer = curl("-H", f"Last-Event-ID: {last['id']}", f"{server.url}/v1/stream/tasks/{task_id}")

    assert last["type"] == "task_completed"
    assert answer.status == 204


PROMPT = '{"prompt": "play 12 events every 5 ms"}'


def test_chat_streams_server_sent_events(server: Serving) -> None:
    answer = curl("-N", f"{server.url}/v1/chat", "-d", PROMPT)

    said = events(answer.body)
    assert answer.status == 200
    assert answer.headers["location"] == f"/v1/tasks/{answer.headers['puntini-task']}"
    assert {event["session_id"] for event in said} == {answer.headers["puntini-session"]}
    assert said[-1]["type"] == "task_completed"


def test_chat_streams_ndjson(server: Serving) -> None:
    answer = curl("-N", "-H", "Accept: application/x-ndjson", f"{server.url}/v1/chat", "-d", PROMPT)

    said = [json.loads(line) for line in answer.body.splitlines() if line]
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [event for event in said if "id" in event] == server.events(answer.headers["puntini-session"])


def test_chat_answers_with_one_object_when_the_task_has_ended(server: Serving) -> None:
    answer = curl("-H", "Accept: application/json", f"{server.url}/v1/chat", "-d", PROMPT)

    result = json.loads(answer.body)
    last = server.events(answer.headers["puntini-session"])[-1]
    assert result["task_id"] == answer.headers["puntini-task"]
    assert (result["status"], result["success"]) == ("completed", True)
    assert (result["final_answer"], result["cursor"]) == (last["data"]["final_answer"], last["id"])


def test_chat_again_with_its_key_or_its_last_id_resumes_and_starts_nothing(server: Serving) -> None:
    url = f"{server.url}/v1/chat"
    first = curl("-H", "Idempotency-Key: k1", url, "-d", PROMPT)
    session_id = first.headers["puntini-session"]
    ids = [block.last_id for block in parse(first.body).blocks if block.name != "live"]
    body = json.dumps({"session_id": session_id})

    by_key = curl("-H", "Idempotency-Key: k1", url, "-d", PROMPT)
    by_id = curl("-H", f"Last-Event-ID: {ids[4]}", url, "-d", body)

    assert [event for event in events(by_key.body) if "id" in event] == server.events(session_id)
    assert [event for event in events(by_id.body) if "id" in event] == server.events(session_id)[5:]
    assert server.get(f"/v1/tasks?session_id={session_id}")["total"] == 1


def interrupted(*arguments: str) -> bytes:
    """What curl has printed when its time is up; its own exit code for that is 28."""
    return run(["sh", "-c", '"$@" || [ $? = 28 ]', "sh", "curl", "-sS", "-N", "--max-time", "1.5", *arguments])


def test_a_reader_who_was_cut_off_goes_on_with_the_last_id(server: Serving) -> None:
    session_id = server.create()
    url = f"{server.url}/v1/sessions/{session_id}/stream"
    task_id = server.play(session_id, "play 200 events every 10 ms")

    first = parse(interrupted(f"{url}?after=earliest"))
    server.finish(task_id)
    server.command(session_id, "close_session")
    rest = parse(curl("-H", f"Last-Event-ID: {first.last_id}", url).body)

    told: Callable[[str], bool] = lambda data: "id" in json.loads(data)  # noqa: E731
    seen = [json.loads(block.data) for block in first.blocks + rest.blocks if told(block.data)]
    assert seen == server.events(session_id)
    assert 0 < len(first.blocks) < 200
