"""What the documents say."""

from typing import Annotated, Any

from msgspec import Meta

from puntini.agent.tools.contract import ToolContext
from puntini.agent.tools.registry import tool
from puntini.log.documents import Hit

MOST_TEXT = 24_000
"""Characters of all passages together: an answer stays whole within the bytes that a result may have."""


@tool(most_bytes=128 << 10, in_turn=False)
async def search_knowledge(
    context: ToolContext,
    query: Annotated[str, Meta(min_length=1, max_length=1_000, description="words to look for")],
    limit: Annotated[int, Meta(ge=1, le=20)] = 5,
) -> dict[str, Any]:
    """Search the documents that people have brought: passages that have any of the words, the best first."""
    found = await context.documents.search(query, limit=limit)
    share = MOST_TEXT // (len(found.hits) or 1)
    answer: dict[str, Any] = {"passages": [_passage(hit, share) for hit in found.hits], "ranking": found.ranking}
    return answer | ({"note": found.note} if found.note else {})


def _passage(hit: Hit, most: int) -> dict[str, Any]:
    text = _clipped(hit.text, most)
    return {"document_id": hit.document_id, "title": hit.title, "passage": hit.passage, "text": text}


def _clipped(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most} characters were left out)"
