"""Two unmodified LangGraph graphs: a streaming model of LangChain's that says words, and a node that writes events.

They are served by Puntini's adapter, and by ``langgraph dev``.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import StreamWriter

TOKEN = "word "


class Words(BaseChatModel):
    """Says as many words as the last message's last word asks for."""

    @property
    def _llm_type(self) -> str:
        return "words"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **options: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(TOKEN * _asked(messages)))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **options: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for _ in range(_asked(messages)):
            yield ChatGenerationChunk(message=AIMessageChunk(content=TOKEN))

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **options: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for number, chunk in enumerate(self._stream(messages)):
            if number % 16 == 0:
                await asyncio.sleep(0)  # as often as a fast network would let the loop turn
            if run_manager:
                await run_manager.on_llm_new_token(TOKEN, chunk=chunk)
            yield chunk


def _asked(messages: Sequence[BaseMessage]) -> int:
    return int(str(messages[-1].content).split()[-1])


_model = Words()


async def write(state: MessagesState, writer: StreamWriter) -> dict[str, Any]:
    """Say as many events as are asked for through LangGraph's stream writer."""
    for number in range(_asked(state["messages"])):
        if number % 16 == 0:
            await asyncio.sleep(0)
        writer({"type": "reasoning", "data": {"text": TOKEN}})
    return {"messages": [AIMessage("written")]}


async def talk(state: MessagesState) -> dict[str, Any]:
    """Answer."""
    return {"messages": [await _model.ainvoke(state["messages"])]}


def _of(node: Any) -> Any:
    made = StateGraph(MessagesState)
    made.add_node("talk", node)
    made.add_edge(START, "talk")
    made.add_edge("talk", END)
    return made.compile()


graph = _of(talk)
writer = _of(write)
