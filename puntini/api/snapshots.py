"""A session's ``session_ready``, made from its view."""

from puntini.log.contract import EventLog, SessionRow
from puntini.log.keeper import Keeper
from puntini.transport.opening import Ready
from puntini.views.session import SessionView


class Snapshots:
    """Makes snapshots for streams."""

    def __init__(self, keeper: Keeper[SessionView], store: EventLog) -> None:
        self._keeper = keeper
        self._store = store

    async def ready(self, row: SessionRow) -> Ready:
        """The snapshot event at the head. Raises NotFound."""
        view = await self._keeper.view(row.session_id)
        cursor = f"{self._store.epoch}.{view.seq}"
        return Ready(view.ready(session_id=row.session_id, cursor=cursor, agent=row.agent), view.seq)
