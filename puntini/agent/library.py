"""What agents may look up: the documents of whoever a session belongs to, and nobody else's."""

from typing import Protocol

from puntini.log.contract import SessionRow
from puntini.log.documents import Found


class Source(Protocol):
    """Where documents are, and whose a session is."""

    async def session(self, session_id: str) -> SessionRow | None:
        """One session."""
        ...

    async def search(self, query: str, *, limit: int = 10, owner: str | None = None) -> Found:
        """The passages that match best, of one owner's documents."""
        ...


class Library:
    """The documents as one session's agents see them."""

    def __init__(self, source: Source, session_id: str) -> None:
        self._source = source
        self._session_id = session_id

    async def search(self, query: str, *, limit: int = 10) -> Found:
        """The passages that match best. A session that is gone has no documents."""
        row = await self._source.session(self._session_id)
        return await self._source.search(query, limit=limit, owner=row.owner) if row else Found([])
