"""How often: requests of a credential and from an address, commands of a socket. Nothing here waits or is stored.

A sliding window of two buckets: what the minute before this one brought counts for as much of it as the last sixty
seconds still cover. It is exact when requests come evenly, and needs two numbers where a log of times needs thousands.

Where there are several nodes, each tells about once a second what it has counted, and goes by the sums from then on.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from math import ceil

from msgspec import Struct

from puntini.auth.principals import Principal
from puntini.errors import StoreUnavailable, TooMany
from puntini.log.nodes import Count, Nodes

WINDOW_SECONDS = 60.0
MOST_KEYS = 100_000
"""Credentials or addresses that are told apart in a window; those beyond share one count."""
OTHERS = "\0others"
ASKED_TIMES = 5
"""So many times it is asked what the others have counted of a key, after it was used here."""
LATE_SECONDS = 3.0
"""So long into a window others may still tell of the one before."""
KNOWN_AT_START = 10_000
"""Counts of others that a node learns before its first request, the largest; the rest as they are used."""
ABUSE_SECONDS = 10.0
"""So many seconds' worth of refused commands, beyond those that were taken, end a socket."""


class Standing(Struct, frozen=True):
    """Where a caller stands after a request: how much is left, and in how many seconds there is more."""

    policy: str
    limit: int
    left: int
    seconds: int
    passed: bool

    def headers(self) -> list[tuple[bytes, bytes]]:
        """``RateLimit-Policy`` and ``RateLimit`` (draft-ietf-httpapi-ratelimit-headers)."""
        policy = f'"{self.policy}";q={self.limit};w={WINDOW_SECONDS:.0f}'
        state = f'"{self.policy}";r={self.left};t={self.seconds}'
        return [(b"ratelimit-policy", policy.encode()), (b"ratelimit", state.encode())]


class Window:
    """At most ``most`` a minute for each key. What is refused does not count."""

    def __init__(self, policy: str, most: int, *, keys: int = MOST_KEYS, shared: bool = False) -> None:
        self.policy = policy
        self._most = most
        self._keys = keys
        self._index = 0
        self._now: dict[str, int] = {}
        self._before: dict[str, int] = {}
        self._shared = shared
        self._asked: dict[str, int] = {}
        self._told: dict[str, int] = {}
        self._told_before: dict[str, int] = {}

    def take(self, key: str, now: float) -> Standing:
        """Count a request at ``now`` (seconds of a clock; where it goes back, it is taken to stand still)."""
        index = max(self._index, int(now // WINDOW_SECONDS))
        if index != self._index:
            self._turn(index)
        if self._shared:
            self._asked[key] = ASKED_TIMES
        count = self._now.get(key)
        if count is None:
            count = 0
            if len(self._now) >= self._keys:
                key = OTHERS
                count = self._now.get(key, 0)
        before = self._before.get(key, 0)
        into = max(0.0, now - index * WINDOW_SECONDS)
        used = before * (1 - into / WINDOW_SECONDS) + count
        if used + 1 > self._most:
            return Standing(self.policy, self._most, 0, self._wait(before, count, into), False)
        self._now[key] = count + 1
        return Standing(self.policy, self._most, int(self._most - used - 1), ceil(WINDOW_SECONDS - into), True)

    def _turn(self, index: int) -> None:
        follows = index == self._index + 1
        self._before, self._told_before = (self._now, self._told) if follows else ({}, {})
        self._now, self._told, self._index = {}, {}, index

    async def begin(self, now: float, nodes: Nodes) -> None:
        """Know what the others have counted, before anything is counted here. Raises StoreUnavailable."""
        self._turn(int(now // WINDOW_SECONDS))
        self.learn((), await nodes.most_counted(self.policy, self._index - 1, KNOWN_AT_START))

    def untold(self, now: float) -> list[Count]:
        """What was counted and not told yet, of the keys that were asked for just now, or a few times before."""
        asked, self._asked = self._asked, {key: times - 1 for key, times in self._asked.items() if times > 1}
        late = now - self._index * WINDOW_SECONDS < LATE_SECONDS
        found = []
        for key in asked:
            found.append(Count(self.policy, key, self._index, self._now.get(key, 0) - self._told.get(key, 0)))
            if late or key not in self._told:
                more = self._before.get(key, 0) - self._told_before.get(key, 0)
                found.append(Count(self.policy, key, self._index - 1, more))
        return found

    def ask_again(self, told: Iterable[Count]) -> None:
        """What was to be told was not."""
        self._asked |= dict.fromkeys((each.key for each in told), ASKED_TIMES)

    def learn(self, told: Iterable[Count], sums: Iterable[Count]) -> None:
        """Take in what all nodes have counted, with what was told just now. What came here meanwhile is on top."""
        ours = Counter({(each.key, each.span): each.number for each in told})
        for each in sums:
            back = self._index - each.span
            if back in {0, 1}:
                counts, known = (self._before, self._told_before) if back else (self._now, self._told)
                since = counts.get(each.key, 0) - known.get(each.key, 0) - ours[each.key, each.span]
                counts[each.key], known[each.key] = each.number + since, each.number

    def _wait(self, before: int, count: int, into: float) -> int:
        """In how many whole seconds one more would pass, if nothing else comes."""
        room = self._most - 1
        if count <= room:
            seconds = WINDOW_SECONDS * (1 - (room - count) / before) - into
        else:
            seconds = 2 * WINDOW_SECONDS - into - WINDOW_SECONDS * room / count
        return max(1, ceil(seconds))


class Limits:
    """The server's limits on requests; 0 is none. With ``nodes`` they hold for all of them, by a clock they share."""

    def __init__(
        self,
        *,
        credential: int = 0,
        address: int = 0,
        clock: Callable[[], float] = time.monotonic,
        nodes: Nodes | None = None,
    ) -> None:
        shared = nodes is not None
        self._credentials = Window("credential", credential, shared=shared) if credential else None
        self._addresses = Window("address", address, shared=shared) if address else None
        self._clock = clock
        self._nodes = nodes

    @property
    def _windows(self) -> Sequence[Window]:
        return [window for window in (self._credentials, self._addresses) if window is not None]

    async def begin(self) -> None:
        """Know what other nodes have counted, where there are any. Raises StoreUnavailable."""
        if self._nodes is not None:
            for window in self._windows:
                await window.begin(self._clock(), self._nodes)

    async def share(self) -> None:
        """Tell what was counted here, and learn what all have counted. Raises StoreUnavailable."""
        assert self._nodes is not None, "one node alone has nobody to share with"
        for window in self._windows:
            if told := window.untold(self._clock()):
                try:
                    sums = await self._nodes.count(told)
                except StoreUnavailable:
                    window.ask_again(told)
                    raise
                window.learn(told, sums)

    async def forget(self) -> None:
        """Forget counts of the time before the last two windows. Raises StoreUnavailable."""
        assert self._nodes is not None, "one node alone has nothing to forget"
        before = int(self._clock() // WINDOW_SECONDS) - 1
        for window in self._windows:
            await self._nodes.forget_counts(window.policy, before)

    def knock(self, address: str) -> None:
        """Count a request from an address, before anything is known of it: guesses count too. Raises TooMany."""
        if self._addresses is not None:
            _pass(self._addresses.take(household(address) if ":" in address else address, self._clock()))

    def use(self, who: Principal) -> None:
        """Count a request with a credential; who has none, or needs none, is not counted here. Raises TooMany."""
        if self._credentials is not None and who.credential and who.credential != "open":
            _pass(self._credentials.take(who.credential, self._clock()))


def _pass(standing: Standing) -> None:
    if not standing.passed:
        error = TooMany(
            f"More than {standing.limit} requests a minute by one {standing.policy}; wait {standing.seconds} seconds.",
            limit=f"requests_of_{standing.policy}",
        )
        error.retry_after = standing.seconds
        error.headers = standing.headers()
        raise error


@lru_cache(maxsize=10_000)
def household(address: str) -> str:
    """What one caller surely has to themselves: of IPv6 the network, which holds addresses without number."""
    try:
        number = ip_address(address)
    except ValueError:
        return address[:64]
    if not isinstance(number, IPv6Address):
        return address
    return str(number.ipv4_mapped or IPv6Address(int(number) >> 64 << 64))


class Pace:
    """How fast one socket may send commands: ``rate`` a second, twice as many at once; 0 is any number."""

    __slots__ = ("_at", "_burst", "_left", "_rate", "_refused")

    def __init__(self, rate: float, now: float) -> None:
        self._rate = rate
        self._burst = max(1.0, 2 * rate)
        self._left = self._burst
        self._at = now
        self._refused = 0

    def take(self, now: float) -> bool:
        """Whether one more command may come at ``now``."""
        if not self._rate:
            return True
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            self._refused += 1
            return False
        self._left -= 1
        self._refused = max(0, self._refused - 1)
        return True

    @property
    def abused(self) -> bool:
        """Whether far more comes than is taken, and goes on coming."""
        return self._refused > max(10.0, ABUSE_SECONDS * self._rate)
