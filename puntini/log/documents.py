"""Knowledge: documents, cut into passages that can be searched."""

from collections.abc import Sequence
from typing import Literal, Protocol

from msgspec import Struct

VECTORS_A_ROW = 32
"""So many passages are embedded in one call, and their vectors kept in one row: reading few long rows is fast."""


class Document(Struct, frozen=True, kw_only=True):
    """A document's record. ``owner`` is who brought it; ``passages`` counts what it was cut into."""

    document_id: str
    owner: str
    title: str
    source: str = ""
    created_at: int
    size: int
    passages: int


class Hit(Struct, frozen=True):
    """A passage that was found, the best first. ``score`` rises with relevance and compares only within one answer."""

    document_id: str
    title: str
    passage: int
    text: str
    score: float


class Found(Struct, frozen=True):
    """What a search found, the best first, how it was ranked, and in ``note`` what was not as it should be."""

    hits: list[Hit]
    ranking: Literal["words", "words and vectors"] = "words"
    note: str = ""


class Bare(Struct, frozen=True):
    """Passages that follow each other and have no vectors, as texts to be embedded. Places rise within a store."""

    place: int
    texts: list[str]


class Documents(Protocol):
    """Where documents are kept, and found again."""

    async def add_document(self, document: Document, passages: Sequence[str]) -> None:
        """Keep a document with its passages. Raises Conflict when its id is taken."""
        ...

    async def document(self, document_id: str) -> Document | None:
        """One document's record."""
        ...

    async def documents(self, *, limit: int, offset: int, owner: str | None = None) -> tuple[list[Document], int]:
        """Documents, the newest first, and how many there are."""
        ...

    async def remove_document(self, document_id: str) -> None:
        """Forget a document. Raises NotFound."""
        ...

    async def search(self, query: str, *, limit: int = 10, owner: str | None = None) -> Found:
        """Passages that match a query, the best first. Any text is a query; none matches nothing."""
        ...


class Passages(Protocol):
    """What a search is made of. A ``space`` names what made vectors: only those of one space compare."""

    async def by_words(self, query: str, *, limit: int = 10, owner: str | None = None) -> list[Hit]:
        """Passages that have any word of the query, the best first. Any text is a query; none matches nothing."""
        ...

    async def nearest(self, space: str, vector: bytes, *, limit: int = 10, owner: str | None = None) -> list[Hit]:
        """Passages whose vectors are the nearest, the nearest first; ``score`` is the cosine."""
        ...

    async def bare(self, space: str, after: int) -> Bare | None:
        """The first passages behind a place that have no vectors of a space, at most ``VECTORS_A_ROW``."""
        ...

    async def add_vectors(self, space: str, place: int, vectors: bytes) -> None:
        """Keep the vectors of the passages at a place, in the place of older ones; of no document, nothing happens."""
        ...
