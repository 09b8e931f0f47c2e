"""Every open stream, and the one sweeper that serves them all: pings, send deadlines, lifetimes, credentials, drain."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, Protocol

import anyio
import anyio.lowlevel

from puntini import tracing
from puntini.auth.principals import LOCAL, NOBODY, Principal
from puntini.errors import TooMany
from puntini.log.members import MemberRole
from puntini.log.reader import Reader

Transport = Literal["sse", "ndjson", "websocket", "page"]
Ending = Literal["drain", "lifetime", "gone", "expired", "revoked"]
OUT: frozenset[Ending] = frozenset({"expired", "revoked"})
"""Whoever follows may not any more."""
SWEEP_SECONDS = 0.5
SLICE = 500
RETRY_MS = 2_000
DRAIN_RETRY_MS = 4_000
UNKNOWN = -1
"""No revision: whether a stream may go on has to be looked at."""
WARNING_SECONDS = 60.0
"""So long before a credential ends its streams are told."""
OUT_SECONDS = 3.0
"""So long a stream that is to end for its credential may go on sending what it had begun."""


def jittered(middle: float, spread: float = 0.5) -> float:
    """A random value within ``spread`` around ``middle``, so that many clients do not come back at once."""
    return middle * (1 + spread * (2 * random.random() - 1))


class Outlet(Protocol):
    """Where a stream's bytes leave."""

    def abort(self) -> None:
        """Cut the connection at once."""

    def unsent(self) -> int:
        """How many bytes have been written and not taken; 0 where nobody can tell."""


class Connection:
    """One open stream.

    The carrier says when it waits for the transport (``sending``) and how much it has ``written``; the sweeper and the
    drain set the flags and poke. ``taken``, ``stuck_at``, ``warned`` and ``out_at`` are the sweeper's own. ``role`` is
    what ``principal`` was in the session when it was opened, going by ``revision`` (see ``puntini.auth.watch``).
    """

    __slots__ = (
        "credential_ends",
        "delivered",
        "ending",
        "expires_at",
        "out_at",
        "outlet",
        "ping_due",
        "poke",
        "principal",
        "reader",
        "revision",
        "role",
        "sending",
        "session_id",
        "span",
        "stuck_at",
        "taken",
        "transport",
        "warned",
        "warning_due",
        "written",
        "wrote_at",
    )

    def __init__(
        self, transport: Transport, session_id: str, principal: Principal, now: float, expires_at: float
    ) -> None:
        self.transport = transport
        self.principal = principal
        self.role: MemberRole | None = None
        self.revision = UNKNOWN
        self.credential_ends = now + principal.expires_at - time.time()
        self.warning_due = self.warned = False
        self.out_at = float("inf")
        self.session_id = session_id
        self.ending: Ending | None = None
        self.ping_due = False
        self.sending = False
        self.written = 0
        self.taken = 0
        self.stuck_at = 0.0
        self.wrote_at = now
        self.expires_at = expires_at
        self.poke: Callable[[], None] | None = None
        self.outlet: Outlet | None = None
        self.reader: Reader | None = None
        self.span = tracing.NO_SPAN
        self.delivered = 0
        """Events that were taken for it, but for those by its present reader."""

    def follow(self, reader: Reader) -> None:
        """Go on with another reader."""
        self.delivered = self.events
        self.reader = reader
        self.poke = reader.poke

    @property
    def events(self) -> int:
        """How many events were taken for it."""
        return self.delivered + (self.reader.count if self.reader is not None else 0)

    @property
    def lag(self) -> int:
        """How many events it is behind the head of its session."""
        if self.reader is None or self.reader.ended:
            return 0
        return max(0, self.reader.feed.head - self.reader.cursor)

    def gone(self) -> None:
        """The client has left."""
        self.end("gone")

    def end(self, reason: Ending) -> None:
        """Ask the carrier to end at the next event boundary. Who may not follow any more is not told to come back."""
        if self.ending in OUT and reason != "gone":
            return
        self.ending = reason
        if self.poke is not None:
            self.poke()

    def abort(self) -> None:
        """Cut it off at once, where that is possible already."""
        if self.outlet is not None:
            self.outlet.abort()

    def stuck_for(self, now: float) -> float:
        """For how long nothing was taken of what waits to be; 0 while nothing waits. Asked again and again.

        A write that returns is no progress: the server's buffer took it, and the client perhaps never will. What is
        written and no longer unsent is.
        """
        unsent = self.outlet.unsent() if self.outlet is not None else 0
        if not unsent and not self.sending:
            self.stuck_at = 0.0
            return 0.0
        taken = self.written - unsent
        if not self.stuck_at or taken > self.taken:
            self.stuck_at, self.taken = now, taken
        return now - self.stuck_at


def _counts(who: Principal) -> bool:
    """Whether somebody's streams are counted. Open mode's one user is everybody who is at this machine."""
    return who is not NOBODY and who.credential != LOCAL.credential


class Delivered(NamedTuple):
    """Events and bytes that streams were sent, by transport."""

    events: Counter[Transport]
    bytes: Counter[Transport]

    def add(self, connection: Connection) -> None:
        """Count what this one was sent."""
        self.events[connection.transport] += connection.events
        self.bytes[connection.transport] += connection.written


class Connections:
    """The registry. Bounded by ``most``, and by ``most_per_user`` of each user; 0 is no bound of its own."""

    def __init__(
        self, *, ping_seconds: float, send_deadline: float, lifetime: float, most: int, most_per_user: int = 0
    ) -> None:
        self._ping_seconds = ping_seconds
        self._send_deadline = send_deadline
        self._lifetime = lifetime
        self._most = most
        self._most_per_user = most_per_user
        self._of_users: Counter[str] = Counter()
        self._by_ticket: dict[str, Connection] = {}
        self._open: dict[Connection, None] = {}
        self._readers: Counter[str] = Counter()
        self.opened = 0
        self.aborted = 0
        self.ended: Counter[tuple[Transport, str]] = Counter()
        """Streams that are over, by transport and by why."""
        self._delivered = Delivered(Counter(), Counter())
        self.draining = False
        self._closed = anyio.Event()

    def open(self, transport: Transport, session_id: str, principal: Principal) -> Connection:
        """Register a stream. Raises TooMany."""
        if len(self._open) >= self._most:
            raise TooMany(f"This server carries {self._most} streams at most; try again later.", limit="streams")
        # Here, and not only where a ticket is let in: of many that come in at once, the last stays.
        self.take_over(principal.credential)
        if 0 < self._most_per_user <= self._of_users[principal.user]:
            raise TooMany(
                f"You have {self._most_per_user} streams open, which is the most there may be; close some.",
                limit="streams_of_user",
            )
        now = asyncio.get_running_loop().time()
        expires_at = now + jittered(self._lifetime, 0.1) if self._lifetime else float("inf")
        connection = Connection(transport, session_id, principal, now, expires_at)
        self._open[connection] = None
        if tracing.on():
            connection.span = tracing.begin(
                "stream", about={"puntini.transport": transport, "puntini.session_id": session_id}
            )
        self._enter(session_id)
        self._count(connection)
        self.opened += 1
        if self.draining:
            connection.ending = "drain"
        return connection

    def close(self, connection: Connection) -> None:
        """The stream is over."""
        del self._open[connection]
        self._tell(connection, connection.ending or "done")
        self._leave(connection.session_id)
        self._discount(connection)
        self._closed.set()

    def _tell(self, connection: Connection, reason: str) -> None:
        """Count a stream that is over."""
        self.ended[connection.transport, reason] += 1
        self._delivered.add(connection)
        if connection.span is not tracing.NO_SPAN:
            connection.span.note({"puntini.ended": reason, "puntini.events": connection.events})
            connection.span.note({"puntini.bytes": connection.written})
            connection.span.end()

    def assign(self, connection: Connection, session_id: str) -> None:
        """The stream goes on with this session: a socket may begin without one, and change it."""
        self._enter(session_id)
        self._leave(connection.session_id)
        connection.session_id = session_id
        connection.revision = UNKNOWN

    def _enter(self, session_id: str) -> None:
        if session_id:
            self._readers[session_id] += 1

    def _leave(self, session_id: str) -> None:
        if session_id:
            self._readers[session_id] -= 1
            if not self._readers[session_id]:
                del self._readers[session_id]

    def _count(self, connection: Connection) -> None:
        who = connection.principal
        if _counts(who):
            self._of_users[who.user] += 1
        if who.credential.startswith("ticket:"):
            self._by_ticket[who.credential] = connection

    def _discount(self, connection: Connection) -> None:
        who = connection.principal
        if _counts(who):
            self._of_users[who.user] -= 1
            if not self._of_users[who.user]:
                del self._of_users[who.user]
        if self._by_ticket.get(who.credential) is connection:
            del self._by_ticket[who.credential]

    def take_over(self, credential: str) -> None:
        """Somebody goes on with a ticket: cut off the connection that was opened by it before, if it is there still."""
        if before := self._by_ticket.pop(credential, None):
            self._discount(before)  # now, for who comes in its place may be the last that there is room for
            before.principal = NOBODY
            if before.outlet is None:
                before.gone()
            else:
                before.abort()  # and as it is gone then, the stream ends

    def delivered(self) -> "Delivered":
        """What streams were sent that are over. Those that are open, and are to be added, say so themselves."""
        return Delivered(Counter(self._delivered.events), Counter(self._delivered.bytes))

    @property
    def count(self) -> int:
        """How many are open."""
        return len(self._open)

    @property
    def most(self) -> int:
        """How many may be open at once."""
        return self._most

    def watched(self, session_id: str) -> bool:
        """Whether anybody has a stream of this session open."""
        return self._readers[session_id] > 0

    def all(self) -> list[Connection]:
        """Every open stream."""
        return list(self._open)

    async def sweep(self) -> None:
        """Look at every connection twice a second, some at a time. Runs until cancelled."""
        while True:
            await anyio.sleep(SWEEP_SECONDS)
            connections = list(self._open)
            for start in range(0, len(connections), SLICE):
                now = asyncio.get_running_loop().time()
                for connection in connections[start : start + SLICE]:
                    self._look(connection, now)
                await anyio.lowlevel.checkpoint()

    def _look(self, connection: Connection, now: float) -> None:
        if now > connection.credential_ends and connection.ending not in OUT:
            connection.end("expired")
        if connection.ending in OUT:
            connection.out_at = min(connection.out_at, now + OUT_SECONDS)
        if connection.stuck_for(now) > self._send_deadline or now > connection.out_at:
            self.aborted += 1
            connection.abort()
        elif connection.sending:
            pass  # the ping, or the end, comes behind what is on its way
        elif now > connection.expires_at and connection.ending is None:
            connection.end("lifetime")
        elif now > connection.credential_ends - WARNING_SECONDS and not connection.warned:
            connection.warned = connection.warning_due = True
            if connection.poke is not None:
                connection.poke()
        elif now - connection.wrote_at > self._ping_seconds and not connection.ping_due:
            connection.ping_due = True
            if connection.poke is not None:
                connection.poke()

    async def drain(self, seconds: float) -> None:
        """End every stream at an event boundary; what has not ended after ``seconds`` is cut off."""
        self.draining = True
        for connection in list(self._open):
            connection.end("drain")
        with anyio.move_on_after(seconds):
            while self._open:
                self._closed = anyio.Event()
                await self._closed.wait()
        for connection in list(self._open):
            connection.abort()

    @property
    def stats(self) -> dict[str, Any]:
        """How many streams are open, by transport; how many there were; how many were cut off for not reading."""
        by_transport = Counter(connection.transport for connection in self._open)
        return {
            "open": len(self._open),
            "by_transport": dict(by_transport),
            "sessions": len(self._readers),
            "opened": self.opened,
            "aborted": self.aborted,
            "draining": self.draining,
        }
