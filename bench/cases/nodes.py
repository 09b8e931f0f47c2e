"""Two nodes on one Postgres: from an agent on one to readers at the other, and what two carry beside what one does."""

from bench import servers
from bench.contenders import Puntini, Script, stream
from bench.load import Readers, get
from bench.measure import Figure, Pace, Watched, figure, percentile, watch
from bench.report import Result, Row, median_of
from tests.postgres import postgres

SESSIONS = 10
STEADY, LIVE = Script(every_ms=5), Script(every_ms=1)
READERS = 1_000
P50, P99 = "p50", "p99"
ACROSS = "agent at one node, reader at another"
RATE, CORE_RATE = "deliveries/s", "a core-second"
ONE, TWO = "one node", "two nodes"
SHARED = (
    "Two cores are too few to let two nodes, Postgres and the load generator run at their limits: so both are given "
    "the same readers and a pace that they bear, and what counts is what a node carries for a second of its own core."
)


def across(pace: Pace) -> Result:
    """Ten sessions, each with 200 events a second."""
    rows = [_lagging(ACROSS, pace, apart=True), _lagging("both at one node", pace, apart=False)]
    return Result(
        "across",
        f"{SESSIONS} sessions on Postgres, 2,000 events/s in all",
        rows,
        "between nodes p50 below 15 ms, p99 below 60 ms",
        0 < median_of(rows, ACROSS, P50) < 15 and 0 < median_of(rows, ACROSS, P99) < 60,
        [
            "`timestamp` is cut to milliseconds, so each figure is up to 1 ms too long.",
            "The agents' node has one core; the readers' node, Postgres and the load generator share the other.",
        ],
    )


def _lagging(name: str, pace: Pace, *, apart: bool) -> Row:
    rounds = [_lags(pace, apart=apart) for _ in range(pace.rounds)]
    return Row(
        name,
        {
            P50: figure((percentile(lags, 50) for lags in rounds), "ms"),
            P99: figure((percentile(lags, 99) for lags in rounds), "ms"),
            "longest": figure((max(lags) for lags in rounds), "ms"),
        },
    )


def _lags(pace: Pace, *, apart: bool) -> list[float]:
    """The lags of one reader a session."""
    watched = [Watched() for _ in range(SESSIONS)]
    with (
        postgres(durable=True) as database,
        Puntini(dsn := database.database()) as working,
        Puntini(dsn, work=False, core=servers.LOAD_CORE) as other,
        Readers() as readers,
    ):
        for one in watched:
            session_id = working.create()
            readers.open((other if apart else working).address, get(stream(session_id)), 1, [one])
            working.play(session_id, STEADY)
        readers.wait_answered()
        readers.pump(pace.warm_up)
        for one in watched:
            one.lags.clear()
        readers.pump(pace.window)
    if any(one.breaks for one in watched):
        raise RuntimeError("a reader's ids did not rise by one")
    return [lag for one in watched for lag in one.lags]


def two_nodes(pace: Pace) -> Result:
    """A thousand readers of one session, at one node and at two."""
    rows = [_carried(ONE, pace, 1), _carried(TWO, pace, 2)]
    ratio = 2 * median_of(rows, TWO, CORE_RATE) / median_of(rows, ONE, CORE_RATE)
    return Result(
        "two_nodes",
        f"events of one session on Postgres to {READERS:,} SSE readers",
        rows,
        "two nodes with a core each carry at least 1.7 × what one does",
        ratio >= 1.7,
        [f"With a core each, two nodes would carry {ratio:.2f} × what one does.", SHARED],
    )


def _carried(name: str, pace: Pace, nodes: int) -> Row:
    turns = [_turn(pace, nodes) for _ in range(pace.rounds)]
    rates, of_core = zip(*turns, strict=True)
    cells: dict[str, Figure | str] = {RATE: figure(rates), CORE_RATE: figure(of_core)}
    return Row(name, cells)


def _turn(pace: Pace, nodes: int) -> tuple[float, float]:
    """Deliveries a second, and for a second of the nodes' processor time."""
    with (
        postgres(durable=True) as database,
        Puntini(dsn := database.database()) as first,
        Puntini(dsn, work=False, core=servers.LOAD_CORE) as second,
        Readers() as readers,
    ):
        session_id = first.create()
        for node in (first, second)[:nodes]:
            readers.open(node.address, get(stream(session_id)), READERS // nodes)
        readers.wait_answered()
        first.play(session_id, LIVE)
        readers.pump(pace.warm_up)
        before = second.busy
        window = watch(first, readers, pace.window)
        used = window.server.total + (second.busy - before).total
        if readers.lost:
            raise RuntimeError(f"{readers.lost} readers were lost")
    return window.rate, window.deliveries / used
