"""A thousand readers lose their connections and come back at once, while others are being served."""

from time import monotonic
from typing import NamedTuple

from bench.contenders import NCHAN, SQLITE, SSE_STARLETTE, STREAMING_RESPONSE, Contender, Puntini, Script, stream
from bench.load import Readers, get
from bench.measure import Pace, figure
from bench.report import Result, Row, median_of

BUSY, STORM = 350, 1_000
LIVE = Script(every_ms=2)
LONGEST = 20.0
BEHIND = 100
BACK, FIRST = "all are back after", "the first after"


class Return(NamedTuple):
    """Seconds until the first and until the last of the storm were answered; what the busy ones got meanwhile."""

    first: float
    last: float
    busy_events: int


def storm(pace: Pace) -> Result:
    """Time to the head of the response, the slowest of a thousand; and what they cost the store."""
    live = SQLITE._replace(name=f"{SQLITE.name}, said live", script=LIVE)
    able = [who for who in (SQLITE, live, SSE_STARLETTE, STREAMING_RESPONSE, NCHAN) if not who.missing]
    turns: dict[str, list[Return]] = {who.name: [] for who in able}
    for _ in range(pace.rounds):
        for who in able:
            turns[who.name].append(_turn(who, pace))
    rows = [_row(name, returns) for name, returns in turns.items()]
    at_one_cursor = _one_cursor()
    slowest = max(median_of(rows, who.name, BACK) for who in (SQLITE, live))
    return Result(
        "storm",
        f"{STORM:,} readers come back at once while {BUSY} are being served",
        [*rows, at_one_cursor],
        "all back within 2 s; a thousand at one cursor cost one read of the store",
        slowest < 2 and median_of([at_one_cursor], at_one_cursor.name, "store reads") == 1,
        [
            "`busy readers got` is what each of those that stayed was sent until the last was back.",
            f"{LONGEST:.0f} s mean that not all were back by then: it was not waited longer.",
        ],
    )


def _turn(who: Contender, pace: Pace) -> Return:
    with who.open() as stage, Readers() as readers:
        busy = readers.open(stage.server.address, get(stage.path), BUSY)
        leaving = readers.open(stage.server.address, get(stage.path), STORM)
        readers.wait_answered()
        stage.play(who.script)
        readers.pump(pace.warm_up)
        request = stage.come_back()
        readers.hang_up(leaving)
        before, start = min(reader.events for reader in busy), monotonic()
        back = readers.open(stage.server.address, request, STORM)
        readers.pump(LONGEST, lambda: all(reader.answered_at for reader in back))
        answered = [reader.answered_at - start if reader.answered_at else LONGEST for reader in back]
        return Return(min(answered), max(answered), min(reader.events for reader in busy) - before)


def _row(name: str, returns: list[Return]) -> Row:
    return Row(
        name,
        {
            FIRST: figure((one.first for one in returns), "s"),
            BACK: figure((one.last for one in returns), "s"),
            "busy readers got": figure((one.busy_events for one in returns), "events"),
        },
    )


def _one_cursor() -> Row:
    """A thousand readers, each missing the same hundred events, which only the store has."""
    with Puntini("puntini.db") as server, Readers() as readers:
        session_id = server.create()
        server.finish(server.play(session_id, Script(count=2_000)), LONGEST)
        request = get(stream(session_id, server.head(session_id, back=BEHIND)))
        reads, start = server.stats()["store_reads"], monotonic()
        readers.open(server.address, request, STORM)
        readers.wait_answered(LONGEST)
        if not readers.pump(LONGEST, lambda: all(reader.events >= BEHIND for reader in readers.all)):
            raise RuntimeError("not every reader got what it had missed")
        took = monotonic() - start
        reads = server.stats()["store_reads"] - reads
    name = f"{STORM:,} at one cursor, {BEHIND} events behind, until all are served"
    return Row(name, {BACK: figure([took], "s"), "store reads": figure([reads])})
