"""A LangGraph graph as an agent: it looks a price up, asks a person, and answers in a stream.

    cd examples
    puntini serve --agent shop=langgraph_agent:graph

and in another terminal:

    puntini chat "a lamp"

Nothing in the graph is made for Puntini but the line with ``emit``: pieces of the answer, tool calls, steps, changes of
the state and the question are told from what LangGraph says anyway. The task waits for the decision as long as it takes,
through restarts too. ``chat`` shows the session's id, and the approval's with its question:

    curl http://127.0.0.1:8000/v1/sessions/ses_…/commands -d '{"type": "approval_response", "data": {"approval_id": "apr_…", "decision": "approved"}}'
"""  # noqa: E501 - a line to copy

from typing import Any

from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import interrupt

from puntini.agent import emit

PRICES = {"a lamp": 40, "a desk": 230}


class State(MessagesState):
    """The conversation, and what the customer decided."""

    agreed: bool


@tool
def price_of(item: str) -> int:
    """What an item costs, in euros."""
    if item not in PRICES:
        raise ValueError(f"There is no {item}; there is {' and '.join(PRICES)}.")
    return PRICES[item]


def look(state: State) -> dict[str, Any]:
    """Decide what to look up. A real model would be bound to the tool and asked here."""
    item = _last(state, HumanMessage)
    emit.reasoning(f"I have to know what {item} costs before I can offer it.")
    call = {"name": "price_of", "args": {"item": item}, "id": f"call_{len(state['messages'])}"}
    return {"messages": [AIMessage("", tool_calls=[call])]}


def ask(state: State) -> dict[str, Any]:
    """Ask a person. What is before ``interrupt`` in a node runs again when the decision is there."""
    return {
        "agreed": interrupt(
            {"question": f"Shall I order {_last(state, HumanMessage)} for {_last(state, ToolMessage)} euros?"}
        )
    }


async def answer(state: State) -> dict[str, Any]:
    """Answer, in pieces as the model gives them."""
    words = "It is ordered." if state["agreed"] else "Then I leave it."
    model = GenericFakeChatModel(messages=iter([AIMessage(words)]))  # stands for a real one, which would read the words
    return {"messages": [await model.ainvoke(state["messages"])]}


def _last(state: State, kind: type[HumanMessage] | type[ToolMessage]) -> str:
    """What was said last by a person, or by a tool."""
    return next(str(message.content) for message in reversed(state["messages"]) if isinstance(message, kind))


builder = StateGraph(State)
builder.add_node("look", look)
builder.add_node("tools", ToolNode([price_of], handle_tool_errors=False))
builder.add_node("ask", ask)
builder.add_node("answer", answer)
builder.add_edge(START, "look")
builder.add_edge("look", "tools")
builder.add_edge("tools", "ask")
builder.add_edge("ask", "answer")
builder.add_edge("answer", END)
graph = builder.compile()
