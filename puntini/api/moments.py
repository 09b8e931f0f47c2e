"""A session's view now, or as it was at an event: the query parameter ``at``."""

from starlette.requests import Request

from puntini.errors import Invalid
from puntini.log.contract import Store
from puntini.log.keeper import Keeper
from puntini.protocol.ids import Earliest, EventId, Now, parse_cursor
from puntini.views.session import SessionView


class Moments:
    """Finds the view that a request means."""

    def __init__(self, store: Store, keeper: Keeper[SessionView]) -> None:
        self._store = store
        self._keeper = keeper

    async def view(self, request: Request) -> SessionView:
        """The view. Use it before the next await: it goes on changing. Raises NotFound or Invalid."""
        session_id = request.path_params["session_id"]
        at = request.query_params.get("at")
        if at is None:
            return await self._keeper.view(session_id)
        return await self._keeper.view_at(session_id, await self.seq(session_id, at))

    async def seq(self, session_id: str, at: str) -> int:
        """The seq that ``at`` means; it need not be in the log. Raises NotFound or Invalid."""
        bounds = await self._store.bounds(session_id)
        match parse_cursor(at, self._store.epoch):
            case EventId(epoch, seq) if epoch == self._store.epoch:
                return seq
            case Earliest():
                return bounds.floor
            case Now():
                return bounds.head
            case _:
                raise Invalid("at: give the id of an event of this session", path="at")
