"""What the built-in agents' tools are given of a task."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from puntini.agent.contract import Task
from puntini.agent.emit import Voice
from puntini.agent.library import Library, Source
from puntini.agent.tools.contract import ToolFailed
from puntini.protocol.events import GraphUpdate, GraphUpdateData
from puntini.protocol.graph import GraphOp
from puntini.views.graph import GraphView


class CallContext:
    """For one call: ids that it mints are the same when it is made again."""

    def __init__(self, voice: Voice, call_id: str, source: Source, workspace: Path | None) -> None:
        self._voice = voice
        self._task: Task = voice.task
        self._call_id = call_id
        self._minted = 0
        self.documents = Library(source, self._task.session_id)
        self.workspace = workspace

    @property
    def session_id(self) -> str:
        """Whose graph it is."""
        return self._task.session_id

    @property
    def task_id(self) -> str:
        """Who asks."""
        return self._task.task_id

    @property
    def agent(self) -> str:
        """In whose name."""
        return self._voice.agent

    async def graph(self) -> GraphView:
        """The session's graph."""
        return await self._task.graph()

    async def edit(self, delta: Sequence[GraphOp]) -> int:
        """Change the graph."""
        view = await self._task.graph()
        if problem := view.check(delta):
            raise ToolFailed(f"The graph can't be changed like that: {problem}.")
        version = self._task.next_graph_version()
        self._voice.emit(GraphUpdate(data=GraphUpdateData(version=version, delta=list(delta), author=self.agent)))
        return version

    def new_id(self) -> str:
        """An id for a node or an edge."""
        self._minted += 1
        name = f"{self.task_id} {self._call_id} {self._minted}"
        return hashlib.blake2b(name.encode(), digest_size=8).hexdigest()
