"""How often somebody may try to log in: sliding windows for each name and each address, in memory, bounded."""

from collections import OrderedDict, deque
from collections.abc import Callable
from math import ceil
from typing import NamedTuple

from puntini.auth.limits import household
from puntini.errors import TooMany

WINDOW_SECONDS = 300.0
A_NAME, AN_ADDRESS = 30, 60
"""So many attempts in a window fail before the next are refused."""
MOST_KNOWN = 10_000


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
    """Counts attempts when they begin, so that many at once are counted too, and takes back what succeeded."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._names = Window(A_NAME)
        self._addresses = Window(AN_ADDRESS)

    def begin(self, name: str, address: str) -> Attempt:
        """Count one. Raises TooMany."""
        attempt = Attempt(name, household(address), self._now())
        seconds = max(self._names.wait(name, attempt.at), self._addresses.wait(attempt.address, attempt.at))
        if seconds > 0:
            error = TooMany(
                f"Too many log-ins have failed; wait {ceil(seconds)} seconds before the next.", limit="failed_logins"
            )
            error.retry_after = ceil(seconds)
            raise error
        self._names.add(name, attempt.at)
        self._addresses.add(attempt.address, attempt.at)
        return attempt

    def take_back(self, attempt: Attempt) -> None:
        """It does not count: it succeeded, or was never made."""
        self._names.take_back(attempt.name, attempt.at)
        self._addresses.take_back(attempt.address, attempt.at)
