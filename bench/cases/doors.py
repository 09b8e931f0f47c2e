"""What a request pays for the question who asks: gate, limits and guard, with a credential that is known."""

from bench.cases.agents import inside
from bench.measure import Pace, figure
from bench.report import Result, Row, median_of

TARGET = 30.0
COST = "µs a request"
KEY = "API key"


def doors(pace: Pace) -> Result:
    """Each kind of credential, in one process without a socket."""
    rounds = [inside("doors", str(2_000 if pace.quick else 20_000)) for _ in range(pace.rounds)]
    rows = [Row(name, {COST: figure((one[name] for one in rounds), "µs")}) for name in rounds[0]]
    return Result(
        "doors",
        "what authentication adds to a request with a known credential",
        rows,
        f"less than {TARGET:.0f} µs with a known key",
        0 < median_of(rows, KEY, COST) < TARGET,
        ["Gate, address, limits, credential, guard; all but the socket, the routing and what is asked for."],
    )
