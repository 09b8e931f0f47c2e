"""Knowledge: documents, cut into passages that can be searched."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct


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

    async def search(self, query: str, *, limit: int = 10, owner: str | None = None) -> list[Hit]:
        """Passages that match any word of the query, the best first. Any text is a query; none matches nothing."""
        ...
