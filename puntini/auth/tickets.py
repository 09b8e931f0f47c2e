"""Tickets: a credential for one stream, fit for an address, because an ``EventSource`` has no other place for one.

An address ends up in histories and in the logs of proxies. So a ticket opens one stream and nothing else, for the first
time within half a minute of its making, and after that only for whoever goes on from where that stream was: the
automatic reconnect of an ``EventSource``, which repeats the address and says the last id it has seen. It then takes the
place of the connection before it, whose loss the server may not have noticed. The same request once more is a replay.

The connection before it may be another node's. So a ticket's uses are counted, and where there are several nodes the
others are told of each: they end what was opened by an earlier one.
"""

import re
import secrets
import string
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from hmac import compare_digest
from typing import Literal, NamedTuple

import anyio
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from puntini.auth.principals import Principal, Role
from puntini.auth.principals import Scope as Reach
from puntini.errors import Forbidden, StoreUnavailable, Unauthorized
from puntini.log import mint
from puntini.log.contract import Kept, Store
from puntini.log.nodes import News
from puntini.log.turns import Turn, always
from puntini.protocol.ids import is_event_id
from puntini.transport.asgi import Scope, header, query

SPACE, KIND = "auth", "ticket"
FIRST_USE_SECONDS = 30.0
LIFE_SECONDS = 30 * 86_400.0
"""The longest that a ticket is good, where its maker's credential has no end before."""
MOST_TICKETS = 500
"""Tickets of one user; beyond them the oldest is forgotten."""
MOST_OPENED = 100_000
"""Tickets by which something was opened at this node, and that are remembered so that another can end it."""
SWEEP_SECONDS, SWEEP_ROWS = 600.0, 500
MARK, TIME, RANDOM, SECRET = 8, 11, 6, 43
_LETTERS = string.digits + string.ascii_letters
_FORM = re.compile(rf"tk_([0-9a-f]{{{MARK + TIME + RANDOM}}})_([0-9A-Za-z]{{{SECRET}}})")
_PLACES = (
    (re.compile(r"/v1/sessions/([\w.-]{1,100})/stream"), "session"),
    (re.compile(r"/v1/tasks/([\w.-]{1,100})/stream"), "task"),
    (re.compile(r"/v1/stream/tasks/([\w.-]{1,100})"), "task"),
)
SPENT = "This ticket is not good, or not any more; make another with POST /v1/tickets."
REPLAYED = (
    "This ticket was used already, and this request does not go on from there; make another with POST /v1/tickets."
)
ELSEWHERE = "A ticket is good for the one stream that it was made for; show another credential here."

Still = Callable[[Principal], Awaitable[Principal | None]]


class Stream(NamedTuple):
    """What a ticket is for."""

    kind: Literal["session", "task"]
    id: str

    @property
    def path(self) -> str:
        """Its address."""
        return f"/v1/{self.kind}s/{self.id}/stream"


class Cursors(NamedTuple):
    """Where a request says it goes on: in the header, and in the query."""

    header: str
    query: str


class Ticket(Struct, frozen=True, kw_only=True):
    """A ticket's record. ``opened_by`` is what its first use said, ``epoch`` the log's life at that time.

    ``uses`` are counted where there are several nodes.
    """

    ticket_id: str
    hash: str
    stream: Stream
    user: str
    role: Role
    scopes: frozenset[Reach]
    credential: str
    made_at: float
    ends_at: float
    opened_by: Cursors | None = None
    epoch: str = ""
    uses: int = 0

    @property
    def first_use_until(self) -> float:
        """Until when it has to be used for the first time."""
        return min(self.made_at + FIRST_USE_SECONDS, self.ends_at)

    def over(self, now: float) -> bool:
        """Whether it opens nothing any more."""
        return now >= (self.first_use_until if self.opened_by is None else self.ends_at)

    @property
    def maker(self) -> Principal:
        """Who made it, as they were then."""
        return Principal(self.user, self.role, self.scopes, self.credential, self.ends_at)


_record = msgspec.json.Decoder(Ticket)


class Tickets:
    """Makes tickets and lets in by them.

    ``still`` says who a maker is now, None for one whose credential has ended. ``taken_over`` is told the credential
    whose open connection a new one replaces.
    """

    def __init__(self, store: Store, still: Still, taken_over: Callable[[str], None], *, turn: Turn = always) -> None:
        self._store = store
        self._turn = turn
        self._uses: OrderedDict[str, int] = OrderedDict()
        self._still = still
        self._taken_over = taken_over

    async def make(self, maker: Principal, stream: Stream) -> tuple[Ticket, str]:
        """A ticket, and its text, which is told this once. Whether the maker may see the stream was asked before."""
        now = mint.now()
        mark = _mark(maker.user)
        await self._make_room(mark, now)
        ticket_id = f"{mark}{int(now * 1000):0{TIME}x}{secrets.token_hex(RANDOM // 2)}"
        text = f"tk_{ticket_id}_" + "".join(secrets.choice(_LETTERS) for _ in range(SECRET))
        ticket = Ticket(
            ticket_id=ticket_id,
            hash=_digest(text),
            stream=stream,
            user=maker.user,
            role=maker.role,
            scopes=maker.scopes,
            credential=maker.credential,
            made_at=now,
            ends_at=min(maker.expires_at, now + LIFE_SECONDS),
        )
        await self._store.keep([_kept(ticket)])
        return ticket, text

    async def _make_room(self, mark: str, now: float) -> None:
        """Forget somebody's tickets that are over, and the oldest beyond the bound."""
        found = [_record.decode(body) for _, body in await self._store.kept_all(SPACE, KIND, prefix=mark)]
        good = sorted((ticket for ticket in found if not ticket.over(now)), key=lambda ticket: ticket.made_at)
        stay = {ticket.ticket_id for ticket in good[-(MOST_TICKETS - 1) :]}
        if gone := [ticket.ticket_id for ticket in found if ticket.ticket_id not in stay]:
            await self._store.keep([Kept(SPACE, KIND, ticket_id, None) for ticket_id in gone])

    async def admit(self, scope: Scope, text: str) -> Principal:
        """Let a request in, which must be for the ticket's stream. Raises Unauthorized or Forbidden."""
        while True:
            body = await self._body(_FORM.fullmatch(text))
            ticket, maker = await self._admitted(scope, text, body)
            if await self._open(ticket, body, cursors_of(scope)):
                return _principal(ticket, maker)

    async def _admitted(self, scope: Scope, text: str, body: bytes | None) -> tuple[Ticket, Principal]:
        """The ticket, and its maker as of now. Raises Unauthorized or Forbidden."""
        ticket = _record.decode(body) if body else None
        if body is None or ticket is None or not compare_digest(_digest(text), ticket.hash) or ticket.over(mint.now()):
            raise Unauthorized(SPENT)
        if scope.get("method", "GET") not in {"GET", "HEAD"} or stream_at(scope["path"]) != ticket.stream:
            raise Forbidden(ELSEWHERE)
        maker = await self._still(ticket.maker)
        if maker is None:
            raise Unauthorized(SPENT)
        return ticket, maker

    async def _body(self, form: re.Match[str] | None) -> bytes | None:
        return await self._store.kept(SPACE, KIND, form[1]) if form else None

    async def _open(self, ticket: Ticket, body: bytes | None, cursors: Cursors) -> bool:
        """Count the use: of two first ones at once, the store lets one through. Raises Unauthorized.

        False where another came in between, as one that goes on may: then this one goes on from there.
        """
        if ticket.opened_by is None:
            opened = replace(ticket, opened_by=cursors, epoch=self._store.epoch, uses=1)
            if not await self._store.swap(_kept(opened), body):
                raise Unauthorized(REPLAYED)
            self._note(ticket.ticket_id, 1)
        elif not self._goes_on(ticket, cursors):
            raise Unauthorized(REPLAYED)
        elif self._store.nodes is None:
            self._taken_over(_credential(ticket))
        else:
            again = replace(ticket, uses=ticket.uses + 1)
            if not await self._store.swap(_kept(again), body):
                return False
            self._note(ticket.ticket_id, again.uses)
            self._taken_over(_credential(ticket))
            await self._store.nodes.tell([News(KIND, ticket.ticket_id, str(again.uses))])
        return True

    def _note(self, ticket_id: str, use: int) -> None:
        """Remember by which use a ticket's connection was opened here; of too many, the oldest is forgotten."""
        if self._store.nodes is None:
            return
        self._uses[ticket_id] = use
        self._uses.move_to_end(ticket_id)
        if len(self._uses) > MOST_OPENED:
            self._uses.popitem(last=False)

    def heard(self, news: Sequence[News], _missed: bool) -> None:
        """Tickets were used, perhaps at other nodes: what was opened here by an earlier use has lost its client."""
        for each in news:
            if self._uses.get(each.key, int(each.value)) < int(each.value):
                self._taken_over(f"{KIND}:{each.key}")

    def _goes_on(self, ticket: Ticket, cursors: Cursors) -> bool:
        """Whether a request knows where the stream was: it names an id of this log, and is not the first use again."""
        cursor = cursors.header or cursors.query
        epochs = {ticket.epoch, self._store.epoch}
        return is_event_id(cursor) and cursor.partition(".")[0] in epochs and cursors != ticket.opened_by

    # As a verifier: what is open by a ticket is looked after, but none is good without its request.

    def known(self, text: str) -> Principal | None:
        """Nobody: see ``admit``."""
        return None

    async def principal(self, text: str) -> Principal:
        """Raises Unauthorized: see ``admit``."""
        raise Unauthorized(ELSEWHERE)

    async def still(self, who: Principal) -> Principal | None:
        """Whether a ticket is good, and whose it is now."""
        body = await self._store.kept(SPACE, KIND, who.credential.partition(":")[2])
        ticket = _record.decode(body) if body else None
        if ticket is None or mint.now() >= ticket.ends_at:
            return None
        maker = await self._still(ticket.maker)
        return _principal(ticket, maker) if maker else None

    # Putting away.

    async def sweep(self) -> None:
        """Forget what is over, now and then. Never ends."""
        while True:
            await anyio.sleep(SWEEP_SECONDS)
            try:
                if await self._turn():
                    await self.forget_old()
            except StoreUnavailable:
                continue

    async def forget_old(self) -> None:
        """Forget what is over, so many rows at a time. Raises StoreUnavailable."""
        before = ""
        while rows := await self._store.kept_all(SPACE, KIND, before=before, limit=SWEEP_ROWS, last=True):
            now = mint.now()
            if gone := [key for key, body in rows if _record.decode(body).over(now)]:
                await self._store.keep([Kept(SPACE, KIND, key, None) for key in gone])
            before = rows[-1][0]


def stream_at(path: str) -> Stream | None:
    """The stream whose address this is; None where it is another's."""
    for form, kind in _PLACES:
        if found := form.fullmatch(path):
            return Stream("session" if kind == "session" else "task", found[1])
    return None


def cursors_of(scope: Scope) -> Cursors:
    """Where a request for a stream says it goes on. Raises Invalid."""
    given = query(scope)
    return Cursors(header(scope, b"last-event-id"), given.get("after") or given.get("lastEventId") or "")


def _principal(ticket: Ticket, maker: Principal) -> Principal:
    """Who comes by a ticket: its maker as of now, to read. An admin's opens what admins may see."""
    scopes: frozenset[Reach] = frozenset({"read", "admin"} if maker.is_admin else {"read"})
    return Principal(maker.user, maker.role, scopes, _credential(ticket), min(ticket.ends_at, maker.expires_at))


def _credential(ticket: Ticket) -> str:
    return f"ticket:{ticket.ticket_id}"


def _kept(ticket: Ticket) -> Kept:
    return Kept(SPACE, KIND, ticket.ticket_id, msgspec.json.encode(ticket))


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _mark(user: str) -> str:
    """How the ids of somebody's tickets begin, so that they lie together in the store."""
    return sha256(user.encode()).hexdigest()[:MARK]
