"""One session, a thousand readers: how many events are carried to readers in a second, and how evenly."""

from typing import NamedTuple

from bench.contenders import (
    CEILING,
    MEMORY,
    NCHAN,
    SQLITE,
    SSE_STARLETTE,
    STREAMING_RESPONSE,
    WEBSOCKET,
    Contender,
    Script,
    Stage,
)
from bench.load import LINE_MARKER, SSE_MARKER, Readers
from bench.measure import Pace, Watched, Window, figure, percentile, watch
from bench.report import Result, Row, median_of, ratios

READERS = 1_000
WATCHED = 5
LIVE = Script(every_ms=0.5)
RATE, CORE_RATE = "deliveries/s", "a core-second"


class Round(NamedTuple):
    """One contender's turn."""

    window: Window
    lag: float
    breaks: int


def fanout_sse(pace: Pace) -> Result:
    """Over Server-Sent Events."""
    live = [puntini._replace(name=f"{puntini.name}, said live", script=LIVE) for puntini in (MEMORY, SQLITE)]
    contenders = [MEMORY, SQLITE, *live, SSE_STARLETTE, STREAMING_RESPONSE, NCHAN, CEILING]
    rows, notes = compare(contenders, pace, socket=False)
    ratios(rows, RATE, SSE_STARLETTE.name)
    rate, base = (median_of(rows, name, RATE) for name in (SQLITE.name, SSE_STARLETTE.name))
    return Result(
        "fanout_sse",
        f"events to {READERS:,} SSE readers of one session",
        rows,
        "with SQLite at least 1 M deliveries/s, and 50 × sse-starlette written plainly",
        rate >= 1e6 and rate >= 50 * base,
        notes,
    )


def fanout_ws(pace: Pace) -> Result:
    """Over WebSocket."""
    live = SQLITE._replace(name=f"{SQLITE.name}, said live", script=LIVE)
    rows, notes = compare([MEMORY, SQLITE, live, WEBSOCKET, NCHAN], pace, socket=True)
    ratios(rows, RATE, WEBSOCKET.name)
    return Result(
        "fanout_ws",
        f"events to {READERS:,} WebSocket readers of one session",
        rows,
        "with SQLite at least 500 k deliveries/s",
        median_of(rows, SQLITE.name, RATE) >= 5e5,
        notes,
    )


def compare(contenders: list[Contender], pace: Pace, *, socket: bool) -> tuple[list[Row], list[str]]:
    """Let everybody have a turn, several times over, so that a busy moment of the machine hits all alike."""
    notes = [f"{contender.name} left out: {contender.missing}." for contender in contenders if contender.missing]
    able = [contender for contender in contenders if not contender.missing]
    turns: dict[str, list[Round]] = {contender.name: [] for contender in able}
    for _ in range(pace.rounds):
        for contender in able:
            turns[contender.name].append(turn(contender, pace, socket=socket))
    rows = [_row(name, rounds) for name, rounds in turns.items()]
    notes += [f"{name}: limited by {rounds[-1].window.limit}." for name, rounds in turns.items()]
    return rows, notes


def turn(contender: Contender, pace: Pace, *, socket: bool) -> Round:
    """Start it, open the readers, let it speak, warm up, measure, stop it."""
    watched = [Watched() for _ in range(WATCHED)]
    with contender.open() as stage, Readers(LINE_MARKER if socket else SSE_MARKER) as readers:
        _open(stage, readers, watched, socket=socket)
        stage.play(contender.script)
        readers.pump(pace.warm_up)
        for one in watched:
            one.lags.clear()
        window = watch(stage.server, readers, pace.window)
        if readers.lost:
            raise RuntimeError(f"{contender.name} lost {readers.lost} readers")
    lags = [lag for one in watched for lag in one.lags]
    return Round(window, percentile(lags, 99) if lags else 0.0, sum(one.breaks for one in watched))


def _open(stage: Stage, readers: Readers, watched: list[Watched], *, socket: bool) -> None:
    readers.open(stage.server.address, stage.request(socket=socket), READERS, watched)
    readers.wait_answered()


def _row(name: str, rounds: list[Round]) -> Row:
    windows = [one.window for one in rounds]
    if name == CEILING.name:
        order, lag = "", ""
    else:
        breaks = sum(one.breaks for one in rounds)
        order = "whole" if not breaks else f"{breaks} breaks"
        lag = f"{max(one.lag for one in rounds):,.0f} ms"
    return Row(
        name,
        {
            RATE: figure(window.rate for window in windows),
            CORE_RATE: figure(window.rate_of_core for window in windows),
            "MB/s": figure(window.bytes / window.seconds / 1e6 for window in windows),
            "evenness": figure(window.evenness for window in windows),
            "ids": order,
            "p99 lag": lag,
        },
    )
