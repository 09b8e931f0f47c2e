"""The audit log: who did what, when, from where. It grows and is forgotten by age; nothing in it is ever changed.

An entry is noted without a wait and written a moment later, many in one transaction. What goes wrong often, as when
somebody tries passwords, is counted: the first of a minute by each address are entries of their own, the rest is one.
"""

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress

import anyio
import msgspec
import structlog
from msgspec import Struct
from msgspec.structs import replace

from puntini.auth.guard import principal_of
from puntini.errors import StoreUnavailable
from puntini.log.contract import Kept, Shelf
from puntini.log.mint import now_ms
from puntini.log.turns import Turn, always
from puntini.redaction import Redaction
from puntini.transport.asgi import Scope, request_id_of

SPACE, KIND = "audit", "entry"
FAILURES = frozenset({"login_failed", "register_failed", "unauthorized", "forbidden", "too_many", "ticket_refused"})
"""What callers can bring about as often as they like."""
FAILURES_EACH = 10
"""Entries a minute of one kind from one address; further ones are summed up."""
MOST_COUNTED = 1_000
"""Pairs of kind and address that are counted apart; beyond them by kind alone."""
MOST_WAITING = 10_000
BATCH_SECONDS, MINUTE_MS = 0.05, 60_000
RETRY_SECONDS = 1.0
DAY_MS = 86_400_000
FORGET_SECONDS, FORGET_ROWS = 3_600.0, 1_000
SEARCH_ROWS, MOST_SEARCHED = 500, 10_000
TEXT_LIMIT = 200

log = structlog.get_logger("puntini.audit")


class Entry(Struct, frozen=True, kw_only=True):
    """Something that happened. ``of`` is what it was done to; ``count`` is more than 1 where several are one entry."""

    id: str
    at: int
    who: str
    credential: str
    what: str
    of: str = ""
    address: str = ""
    request_id: str = ""
    count: int = 1


class Found(Struct, frozen=True):
    """Entries, the newest first; ``next`` is where to go on, empty at the end of the log."""

    items: Sequence[Entry]
    next: str


_entry = msgspec.json.Decoder(Entry)


class Audit:
    """Notes, writes, finds, forgets. ``days`` 0 keeps all."""

    def __init__(self, store: Shelf, *, days: float, clock: Callable[[], int] = now_ms, turn: Turn = always) -> None:
        self._store = store
        self._turn = turn
        self._days = days
        self._clock = clock
        self._redacted = Redaction()
        self._waiting: list[Entry] = []
        self._failures: dict[tuple[str, str], Entry] = {}
        self._minute = 0
        self._count = 0
        self._lost = 0
        self._woken = anyio.Event()

    def note(self, scope: Scope, what: str, *, of: str = "", who: str = "") -> None:
        """Note what a request did. ``who`` is for where nobody has been made sure of, as when a login fails.

        Where the address was found out (``scope["state"]["address"]``), that is it, else the peer's.
        """
        principal = principal_of(scope)
        address = scope.get("state", {}).get("address") or (scope.get("client") or ("",))[0]
        at = self._clock()
        entry = Entry(
            id=self._id(at),
            at=at,
            who=self._short(who or principal.user),
            credential=principal.credential,
            what=what,
            of=self._short(of),
            address=address,
            request_id=request_id_of(scope),
        )
        if what not in FAILURES or self._among_the_first(entry):
            self._add(entry)

    def _short(self, text: str) -> str:
        return self._redacted(text[:TEXT_LIMIT])

    def _id(self, at: int) -> str:
        """In the order of time, and of their making within a millisecond; two processes do not make the same."""
        self._count = (self._count + 1) & 0xFFFF
        return f"{at:012x}{self._count:04x}{secrets.token_hex(4)}"

    def _add(self, entry: Entry) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self._lost += 1
            return
        self._waiting.append(entry)
        self._woken.set()

    def _among_the_first(self, entry: Entry) -> bool:
        """Count a failure; whether it gets an entry of its own."""
        self._sum_up(entry.at)
        name = (entry.what, entry.address)
        if name not in self._failures and len(self._failures) >= MOST_COUNTED:
            name, entry = (entry.what, ""), replace(entry, address="", who="")
        before = self._failures.get(name)
        if before is None:
            self._failures[name] = entry
            return True
        # What several did, or had done to several things, is said of nobody and nothing.
        who, of = (entry.who if entry.who == before.who else ""), (entry.of if entry.of == before.of else "")
        self._failures[name] = replace(entry, who=who, of=of, count=before.count + 1)
        return before.count < FAILURES_EACH

    def _sum_up(self, at: int) -> None:
        """At the end of a minute, one entry for all that had none."""
        minute = at // MINUTE_MS
        if minute == self._minute:
            return
        self._minute = minute
        for last in self._failures.values():
            if last.count > FAILURES_EACH:
                self._add(replace(last, id=self._id(last.at), count=last.count - FAILURES_EACH, request_id=""))
        self._failures.clear()

    # Writing.

    async def write(self) -> None:
        """Write what is noted, as it comes. Never ends. While the store is away, up to 10,000 entries wait for it."""
        while True:
            with anyio.move_on_after(MINUTE_MS / 1000):
                await self._woken.wait()
            await anyio.sleep(BATCH_SECONDS)
            try:
                await self.flush()
            except StoreUnavailable:
                await anyio.sleep(RETRY_SECONDS)

    async def flush(self, *, last: bool = False) -> None:
        """Write what is noted by now; ``last`` also what would be summed up later. Raises StoreUnavailable."""
        self._sum_up(self._clock() + (MINUTE_MS if last else 0))
        self._woken = anyio.Event()
        batch, self._waiting = self._waiting, []
        try:
            if batch:
                await self._store.keep([_kept(entry) for entry in batch])
        except BaseException:  # cancelled, too: what was taken out goes back
            self._waiting = [*batch, *self._waiting]
            self._woken.set()
            raise
        if self._lost:
            log.error("audit entries were lost while the store was away", lost=self._lost)
            self._lost = 0

    async def forget(self) -> None:
        """Forget entries by their age, now and then. Never ends."""
        while True:
            with suppress(StoreUnavailable):
                if await self._turn():
                    await self.forget_old()
            await anyio.sleep(FORGET_SECONDS)

    async def forget_old(self) -> None:
        """Forget entries older than the setting says. Raises StoreUnavailable."""
        if not self._days:
            return
        before = f"{max(0, self._clock() - int(self._days * DAY_MS)):012x}"
        while rows := await self._store.kept_all(SPACE, KIND, before=before, limit=FORGET_ROWS):
            await self._store.keep([Kept(SPACE, KIND, key, None) for key, _ in rows])

    # Finding.

    async def find(self, *, who: str = "", what: str = "", since: int = 0, before: str = "", limit: int = 20) -> Found:
        """Entries before the one with the id ``before``, of a user, of a kind, not older than ``since`` (ms).

        So many are looked through at most; ``next`` then says where to go on, although fewer than ``limit`` were found.
        """
        found: list[Entry] = []
        for _ in range(MOST_SEARCHED // SEARCH_ROWS):
            rows = await self._store.kept_all(SPACE, KIND, before=before, limit=SEARCH_ROWS, last=True)
            for before, body in rows:
                entry = _entry.decode(body)
                if entry.at < since:
                    return Found(found, "")
                if who in {"", entry.who} and what in {"", entry.what}:
                    found.append(entry)
                if len(found) == limit:
                    return Found(found, before)
            if len(rows) < SEARCH_ROWS:
                return Found(found, "")
        return Found(found, before)


def _kept(entry: Entry) -> Kept:
    return Kept(SPACE, KIND, entry.id, msgspec.json.encode(entry))
