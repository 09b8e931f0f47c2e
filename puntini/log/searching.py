"""A search as every store makes it: by words, and where there is an embedder also by nearness, merged by rank."""

from collections import defaultdict
from collections.abc import Sequence
from heapq import nlargest

from msgspec.structs import replace

from puntini.log.documents import Found, Hit, Passages
from puntini.log.embedding import Embedder, EmbedderFailed

POOL = 50
"""So many of each ranking are merged, or as many as are asked for."""
RANK_OFFSET = 60
"""Reciprocal ranks are taken from here on, so that the first of one ranking does not outdo the seconds of both."""
BEHIND = "Some passages have no vectors yet, and are found by their words only."


async def found(passages: Passages, embedder: Embedder | None, query: str, *, limit: int, owner: str | None) -> Found:
    """What matches a query, the best first. Where there are no vectors it says so, and goes by words."""
    if embedder is None or not query.strip():
        return Found(await passages.by_words(query, limit=limit, owner=owner))
    words = await passages.by_words(query, limit=max(limit, POOL), owner=owner)
    try:
        vector = await embedder.query(query)
        space = await embedder.space()
    except EmbedderFailed as error:
        return Found(words[:limit], note=f"{error} The passages were found by their words only.")
    async with embedder.nearest:
        near = await passages.nearest(space, vector, limit=max(limit, POOL), owner=owner)
    return Found(merged(words, near, limit=limit), "words and vectors", BEHIND if embedder.behind else "")


def merged(*rankings: Sequence[Hit], limit: int) -> list[Hit]:
    """The best of several rankings: what is near the top of more than one comes first."""
    hits: dict[tuple[str, int], Hit] = {}
    scores: dict[tuple[str, int], float] = defaultdict(float)
    for ranking in rankings:
        for rank, hit in enumerate(ranking, 1):
            place = hit.document_id, hit.passage
            hits.setdefault(place, hit)
            scores[place] += 1 / (RANK_OFFSET + rank)
    return [replace(hits[place], score=scores[place]) for place in nlargest(limit, hits, key=scores.__getitem__)]
