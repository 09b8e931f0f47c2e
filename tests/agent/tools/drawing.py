"""A graph for tools to draw on, with what else they are given."""

from collections.abc import Sequence
from pathlib import Path

from puntini.agent.tools.contract import Searched, ToolFailed
from puntini.protocol.graph import GraphOp
from puntini.views.graph import GraphView


class Drawing:
    """A ToolContext on a graph of its own. ``edits`` holds what was changed, edit by edit."""

    session_id = "ses_1"
    task_id = "tsk_1"
    agent = "ann"
    workspace: Path | None = None

    def __init__(self, *delta: GraphOp) -> None:
        self.view = GraphView()
        self.view.apply(1, delta)
        self.edits: list[list[GraphOp]] = []
        self._ids = 0

    @property
    def documents(self) -> Searched:
        """There are none here."""
        raise ToolFailed("There are no documents.")

    async def graph(self) -> GraphView:
        """The graph."""
        return self.view

    async def edit(self, delta: Sequence[GraphOp]) -> int:
        """Change it, if all of it can apply."""
        if problem := self.view.check(delta):
            raise ToolFailed(problem)
        self.edits.append(list(delta))
        self.view.apply(self.view.version + 1, delta)
        return self.view.version

    def new_id(self) -> str:
        """The next id."""
        self._ids += 1
        return f"id{self._ids}"
