"""Imports: graphs that come from elsewhere into a session's."""

from contextlib import suppress
from functools import partial

import anyio
import anyio.lowlevel
from msgspec.structs import replace

from puntini.api.edits import updates
from puntini.api.repeats import Repeats, written
from puntini.errors import Conflict, StaleGraph
from puntini.log.contract import Append, Once, Store, Written
from puntini.log.keeper import Keeper
from puntini.log.mint import now_ms, timestamp
from puntini.log.renumbering import renumbered
from puntini.protocol.entries import Entry, entry_of
from puntini.protocol.graph import Graph
from puntini.views.graph import GraphView
from puntini.views.importing import Importing
from puntini.views.session import SessionView

TRIES = 3
APPEND_SECONDS = 3.0
"""How long what is ready goes on trying to get in between what other nodes do to the graph."""


class Imports:
    """Brings graphs in, one at a time. What takes long is done in slices, between which others have their turn."""

    def __init__(self, store: Store, keeper: Keeper[SessionView]) -> None:
        self._store = store
        self._keeper = keeper
        self._repeats = Repeats(store)
        self._one = anyio.CapacityLimiter(1)

    async def bring(self, session_id: str, graph: Graph, *, instead: bool, user: str, once: Once | None) -> Written:
        """Merge a graph with a session's, or put it in its place: all of it or nothing. A repeat changes nothing.

        Raises Invalid, Conflict, NotFound or SessionClosed.
        """
        work = partial(self._bring, session_id, graph, instead=instead, user=user, once=once)
        return await self._repeats.once(once, work)

    async def _bring(self, session_id: str, graph: Graph, *, instead: bool, user: str, once: Once | None) -> Written:
        async with self._one:
            for _ in range(TRIES):
                view = await self._view(session_id)
                importing = Importing(view, graph, instead=instead)
                for _ in importing:
                    await anyio.lowlevel.checkpoint()
                entries = await self._entries(session_id, importing, view.version, user)
                until = anyio.current_time() + APPEND_SECONDS
                while importing.still_fits(latest := await self._view(session_id)) and anyio.current_time() < until:
                    with suppress(StaleGraph):  # changed on another node in this moment
                        return await self._append(session_id, entries, latest.version, once)
        raise Conflict(
            "What this would change was changed again and again meanwhile; send it once the graph is at rest."
        )

    async def _append(self, session_id: str, entries: list[Entry], known: int, once: Once | None) -> Written:
        brings = None
        if self._store.shared:  # an agent may have drawn on meanwhile; alone, all versions are given here
            entries, brings = renumbered(entries, self._keeper.versions(session_id), known)
        write = Append(session_id=session_id, entries=entries, versions=brings, once=once, at=now_ms())
        return await written(self._store, write)

    async def _view(self, session_id: str) -> GraphView:
        return (await self._keeper.view(session_id)).graph

    async def _entries(self, session_id: str, importing: Importing, version: int, user: str) -> list[Entry]:
        versions = self._keeper.versions(session_id)
        versions.at_least(version)
        entries = []
        for event in updates(importing.delta, user, versions):
            entries.append(entry_of(replace(event, timestamp=timestamp())))
            await anyio.lowlevel.checkpoint()
        return entries
