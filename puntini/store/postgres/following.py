"""What other processes do to the sessions that are followed here, told in the order of the log and once.

A hint says where to look, and a poll looks when there was none. Of each session it is known up to where the listener
has been told; what this process commits itself is told in the same order. Of its own trims and deletions it may be
told, too, when a poll comes first.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import anyio
import structlog

from puntini.errors import NotFound, StoreUnavailable
from puntini.log.contract import Append, Bounds, Listener, Moved, Written
from puntini.log.mint import now_ms
from puntini.protocol.entries import Entry, read_entry
from puntini.store.postgres import reads
from puntini.store.postgres.database import Database
from puntini.store.postgres.decisions import Result
from puntini.store.postgres.hints import EVERYTHING, Hints
from puntini.store.postgres.rows import Row

TOPIC = "session"
HINTED_SECONDS = 1.0
"""Between polls while hints arrive."""
SHORTEST_SECONDS = 0.025
LONGEST_SECONDS = 0.25
"""Between polls without hints: short while there is something to be told, then longer and longer."""
SHARE = 4
"""A poll that takes long is not made all the time: the pause is so many times as long."""
AT_ONCE = 64
"""Sessions are asked for their events so many at a time, and ``ROWS`` rows of each, so that an answer stays small."""
ROWS = 8
NAMES_AT_ONCE = 1_000
DAY_MS = 86_400_000
LOG = structlog.get_logger("puntini.store")


class Followed:
    """A session that is followed. ``told`` is None until it is known where to begin.

    It is ``quiet`` as long as nothing was told: then an older answer can still say that there is more to be told.
    """

    __slots__ = ("count", "floor", "num", "quiet", "told")

    def __init__(self) -> None:
        self.count = 0
        self.forget()

    def forget(self) -> None:
        """There is no such session any more, or not yet."""
        self.num = 0
        self.told: int | None = None
        self.floor = 0
        self.quiet = True

    def learn(self, num: int, bounds: Bounds) -> None:
        """An answer said where the session is; ``num`` is 0 where it did not say which."""
        if not self.num:
            self.num, self.floor = num, max(self.floor, bounds.floor)
        if self.told is None:
            self.told = bounds.head
        elif self.quiet:
            self.told = min(self.told, bounds.head)


class Following:
    """Which sessions are followed, and what was told of them."""

    def __init__(self, database: Database, hints: Hints) -> None:
        self.listener: Listener = lambda *_: None
        self.wrote: Listener = lambda *_: None
        self.moved: Moved = lambda *_: None
        self._database = database
        self._hints = hints
        self._followed: dict[str, Followed] = {}
        self._due: dict[str, None] = {}
        self._wake = asyncio.Event()
        hints.hear(TOPIC, self._hinted)

    def follow(self, session_id: str) -> None:
        """Begin to follow, or once more."""
        self._followed.setdefault(session_id, Followed()).count += 1
        self._look_at(session_id)

    def unfollow(self, session_id: str) -> None:
        """Follow once less."""
        followed = self._followed[session_id]
        followed.count -= 1
        if not followed.count:
            del self._followed[session_id]

    def learn(self, session_id: str, num: int, bounds: Bounds) -> None:
        """Somebody asked where a session is: from there on it is told what comes."""
        if followed := self._followed.get(session_id):
            followed.learn(num, bounds)

    def _hinted(self, word: str) -> None:
        if word == EVERYTHING:
            self._due |= dict.fromkeys(self._followed)
            self._wake.set()
        elif word in self._followed:
            self._look_at(word)

    def _look_at(self, session_id: str) -> None:
        self._due[session_id] = None
        self._wake.set()

    # What this process does.

    async def catch_up(self, writes: Sequence[Append], results: Sequence[Result]) -> None:
        """Tell what others wrote before what was committed here, so that it is told in order."""
        ours = [written for _, written in _told_of(writes, results)]
        try:
            # Not until nothing more is due: while others write there always is.
            while behind := {written.session_id for written in ours if self._misses(written)}:
                await self._tell_of(list(behind))
        except StoreUnavailable:
            return  # then there is a hole, which whoever listens sees by the seqs

    def _misses(self, written: Written) -> bool:
        followed = self._followed.get(written.session_id)
        return followed is not None and followed.told is not None and written.first > followed.told + 1

    def committed(self, writes: Sequence[Append], results: Sequence[Result]) -> None:
        """Tell what was committed here, and hint to the others."""
        for write, written in _told_of(writes, results):
            self._hints.tell(TOPIC, written.session_id)
            followed = self._followed.get(written.session_id)
            if followed is None:
                self._say(self.listener, written.session_id, written.first, write.entries)
            else:
                self._tell(written.session_id, followed, written.first, write.entries)
            self._say(self.wrote, written.session_id, written.first, write.entries)

    def trimmed(self, session_id: str, floor: int) -> None:
        """This process trimmed a session, and knows."""
        if followed := self._followed.get(session_id):
            followed.floor = max(followed.floor, floor)
        self._hints.tell(TOPIC, session_id)

    def deleted(self, session_id: str) -> None:
        """This process deleted a session, and knows."""
        if followed := self._followed.get(session_id):
            followed.forget()
        self._hints.tell(TOPIC, session_id)

    # What the others do.

    async def run(self) -> None:
        """Look when there is a hint, and every now and then. Runs until cancelled."""
        pause = SHORTEST_SECONDS
        clock = asyncio.get_running_loop().time
        poll_at = clock()
        while True:
            with anyio.move_on_after(max(0.0, poll_at - clock())):
                await self._wake.wait()
            self._wake.clear()
            began = clock()
            try:
                if began >= poll_at:
                    found = await self._poll()
                    pause = SHORTEST_SECONDS if found else min(2 * pause, LONGEST_SECONDS)
                    least = HINTED_SECONDS if self._hints.listening else pause
                    poll_at = clock() + max(least, SHARE * (clock() - began))
                await self._look()
            except StoreUnavailable:
                poll_at = clock() + LONGEST_SECONDS

    async def _poll(self) -> bool:
        """Find out which sessions have moved; whether any has."""
        names = list(self._followed)
        for start in range(0, len(names), NAMES_AT_ONCE):
            some = names[start : start + NAMES_AT_ONCE]
            there = {row[0]: row[1:] for row in await self._database.rows(_PLACES, some)}
            for session_id in some:
                if self._has_moved(session_id, there.get(session_id)):
                    self._due[session_id] = None
        return bool(self._due)

    def _has_moved(self, session_id: str, place: Row | None) -> bool:
        followed = self._followed.get(session_id)
        if followed is None:
            return False
        if place is None:
            return bool(followed.num)
        num, floor, head = place
        return followed.told is None or num != followed.num or head > followed.told or floor > followed.floor

    async def _look(self) -> None:
        while self._due:
            names = list(self._due)[:AT_ONCE]
            await self._tell_of(names)

    async def _tell_of(self, names: Sequence[str]) -> None:
        """Look at some sessions and tell what is new; those with more to tell stay due."""
        asked = {name: followed for name in names if (followed := self._followed.get(name))}
        for name in names:
            self._due.pop(name, None)
        if not asked:
            return
        tolds = [reads.MOST if followed.told is None else followed.told for followed in asked.values()]
        try:
            rows = await self._database.rows(_LOOK, list(asked), tolds, _days(), ROWS)
        except StoreUnavailable:
            self._due |= dict.fromkeys(asked)
            raise
        found = {name: list(some) for name, some in groupby(rows, key=lambda row: row[0])}
        for name, followed in asked.items():
            if self._followed.get(name) is followed:
                await self._tell_found(name, followed, found.get(name, []))

    async def _tell_found(self, name: str, followed: Followed, rows: list[Row]) -> None:
        if not rows or (followed.num and rows[0][1] != followed.num):
            gone = bool(followed.num)
            followed.forget()
            if gone:
                self.moved(name, None)
        if not rows:
            return
        _, num, floor, head, *_ = rows[0]
        followed.learn(num, Bounds(floor, head))
        for *_, first, body in rows:
            if body is not None:
                self._tell_lines(name, followed, first, body)
        if floor > followed.floor:
            followed.floor = floor
            self.moved(name, floor)
        if followed.told is not None and followed.told < head:
            await self._go_on(name, followed, nothing=rows[0][4] is None)

    async def _go_on(self, name: str, followed: Followed, *, nothing: bool) -> None:
        """There is more: it is looked for at once, or where it is not where new events are, read like any other."""
        if nothing and followed.told is not None:
            try:
                page = await self._database.ask(
                    lambda connection: reads.page(connection, name, followed.told or 0, 65_536, None)
                )
            except NotFound:
                return
            except ValueError:  # damaged: who reads it is told, and what comes after it is told here
                LOG.error("events can't be read: they are damaged", session_id=name)
                followed.forget()
                return
            for seq, entry in page.events:
                self._tell(name, followed, seq, [entry])
            followed.told = max(followed.told, page.upto)
            if followed.told >= page.head:
                return
        self._look_at(name)

    def _tell_lines(self, name: str, followed: Followed, first: int, body: bytes) -> None:
        """Tell the events of a row; where one was erased, or is damaged, there is a hole."""
        entries = [_entry(name, seq, line) for seq, line in enumerate(body.split(b"\n"), first)]
        for start, run in _runs(entries):
            self._tell(name, followed, first + start, run)
        if followed.told is not None:
            followed.told = max(followed.told, first + len(entries) - 1)

    def _tell(self, name: str, followed: Followed, first: int, entries: Sequence[Entry]) -> None:
        """Tell of events, those of them that were not told yet."""
        known = 0 if followed.told is None else max(0, followed.told + 1 - first)
        if known >= len(entries):
            return
        followed.told = first + len(entries) - 1
        followed.quiet = False
        self._say(self.listener, name, first + known, entries[known:])

    def _say(self, listener: Listener, name: str, first: int, entries: Sequence[Entry]) -> None:
        try:
            listener(name, first, entries)
        except Exception:  # it is not the commit's fault, and the others have to be told
            LOG.exception("whoever listens to the log failed", session_id=name)


def _told_of(writes: Sequence[Append], results: Sequence[Result]) -> Iterator[tuple[Append, Written]]:
    """The appends that brought events."""
    for write, result in zip(writes, results, strict=True):
        if write.entries and isinstance(result, Written) and not result.repeated:
            yield write, result


def _entry(session_id: str, seq: int, line: bytes) -> Entry | None:
    """The event of a line, if there is one. A damaged one is its session's trouble, and not the others'."""
    try:
        return read_entry(line) if line else None
    except ValueError:
        LOG.error("an event can't be read: it is damaged", session_id=session_id, seq=seq)
        return None


def _runs(entries: Iterable[Entry | None]) -> Iterator[tuple[int, list[Entry]]]:
    """Entries that follow each other, with where they begin."""
    for there, run in groupby(enumerate(entries), key=lambda numbered: numbered[1] is not None):
        if there:
            numbered = list(run)
            yield numbered[0][0], [entry for _, entry in numbered if entry]


def _days() -> list[int]:
    """On which new events are, whatever little the clocks differ."""
    today = now_ms() // DAY_MS
    return [today - 1, today, today + 1]


_PLACES = "SELECT id, num, floor, head FROM sessions WHERE id = ANY(%s::text[])"
# What was told last may stand within a row.
_LOOK = """SELECT s.id, s.num, s.floor, s.head, e.first, e.body
    FROM unnest(%s::text[], %s::int8[]) AS asked (id, told) JOIN sessions s ON s.id = asked.id
    CROSS JOIN (SELECT %s::int8[] AS days) days
    LEFT JOIN LATERAL (SELECT first, body FROM events WHERE session = s.num AND s.head > asked.told
        AND day = ANY(days.days) AND last > asked.told AND first >= coalesce((SELECT max(first) FROM events
        WHERE session = s.num AND day = ANY(days.days) AND first <= asked.told), 0) ORDER BY first LIMIT %s) e ON true
    ORDER BY s.id, e.first"""
