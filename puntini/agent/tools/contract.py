"""What a tool may use of the task that calls it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from puntini.log.documents import Found
from puntini.protocol.graph import GraphOp
from puntini.views.graph import GraphView


class ToolFailed(Exception):
    """A tool could not do what it was asked. The message is a sentence for the model and for people."""


class Searched(Protocol):
    """Documents to look something up in."""

    async def search(self, query: str, *, limit: int = 10) -> Found:
        """The passages that match best."""
        ...


class ToolContext(Protocol):
    """Given to a tool as its first parameter, if it has one of this type; not part of its schema."""

    @property
    def session_id(self) -> str:
        """Whose graph it is."""
        ...

    @property
    def task_id(self) -> str:
        """Who asks."""
        ...

    @property
    def agent(self) -> str:
        """In whose name."""
        ...

    @property
    def documents(self) -> Searched:
        """The documents of whoever the session belongs to."""
        ...

    @property
    def workspace(self) -> Path | None:
        """The directory that may be read, if there is one."""
        ...

    async def graph(self) -> GraphView:
        """The session's graph with everything that was edited before. Read it before the next await."""
        ...

    async def edit(self, delta: Sequence[GraphOp]) -> int:
        """Change the graph and return its version. Raises ToolFailed when an operation can't apply; nothing is done."""
        ...

    def new_id(self) -> str:
        """An id for a node or an edge. The same call made again, after a crash, is given the same ids in turn."""
        ...
