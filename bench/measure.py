"""What is measured: a crowd over a window of time, watched readers' order and lag, and figures over several rounds."""

import re
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from statistics import median, quantiles

import msgspec

from bench import servers
from bench.load import Readers
from bench.servers import Busy, Server

_ID = re.compile(rb'"id":"[a-z0-9]+\.(\d+)","session_id"')
_STAMP = re.compile(rb'"timestamp":"([^"]{24})"')
_ENVELOPE = b'{"type":"'


class Pace(msgspec.Struct, frozen=True):
    """How long to measure, in seconds, and how often."""

    rounds: int = 3
    window: float = 5.0
    warm_up: float = 1.0
    quick: bool = False


QUICK = Pace(rounds=2, window=1.5, warm_up=0.5, quick=True)


class Figure(msgspec.Struct, frozen=True):
    """The median over the rounds, and the extremes."""

    median: float
    low: float
    high: float
    unit: str = ""

    def times(self, other: "Figure") -> "Figure":
        """How many times the other's median this is."""
        divisor = other.median or float("inf")
        return Figure(self.median / divisor, self.low / divisor, self.high / divisor, "×")


def figure(values: Iterable[float], unit: str = "") -> Figure:
    """Sum up rounds."""
    found = list(values)
    return Figure(median(found), min(found), max(found), unit)


def percentile(values: Sequence[float], percent: int) -> float:
    """A percentile of at least one value."""
    return quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]


class Window(msgspec.Struct, frozen=True):
    """What happened in a stretch of time. ``others`` is the share of the server's core that other programs took."""

    seconds: float
    deliveries: int
    bytes: int
    evenness: float
    server: Busy
    load: Busy
    others: float

    @property
    def rate(self) -> float:
        """Deliveries a second."""
        return self.deliveries / self.seconds

    @property
    def rate_of_core(self) -> float:
        """Deliveries a second of the server's processor time: what it would be with a core to itself."""
        return self.deliveries / (self.server.total or self.seconds)

    @property
    def limit(self) -> str:
        """Whose processor time was used up, and for what."""
        if self.others > 0.15:
            return f"other programs, which took {self.others:.0%} of the server's core"
        if self.server.total > 0.85 * self.seconds:
            return f"the server's core, {self.server.system / self.server.total:.0%} of it in the kernel"
        if self.load.total > 0.85 * self.seconds:
            return "the load generator's core"
        return "neither core: what it was given to do"


def watch(server: Server, readers: Readers, seconds: float) -> Window:
    """Read for ``seconds`` and say what came of it. Without readers it only waits."""
    events = [reader.events for reader in readers.all]
    size = sum(reader.bytes for reader in readers.all)
    served, loaded, taken, start = server.busy, servers.busy(), _core_seconds(), time.monotonic()
    readers.pump(seconds)
    took = time.monotonic() - start
    server_busy = server.busy - served
    gained = [reader.events - before for reader, before in zip(readers.all, events, strict=True)]
    return Window(
        seconds=took,
        deliveries=sum(gained),
        bytes=sum(reader.bytes for reader in readers.all) - size,
        evenness=min(gained, default=0) / (max(gained, default=0) or 1),
        server=server_busy,
        load=servers.busy() - loaded,
        others=max(0.0, (_core_seconds() - taken - server_busy.total) / took),
    )


def _core_seconds() -> float:
    """Seconds that the server's core has not been idle."""
    name = f"cpu{servers.SERVER_CORE} "
    line = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith(name))
    user, nice, system, _idle, _wait, *rest = map(int, line.split()[1:9])
    return (user + nice + system + sum(rest)) / servers.TICKS


class Watched:
    """Follows one reader's bytes: counts ids that do not rise by one, and keeps each event's lag in milliseconds.

    The lag is the time of reading less the ``timestamp``, which is cut to milliseconds: up to one too long.
    """

    def __init__(self) -> None:
        self.events = 0
        self.breaks = 0
        self.lags: list[float] = []
        self._last: int | None = None
        self._rest = b""

    def __call__(self, data: bytes) -> None:
        """Take in what came. What does not end like an event is cut, and waits for the rest of it."""
        now = time.time() * 1000
        data = self._rest + data
        cut = len(data) if data.rstrip().endswith(b"}") else max(0, data.rfind(_ENVELOPE))
        self._rest = data[cut:]
        whole = data[:cut]
        for found in _ID.findall(whole):
            self._count(int(found))
        self.lags += [now - _milliseconds(stamp) for stamp in _STAMP.findall(whole)]

    def _count(self, seq: int) -> None:
        if self._last is not None and seq != self._last + 1:
            self.breaks += 1
        self._last = seq
        self.events += 1


@lru_cache(maxsize=4_096)
def _milliseconds(stamp: bytes) -> float:
    return datetime.strptime(stamp.decode(), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC).timestamp() * 1000
