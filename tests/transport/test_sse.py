"""A stream over SSE: how it begins, what it carries, how it ends."""

from itertools import pairwise
from typing import Any

import anyio
import msgspec
import pytest

from puntini.protocol.entries import entry_of
from puntini.protocol.events import Error, Nothing, Problem
from tests.transport.serving import Server, remark, serving, stream_of, thought, thoughts
from tests.transport.wire import Exchange
from tests.views.said import retracted, whole

pytestmark = pytest.mark.anyio


def data_of(stream: Exchange, name: str) -> dict[str, Any]:
    """The ``data`` of the first event of a name."""
    block = next(block for block in stream.blocks() if block.name == name)
    return dict(msgspec.json.decode(block.data)["data"])


def gaps(stream: Exchange) -> list[float]:
    """The time between one write and the next."""
    return [after - before for before, after in pairwise(stream.times[1:])]


# The response.


async def test_the_headers_are_those_of_the_protocol(server: Server) -> None:
    session = await server.session(*thoughts(3))

    async with server.get(stream_of(session)) as stream:
        await stream.until(lambda: stream.sent)

        assert stream.headers == {
            "content-type": "text/event-stream; charset=utf-8",
            "cache-control": "no-cache, no-store, no-transform",
            "x-accel-buffering": "no",
            "vary": "Accept",
            "puntini-cursor": f"{server.epoch}.3",
            "x-request-id": stream.headers["x-request-id"],
        }


async def test_it_opens_with_a_comment_the_retry_time_and_an_id_before_any_event(server: Server) -> None:
    session = await server.session()

    async with server.get(stream_of(session, "after=now")) as stream:
        await stream.until(lambda: stream.body)
        comment, retry, empty, mark, *_ = stream.writes[0].split(b"\n")

    assert comment.startswith(b":")
    assert 1_000 <= int(retry.removeprefix(b"retry: ")) <= 3_000
    assert (empty, mark) == (b"", f"id: {server.epoch}.0".encode())


async def test_a_browser_knows_the_cursor_before_the_first_event(server: Server) -> None:
    session = await server.session(*thoughts(2))

    async with server.get(stream_of(session, "after=1&events=debug")) as stream:
        await stream.until(lambda: stream.body)

        assert stream.writes[0].split(b"\n\n")[1] == f"id: {server.epoch}.1".encode()


@pytest.mark.parametrize("query", ["", "after=nowhere.1"])
async def test_whoever_is_cut_off_before_a_snapshot_is_whole_has_no_id_yet(server: Server, query: str) -> None:
    session = await server.session(*thoughts(2))

    async with server.get(stream_of(session, query)) as stream:
        await stream.until_event("live")
        before = stream.body.partition(b"event: session_ready")[0]

    *earlier, last = before.split(b"\n")[:-1]
    assert last == f"id: {server.epoch}.2".encode(), "it is the snapshot's own"
    assert [line for line in earlier if line.startswith(b"id:")] == []


async def test_lines_end_in_lf_only(server: Server) -> None:
    session = await server.session(thought("a\r\nb\rc"))

    async with server.get(stream_of(session, "after=0")) as stream:
        await stream.until_event("live")

        assert b"\r" not in stream.body


async def test_an_error_travels_as_a_problem(server: Server) -> None:
    details = Problem(code=409, reason="task_running", message="Wait.")
    session = await server.session(entry_of(Error(data=Nothing(), error=details)))

    async with server.get(stream_of(session, "after=0")) as stream:
        problem = msgspec.json.decode((await stream.until_event("problem")).data)

    assert (problem["type"], problem["error"]["reason"]) == ("error", "task_running")


@pytest.mark.parametrize("path", ["/v1/sessions/nobody/stream", "/v1/tasks/nobody/stream"])
async def test_a_stream_of_what_is_not_there_is_404(server: Server, path: str) -> None:
    refusal = await server.answer("GET", path)

    assert (refusal.status, refusal.json()["code"]) == (404, "not_found")


async def test_one_stream_too_many_is_told_to_come_later() -> None:
    async with serving(max_streams=1) as server:
        session = await server.session()
        async with server.get(stream_of(session)) as stream:
            await stream.until_event("live")

            refusal = await server.answer("GET", stream_of(session))

    assert (refusal.status, refusal.headers["retry-after"]) == (429, "5")


# Where it starts.


async def test_without_a_cursor_it_begins_with_a_snapshot_then_live_then_what_is_new(server: Server) -> None:
    session = await server.session(*thoughts(3))

    async with server.get(stream_of(session)) as stream:
        await stream.until_event("live")
        await server.say(session, thought())
        await stream.until_seq(4)

        assert stream.names() == ["session_ready", "live", "reasoning"]
        assert stream.blocks()[0].last_id == f"{server.epoch}.3"
        assert data_of(stream, "session_ready")["cursor"] == f"{server.epoch}.3"


async def test_a_stream_that_opens_after_a_retraction_begins_without_what_is_void(server: Server) -> None:
    session = await server.session(entry_of(whole("m1", "One.")), entry_of(whole("m2", "Two.")))
    await server.parts.keeper.snapshot(session)
    await server.say(session, entry_of(retracted(2, 2)))

    async with server.get(stream_of(session)) as stream:
        await stream.until_event("live")

        ready = data_of(stream, "session_ready")
        assert ready["cursor"] == f"{server.epoch}.3"
        assert [message["content"] for message in ready["messages"]] == ["One."]


@pytest.mark.parametrize(
    ("cursor", "seqs"),
    [("{epoch}.1", [2, 3]), ("1", [2, 3]), ("0", [1, 2, 3]), ("earliest", [1, 2, 3]), ("now", []), ("3", [])],
)
async def test_after_a_cursor_comes_everything_behind_it_then_live_then_what_is_new(
    server: Server, cursor: str, seqs: list[int]
) -> None:
    session = await server.session(*thoughts(3))

    async with server.get(stream_of(session, f"after={cursor.format(epoch=server.epoch)}")) as stream:
        await stream.until_event("live")
        await server.say(session, thought())
        await stream.until_seq(4)

        assert stream.ids() == [*seqs, 4]
        assert stream.names() == [*["reasoning"] * len(seqs), "live", "reasoning"]
        assert data_of(stream, "live") == {"cursor": f"{server.epoch}.3"}


async def test_last_event_id_beats_after(server: Server) -> None:
    session = await server.session(*thoughts(3))

    last = {"Last-Event-ID": f"{server.epoch}.2"}
    async with server.get(stream_of(session, "after=earliest"), last) as stream:
        await stream.until_event("live")

        assert stream.ids() == [3]


async def test_a_long_history_is_replayed_in_order_without_a_hole(server: Server) -> None:
    session = await server.session(*(thought("." * 1_000) for _ in range(500)))

    async with server.get(stream_of(session, "after=0")) as stream:
        await stream.until_event("live")

        assert stream.ids() == list(range(1, 501))
        assert stream.names()[-1] == "live"
        assert max(map(len, stream.writes)) < 80_000


async def test_from_earliest_is_from_the_floor(server: Server) -> None:
    session = await server.session(*thoughts(5))
    await server.trim(session, 2)

    async with server.get(stream_of(session, "after=earliest")) as stream:
        await stream.until_event("live")

        assert stream.ids() == [3, 4, 5]
        assert stream.headers["puntini-cursor"] == f"{server.epoch}.2"


@pytest.mark.parametrize(
    ("cursor", "reason"),
    [
        ("nonsense", "malformed"),
        ("{epoch}.-1", "malformed"),
        ("{epoch}.1.2", "malformed"),
        ("other.2", "unknown_epoch"),
        ("{epoch}.6", "ahead_of_log"),
        ("99", "ahead_of_log"),
        ("{epoch}.1", "expired"),
        ("0", "expired"),
    ],
)
async def test_a_cursor_that_cannot_be_honoured_is_told_by_a_gap(server: Server, cursor: str, reason: str) -> None:
    session = await server.session(*thoughts(5))
    await server.trim(session, 2)
    cursor = cursor.format(epoch=server.epoch)

    async with server.get(stream_of(session), {"Last-Event-ID": cursor}) as stream:
        await stream.until_event("live")
        await server.say(session, thought())
        await stream.until_seq(6)

        assert (stream.status, stream.names()) == (200, ["gap", "session_ready", "live", "reasoning"])
        assert data_of(stream, "gap") == {
            "requested": cursor,
            "resumed_at": f"{server.epoch}.5",
            "reason": reason,
        }


async def test_a_reader_that_retention_overtakes_is_told_by_a_gap_and_goes_on() -> None:
    async with serving(ring_bytes_per_session=1) as server:
        session = await server.session(*(thought("." * 60_000) for _ in range(10)))
        async with server.get(stream_of(session, "after=0")) as stream:
            await stream.until_seq(1)
            stream.stall()
            await server.trim(session, 9)
            stream.flow.set()
            await stream.until_event("live")

            names = stream.names()
            assert names[names.index("gap") :] == ["gap", "session_ready", "live"]
            assert data_of(stream, "gap")["reason"] == "expired"
            await server.say(session, thought())
            await stream.until_seq(11)


# Which events it carries.


async def test_only_the_types_that_were_asked_for_come_and_control_events_always(server: Server) -> None:
    session = await server.session(thought(), remark("info"), thought())

    async with server.get(stream_of(session, "after=0&events=debug")) as stream:
        await stream.until_event("live")

        assert stream.names() == ["debug", "live"]


async def test_task_ending_events_come_whatever_was_asked_for(server: Server) -> None:
    session = await server.session()
    task = await server.begin(session)
    await server.finish(session, task)

    async with server.get(stream_of(session, "after=0&events=debug")) as stream:
        await stream.until_event("live")

        assert stream.names() == ["task_completed", "live"]


async def test_a_control_event_may_be_named_among_the_types(server: Server) -> None:
    session = await server.session(thought())

    async with server.get(stream_of(session, "after=0&events=live,reasoning")) as stream:
        await stream.until_event("live")

        assert stream.names() == ["reasoning", "live"]


async def test_a_level_holds_back_lesser_debug_events(server: Server) -> None:
    session = await server.session(remark("debug"), remark("info"), thought(), remark("error"))

    async with server.get(stream_of(session, "after=0&level=warning")) as stream:
        await stream.until_event("live")

        assert stream.ids() == [3, 4]


@pytest.mark.parametrize("query", ["events=nonsense", "level=loud", "limit=0.5", "max_rate=0", "colour=red"])
async def test_what_is_not_known_is_400_and_named(server: Server, query: str) -> None:
    session = await server.session()

    refusal = await server.answer("GET", stream_of(session, query))

    assert (refusal.status, refusal.json()["code"]) == (400, "invalid")
    assert refusal.json()["errors"][0]["path"] == query.partition("=")[0]


async def test_max_rate_joins_what_falls_between_and_drops_nothing(server: Server) -> None:
    session = await server.session(*thoughts(3))

    async with server.get(stream_of(session, "after=0&max_rate=10")) as stream:
        for number in range(50):
            await server.say(session, thought(str(number)))
            await anyio.sleep(0.005)
        await stream.until_seq(53)

        assert stream.ids() == list(range(1, 54))
        assert all(gap > 0.09 for gap in gaps(stream))


@pytest.mark.not_on_postgres("the time between writes is measured, and a database takes some of it")
async def test_max_rate_limits_how_often_is_written_and_not_how_much(server: Server) -> None:
    session = await server.session(*(thought("." * 30_000) for _ in range(20)))

    async with server.get(stream_of(session, "after=0&max_rate=2")) as stream:
        await stream.until_event("live")
        assert len(stream.writes) > 5
        for _ in range(9):
            await server.say(session, thought("." * 30_000))
        await stream.until_seq(29)

        assert stream.ids() == list(range(1, 30))
        assert len([gap for gap in gaps(stream) if gap > 0.4]) == 2, "the opening, what is there, what is new"


# How it ends.


async def test_after_a_session_end_the_response_ends(server: Server) -> None:
    session = await server.session(thought())

    async with server.get(stream_of(session)) as stream:
        await stream.until_event("live")
        await server.close(session)
        await stream.end()

    assert (stream.names()[-1], stream.whole) == ("session_closed", True)


async def test_a_replay_up_to_a_session_end_ends_too(server: Server) -> None:
    session = await server.session(*thoughts(3))
    await server.close(session)

    stream = await server.answer("GET", stream_of(session, "after=0"))

    assert (stream.status, stream.ids(), stream.whole) == (200, [1, 2, 3, 4], True)


async def test_a_reconnect_after_a_session_end_is_204(server: Server) -> None:
    session = await server.session(thought())
    await server.close(session)

    stream = await server.answer("GET", stream_of(session), {"Last-Event-ID": f"{server.epoch}.2"})

    assert (stream.status, stream.body) == (204, b"")
    assert "content-type" not in stream.headers


async def test_a_closed_session_without_a_cursor_is_a_snapshot_and_the_end(server: Server) -> None:
    session = await server.session(thought())
    await server.close(session)

    stream = await server.answer("GET", stream_of(session))

    assert (stream.status, stream.names()) == (200, ["session_ready", "live"])


@pytest.mark.parametrize("path", ["/v1/tasks/{}/stream", "/v1/stream/tasks/{}"])
async def test_a_task_stream_begins_with_the_task_and_ends_with_it(server: Server, path: str) -> None:
    session = await server.session(*thoughts(2))
    task = await server.begin(session)
    async with server.get(path.format(task)) as stream:
        await stream.until_event("live")
        await server.say(session, thought(), thought(task=task))
        await server.finish(session, task)
        await stream.end()

    assert stream.ids() == [3, 5, 6]
    assert (stream.names()[-1], stream.whole) == ("task_completed", True)


async def test_a_reconnect_after_a_task_end_is_204(server: Server) -> None:
    session = await server.session()
    task = await server.begin(session)
    await server.finish(session, task)

    stream = await server.answer("GET", f"/v1/tasks/{task}/stream", {"Last-Event-ID": f"{server.epoch}.2"})

    assert (stream.status, stream.body) == (204, b"")


async def test_a_task_whose_events_are_gone_is_a_snapshot_and_the_end(server: Server) -> None:
    session = await server.session()
    task = await server.begin(session)
    await server.finish(session, task)
    await server.say(session, thought())
    await server.trim(session, 3)

    stream = await server.answer("GET", f"/v1/tasks/{task}/stream", {"Last-Event-ID": f"{server.epoch}.1"})

    assert (stream.status, stream.names()) == (200, ["gap", "session_ready", "live"])


@pytest.mark.parametrize("line", [True, False])
async def test_deleting_a_session_ends_its_streams(server: Server, line: bool) -> None:
    session = await server.session(thought())

    async with server.get(stream_of(session), line=line) as stream:
        await stream.until_event("live")
        await server.answer("DELETE", f"/v1/sessions/{session}")
        await stream.end()

    assert stream.whole
    assert (await server.answer("GET", stream_of(session))).status == 404
