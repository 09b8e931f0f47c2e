"""Documents in memory: passages in an inverted index, ranked by BM25."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from heapq import nsmallest
from itertools import count
from math import log

from puntini.log.documents import VECTORS_A_ROW, Bare, Document, Found, Hit
from puntini.log.embedding import Embedder
from puntini.log.searching import found
from puntini.store.rules import missing_document, taken_document
from puntini.store.words import may_go_on, query_words, words_of

SLICE_PASSAGES = 16
SATURATION, LENGTH_WEIGHT = 1.2, 0.75
"""What BM25 calls k1 and b: how soon a repeated word counts no more, and how much a long passage loses."""

Place = tuple[int, int]
"""A document's number, and a passage's place in it."""


class MemoryDocuments:
    """See ``puntini.log.documents.Documents``: the part of the store that keeps them."""

    def __init__(self) -> None:
        self._documents: dict[str, tuple[int, Document]] = {}
        self._texts: dict[Place, str] = {}
        self._shown: dict[int, Document] = {}
        self._index = Index()
        self._numbers = count(1)
        self._vectors: dict[Place, tuple[str, bytes]] = {}
        self.embedder: Embedder | None = None

    async def add_document(self, document: Document, passages: Sequence[str]) -> None:
        """Index the passages some at a time, then show the document."""
        self._check_free(document)
        num = next(self._numbers)
        try:
            for place, text in enumerate(passages):
                self._texts[num, place] = text
                self._index.add((num, place), words_of(f"{document.title} {text}"))
                if place % SLICE_PASSAGES == SLICE_PASSAGES - 1:
                    await asyncio.sleep(0)
            self._check_free(document)
        except BaseException:  # a cancellation too: nothing half added stays
            self._drop(num)
            raise
        self._documents[document.document_id] = num, document
        self._shown[num] = document
        if self.embedder is not None:
            self.embedder.wake()

    def _check_free(self, document: Document) -> None:
        if document.document_id in self._documents:
            raise taken_document(document.document_id)

    async def document(self, document_id: str) -> Document | None:
        """One document."""
        kept = self._documents.get(document_id)
        return kept[1] if kept else None

    async def documents(self, *, limit: int, offset: int, owner: str | None = None) -> tuple[list[Document], int]:
        """Documents, the newest first."""
        rows = [row for _, row in reversed(self._documents.values()) if owner in {None, row.owner}]
        return rows[offset : offset + limit], len(rows)

    async def remove_document(self, document_id: str) -> None:
        """Forget a document."""
        if document_id not in self._documents:
            raise missing_document(document_id)
        num, _ = self._documents.pop(document_id)
        del self._shown[num]
        self._drop(num)

    def _drop(self, num: int) -> None:
        place = 0
        while self._texts.pop((num, place), None) is not None:
            self._index.remove((num, place))
            self._vectors.pop((num, place), None)
            place += 1

    async def search(self, query: str, *, limit: int = 10, owner: str | None = None) -> Found:
        """Rank the passages that match."""
        return await found(self, self.embedder, query, limit=limit, owner=owner)

    async def by_words(self, query: str, *, limit: int = 10, owner: str | None = None) -> list[Hit]:
        """Rank the passages that have the words."""
        scores = self._index.scores(query_words(query))
        seen = ((-score, place) for place, score in scores.items() if self._is_seen(place, owner))
        return [self._hit(place, -score) for score, place in nsmallest(limit, seen)]

    async def nearest(self, space: str, vector: bytes, *, limit: int = 10, owner: str | None = None) -> list[Hit]:
        """Rank the passages by their vectors."""
        from puntini.store.nearest import nearest  # numpy is there where an embedder is

        rows = [
            (_packed(place), body)
            for place, (made_by, body) in self._vectors.items()
            if made_by == space and self._is_seen(place, owner)
        ]
        best = await asyncio.to_thread(nearest, rows, vector, limit)
        return [self._hit(place, score) for packed, score in best if (place := _unpacked(packed)) in self._texts]

    async def bare(self, space: str, after: int) -> Bare | None:
        """The next passages without vectors."""
        for num, document in self._shown.items():
            for start in range(0, document.passages, VECTORS_A_ROW):
                place = num, start
                if _packed(place) > after and self._vectors.get(place, ("",))[0] != space:
                    end = min(start + VECTORS_A_ROW, document.passages)
                    texts = [f"{document.title}\n{self._texts[num, each]}" for each in range(start, end)]
                    return Bare(_packed(place), texts)
        return None

    async def add_vectors(self, space: str, place: int, vectors: bytes) -> None:
        """Keep vectors."""
        if _unpacked(place)[0] in self._shown:
            self._vectors[_unpacked(place)] = space, vectors

    def _is_seen(self, place: Place, owner: str | None) -> bool:
        document = self._shown.get(place[0])
        return document is not None and owner in {None, document.owner}

    def _hit(self, place: Place, score: float) -> Hit:
        document = self._shown[place[0]]
        return Hit(document.document_id, document.title, place[1], self._texts[place], score)


def _packed(place: Place) -> int:
    return (place[0] << 32) + place[1]


def _unpacked(place: int) -> Place:
    return place >> 32, place & 0xFFFFFFFF


class Index:
    """Which passages have a word, and how often."""

    def __init__(self) -> None:
        self._places: dict[str, dict[Place, int]] = defaultdict(dict)
        self._words: dict[Place, Counter[str]] = {}
        self._length = 0

    def add(self, place: Place, words: Iterable[str]) -> None:
        """Take up a passage."""
        counted = self._words[place] = Counter(words)
        self._length += counted.total()
        for word, times in counted.items():
            self._places[word][place] = times

    def remove(self, place: Place) -> None:
        """Forget a passage."""
        counted = self._words.pop(place)
        self._length -= counted.total()
        for word in counted:
            del self._places[word][place]
            if not self._places[word]:
                del self._places[word]

    def scores(self, words: Sequence[str]) -> dict[Place, float]:
        """What each passage that has any of the words is worth; the last may also begin longer ones."""
        found: dict[Place, float] = defaultdict(float)
        for word in words:
            for folded in words_of(word):
                self._weigh(self._places.get(folded, {}), found)
        if words and may_go_on(words[-1]):
            for folded in words_of(words[-1])[-1:]:
                self._weigh(self._beginning(folded), found)
        return found

    def _beginning(self, start: str) -> dict[Place, int]:
        together: Counter[Place] = Counter()
        for word, places in self._places.items():
            if word.startswith(start):
                together.update(places)
        return together

    def _weigh(self, places: dict[Place, int], scores: dict[Place, float]) -> None:
        if not places:
            return
        rarity = log(1 + (len(self._words) - len(places) + 0.5) / (len(places) + 0.5))
        average = self._length / len(self._words)
        for place, times in places.items():
            length = 1 - LENGTH_WEIGHT + LENGTH_WEIGHT * self._words[place].total() / average
            scores[place] += rarity * times * (SATURATION + 1) / (times + SATURATION * length)
