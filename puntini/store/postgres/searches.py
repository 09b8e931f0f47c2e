"""Searches by words: what is put into the full-text index, and how what it finds is ranked.

A passage's worth is BM25's, as in the other stores. How often it has a word is in what ``ts_rank`` says of that word
alone: with equal weights it is r = (1/1² + 1/2² + … + 1/n²) / ζ(2) for n places, and n is nearly 0.6 r / (1 - r).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import log

from puntini.log.documents import Hit
from puntini.store.postgres.pool import Connection
from puntini.store.words import may_go_on, query_words, words_of

RANKED = 4_000
"""So many passages at most are ranked for a query, the newest of those that match."""
OWNER = "\ue000"
"""Begins the word for an owner: a letter for private use, which no query's word has."""
WORDS = 10_000
"""So many of a passage's are in the index."""
WORD_CHARACTERS = 200
PLACES = 255
"""Of one word in a passage: Postgres keeps no more."""
DOCUMENTS = 10_000
"""By so many, the newest, it is told how many passages there are and how long they are."""


def indexed(owner: str, text: str) -> tuple[int, str]:
    """How many words a passage has, and what the index takes of them."""
    places: dict[str, list[str]] = defaultdict(list)
    words = words_of(text)[:WORDS]
    for place, word in enumerate(words, 1):
        places[word[:WORD_CHARACTERS]].append(str(place))
    told = (f"'{word}':{','.join(found[:PLACES])}" for word, found in places.items())
    return len(words), " ".join((_owner_word(owner), *told))


def terms(query: str) -> list[str]:
    """A query's words in the index's language; quoted, they are words and nothing else."""
    words = query_words(query)
    folded = [" & ".join(f"'{part}'" for part in words_of(word)) for word in words]
    begun = [f"{term}:*" for term, word in zip(folded[-1:], words[-1:], strict=True) if may_go_on(word)]
    return [f"({term})" for term in dict.fromkeys([*folded, *begun]) if term.startswith("'")]


def _owner_word(owner: str) -> str:
    """One word for an owner."""
    return f"'{OWNER}{sha256(owner.encode()).hexdigest()[:32]}'"


async def ranked(connection: Connection, *, terms: Sequence[str], limit: int, owner: str | None) -> list[Hit]:
    """The best passages that have any of the terms. Words that are in few passages decide."""
    total, average = await _size(connection, owner)
    counts = await _counts(connection, terms, owner)
    kept = _affordable(counts)
    if not kept:
        return []
    asked = _of(owner, " | ".join(kept))
    rarities = [_rarity(counts[term], total) for term in kept]
    cursor = await connection.execute(
        _RANKED, (asked, RANKED, average, kept, rarities, limit), prepare=False, binary=True
    )
    return [Hit(id_, title, at, text, score) async for id_, title, at, text, score in cursor]


async def _size(connection: Connection, owner: str | None) -> tuple[int, float]:
    """How many passages there are, and how long they are on average."""
    where, values = ("WHERE owner = %s", [owner]) if owner is not None else ("", [])
    cursor = await connection.execute(_SIZE.format(where).encode(), (*values, DOCUMENTS))
    total, words = await cursor.fetchone() or (0, 0)
    return int(total), max(1.0, int(words) / max(1, int(total)))


async def _counts(connection: Connection, terms: Sequence[str], owner: str | None) -> dict[str, int]:
    """In how many passages each term is, up to one more than are ranked."""
    asked = " UNION ALL ".join([_COUNTED] * len(terms))
    values = [value for number, term in enumerate(terms) for value in (number, _of(owner, term), RANKED + 1)]
    # Not prepared: each word is to be looked for in the way that is best for one that is as frequent.
    cursor = await connection.execute(asked.encode(), values, prepare=False, binary=True)
    return {terms[number]: count async for number, count in cursor if count}


def _affordable(counts: Mapping[str, int]) -> list[str]:
    """The terms that are in the fewest passages, as many as can be ranked; the first of them in any case."""
    kept: list[str] = []
    total = 0
    for term in sorted(counts, key=lambda term: (counts[term], term)):
        total += counts[term]
        if kept and total > RANKED:
            break
        kept.append(term)
    return kept


def _of(owner: str | None, asked: str) -> str:
    return asked if owner is None else f"({asked}) & {_owner_word(owner)}"


def _rarity(count: int, total: int) -> float:
    return log(1 + (max(total, count) - count + 0.5) / (count + 0.5))


_SIZE = """SELECT coalesce(sum(passages), 0)::bigint, coalesce(sum(words), 0)::bigint
    FROM (SELECT passages, words FROM documents {} ORDER BY num DESC LIMIT %s) AS newest"""
_COUNTED = "SELECT %s::int, (SELECT count(*) FROM (SELECT FROM passages WHERE words @@ %s::tsquery LIMIT %s) AS first)"
# BM25 with its usual k1 = 1.2 and b = 0.75, in terms of r.
_RANKED = """WITH found AS MATERIALIZED (
        SELECT document, place, length, words FROM passages WHERE words @@ %s::tsquery
        ORDER BY document DESC, place DESC LIMIT %s
    ), best AS (
        SELECT document, place, sum(rarity * 2.2 * r / (r + 2 * (1 - r) * (0.25 + 0.75 * length / %s::float8))) AS score
        FROM found, unnest(%s::text[]::tsquery[], %s::float8[]) AS terms (term, rarity),
            LATERAL (SELECT least(ts_rank('{1, 1, 1, 1}', words, term), 0.999)::float8 AS r) AS rank
        WHERE r > 0 GROUP BY document, place ORDER BY score DESC, document, place LIMIT %s
    )
    SELECT d.id, d.title, place, p.text, score FROM best b JOIN documents d ON d.num = document
    JOIN passages p USING (document, place) ORDER BY score DESC, document, place"""
