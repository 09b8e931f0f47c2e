"""Vectors of passages in SQLite, and the passages that lack them."""

from collections.abc import Iterator

import apsw

from puntini.log.documents import VECTORS_A_ROW, Bare, Hit
from puntini.store.sqlite.rows import PLACE_BITS, one

ROWS = 3_125
"""So many at most are looked at for a query, the newest: 100,000 passages."""
_PLACE = (1 << PLACE_BITS) - 1


# Changes: each runs on the writer thread and keeps its own transaction.


def add_vectors(connection: apsw.Connection, *, space: str, place: int, body: bytes) -> None:
    """Keep vectors, unless their document has gone meanwhile."""
    connection.execute(
        "INSERT OR REPLACE INTO vectors SELECT ?, ?, ? FROM documents WHERE num = ?",
        (place, space, body, place >> PLACE_BITS),
    )


def remove_vectors(connection: apsw.Connection, first: int, end: int, most: int = -1) -> None:
    """Forget vectors, within a transaction of the caller's."""
    connection.execute(
        "DELETE FROM vectors WHERE first IN (SELECT first FROM vectors WHERE first >= ? AND first < ? LIMIT ?)",
        (first, end, most),
    )


# Questions.


def nearest(connection: apsw.Connection, *, space: str, vector: bytes, limit: int, owner: str | None) -> list[Hit]:
    """The passages with the nearest vectors."""
    from puntini.store import nearest as exact  # numpy is there where an embedder is

    owned, values = ("d.owner = ?", (owner,)) if owner is not None else ("1", ())
    rows: Iterator[tuple[int, bytes]] = connection.execute(_ROWS.format(owned), (*values, space, ROWS))
    hits = [_hit(connection, rowid, score) for rowid, score in exact.nearest(rows, vector, limit)]
    return [hit for hit in hits if hit is not None]


def _hit(connection: apsw.Connection, rowid: int, score: float) -> Hit | None:
    row = one(connection, _PASSAGE, rowid)
    return Hit(row[0], row[1], rowid & _PLACE, row[2], score) if row else None


def bare(connection: apsw.Connection, *, space: str, after: int) -> Bare | None:
    """The next passages without vectors."""
    for num, count in connection.execute(_LACKING, (max(after, 0) >> PLACE_BITS, space)):
        for first in _gaps(connection, int(num), int(count), space):
            if first > after:
                rows = connection.execute(
                    _TEXTS, (first, min(first + VECTORS_A_ROW, (int(num) << PLACE_BITS) + int(count)))
                )
                return Bare(first, [f"{title}\n{text}" for title, text in rows])
    return None


def _gaps(connection: apsw.Connection, num: int, count: int, space: str) -> Iterator[int]:
    start = num << PLACE_BITS
    sql = "SELECT first FROM vectors WHERE first >= ? AND first < ? AND space = ?"
    there = {first for (first,) in connection.execute(sql, (start, start + count, space))}
    return (first for first in range(start, start + count, VECTORS_A_ROW) if first not in there)


_RANGE = f"v.first >= d.num << {PLACE_BITS} AND v.first < (d.num + 1) << {PLACE_BITS}"
_ROWS = f"""SELECT v.first, v.body FROM documents d CROSS JOIN vectors v
    WHERE {{}} AND {_RANGE} AND +v.space = ? ORDER BY d.num DESC, v.first DESC LIMIT ?"""
# The plus keeps SQLite from making an index of all vectors for one question.
_PASSAGE = f"""SELECT d.id, d.title, p.text FROM passages p JOIN documents d ON d.num = p.rowid >> {PLACE_BITS}
    WHERE p.rowid = ?"""
_LACKING = f"""SELECT d.num, d.passages FROM documents d WHERE d.num >= ?1 AND d.passages >
    {VECTORS_A_ROW} * (SELECT count(*) FROM vectors v WHERE {_RANGE} AND v.space = ?2) ORDER BY d.num"""
_TEXTS = "SELECT title, text FROM passages WHERE rowid >= ? AND rowid < ? ORDER BY rowid"
