"""Five hundred sessions at once, each with an agent that speaks and one reader: events that reach their reader."""

import msgspec

from bench.contenders import Puntini, Script, stream
from bench.load import Readers, get
from bench.measure import Pace, Watched, Window, figure, percentile, watch
from bench.report import Result, Row, median_of

SESSIONS = 500
WATCHED_EVERY = 50
FLAT_OUT, STEADY, CALM = Script(), Script(every_ms=20), Script(every_ms=100)
RECEIVED = "received/s"


class Round(msgspec.Struct, frozen=True):
    """One server's turn. ``appended`` counts the events that the store took in meanwhile, ``breaks`` faults in ids."""

    window: Window
    appended: float
    lags: list[float]
    breaks: int


def sessions(pace: Pace) -> Result:
    """With SQLite, as fast as the agents can and at a steady pace."""
    rows = [
        _measured("SQLite", pace, FLAT_OUT),
        _measured("SQLite, asked for 25 k events/s", pace, STEADY),
        _measured("SQLite, asked for 5 k events/s", pace, CALM),
        _measured("SQLite, durability full", pace, FLAT_OUT, durability="full"),
        _measured("memory", pace, FLAT_OUT, store="memory:"),
    ]
    return Result(
        "sessions",
        f"{SESSIONS} sessions with a reader each",
        rows,
        "at least 25 k events/s with SQLite",
        median_of(rows, "SQLite", RECEIVED) >= 25_000,
    )


def _measured(name: str, pace: Pace, script: Script, *, store: str = "puntini.db", durability: str = "normal") -> Row:
    rounds = [_turn(pace, script, store, durability) for _ in range(pace.rounds)]
    lags = [lag for one in rounds for lag in one.lags]
    breaks = sum(one.breaks for one in rounds)
    return Row(
        name,
        {
            RECEIVED: figure(one.window.rate for one in rounds),
            "appended/s": figure(one.appended for one in rounds),
            "evenness": figure(one.window.evenness for one in rounds),
            "ids": "whole" if not breaks else f"{breaks} breaks",
            "p50 lag": f"{percentile(lags, 50):,.0f} ms",
            "p99 lag": f"{percentile(lags, 99):,.0f} ms",
            "limited by": rounds[-1].window.limit,
        },
    )


def _turn(pace: Pace, script: Script, store: str, durability: str) -> Round:
    watched: list[Watched] = []
    with Puntini(store, durability=durability) as server, Readers() as readers:
        created = [server.create() for _ in range(SESSIONS)]
        for number, session_id in enumerate(created):
            sinks = [Watched()] if number % WATCHED_EVERY == 0 else []
            readers.open(server.address, get(stream(session_id)), 1, sinks)
            watched += sinks
        readers.wait_answered()
        server.play_all(created, script)
        readers.pump(pace.warm_up)
        for one in watched:
            one.lags.clear()
        before = server.stats()["store"]["events"]
        window = watch(server, readers, pace.window)
        appended = server.stats()["store"]["events"] - before
    lags = [lag for one in watched for lag in one.lags]
    return Round(window, appended / window.seconds, lags, sum(one.breaks for one in watched))
