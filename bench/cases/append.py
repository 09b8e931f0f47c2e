"""One session, one agent that says as much as it can, nobody who reads: how fast the log grows."""

from bench.contenders import Puntini, Script
from bench.load import Readers
from bench.measure import Pace, figure, watch
from bench.report import Result, Row, median_of, ratios
from tests.postgres import postgres

STORES = {
    "memory": ("memory:", "normal"),
    "SQLite": ("puntini.db", "normal"),
    "SQLite, durability full": ("puntini.db", "full"),
}
POSTGRES = "Postgres"
RATE = "events/s"


def append(pace: Pace) -> Result:
    """Each store's events and appends a second; an append is what is stored in one piece."""
    turns: dict[str, list[tuple[float, float, str]]] = {name: [] for name in (*STORES, POSTGRES)}
    with postgres(durable=True) as database:
        for _ in range(pace.rounds):
            for name, (store, durability) in STORES.items():
                turns[name].append(_turn(pace, store, durability))
            turns[POSTGRES].append(_turn(pace, database.database(), "normal"))
    rows = [_row(name, found) for name, found in turns.items()]
    ratios(rows, RATE, "memory")
    return Result(
        "append",
        "one session, said as fast as can be, nobody reading",
        rows,
        "at least 20 k events/s with SQLite, 25 k with Postgres",
        median_of(rows, "SQLite", RATE) >= 20_000 and median_of(rows, POSTGRES, RATE) >= 25_000,
        ["Postgres waits for the disk at each commit, and has the load's core."],
    )


def _turn(pace: Pace, store: str, durability: str) -> tuple[float, float, str]:
    """Events a second, appends a second, and what limited them."""
    with Puntini(store, durability=durability) as server, Readers() as nobody:
        server.play(server.create(), Script())
        nobody.pump(pace.warm_up)
        before = server.stats()["store"]
        window = watch(server, nobody, pace.window)
        after = server.stats()["store"]
    events, appends = ((after[name] - before[name]) / window.seconds for name in ("events", "appends"))
    return events, appends, window.limit


def _row(name: str, turns: list[tuple[float, float, str]]) -> Row:
    events, appends, limits = zip(*turns, strict=True)
    return Row(name, {RATE: figure(events), "appends/s": figure(appends), "limited by": limits[-1]})
