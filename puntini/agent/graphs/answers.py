"""What a graph gives out at its end, and which of it is the task's answer."""

from collections.abc import Mapping
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langgraph.pregel import Pregel

from puntini.agent.approvals import shown
from puntini.agent.graphs.state import plain

ANSWER_FIELDS = ("answer", "output", "result", "response")


def output(graph: Pregel[Any, Any, Any, Any], values: Any) -> Any:
    """What of a state the graph gives out."""
    names = graph.output_channels
    if isinstance(names, str) or not isinstance(values, Mapping):
        return values
    return {name: values[name] for name in names if name in values}


def answer(given: Any, prompt: str) -> str:
    """The last message of a model since the prompt with this id, else a field that is called so, else all of it.

    It goes by what the graph gave out at its end, so that it is the same however often the task rested or died.
    """
    found = {"messages": given} if isinstance(given, list | tuple) else given
    if not isinstance(found, Mapping):
        return _text(found) or ("" if found is None else shown(plain(found)))
    for message in reversed(_messages(found)):
        if message.id == prompt:
            break
        if text := _text(message):
            return text
    fields = (found.get(name) for name in ANSWER_FIELDS)
    rest = {name: value for name, value in found.items() if name != "messages"}
    return next((text for field in fields if (text := _text(field))), "") or (shown(plain(rest)) if rest else "")


def _messages(found: Mapping[str, Any]) -> list[BaseMessage]:
    messages = found.get("messages")
    return [item for item in messages if isinstance(item, BaseMessage)] if isinstance(messages, list | tuple) else []


def _text(value: Any) -> str:
    """The words of a text or of a model's message."""
    if isinstance(value, AIMessage):
        return str(value.text)
    return value if isinstance(value, str) else ""
