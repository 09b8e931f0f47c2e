"""Documents in Postgres: passages with their words in a full-text index, ranked by BM25 as the other stores do.

Words are taken and folded here, as for every store, so that no dictionary of a server's makes a difference.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

from anyio.lowlevel import checkpoint
from msgspec.structs import astuple

from puntini.log.documents import Bare, Document, Found, Hit
from puntini.log.embedding import Embedder
from puntini.log.searching import found
from puntini.store.postgres import searches, vectors
from puntini.store.postgres.database import Database
from puntini.store.postgres.pool import Connection
from puntini.store.postgres.rows import Row
from puntini.store.rules import missing_document, taken_document

ADDING = 2
"""So many documents are added at once, each on a connection of its own."""
SLICE_PASSAGES = 16
"""So many are taken apart before others get their turn on the loop."""
COLUMNS = "id, owner, title, source, created_at, size, passages"


class PostgresDocuments:
    """See ``puntini.log.documents.Documents``: the part of the store that keeps them."""

    def __init__(self, database: Database) -> None:
        self.embedder: Embedder | None = None
        self._database = database
        self._adding = asyncio.Semaphore(ADDING)

    async def add_document(self, document: Document, passages: Sequence[str]) -> None:
        """Write a document with its passages, in one transaction, which may take as long as it needs."""
        async with self._adding, self._database.apart() as connection, connection.transaction():
            await _add(connection, document, passages)
        if self.embedder is not None:
            self.embedder.wake()

    async def document(self, document_id: str) -> Document | None:
        """One document."""
        rows = await self._database.rows(f"SELECT {COLUMNS} FROM documents WHERE id = %s", document_id)
        return _document_of(rows[0]) if rows else None

    async def documents(self, *, limit: int, offset: int, owner: str | None = None) -> tuple[list[Document], int]:
        """Documents, the newest first."""
        where, values = ("owner = %s", (owner,)) if owner is not None else ("true", ())
        rows = await self._database.rows(
            f"SELECT {COLUMNS} FROM documents WHERE {where} ORDER BY num DESC LIMIT %s OFFSET %s",
            *(*values, limit, offset),
        )
        [[total]] = await self._database.rows(f"SELECT count(*) FROM documents WHERE {where}", *values)
        return [_document_of(row) for row in rows], total

    async def remove_document(self, document_id: str) -> None:
        """Remove a document with its passages, in one transaction."""
        await self._database.change(partial(_remove, document_id=document_id))

    async def search(self, query: str, *, limit: int = 10, owner: str | None = None) -> Found:
        """Rank the passages that match."""
        return await found(self, self.embedder, query, limit=limit, owner=owner)

    async def by_words(self, query: str, *, limit: int = 10, owner: str | None = None) -> list[Hit]:
        """Rank the passages that have the words."""
        terms = searches.terms(query)
        if not terms:
            return []
        return await self._database.change(partial(searches.ranked, terms=terms, limit=limit, owner=owner))

    async def nearest(self, space: str, vector: bytes, *, limit: int = 10, owner: str | None = None) -> list[Hit]:
        """Rank the passages by their vectors."""
        return await vectors.nearest(self._database, space, vector, limit, owner)

    async def bare(self, space: str, after: int) -> Bare | None:
        """The next passages without vectors."""
        return await vectors.bare(self._database, space, after)

    async def add_vectors(self, space: str, place: int, vectors_joined: bytes) -> None:
        """Keep vectors."""
        await vectors.add(self._database, space, place, vectors_joined)


async def _add(connection: Connection, document: Document, passages: Sequence[str]) -> None:
    """Raises Conflict. Who adds the same at the same time waits here for the end of this."""
    cursor = await connection.execute(_INSERT, astuple(document))
    row = await cursor.fetchone()
    if row is None:
        raise taken_document(document.document_id)
    total = await _add_passages(connection, row[0], document, passages)
    await connection.execute("UPDATE documents SET words = %s WHERE num = %s", (total, row[0]))


async def _add_passages(connection: Connection, num: int, document: Document, passages: Sequence[str]) -> int:
    """Write the passages; returns how many words they have."""
    total = 0
    async with connection.cursor().copy("COPY passages (document, place, length, text, words) FROM STDIN") as copy:
        for place, text in enumerate(passages):
            length, words = searches.indexed(document.owner, f"{document.title} {text}")
            await copy.write_row((num, place, length, text, words))
            total += length
            if place % SLICE_PASSAGES == SLICE_PASSAGES - 1:
                await checkpoint()
    return total


async def _remove(connection: Connection, *, document_id: str) -> None:
    """Raises NotFound."""
    cursor = await connection.execute("DELETE FROM documents WHERE id = %s RETURNING num", (document_id,))
    row = await cursor.fetchone()
    if row is None:
        raise missing_document(document_id)
    for table in ("passages", "vectors"):
        await connection.execute(f"DELETE FROM {table} WHERE document = %s".encode(), row)


def _document_of(values: Row) -> Document:
    document_id, owner, title, source, created_at, size, passages = values
    return Document(
        document_id=document_id,
        owner=owner,
        title=title,
        source=source,
        created_at=created_at,
        size=size,
        passages=passages,
    )


_INSERT = f"""INSERT INTO documents ({COLUMNS}, words) VALUES (%s, %s, %s, %s, %s, %s, %s, 0)
    ON CONFLICT (id) DO NOTHING RETURNING num"""
