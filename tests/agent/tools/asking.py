"""Whoever calls a tool in these tests: a task's context without a session behind it, and a shelf of documents."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from puntini.agent.tools.contract import Searched, ToolContext, ToolFailed
from puntini.agent.tools.registry import AnyTool, Result, Tools
from puntini.log.documents import Found, Hit
from puntini.protocol.graph import GraphOp
from puntini.views.graph import GraphView


class Shelf:
    """Passages in memory, found by the words they hold."""

    note = ""

    def __init__(self, *passages: Hit) -> None:
        self._passages = passages

    async def search(self, query: str, *, limit: int = 10) -> Found:
        """Passages that hold any of the words."""
        words = query.lower().split()
        hits = [hit for hit in self._passages if any(word in hit.text.lower() for word in words)][:limit]
        return Found(hits, note=self.note)


class Asker(Struct, frozen=True):
    """A context whose graph is empty and stays so."""

    workspace: Path | None = None
    documents: Searched = Shelf()
    session_id: str = "ses_1"
    task_id: str = "tsk_1"
    agent: str = "puntini"

    async def graph(self) -> GraphView:
        """An empty graph."""
        return GraphView()

    async def edit(self, delta: Sequence[GraphOp]) -> int:
        """Refuse."""
        raise ToolFailed("This graph can't be edited.")

    def new_id(self) -> str:
        """Always the same."""
        return "n1"


async def ask(tool: AnyTool, context: ToolContext | None = None, /, **arguments: Any) -> Result:
    """Call a tool as a model does."""
    return await Tools([tool]).call(tool.name, arguments, context or Asker())
