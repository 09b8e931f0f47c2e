"""How the open streams stand: looked at when somebody measures, some at a time, so that no stream waits for it."""

from collections.abc import Sequence

import anyio.lowlevel
from msgspec import Struct

from puntini.transport.connections import Connection, Connections, Delivered

SLICE = 1_000
RANKS = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
"""Which of the streams, in the order of their lags, by its name."""


class Standing(Struct, frozen=True):
    """All open streams together. ``lags`` are how many events each is behind, in order."""

    lags: Sequence[int]
    unsent: int
    stalled_seconds: float
    delivered: Delivered

    @property
    def behind(self) -> int:
        """How many are behind at all."""
        return sum(1 for lag in self.lags if lag)

    def lag(self, rank: float) -> int:
        """The lag that this share of the streams does not exceed; 0 without any."""
        return self.lags[min(len(self.lags) - 1, int(rank * len(self.lags)))] if self.lags else 0


async def look(connections: Connections) -> Standing:
    """Look at each stream; one that comes meanwhile is missed."""
    lags: list[int] = []
    unsent, stalled = 0, 0.0
    open_now, delivered = connections.all(), connections.delivered()
    for start in range(0, len(open_now), SLICE):
        now = anyio.current_time()
        for connection in open_now[start : start + SLICE]:
            lags.append(connection.lag)
            delivered.add(connection)
            unsent += _unsent(connection)
            stalled = max(stalled, now - connection.stuck_at if connection.stuck_at else 0.0)
        await anyio.lowlevel.checkpoint()
    lags.sort()
    return Standing(lags, unsent, stalled, delivered)


def _unsent(connection: Connection) -> int:
    return connection.outlet.unsent() if connection.outlet is not None else 0
