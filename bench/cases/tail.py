"""Opening a stream at the end of a long session: it costs what was missed, never the history."""

import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

from bench.contenders import Puntini, Script, stream
from bench.load import get
from bench.measure import Figure, Pace, figure, percentile
from bench.report import Result, Row, median_of

HISTORIES, QUICK_HISTORIES = (1_000, 100_000, 1_000_000), (1_000, 100_000)
MISSED = 100
OPENS = 30
EVENTS_A_SECOND = 2_000
"""The slowest filling that is waited for."""
LIVE = b'{"type":"live"'
HEAD, SNAPSHOT, RESUME = "at the head", "with a snapshot", f"{MISSED} events behind"


def tail(pace: Pace) -> Result:
    """Time from connecting to ``live``, in sessions of growing length, and after a restart."""
    rows: list[Row] = []
    histories = QUICK_HISTORIES if pace.quick else HISTORIES
    with tempfile.TemporaryDirectory(prefix="puntini-bench-") as place:
        with Puntini("puntini.db", directory=Path(place)) as server:
            session_id = server.create()
            for told, history in zip((0, *histories), histories, strict=False):
                _fill(server, session_id, history - told, history)
                rows.append(_row(f"{history:,} events", server, session_id))
        with Puntini("puntini.db", directory=Path(place)) as server:
            rows.append(_first_opens(server, session_id))
    longest = f"{histories[-1]:,} events"
    return Result(
        "tail",
        f"opening a stream at the end of {longest}: time until `live`",
        rows,
        "below 20 ms, at the head and with a snapshot",
        all(0 < median_of(rows, longest, column) < 20 for column in (HEAD, SNAPSHOT)),
        [f"Of {OPENS} openings each, one after the other: the median, and from the 1st to the 99th percentile."],
    )


def _fill(server: Puntini, session_id: str, count: int, history: int) -> None:
    """Let the session grow, and wait until the server has nothing more to do."""
    task = server.play(session_id, Script(count=count, size=0))
    server.finish(task, 30 + count / EVENTS_A_SECOND)
    _come_to_rest(server)
    if (head := int(server.head(session_id).partition(".")[2])) < history:
        raise RuntimeError(f"the session has {head} events where {history} were said")


def _come_to_rest(server: Puntini) -> None:
    deadline = monotonic() + 30
    before = server.busy.total
    while monotonic() < deadline:
        sleep(0.5)
        if (now := server.busy.total) - before < 0.03:
            return
        before = now
    raise RuntimeError("the server was still busy 30 s after the last event")


def _row(name: str, server: Puntini, session_id: str) -> Row:
    def path(back: int) -> str:
        return stream(session_id, server.head(session_id, back=back))

    # Each resume misses one event more than the one before: at a cursor of its own, it shares no read with another.
    return Row(
        name,
        {
            HEAD: _figure(server, lambda _: path(0)),
            SNAPSHOT: _figure(server, lambda _: stream(session_id, "")),
            RESUME: _figure(server, lambda number: path(MISSED + number)),
        },
    )


def _figure(server: Puntini, path: Callable[[int], str]) -> Figure:
    times = [_time_to_live(server, path(number)) for number in range(OPENS)]
    return figure((percentile(times, percent) for percent in (1, 50, 99)), "ms")


def _first_opens(server: Puntini, session_id: str) -> Row:
    snapshot = _time_to_live(server, stream(session_id, ""))
    head = _time_to_live(server, stream(session_id, server.head(session_id)))
    resume = _time_to_live(server, stream(session_id, server.head(session_id, back=MISSED)))
    figures = {HEAD: head, SNAPSHOT: snapshot, RESUME: resume}
    return Row("the same, first after a restart", {name: figure([took], "ms") for name, took in figures.items()})


def _time_to_live(server: Puntini, path: str) -> float:
    """Milliseconds from connecting until ``live`` has come."""
    start = monotonic()
    with socket.create_connection(server.address, timeout=30) as sock:
        sock.sendall(get(path))
        got = b""
        while LIVE not in got[-200_000:]:
            if not (more := sock.recv(1 << 18)):
                raise RuntimeError(f"the stream ended before `live`: {got[-200:].decode()}")
            got += more
        return (monotonic() - start) * 1000
