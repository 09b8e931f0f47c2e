"""What other nodes have to know of this one's streams: how many each user has, and which sessions are watched."""

from collections.abc import Iterable

import anyio

from puntini.log.mint import now_ms
from puntini.log.nodes import Carried, Nodes
from puntini.transport.connections import Connections, Noted

ASKED_SECONDS = 60.0
"""So long it is asked again and again what others carry of a user who has opened or closed a stream here."""
MOST_TOLD = 5_000
"""Users or sessions in one statement."""


class Presence:
    """Tells it at each beat. ``idle_seconds`` is how long a session that nobody watches stays open; 0 for ever."""

    def __init__(self, nodes: Nodes, node: str, connections: Connections, *, idle_seconds: float) -> None:
        self._nodes = nodes
        self._node = node
        self._connections = connections
        self._again_ms = int(idle_seconds * 1000 / 4)
        self._asked: dict[str, float] = {}
        self._watched_due = 0
        self._noted = connections.noted = Noted(set(), set())

    async def tell_streams(self) -> None:
        """Tell how many streams users have here, and learn how many they have elsewhere. Raises StoreUnavailable."""
        now, changed = anyio.current_time(), set(self._noted.users)
        self._noted.users.clear()
        self._asked |= dict.fromkeys(changed, now + ASKED_SECONDS)
        self._asked = {user: until for user, until in self._asked.items() if until > now}
        try:
            for users in _cut(changed):
                await self._carry(users)
            await self._learn()
        except BaseException:  # cancelled, too: it is not known what was told
            self._noted.users.update(changed)
            raise

    async def _carry(self, users: list[str]) -> None:
        if (await self._say(users)).new:  # nothing that was said before is known any more
            for some in _cut(self._connections.users()):
                await self._say(some)

    async def _say(self, users: list[str]) -> Carried:
        return await self._nodes.carry(self._node, {user: self._connections.of_user(user) for user in users}, ())

    async def _learn(self) -> None:
        found: dict[str, int] = {}
        for users in _cut(self._asked) if self._asked else ():
            found |= (await self._nodes.carry(self._node, {}, users)).elsewhere
        self._connections.elsewhere = found

    async def tell_watched(self) -> None:
        """Tell which sessions are watched: new ones at once, others before they seem idle. Raises StoreUnavailable."""
        if not self._again_ms:
            self._noted.sessions.clear()
            return
        at, entered = now_ms(), set(self._noted.sessions)
        self._noted.sessions.clear()
        all_due = at >= self._watched_due
        try:
            for sessions in _cut(self._connections.sessions() if all_due else entered):
                await self._nodes.watching(sessions, at)
        except BaseException:  # cancelled, too
            self._noted.sessions.update(entered)
            raise
        if all_due:
            self._watched_due = at + self._again_ms

    async def leave(self) -> None:
        """This node carries nothing any more. Raises StoreUnavailable."""
        await self._nodes.leave(self._node)


def _cut(names: Iterable[str]) -> list[list[str]]:
    """Names in lists that are not too long; one empty list for none, for a beat is told in any case."""
    listed = list(names)
    return [listed[start : start + MOST_TOLD] for start in range(0, len(listed), MOST_TOLD)] or [[]]
