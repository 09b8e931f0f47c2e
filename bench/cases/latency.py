"""From an agent's word to its readers: the time between an event's ``timestamp`` and its arrival, at a steady pace."""

from bench.contenders import SUBPROTOCOL, Puntini, Script, stream
from bench.load import LINE_MARKER, SSE_MARKER, Readers, get, upgrade
from bench.measure import Pace, Watched, figure, percentile, watch
from bench.report import Result, Row, median_of

SESSIONS = 10
SCRIPT = Script(every_ms=2)
P99 = "p99"
USUAL = "SQLite, SSE"


def latency(pace: Pace) -> Result:
    """Ten sessions, each with 500 events a second."""
    rows = [
        _measured(USUAL, pace),
        _measured("SQLite, WebSocket", pace, socket=True),
        _measured("SQLite, SSE, 100 readers a session", pace, readers_each=100),
        _measured("SQLite, SSE, durability full", pace, durability="full"),
        _measured("memory, SSE", pace, store="memory:"),
    ]
    return Result(
        "latency",
        f"{SESSIONS} sessions, 5,000 events/s in all",
        rows,
        "p99 below 25 ms with SQLite over SSE",
        0 < median_of(rows, USUAL, P99) < 25,
        ["`timestamp` is cut to milliseconds, so each figure is up to 1 ms too long."],
    )


def _measured(
    name: str,
    pace: Pace,
    *,
    store: str = "puntini.db",
    durability: str = "normal",
    socket: bool = False,
    readers_each: int = 1,
) -> Row:
    rounds = [_turn(pace, store, durability, socket, readers_each) for _ in range(pace.rounds)]
    return Row(
        name,
        {
            "p50": figure((percentile(lags, 50) for lags, _ in rounds), "ms"),
            P99: figure((percentile(lags, 99) for lags, _ in rounds), "ms"),
            "longest": figure((max(lags) for lags, _ in rounds), "ms"),
            "deliveries/s": figure(rate for _, rate in rounds),
        },
    )


def _turn(pace: Pace, store: str, durability: str, socket: bool, readers_each: int) -> tuple[list[float], float]:
    """The lags of the watched readers, one a session, and the deliveries a second to all."""
    watched = [Watched() for _ in range(SESSIONS)]
    with (
        Puntini(store, durability=durability) as server,
        Readers(LINE_MARKER if socket else SSE_MARKER) as readers,
    ):
        for one in watched:
            session_id = server.create()
            path = stream(session_id)
            request = upgrade(path, SUBPROTOCOL) if socket else get(path)
            readers.open(server.address, request, readers_each, [one])
            server.play(session_id, SCRIPT)
        readers.wait_answered()
        readers.pump(pace.warm_up)
        for one in watched:
            one.lags.clear()
        window = watch(server, readers, pace.window)
    if any(one.breaks for one in watched):
        raise RuntimeError("a reader's ids did not rise by one")
    return [lag for one in watched for lag in one.lags], window.rate
