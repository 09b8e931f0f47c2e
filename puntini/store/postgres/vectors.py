"""Vectors of passages in Postgres, and the passages that lack them.

The nearest are found here and not in the database, so that nothing has to be installed there; rows come some at a time.
"""

import asyncio
from heapq import nlargest

from puntini.log.documents import VECTORS_A_ROW, Bare, Hit
from puntini.store.postgres.database import Database

ROWS = 3_125
"""So many at most are looked at for a query, the newest: 100,000 passages."""
SLICE_ROWS = 64
PLACE_BITS = 32
"""A passage's place is its document's number, shifted by so many bits, and its place in it."""
_IN_DOCUMENT = (1 << PLACE_BITS) - 1
_END = 1 << 62
Near = tuple[int, float]


async def add(database: Database, space: str, place: int, body: bytes) -> None:
    """Keep vectors, unless their document has gone meanwhile."""
    num, first = place >> PLACE_BITS, place & _IN_DOCUMENT
    await database.rows(_ADD, first, space, body, num)


async def nearest(database: Database, space: str, vector: bytes, limit: int, owner: str | None) -> list[Hit]:
    """The passages with the nearest vectors."""
    best: list[Near] = []
    before, left = _END, ROWS
    while left > 0:
        rows = await database.rows(*_slice(space, owner, before, min(left, SLICE_ROWS)))
        if rows:
            # In a thread: numpy computes there without holding the loop up.
            best = await asyncio.to_thread(_nearer, best, [(place, body) for place, body in rows], vector, limit)
        if len(rows) < SLICE_ROWS:
            break
        before, left = rows[-1][0], left - SLICE_ROWS
    return await _hits(database, best)


def _slice(space: str, owner: str | None, before: int, limit: int) -> tuple[str, *tuple[object, ...]]:
    owned, values = ("d.owner = %s", (owner,)) if owner is not None else ("true", ())
    at = (before >> PLACE_BITS, before & _IN_DOCUMENT)
    return (_ROWS.format(owned), *values, at[0], *at, space, limit)


def _nearer(best: list[Near], rows: list[tuple[int, bytes]], vector: bytes, limit: int) -> list[Near]:
    """The best of what was found before and of some more."""
    from puntini.store.nearest import nearest  # numpy is there where an embedder is

    return nlargest(limit, [*best, *nearest(rows, vector, limit)], key=lambda near: near[1])


async def _hits(database: Database, best: list[Near]) -> list[Hit]:
    places = [place for place, _ in best]
    nums, firsts = [place >> PLACE_BITS for place in places], [place & _IN_DOCUMENT for place in places]
    rows = {(num, at): told for num, at, *told in await database.rows(_PASSAGES, nums, firsts)}
    found = (
        (rows.get(place), place[1], score)
        for place, (_, score) in zip(zip(nums, firsts, strict=True), best, strict=True)
    )
    return [Hit(told[0], told[1], at, told[2], score) for told, at, score in found if told]


async def bare(database: Database, space: str, after: int) -> Bare | None:
    """The next passages without vectors."""
    num, at = (after >> PLACE_BITS, after & _IN_DOCUMENT) if after >= 0 else (0, -1)
    lacking = await database.rows(_LACKING, VECTORS_A_ROW, num, num, at, space)
    if not lacking:
        return None
    [(num, first)] = lacking
    rows = await database.rows(_TEXTS, num, first, first + VECTORS_A_ROW)
    return Bare((num << PLACE_BITS) + first, [f"{title}\n{text}" for title, text in rows])


_ADD = """INSERT INTO vectors (document, first, space, body) SELECT num, %s, %s, %s FROM documents WHERE num = %s
    ON CONFLICT (document, first) DO UPDATE SET space = excluded.space, body = excluded.body"""
_ROWS = f"""SELECT (v.document << {PLACE_BITS}) + v.first, v.body FROM documents d JOIN vectors v ON v.document = d.num
    WHERE {{}} AND d.num <= %s AND (v.document, v.first) < (%s, %s) AND v.space = %s
    ORDER BY v.document DESC, v.first DESC LIMIT %s"""
_PASSAGES = """SELECT p.document, p.place, d.id, d.title, p.text
    FROM unnest(%s::bigint[], %s::int[]) AS wanted (num, at)
    JOIN passages p ON p.document = num AND p.place = at JOIN documents d USING (num)"""
_LACKING = """SELECT d.num, at FROM documents d, generate_series(0, d.passages - 1, %s) AS at
    WHERE d.num >= %s AND (d.num, at) > (%s, %s) AND NOT EXISTS (
        SELECT FROM vectors v WHERE v.document = d.num AND v.first = at AND v.space = %s)
    ORDER BY d.num, at LIMIT 1"""
_TEXTS = """SELECT d.title, p.text FROM passages p JOIN documents d ON d.num = p.document
    WHERE p.document = %s AND p.place >= %s AND p.place < %s ORDER BY p.place"""
