"""What a graph is given when a task begins."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langgraph.graph.state import CompiledStateGraph
from langgraph.pregel import Pregel

from puntini.agent.contract import Task
from puntini.agent.recall import Words
from puntini.errors import Misconfigured

PROMPT_FIELDS = ("messages", "prompt", "input", "question", "query", "task")
Remembering = Callable[[Any, Sequence[Words]], Any]
"""Adds what was said before to what a graph is given."""
STOPPED = "This was interrupted before it had a result."


def prompt_id(task: Task) -> str:
    """The id of the message that is the task's prompt."""
    return f"msg_{task.task_id}"


def first(graph: Pregel[Any, Any, Any, Any], task: Task, values: Any) -> Any:
    """The prompt, for a graph whose state is this so far. Raises Misconfigured where it has no field for one."""
    if not isinstance(graph, CompiledStateGraph):
        return task.prompt  # a function, of LangGraph's functional interface
    fields = graph.builder.schemas[graph.builder.input_schema]
    field = next((name for name in PROMPT_FIELDS if name in fields), None)
    if field is None:
        raise Misconfigured(
            f"The agent `{task.agent}` takes {', '.join(fields) or 'nothing'}; "
            f"give its input one of the fields {', '.join(PROMPT_FIELDS)}, for the prompt."
        )
    if field != "messages":
        return {field: task.prompt}
    return {"messages": [*_repairs(values), HumanMessage(task.prompt, id=prompt_id(task))]}


def in_messages(given: Any, words: Sequence[Words]) -> Any:
    """The prompt with what was said before it, for a graph that takes messages."""
    if not isinstance(given, dict) or "messages" not in given:
        return given
    before = [
        AIMessage(each.text, id=f"before_{at}") if each.by else HumanMessage(each.text, id=f"before_{at}")
        for at, each in enumerate(words)
    ]
    return {**given, "messages": [*before, *given["messages"]]}


def _repairs(values: Any) -> list[BaseMessage]:
    """Results for tool calls that a stopped task left without one: models refuse a history that lacks them."""
    messages = values.get("messages", []) if isinstance(values, Mapping) else []
    answered = {message.tool_call_id for message in messages if isinstance(message, ToolMessage)}
    return [
        ToolMessage(STOPPED, tool_call_id=call["id"], name=call["name"], status="error")
        for message in messages
        if isinstance(message, AIMessage)
        for call in message.tool_calls
        if call["id"] not in answered
    ]
