"""One reader moves from transport to transport in mid-stream and misses nothing, repeats nothing, sees nothing changed.

The moves are random; ``repeatable`` says how to repeat them.
"""

import random
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any

import pytest

from tests.live.clients.chance import repeatable
from tests.live.clients.transports import TASK_ENDS, TRANSPORTS, Event, logged, sse, stream_path, until
from tests.live.serving import Serving, seq_of

PROMPT = "play 3000 events every 1 ms"


@pytest.fixture
def server(shared: Serving) -> Serving:
    """A server that other tests use, too."""
    return shared


def wander(
    server: Serving,
    path: str,
    chance: random.Random,
    *,
    most: int = 300,
    **query: Any,
) -> Iterator[tuple[str, Event]]:
    """Read a stream to its task's end, over one transport after another; each event with how it came."""
    cursor = "earliest"
    while True:
        name = chance.choice(sorted(TRANSPORTS))
        events = TRANSPORTS[name](server, path, after=cursor, **query)
        with closing(events):
            for event in islice(logged(events), chance.randint(1, most)):
                yield name, event
                cursor = event["id"]
                if event["type"] in TASK_ENDS:
                    return


@contextmanager
def following(server: Serving, path: str) -> Iterator[Future[list[Event]]]:
    """Beside the block somebody reads the stream over one transport, live, to its task's end: that reader's events."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(lambda: until(logged(sse(server, path, after="earliest")), *TASK_ENDS))


def unmoved(server: Serving, path: str, **query: Any) -> list[Event]:
    """The same stream, read in one go when all is said."""
    with closing(sse(server, path, after="earliest", **query)) as events:
        return until(events, "live")[:-1]


def check(read: list[tuple[str, Event]], wanted: list[Event]) -> None:
    """Each event once, in order, and the same as an uninterrupted reader's."""
    seqs = [seq_of(event) for _, event in read]
    assert seqs == [seq_of(event) for event in wanted]
    assert [event for _, event in read] == wanted
    assert len({name for name, _ in read}) > 1, "the reader never moved"


def test_a_reader_on_the_move_reads_every_event_once_and_in_order(server: Serving) -> None:
    session_id = server.create()
    with following(server, stream_path(session_id)) as unmoved_reader:
        server.play(session_id, PROMPT)

        read = list(wander(server, stream_path(session_id), repeatable()))

    check(read, unmoved_reader.result())
    check(read, server.events(session_id))
    assert [seq_of(event) for _, event in read] == list(range(1, len(read) + 1))
    assert len(read) >= 3000


def test_all_transports_are_worth_moving_to(server: Serving) -> None:
    session_id = server.create()
    server.finish(server.play(session_id, "play 2000 events every 0 ms"))

    read = list(wander(server, stream_path(session_id), repeatable(), most=40))

    check(read, server.events(session_id))
    assert {name for name, _ in read} == set(TRANSPORTS)


def test_a_reader_who_filters_sees_the_same_choice_over_any_mix(server: Serving) -> None:
    session_id = server.create()
    choice = {"events": "reasoning,debug,graph_update", "level": "info"}
    server.play(session_id, PROMPT)

    read = list(wander(server, stream_path(session_id), repeatable(), most=120, **choice))

    check(read, unmoved(server, stream_path(session_id), **choice))
    assert {event["type"] for _, event in read} == {"reasoning", "debug", "graph_update", "task_completed"}


def test_a_reader_who_asks_for_fewer_writes_still_gets_every_event(server: Serving) -> None:
    session_id = server.create()
    server.play(session_id, PROMPT)

    read = list(wander(server, stream_path(session_id), repeatable(), max_rate=20))

    check(read, server.events(session_id))


def test_a_task_among_others_is_read_whole_and_its_stream_ends_with_it(server: Serving) -> None:
    session_id = server.create()
    server.finish(server.play(session_id, "play 50 events every 0 ms"))
    task_id = server.play(session_id, "play 1000 events every 1 ms")
    server.play(session_id, "play 50 events every 0 ms")
    path = f"/v1/tasks/{task_id}/stream"

    read = list(wander(server, path, repeatable(), most=200))

    check(read, [event for event in server.events(session_id) if event.get("task_id") == task_id])
    assert list(sse(server, path))[-1]["type"] == "task_completed", "the response ends with the task"
