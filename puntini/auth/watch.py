"""Live streams obey: whoever may not follow any more is shown out within seconds of what took the right away."""

from collections.abc import Awaitable, Callable

import anyio
import anyio.lowlevel

from puntini.auth.access import Access
from puntini.auth.principals import Principal
from puntini.auth.revision import Revision
from puntini.errors import StoreUnavailable
from puntini.log.members import RANKS, MemberRole
from puntini.transport.connections import Connection, Connections

LOOK_SECONDS = 1.0
SLICE = 1_000

Still = Callable[[Principal], Awaitable[Principal | None]]
"""Who a principal is by now; None when their credential is good no more."""


class Facts:
    """What one look finds out, each thing once, however many streams it is about."""

    def __init__(self, access: Access, still: Still) -> None:
        self._access = access
        self._still = still
        self._whos: dict[Principal, Principal | None] = {}
        self._roles: dict[tuple[Principal, str], MemberRole | None] = {}

    async def still(self, before: Principal) -> Principal | None:
        """Who somebody is by now."""
        if before not in self._whos:
            self._whos[before] = await self._still(before)
        return self._whos[before]

    async def role(self, who: Principal, session_id: str) -> MemberRole | None:
        """What they are in a session."""
        if (who, session_id) not in self._roles:
            self._roles[who, session_id] = await self._access.role(who, session_id)
        return self._roles[who, session_id]


class Watch:
    """Looks again at every stream that was let in at another revision than the present one."""

    def __init__(self, connections: Connections, access: Access, revision: Revision, still: Still) -> None:
        self._connections = connections
        self._access = access
        self._revision = revision
        self._still = still

    async def run(self) -> None:
        """Look once a second. Never ends. While the store can't say, streams go on, and are looked at later."""
        while True:
            await anyio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except StoreUnavailable:
                continue

    async def look(self) -> None:
        """Look at all that have not been looked at since the last change. Raises StoreUnavailable."""
        number = self._revision.number
        facts = Facts(self._access, self._still)
        for at, connection in enumerate(self._connections.all()):
            if at % SLICE == 0:
                await anyio.lowlevel.checkpoint()
            if connection.revision != number and await self._judge(connection, facts):
                connection.revision = number

    async def _judge(self, connection: Connection, facts: "Facts") -> bool:
        """Show it out where that is due; False where it is to be looked at again."""
        before, session_id, role = connection.principal, connection.session_id, connection.role
        who = await facts.still(before)
        now = await facts.role(who, session_id) if who and session_id else None
        if session_id != connection.session_id:
            return False  # it has just gone over to another session
        if who is None or (session_id and now is None):
            connection.end("revoked")
        elif who.is_admin != before.is_admin or (now is not None and role is not None and RANKS[now] != RANKS[role]):
            # What it may see, and whose name a socket's commands are carried out in, is decided as it opens.
            connection.end("lifetime")
        return True
