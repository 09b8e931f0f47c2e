"""Documents in SQLite: passages in a full-text index, ranked by BM25.

A document is written, and removed, some passages at a time, so that appends go on in between; it is there from the
moment when its row is, and gone from the moment when that is gone.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeVar

import apsw
from anyio import CancelScope
from msgspec.structs import astuple

from puntini.errors import StoreUnavailable
from puntini.log.documents import Bare, Document, Found, Hit
from puntini.log.embedding import Embedder
from puntini.log.searching import found
from puntini.store.rules import missing_document, taken_document
from puntini.store.sqlite.rows import PLACE_BITS, Row, one
from puntini.store.sqlite.vectors import add_vectors, bare, nearest, remove_vectors
from puntini.store.sqlite.workers import Readers, Writer
from puntini.store.words import may_go_on, query_words

T = TypeVar("T")
SLICE_PASSAGES = 16
MERGED_PAGES = 16
"""For each slice; the index grows by less than a third of that."""
RANKED = 4_000
"""So many passages at most are ranked for a query: it takes some milliseconds, whatever the words."""
COLUMNS = "id, owner, title, source, created_at, size, passages"


class SqliteDocuments:
    """See ``puntini.log.documents.Documents``: the part of the store that keeps them."""

    embedder: Embedder | None = None
    _writer: Writer
    _readers: Readers

    async def add_document(self, document: Document, passages: Sequence[str]) -> None:
        """Write the passages a slice at a time, then the document, which shows them."""
        num = await self._writer.change(partial(_begin, document_id=document.document_id))
        try:
            for start in range(0, len(passages), SLICE_PASSAGES):
                texts = passages[start : start + SLICE_PASSAGES]
                await self._writer.change(partial(_add, num=num, start=start, document=document, texts=texts))
            await self._writer.change(partial(_show, num=num, document=document))
        except BaseException:  # a cancellation too: nothing half added stays
            with suppress(StoreUnavailable):  # what is left then, the next start removes
                await self._remove_unfinished(num)
            raise
        if self.embedder is not None:
            self.embedder.wake()

    async def document(self, document_id: str) -> Document | None:
        """One document."""
        return await self._readers.ask(partial(_document, document_id=document_id))

    async def documents(self, *, limit: int, offset: int, owner: str | None = None) -> tuple[list[Document], int]:
        """Documents, the newest first."""
        return await self._readers.ask(partial(_documents, limit=limit, offset=offset, owner=owner))

    async def remove_document(self, document_id: str) -> None:
        """Hide a document at once, and remove its passages some at a time."""
        await self._remove_unfinished(await self._writer.change(partial(_hide, document_id=document_id)))

    async def search(self, query: str, *, limit: int = 10, owner: str | None = None) -> Found:
        """Rank the passages that match."""
        return await found(self, self.embedder, query, limit=limit, owner=owner)

    async def by_words(self, query: str, *, limit: int = 10, owner: str | None = None) -> list[Hit]:
        """Rank the passages that have the words."""
        return await self._readers.ask(partial(_search, query=query, limit=limit, owner=owner))

    async def nearest(self, space: str, vector: bytes, *, limit: int = 10, owner: str | None = None) -> list[Hit]:
        """Rank the passages by their vectors."""
        ask = partial(nearest, space=space, vector=vector, limit=limit, owner=owner)
        return await self._readers.ask(ask)

    async def bare(self, space: str, after: int) -> Bare | None:
        """The next passages without vectors."""
        return await self._readers.ask(partial(bare, space=space, after=after))

    async def add_vectors(self, space: str, place: int, vectors: bytes) -> None:
        """Keep vectors."""
        await self._writer.change(partial(add_vectors, space=space, place=place, body=vectors))

    async def _remove_unfinished(self, num: int) -> None:
        with CancelScope(shield=True):
            while await self._writer.change(partial(_remove_some, num=num)):
                pass


# Changes: each runs on the writer thread and keeps its own transaction.


def _begin(connection: apsw.Connection, *, document_id: str) -> int:
    """Take a number for a document. Raises Conflict."""
    _check_free(connection, document_id)
    row = connection.execute(
        """INSERT INTO unfinished SELECT 1 + max(ifnull((SELECT max(num) FROM documents), 0),
        ifnull((SELECT max(document) FROM unfinished), 0)) RETURNING document"""
    ).get
    return int(row)


def _check_free(connection: apsw.Connection, document_id: str) -> None:
    if one(connection, "SELECT 1 FROM documents WHERE id = ?", document_id):
        raise taken_document(document_id)


def _add(connection: apsw.Connection, *, num: int, start: int, document: Document, texts: Sequence[str]) -> None:
    first, owner = _rowid(num, start), _owner_word(document.owner)
    rows = [(rowid, owner, document.title, text) for rowid, text in enumerate(texts, first)]
    with connection:
        connection.executemany("INSERT INTO passages (rowid, owner, title, text) VALUES (?, ?, ?, ?)", rows)
        _merge(connection)


def _show(connection: apsw.Connection, *, num: int, document: Document) -> None:
    _check_free(connection, document.document_id)
    with connection:
        connection.execute(
            f"INSERT INTO documents (num, {COLUMNS}) VALUES (?,?,?,?,?,?,?,?)", (num, *astuple(document))
        )
        connection.execute("DELETE FROM unfinished WHERE document = ?", (num,))


def _hide(connection: apsw.Connection, *, document_id: str) -> int:
    """Raises NotFound."""
    row = one(connection, "SELECT num FROM documents WHERE id = ?", document_id)
    if row is None:
        raise missing_document(document_id)
    with connection:
        connection.execute("DELETE FROM documents WHERE num = ?", row)
        connection.execute("INSERT INTO unfinished VALUES (?)", row)
    return int(row[0])


def _remove_some(connection: apsw.Connection, *, num: int) -> bool:
    """Remove some passages of a document that is not to be seen; returns whether there may be more."""
    if one(connection, "SELECT 1 FROM unfinished WHERE document = ?", num) is None:
        return False
    with connection:
        connection.execute(
            "DELETE FROM passages WHERE rowid IN (SELECT rowid FROM passages WHERE rowid >= ? AND rowid < ? LIMIT ?)",
            (_rowid(num), _rowid(num + 1), SLICE_PASSAGES),
        )
        if connection.changes() == SLICE_PASSAGES:
            _merge(connection)
            remove_vectors(connection, _rowid(num), _rowid(num + 1), most=1)  # a row goes with twice as many passages
            return True
        remove_vectors(connection, _rowid(num), _rowid(num + 1))
        connection.execute("DELETE FROM unfinished WHERE document = ?", (num,))
    return False


def _merge(connection: apsw.Connection) -> None:
    connection.execute("INSERT INTO passages (passages, rank) VALUES ('merge', ?)", (MERGED_PAGES,))


def remove_unfinished(connection: apsw.Connection) -> None:
    """Finish what a crash cut short."""
    for (num,) in connection.execute("SELECT document FROM unfinished").fetchall():
        while _remove_some(connection, num=int(str(num))):
            pass


def _rowid(num: int, place: int = 0) -> int:
    return (num << PLACE_BITS) + place


def _owner_word(owner: str) -> str:
    """One word for an owner, with a letter for private use in it, which no query's word has."""
    return f"\ue000{owner.encode().hex()}"


# Questions.


def _document(connection: apsw.Connection, *, document_id: str) -> Document | None:
    row = one(connection, f"SELECT {COLUMNS} FROM documents WHERE id = ?", document_id)
    return _document_of(row) if row else None


def _documents(
    connection: apsw.Connection, *, limit: int, offset: int, owner: str | None
) -> tuple[list[Document], int]:
    where, values = ("owner = ?", (owner,)) if owner is not None else ("1", ())
    total = one(connection, f"SELECT count(*) FROM documents WHERE {where}", *values)
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM documents WHERE {where} ORDER BY num DESC LIMIT ? OFFSET ?", (*values, limit, offset)
    )
    return [_document_of(row) for row in rows], total[0] if total else 0


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


def _search(connection: apsw.Connection, *, query: str, limit: int, owner: str | None) -> list[Hit]:
    """The words that are in few passages decide. Of too many passages that have them, the newest are ranked."""
    others = owner is not None and one(connection, _OTHERS, owner, owner)

    def match(term: str) -> str:
        return f'({term}) AND owner : "{_owner_word(owner)}"' if owner is not None and others else term

    terms = _affordable(connection, _terms(query), match)
    if not terms:
        return []
    asked = match(" OR ".join(terms))
    rows = connection.execute(_RANKED, (asked, _newest(connection, asked), limit))
    return [Hit(*row) for row in rows]


def _terms(query: str) -> list[str]:
    """A query's words in the index's language; quoted, they are words and nothing else."""
    words = query_words(query)
    return [*(f'"{word}"' for word in words), *(f'"{word}"*' for word in words[-1:] if may_go_on(word))]


def _affordable(connection: apsw.Connection, terms: Sequence[str], match: Callable[[str], str]) -> list[str]:
    """The terms that are in the fewest passages, as many as can be ranked; the first of them in any case."""
    counts = {term: one(connection, _COUNTED, match(term), RANKED + 1) for term in terms}
    counted = sorted((row[0], term) for term, row in counts.items() if row and row[0])
    kept: list[str] = []
    total = 0
    for count, term in counted:
        total += count
        if kept and total > RANKED:
            break
        kept.append(term)
    return kept


def _newest(connection: apsw.Connection, asked: str) -> int:
    """The rowid from which on there are not too many matches."""
    row = one(connection, _NTH_NEWEST, asked, RANKED)
    return row[0] + 1 if row else 0


_OTHERS = "SELECT 1 FROM documents WHERE owner < ? OR owner > ? LIMIT 1"
_COUNTED = "SELECT count(*) FROM (SELECT 1 FROM passages WHERE passages MATCH ? LIMIT ?)"
_NTH_NEWEST = "SELECT rowid FROM passages WHERE passages MATCH ? ORDER BY rowid DESC LIMIT 1 OFFSET ?"
_RANKED = f"""SELECT d.id, d.title, p.rowid & {(1 << PLACE_BITS) - 1}, p.text, -p.rank
    FROM passages p JOIN documents d ON d.num = p.rowid >> {PLACE_BITS}
    WHERE p.passages MATCH ? AND p.rowid >= ? ORDER BY p.rank LIMIT ?"""
