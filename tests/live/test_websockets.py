"""The ``websockets`` library against a real server: streams, commands, both at once, refusals and close codes."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection

from tests.live.clients.transports import TASK_ENDS, Event, close_code, dialled, events_of, logged, stream_path, until
from tests.live.serving import Serving, seq_of, serving

PROTOCOLS = ["", "puntini.v1"]


@pytest.fixture
def server(shared: Serving) -> Serving:
    """A server that other tests use, too."""
    return shared


def say(socket: ClientConnection, type_: str, data: object = None, **fields: object) -> None:
    """Send a command."""
    socket.send(json.dumps({"type": type_, **({} if data is None else {"data": data}), **fields}))


def answer(socket: ClientConnection, *types: str) -> Event:
    """The next event of one of these types; what comes before it is dropped."""
    return until(events_of(socket), *types)[-1]


def refusal(server: Serving, path: str, **headers: str) -> tuple[int, Any]:
    """The status and the problem that a handshake is refused with."""
    with pytest.raises(InvalidStatus) as refused:
        dialled(server, path, headers=headers)
    response = refused.value.response
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, json.loads(response.body or b"null")


# Following.


@pytest.mark.parametrize("subprotocol", PROTOCOLS)
def test_a_socket_begins_with_a_snapshot_and_goes_on_live(server: Serving, subprotocol: str) -> None:
    session_id = server.create()
    with dialled(server, stream_path(session_id), subprotocol=subprotocol) as socket:
        ready, live = until(events_of(socket), "live")
        server.play(session_id, "play 20 events every 1 ms")
        read = until(events_of(socket), *TASK_ENDS)

    assert socket.subprotocol == (subprotocol or None)
    assert (ready["type"], ready["data"]["cursor"]) == ("session_ready", live["data"]["cursor"])
    assert read == server.events(session_id)


@pytest.mark.parametrize("subprotocol", PROTOCOLS)
def test_a_socket_with_a_cursor_begins_behind_it(server: Serving, subprotocol: str) -> None:
    session_id = server.create()
    server.finish(server.play(session_id, "play 20 events every 0 ms"))
    everything = server.events(session_id)

    with dialled(server, stream_path(session_id), subprotocol=subprotocol, after=everything[4]["id"]) as socket:
        *replay, live = until(events_of(socket), "live")

    assert replay == everything[5:]
    assert live["data"]["cursor"] == everything[-1]["id"]
    assert socket.response is not None
    assert socket.response.headers["puntini-cursor"] == everything[4]["id"]


def test_without_the_subprotocol_a_frame_is_one_event_and_with_it_one_or_more(server: Serving) -> None:
    session_id = server.create()
    server.finish(server.play(session_id, "play 200 events every 0 ms"))
    total = len(server.events(session_id))

    frames = {name: list(replayed(server, session_id, name)) for name in PROTOCOLS}

    assert len(frames[""]) == total
    assert all("\n" not in frame for frame in frames[""])
    assert len(frames["puntini.v1"]) < total / 10
    assert "\n".join(frames["puntini.v1"]) == "\n".join(frames[""])


def replayed(server: Serving, session_id: str, subprotocol: str) -> Iterator[str]:
    """The frames of a replay, the ``live`` at its end cut off."""
    with dialled(server, stream_path(session_id), subprotocol=subprotocol, after="earliest") as socket:
        while True:
            frame = str(socket.recv(10))
            before, live, _ = frame.partition('{"type":"live"')
            if before.strip():
                yield before.strip()
            if live:
                return


def test_a_socket_may_filter(server: Serving) -> None:
    session_id = server.create()
    server.finish(server.play(session_id, "play 70 events every 0 ms"))

    with dialled(server, stream_path(session_id), after="earliest", events="step", level="info") as socket:
        read = list(logged(until(events_of(socket), "live")))

    assert read == [event for event in server.events(session_id) if event["type"] in {"step", "task_completed"}]


def test_all_viewers_of_a_session_see_the_same(server: Serving) -> None:
    session_id = server.create()
    with ExitStack() as stack:
        sockets = [
            stack.enter_context(
                dialled(server, stream_path(session_id), subprotocol=PROTOCOLS[n % 2], after="earliest")
            )
            for n in range(8)
        ]
        say(sockets[3], "user_prompt", {"prompt": "play 100 events every 1 ms"})
        seen = [list(logged(until(events_of(socket), *TASK_ENDS))) for socket in sockets]

    assert seen == [server.events(session_id)] * 8


def test_a_viewer_who_does_not_read_delays_nobody(server: Serving) -> None:
    session_id = server.create()
    with dialled(server, stream_path(session_id), stalled=True, after="earliest"):
        task_id = server.play(session_id, "play 3000 events every 0 ms of 4000 bytes")
        with dialled(server, stream_path(session_id), after="earliest") as reader:
            read = until(logged(events_of(reader)), *TASK_ENDS)

    assert [seq_of(event) for event in read] == list(range(1, len(read) + 1))
    assert server.get(f"/v1/tasks/{task_id}")["status"] == "completed"


# Both ways.


def test_a_ping_is_answered_while_a_task_runs(server: Serving) -> None:
    with dialled(server, stream_path(server.create())) as socket:
        say(socket, "user_prompt", {"prompt": "play 100000 events every 1 ms"})
        answer(socket, "debug")

        for n in range(20):
            say(socket, "ping", {"n": n})
            pong = answer(socket, "pong", *TASK_ENDS)
            assert (pong["type"], pong["data"]) == ("pong", {"n": n})
            assert "id" not in pong


def test_a_task_is_paused_resumed_and_stopped_through_the_socket_that_follows_it(server: Serving) -> None:
    with dialled(server, stream_path(server.create())) as socket:
        say(socket, "user_prompt", {"prompt": "play 100000 events every 1 ms"}, command_id="c1")
        accepted = answer(socket, "accepted")
        task_id = accepted["data"]["task_id"]

        for action, event in (("pause", "task_paused"), ("resume", "task_resumed"), ("stop", "task_cancelled")):
            say(socket, "control", {"task_id": task_id, "action": action})
            assert answer(socket, event, "error")["type"] == event

    assert accepted["data"]["command_id"] == "c1"
    assert server.get(f"/v1/tasks/{task_id}")["status"] == "cancelled"


def test_closing_the_socket_stops_nothing(server: Serving) -> None:
    with dialled(server, stream_path(server.create())) as socket:
        say(socket, "user_prompt", {"prompt": "play 30 events every 10 ms"})
        task_id = answer(socket, "accepted")["data"]["task_id"]

    assert server.finish(task_id) == "completed"


def test_questions_are_answered_on_the_socket_only(server: Serving) -> None:
    session_id = server.create()
    server.finish(server.play(session_id, "play 7 events every 0 ms"))
    before = server.events(session_id)

    with dialled(server, stream_path(session_id)) as socket:
        say(socket, "chat_history")
        history = answer(socket, "chat_history")
        say(socket, "agent_status_request")
        status = answer(socket, "agent_status")

    assert [message["role"] for message in history["data"]["messages"]] == ["user", "assistant"]
    assert (status["data"]["status"], status["data"]["agent"]) == ("idle", "scripted")
    assert server.events(session_id) == before


def test_resume_goes_back_on_the_same_socket(server: Serving) -> None:
    session_id = server.create()
    server.finish(server.play(session_id, "play 20 events every 0 ms"))

    with dialled(server, stream_path(session_id)) as socket:
        until(events_of(socket), "live")
        say(socket, "resume", {"after": "5"})
        again = list(logged(until(events_of(socket), "live")))

    assert again == server.events(session_id, after="5")


def test_a_refused_command_names_its_field_and_its_id_and_the_socket_stays_open(server: Serving) -> None:
    with dialled(server, stream_path(server.create())) as socket:
        say(socket, "user_prompt", {"prompt": 5}, command_id="c7")
        refused = answer(socket, "error")
        say(socket, "ping", "still here")

        assert answer(socket, "pong")["data"] == "still here"
    assert refused["error"]["message"].startswith("data.prompt: ")
    assert (refused["error"]["code"], refused["error"]["command_id"]) == (400, "c7")


def test_a_command_for_another_session_is_refused(server: Serving) -> None:
    other = server.create()
    with dialled(server, stream_path(server.create())) as socket:
        say(socket, "user_prompt", {"prompt": "play 3 events"}, session_id=other)

        assert answer(socket, "error")["error"]["message"].startswith("session_id: ")
    assert server.events(other) == []


# /ws/chat.


def test_the_chat_socket_makes_a_session_and_talks_in_it(server: Serving) -> None:
    with dialled(server, "/ws/chat") as socket:
        say(socket, "init_session", {"agent": "scripted"})
        ready = answer(socket, "session_ready")
        say(socket, "user_prompt", {"prompt": "play 5 events every 0 ms"})
        read = list(logged(until(events_of(socket), *TASK_ENDS)))

    assert ready["data"]["agent"] == "scripted"
    assert read == server.events(ready["session_id"])


def test_the_chat_socket_attaches_where_it_is_told(server: Serving) -> None:
    session_id = server.create()
    server.finish(server.play(session_id, "play 14 events every 0 ms"))

    with dialled(server, "/ws/chat") as socket:
        say(socket, "init_session", {"session_id": session_id, "after": "6", "events": ["step", "reasoning"]})
        read = list(logged(until(events_of(socket), "live")))

    wanted = {"step", "reasoning", "task_completed"}
    assert read == [event for event in server.events(session_id, after="6") if event["type"] in wanted]


def test_the_chat_socket_moves_to_another_session(server: Serving) -> None:
    first, second = server.create(), server.create()
    with dialled(server, "/ws/chat") as socket:
        for session_id in (first, second):
            say(socket, "init_session", {"session_id": session_id})
            assert answer(socket, "session_ready")["session_id"] == session_id
        server.finish(server.play(first, "play 3 events every 0 ms"))
        server.play(second, "play 3 events every 0 ms")
        read = until(logged(events_of(socket)), *TASK_ENDS)

    assert {event["session_id"] for event in read} == {second}


def test_the_chat_socket_wants_a_session_first_and_survives_a_wrong_one(server: Serving) -> None:
    with dialled(server, "/ws/chat") as socket:
        say(socket, "ping", "early")
        assert answer(socket, "pong")["data"] == "early"
        say(socket, "user_prompt", {"prompt": "hi"})
        assert "init_session" in answer(socket, "error")["error"]["message"]
        say(socket, "init_session", {"session_id": "ses_nobody"})
        assert answer(socket, "error")["error"]["code"] == 404
        say(socket, "init_session", {"agent": "nobody"})
        assert answer(socket, "error")["error"]["code"] == 400
        say(socket, "init_session")
        assert answer(socket, "session_ready", "error")["type"] == "session_ready"


# Refusals and ends.


def test_an_unknown_session_is_refused_before_the_socket_opens(server: Serving) -> None:
    status, problem = refusal(server, stream_path("ses_nobody"))

    assert (status, problem["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/ws/chat", "/v1/sessions/ses_nobody/stream"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example"])
def test_a_page_of_another_origin_gets_no_socket(server: Serving, path: str, origin: str) -> None:
    status, problem = refusal(server, path, origin=origin)

    assert (status, problem["code"]) == (403, "forbidden")


def test_a_wrong_filter_is_refused_before_the_socket_opens(server: Serving) -> None:
    status, problem = refusal(server, f"{stream_path(server.create())}?events=no_such_type")

    assert (status, problem["errors"][0]["path"]) == (400, "events")


def test_one_socket_too_many_is_told_so(tmp_path: Path) -> None:
    with serving(tmp_path, max_streams=1) as server:
        session_id = server.create()
        with dialled(server, stream_path(session_id)) as first:
            for path in (stream_path(session_id), "/ws/chat"):
                status, problem = refusal(server, path)
                assert (status, problem["code"]) == (429, "too_many")
            say(first, "ping", "still here")
            assert answer(first, "pong")["data"] == "still here"


def test_closing_the_session_closes_its_sockets_with_1000(server: Serving) -> None:
    session_id = server.create()
    with dialled(server, stream_path(session_id)) as one, dialled(server, stream_path(session_id)) as other:
        say(one, "close_session", {"reason": "done"})

        for socket in (one, other):
            assert answer(socket, "session_closed")["data"] == {"reason": "done"}
            assert close_code(socket) == 1000


def test_a_closed_session_is_replayed_and_closes_with_1000(server: Serving) -> None:
    session_id = server.create()
    server.command(session_id, "close_session")
    for query in ({}, {"after": "earliest"}, {"after": server.events(session_id)[-1]["id"]}):
        with dialled(server, stream_path(session_id), **query) as socket:
            assert close_code(socket) == 1000


def test_deleting_the_session_closes_its_sockets_with_4404(server: Serving) -> None:
    session_id = server.create()
    with dialled(server, stream_path(session_id)) as socket:
        until(events_of(socket), "live")
        server.ask("DELETE", f"/v1/sessions/{session_id}").raise_for_status()

        assert close_code(socket) == 4404


def test_a_frame_over_the_limit_closes_with_1009_and_one_at_the_limit_does_not(server: Serving) -> None:
    with dialled(server, stream_path(server.create())) as socket:
        empty = len('{"type": "ping", "data": ""}')
        say(socket, "ping", "x" * ((1 << 20) - empty))
        assert answer(socket, "pong", "error")["type"] == "pong"
        say(socket, "ping", "x" * ((1 << 20) - empty + 1))

        assert close_code(socket) == 1009


def test_a_server_that_goes_away_says_reconnect_and_1001(mortal: Serving) -> None:
    session_id = mortal.create()
    with dialled(mortal, stream_path(session_id)) as socket, dialled(mortal, "/ws/chat") as waiting:
        until(events_of(socket), "live")
        mortal.terminate()

        reconnect = answer(socket, "reconnect")
        assert close_code(socket) == 1001
        assert close_code(waiting) == 1001
    assert reconnect["data"]["reason"] == "drain"
    assert reconnect["data"]["retry_ms"] > 0
    assert mortal.wait() == 0


def test_a_socket_goes_on_with_the_last_id_after_the_server_was_killed(mortal: Serving) -> None:
    session_id = mortal.create()
    mortal.play(session_id, "play 300 events every 5 ms")
    with dialled(mortal, stream_path(session_id), after="earliest") as socket:
        read = [event for event, _ in zip(logged(events_of(socket)), range(100), strict=False)]
        mortal.kill()
        mortal.start()
    with dialled(mortal, stream_path(session_id), after=read[-1]["id"]) as socket:
        read += until(logged(events_of(socket)), *TASK_ENDS)

    assert read == mortal.events(session_id)
