"""Hears a graph's models: what they stream is told in the moment it comes, without LangGraph's queue in between."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, TypeVar
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackManager, BaseCallbackHandler
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, LLMResult
from langgraph.constants import TAG_NOSTREAM

from puntini.agent.graphs.telling import Telling

PUSH = "__pregel_push"
"""LangGraph's name for tasks that nodes start themselves."""

T = TypeVar("T")


class Ear(BaseCallbackHandler):
    """A handler of LangChain's callbacks, as LangGraph's own for the stream mode ``messages`` is one.

    Models stream when one of their handlers has the two ``tap_output`` methods. Those that nodes run in threads are
    told a moment later, in order; what that raises then is raised by ``check``.
    """

    run_inline = True
    raise_error = True

    def __init__(self, telling: Telling) -> None:
        self._telling = telling
        self._runs: dict[UUID, tuple[str, str]] = {}
        """Node and agent of each answer that is being streamed."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._failed: Exception | None = None

    @property
    def manager(self) -> AsyncCallbackManager:
        """Callbacks for a graph's configuration: the handler goes with all that the graph runs, but not itself."""
        return AsyncCallbackManager(handlers=[], inheritable_handlers=[self])

    def check(self) -> None:
        """Raise what telling raised for models in threads."""
        if self._failed is not None:
            raise self._failed

    def tap_output_aiter(self, run_id: UUID, output: AsyncIterator[T]) -> AsyncIterator[T]:
        """Let what a node gives out pass."""
        return output

    def tap_output_iter(self, run_id: UUID, output: Iterator[T]) -> Iterator[T]:
        """Let what a node gives out pass."""
        return output

    def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **others: Any,
    ) -> None:
        """A model is asked; what is tagged ``nostream`` is not told."""
        if metadata and "langgraph_checkpoint_ns" in metadata and TAG_NOSTREAM not in (tags or ()):
            self._runs[run_id] = _place(metadata)

    def on_llm_new_token(self, token: Any, *, chunk: Any = None, run_id: UUID, **others: Any) -> None:
        """A piece of its answer."""
        place = self._runs.get(run_id)
        if place is None or not isinstance(chunk, ChatGenerationChunk) or not isinstance(chunk.message, AIMessageChunk):
            return
        if threading.get_ident() == self._thread:
            self._telling.piece(*place, run_id, chunk.message)
        else:
            self._loop.call_soon_threadsafe(self._later, *place, run_id, chunk.message)

    def _later(self, node_id: str, agent: str, run_id: UUID, message: AIMessageChunk) -> None:
        try:
            self._telling.piece(node_id, agent, run_id, message)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where the graph is run
            self._failed = self._failed or error

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **others: Any) -> None:
        """The answer is whole; it is told with its node's result."""
        self._runs.pop(run_id, None)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **others: Any) -> None:
        """There is no more of it."""
        self._runs.pop(run_id, None)


def _place(metadata: Mapping[str, Any]) -> tuple[str, str]:
    """In which node a model is asked, and the subgraph's node that this one belongs to."""
    namespace = str(metadata["langgraph_checkpoint_ns"]).split("|")
    node_id = namespace[-1].rpartition(":")[2]
    above = namespace[:-1]
    path = metadata.get("langgraph_path", ())
    while above and len(path) == 4 and path[0] == PUSH and path[-1] is True:
        # A task of the functional interface: it belongs to the graph of the one that called it.
        above, path = above[:-1], path[1]
    return node_id, above[-1].partition(":")[0] if above else ""
