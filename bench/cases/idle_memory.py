"""What an idle connection costs: the growth of the server's resident memory, divided by the connections."""

from collections.abc import Callable
from typing import NamedTuple

from bench.contenders import (
    MEMORY,
    NCHAN,
    RAW_ASGI,
    SSE_STARLETTE,
    STREAMING_RESPONSE,
    SUBPROTOCOL,
    WEBSOCKET,
    Contender,
    Puntini,
    Stage,
    stream,
)
from bench.load import LINE_MARKER, SSE_MARKER, Readers, get, upgrade
from bench.measure import Pace, figure
from bench.report import Result, Row, median_of, ratios

FIRST, IDLE, MANY = 100, 2_000, 5_000
"""The first are not counted: they pay for what is made once."""
SETTLE = 1.0
HOLD, QUICK_HOLD = 35.0, 17.0
"""Longer than two pings, or than one."""
EACH, HELD = "kB each", f"{MANY:,} held"

Requests = Callable[[Stage, int], list[bytes]]


class Held(NamedTuple):
    """Kilobytes a connection at ``IDLE``; at ``MANY`` after a while, when they were held."""

    each: float
    held: float | None


def idle_memory(pace: Pace) -> Result:
    """All readers of one session; besides, for Puntini, each the only reader of its own."""
    sse, socket = MEMORY.name, "Puntini, WebSocket"
    rows = [
        _measured(sse, MEMORY, pace, _one_session, hold=True),
        _measured("Puntini, a session each", MEMORY, pace, _own_sessions),
        _measured(socket, MEMORY, pace, _one_session, socket=True, hold=True),
        _measured(RAW_ASGI.name, RAW_ASGI, pace, _one_session),
        _measured(STREAMING_RESPONSE.name, STREAMING_RESPONSE, pace, _one_session),
        _measured(SSE_STARLETTE.name, SSE_STARLETTE, pace, _one_session),
        _measured(WEBSOCKET.name, WEBSOCKET, pace, _one_session, socket=True),
    ]
    if not NCHAN.missing:
        rows.append(_measured(NCHAN.name, NCHAN, pace, _one_session))
    ratios(rows, EACH, RAW_ASGI.name)
    return Result(
        "idle_memory",
        f"resident memory of an idle connection, at {IDLE:,}",
        rows,
        "at most 20 kB for SSE",
        0 < median_of(rows, sse, EACH) <= 20,
        [f"`{HELD}`: kB each after {QUICK_HOLD if pace.quick else HOLD:.0f} s of silence, none of them lost."],
    )


def _measured(
    name: str, who: Contender, pace: Pace, requests: Requests, *, socket: bool = False, hold: bool = False
) -> Row:
    turns = [_turn(who, requests, socket=socket, hold=0.0) for _ in range(pace.rounds - hold)]
    if hold:
        turns.append(_turn(who, requests, socket=socket, hold=QUICK_HOLD if pace.quick else HOLD))
    held = [one.held for one in turns if one.held is not None]
    return Row(name, {EACH: figure(one.each for one in turns), **({HELD: figure(held)} if held else {})})


def _turn(who: Contender, requests: Requests, *, socket: bool, hold: float) -> Held:
    with who.open() as stage, Readers(LINE_MARKER if socket else SSE_MARKER) as readers:
        plain = [upgrade(stage.path, SUBPROTOCOL)] * MANY if socket else requests(stage, FIRST + IDLE)
        base = _open_up_to(stage, readers, plain, FIRST)
        each = (_open_up_to(stage, readers, plain, FIRST + IDLE) - base) / IDLE
        if not hold:
            return Held(each / 1000, None)
        plain += plain[-1:] * (MANY - len(plain))
        _open_up_to(stage, readers, plain, MANY)
        readers.pump(hold)
        if readers.lost:
            raise RuntimeError(f"{readers.lost} of {MANY:,} idle readers were lost")
        return Held(each / 1000, (stage.server.memory - base) / (MANY - FIRST) / 1000)


def _one_session(stage: Stage, count: int) -> list[bytes]:
    return [get(stage.path)] * count


def _own_sessions(stage: Stage, count: int) -> list[bytes]:
    assert isinstance(stage.server, Puntini)
    return [get(stream(stage.server.create())) for _ in range(count)]


def _open_up_to(stage: Stage, readers: Readers, requests: list[bytes], count: int) -> int:
    """Open readers until there are so many; returns the server's memory once it has come to rest."""
    for request in requests[len(readers.all) : count]:
        readers.open(stage.server.address, request, 1)
    readers.wait_answered()
    readers.pump(SETTLE)
    return stage.server.memory
