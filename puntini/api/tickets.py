"""``POST /v1/tickets``: a credential for one stream, to put into the address that an ``EventSource`` is given."""

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from puntini.api.http import Body, Door, Json, read, resource
from puntini.auth.access import Access
from puntini.auth.guard import principal_of
from puntini.auth.principals import Principal
from puntini.auth.rights import READ
from puntini.auth.tickets import Stream, Tickets, stream_at
from puntini.errors import Invalid
from puntini.log.mint import timestamp


class NewTicket(Body, frozen=True):
    """What it is for: one of the three. ``path`` is the address of a stream, as in ``/v1/tasks/{id}/stream``."""

    session_id: str = ""
    task_id: str = ""
    path: str = ""


class MadeTicket(Struct, frozen=True):
    """The ticket, until when it has to be used first, and the address with it, for ``new EventSource(url)``."""

    ticket: str
    expires_at: str
    url: str


class TicketDesk:
    """The route."""

    def __init__(self, tickets: Tickets, access: Access) -> None:
        self._tickets = tickets
        self._access = access

    def routes(self) -> list[BaseRoute]:
        """What this resource answers."""
        return [resource("/v1/tickets", post=Door(READ, self.create, takes=NewTicket, gives=MadeTicket, status=201))]

    async def create(self, request: Request) -> Response:
        """A ticket for a stream that one may see."""
        new = await read(request, NewTicket)
        stream = _stream(new)
        maker = principal_of(request.scope)
        await self._admit(maker, stream)
        ticket, text = await self._tickets.make(maker, stream)
        until = timestamp(int(ticket.first_use_until * 1000))
        made = MadeTicket(text, until, f"{new.path or stream.path}?ticket={text}")
        return Json(made, status_code=201, headers={"cache-control": "no-store"})

    async def _admit(self, maker: Principal, stream: Stream) -> None:
        if stream.kind == "session":
            await self._access.require(maker, stream.id)
        else:
            await self._access.require_task(maker, stream.id)


def _stream(new: NewTicket) -> Stream:
    """Raises Invalid."""
    if sum(map(bool, (new.session_id, new.task_id, new.path))) != 1:
        raise Invalid("Name one stream: by session_id, by task_id or by path.")
    path = new.path or Stream("session" if new.session_id else "task", new.session_id or new.task_id).path
    stream = stream_at(path)
    if stream is None:
        raise Invalid("There is no stream of that name; use /v1/sessions/{id}/stream or /v1/tasks/{id}/stream.")
    return stream
