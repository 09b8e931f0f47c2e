"""How often somebody may try to log in: sliding windows for each name and each address, in memory, bounded.

Where there are several nodes, what all of them have counted is asked for each time: a log-in takes a while anyway.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from math import ceil
from typing import NamedTuple

from puntini.auth.limits import household
from puntini.errors import PuntiniError, StoreUnavailable, TooMany
from puntini.log.nodes import Count, Nodes

WINDOW_SECONDS = 300.0
A_NAME, AN_ADDRESS = 30, 60
"""So many attempts in a window fail before the next are refused."""
MOST_KNOWN = 10_000
NAME, ADDRESS = "login_name", "login_address"
SHUT_SECONDS = 5.0
"""So long the others are not asked again about somebody who was refused."""
SPAN_SECONDS = 30.0
"""What nodes count together is counted by stretches of time; one counts until all of it is out of the window."""


class Window:
    """For each of many keys, when its latest attempts were. Of too many keys the oldest are forgotten."""

    def __init__(self, most: int, seconds: float = WINDOW_SECONDS) -> None:
        self._most = most
        self._seconds = seconds
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, key: str, now: float) -> float:
        """Seconds until the next attempt may be; 0 when it may be now."""
        times = self._times.get(key, deque())
        while times and times[0] <= now - self._seconds:
            times.popleft()
        return times[0] + self._seconds - now if len(times) >= self._most else 0.0

    def add(self, key: str, now: float) -> None:
        """One more."""
        self._times.setdefault(key, deque()).append(now)
        self._times.move_to_end(key)
        if len(self._times) > MOST_KNOWN:
            self._times.popitem(last=False)

    def take_back(self, key: str, now: float) -> None:
        """The one of then does not count."""
        times = self._times.get(key, deque())
        if now in times:
            times.remove(now)
        if not times:
            self._times.pop(key, None)


class Attempt(NamedTuple):
    """One that was counted."""

    name: str
    address: str
    at: float


class Attempts:
    """Counts attempts when they begin, so that many at once are counted too, and takes back what succeeded.

    ``nodes`` are the others that count, if there are any.
    """

    def __init__(self, now: Callable[[], float], nodes: Nodes | None = None) -> None:
        self._now = now
        self._nodes = nodes
        self._shut: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._names = Window(A_NAME)
        self._addresses = Window(AN_ADDRESS)

    def begin(self, name: str, address: str) -> Attempt:
        """Count one. Raises TooMany."""
        attempt = Attempt(name, household(address), self._now())
        seconds = max(self._names.wait(name, attempt.at), self._addresses.wait(attempt.address, attempt.at))
        if seconds > 0:
            raise _too_many(seconds)
        self._names.add(name, attempt.at)
        self._addresses.add(attempt.address, attempt.at)
        return attempt

    def take_back(self, attempt: Attempt) -> None:
        """It does not count: it succeeded, or was never made."""
        self._names.take_back(attempt.name, attempt.at)
        self._addresses.take_back(attempt.address, attempt.at)

    # With others. Whoever is alone is answered at once.

    async def count(self, name: str, address: str) -> Attempt:
        """Count one, at all nodes. Raises TooMany, and StoreUnavailable where it can't be asked how many there were."""
        attempt = self.begin(name, address)
        if self._nodes is None:
            return attempt
        try:
            if self._shut.get(attempt[:2], 0.0) > attempt.at:
                raise _too_many(SHUT_SECONDS)
            await self._tell(self._nodes, attempt, 1)
            seconds = await self._wait(self._nodes, attempt)
        except PuntiniError:
            self.take_back(attempt)
            raise
        if seconds > 0:
            await self.uncount(attempt)
            self._shut[attempt[:2]] = attempt.at + min(seconds, SHUT_SECONDS)
            if len(self._shut) > MOST_KNOWN:
                self._shut.popitem(last=False)
            raise _too_many(seconds)
        return attempt

    async def uncount(self, attempt: Attempt) -> None:
        """It does not count, at no node."""
        self.take_back(attempt)
        if self._nodes is not None:
            with suppress(StoreUnavailable):  # then it counts for a few minutes
                await self._tell(self._nodes, attempt, -1)

    async def forget(self) -> None:
        """Forget what counts no more. Raises StoreUnavailable."""
        assert self._nodes is not None, "one node alone has nothing to forget"
        for kind in (NAME, ADDRESS):
            await self._nodes.forget_counts(kind, _span(self._now() - WINDOW_SECONDS))

    async def _tell(self, nodes: Nodes, attempt: Attempt, number: int) -> None:
        span = _span(attempt.at)
        await nodes.count([Count(NAME, attempt.name, span, number), Count(ADDRESS, attempt.address, span, number)])

    async def _wait(self, nodes: Nodes, attempt: Attempt) -> float:
        """Seconds until this one would be among those that may be."""
        since = _span(attempt.at - WINDOW_SECONDS)
        names = await nodes.counted(NAME, attempt.name, since)
        addresses = await nodes.counted(ADDRESS, attempt.address, since)
        return max(_over(names, A_NAME, attempt.at), _over(addresses, AN_ADDRESS, attempt.at))


def _over(spans: Mapping[int, int], most: int, now: float) -> float:
    """Seconds until no more than ``most`` are left of what was counted; 0 when that is so."""
    left, seconds = sum(spans.values()), 0.0
    for span in sorted(spans):
        if left <= most:
            break
        left -= spans[span]
        seconds = (span + 1) * SPAN_SECONDS + WINDOW_SECONDS - now
    return seconds


def _span(at: float) -> int:
    return int(at // SPAN_SECONDS)


def _too_many(seconds: float) -> TooMany:
    error = TooMany(
        f"Too many log-ins have failed; wait {ceil(seconds)} seconds before the next.", limit="failed_logins"
    )
    error.retry_after = ceil(seconds)
    return error
