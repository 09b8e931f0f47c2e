"""LangChain's messages, as nodes write them to a graph's state and as their contents are read."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage

THOUGHTS = frozenset({"thinking", "reasoning"})
SEVERAL = "$writes"
"""How LangGraph tells of a channel that a node wrote to several times."""


class Known:
    """Which messages were told before: graphs hand on what they were given."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def add(self, message: BaseMessage) -> bool:
        """Note a message; whether it is new, or has changed. One without an id is always new."""
        if message.id is None:
            return True
        calls = message.tool_calls if isinstance(message, AIMessage) else []
        content = hash((str(message.content), str(calls)))
        known, self._known[message.id] = self._known.get(message.id), content
        return known != content

    def __contains__(self, message_id: str | None) -> bool:
        return message_id in self._known


def pieces(content: str | Sequence[Any]) -> Iterator[tuple[str, str]]:
    """A message's texts and thoughts, in order."""
    if isinstance(content, str):
        if content:
            yield "text", content
        return
    for block in content:
        if isinstance(block, str):
            yield "text", block
        elif block.get("type") == "text" and block.get("text"):
            yield "text", block["text"]
        elif block.get("type") in THOUGHTS and (
            thought := block.get("thinking") or block.get("reasoning") or block.get("text")
        ):
            yield "thinking", thought


def messages_in(result: Any) -> Iterator[BaseMessage]:
    """The messages that a node wrote to the state."""
    for value in result.values() if isinstance(result, Mapping) else [result]:
        several = value.get(SEVERAL) if isinstance(value, Mapping) else None
        for written in several if isinstance(several, list) else [value]:
            for item in written if isinstance(written, list | tuple) else [written]:
                if isinstance(item, BaseMessage):
                    yield item
