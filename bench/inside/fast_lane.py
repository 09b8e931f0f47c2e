"""The graph of ``bench.rivals.langgraph_app`` whose node writes events, with Puntini's fast lane for a writer."""

import asyncio
from typing import Any

from langchain_core.messages import AIMessage
from langgraph.graph import END, START, MessagesState, StateGraph

from bench.rivals.langgraph_app import TOKEN
from puntini.agent import emit


async def write(state: MessagesState) -> dict[str, Any]:
    """Say as many events as the last message's last word asks for."""
    for number in range(int(str(state["messages"][-1].content).split()[-1])):
        if number % 16 == 0:
            await asyncio.sleep(0)
        emit.reasoning(TOKEN)
    return {"messages": [AIMessage("written")]}


_graph = StateGraph(MessagesState)
_graph.add_node("talk", write)
_graph.add_edge(START, "talk")
_graph.add_edge("talk", END)
graph = _graph.compile()
