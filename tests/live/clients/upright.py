"""A server's well-being, seen from outside: a well-behaved reader is served all the while, and nothing is left."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from tests.live.clients.transports import logged, ndjson, stream_path
from tests.live.serving import Serving, seq_of, wait_for

GROWTH = 96 << 20
"""More memory than this is not a passing buffer."""
PATIENCE = 5.0
"""The well-behaved reader is sent an event every 5 ms; a busy machine may be slow, but not so slow."""


@contextmanager
def upright(server: Serving) -> Iterator[None]:
    """Check that what happens inside the block harms nobody. Raises AssertionError."""
    memory, said = server.memory, len(server.said())
    session_id = server.create(title="the well-behaved reader's")
    task_id = server.play(session_id, "play 100000 events every 5 ms")
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(_read_all, server, session_id)
        try:
            yield
            before = server.get(f"/v1/sessions/{session_id}")["events"]
        finally:
            server.command(session_id, "control", task_id=task_id, action="stop")
            server.command(session_id, "close_session")
        seqs, longest = reader.result(15)
    assert longest < PATIENCE, f"the well-behaved reader waited {longest:.1f} s for an event"
    assert seqs == list(range(1, len(seqs) + 1)), "the well-behaved reader missed something"
    assert len(seqs) > before, "the well-behaved reader was left behind"
    _nothing_is_left(server, memory)
    assert "Traceback" not in server.said()[said:], server.said()[said:][-4000:]


def _read_all(server: Serving, session_id: str) -> tuple[list[int], float]:
    """The numbers of all events of a session, as they come, and the longest wait between two of them."""
    seqs: list[int] = []
    longest, last = 0.0, time.monotonic()
    for event in logged(ndjson(server, stream_path(session_id), after="earliest")):
        seqs.append(seq_of(event))
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    return seqs, longest


def _nothing_is_left(server: Serving, memory: int) -> None:
    assert server.get("/v1/ready")["status"] == "ready"
    wait_for(lambda: server.get("/v1/connections/stats")["open"] == 0, 10, "the end of all streams")
    assert server.memory < memory + GROWTH
