"""A request as the JSON that asks Anthropic's Messages for an answer. Pure."""

from collections.abc import Sequence
from typing import Any, assert_never

from puntini.agent.models.contract import Block, Call, Outcome, Request, Text, Thinking, ToolSpec, Turn

LEAST_BUDGET = 1_024

BUDGETED = (
    "claude-3-7-",
    "claude-opus-4-0",
    "claude-opus-4-1",
    "claude-opus-4-2025",
    "claude-opus-4-5",
    "claude-sonnet-4-0",
    "claude-sonnet-4-2025",
    "claude-sonnet-4-5",
    "claude-haiku-4-5",
)
"""Beginnings of the names of models that think within a budget. All later ones decide by themselves how much."""

REDACTED = "redacted_thinking:"
"""Before the data of a thought that the provider keeps to itself, in a signature's place. No signature has a colon."""

_KEEP = {"cache_control": {"type": "ephemeral"}}


def asked(request: Request, turns: Sequence[Turn], *, model: str, thinking_tokens: int) -> dict[str, Any]:
    """The JSON that asks for an answer to ``turns``, which are in order (``history.repaired``).

    What comes again with the next request is marked for the provider's cache: tools, system, and the whole
    conversation. Tokens for thinking come on top of ``max_tokens``.
    """
    thinking = _thinking(model, thinking_tokens) if thinking_tokens else {}
    budget = thinking.get("budget_tokens", thinking_tokens)
    return {
        "model": model,
        "max_tokens": request.max_tokens + budget,
        "messages": _last_kept(
            [{"role": turn.role, "content": [_block(each) for each in turn.content]} for turn in turns]
        ),
        **({"system": [{"type": "text", "text": request.system, **_KEEP}]} if request.system.strip() else {}),
        **({"tools": _tools(request.tools)} if request.tools else {}),
        **({"thinking": thinking} if thinking else {}),
    }


def _thinking(model: str, tokens: int) -> dict[str, Any]:
    if model.startswith(BUDGETED):
        return {"type": "enabled", "budget_tokens": max(tokens, LEAST_BUDGET)}
    return {"type": "adaptive", "display": "summarized"}


def _tools(tools: Sequence[ToolSpec]) -> list[dict[str, Any]]:
    found = [{"name": each.name, "description": each.description, "input_schema": each.parameters} for each in tools]
    return [*found[:-1], {**found[-1], **_KEEP}]


def _last_kept(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    *_, last = messages
    last["content"][-1] |= _KEEP
    return messages


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Text(text=text):
            return {"type": "text", "text": text}
        case Thinking(signature=signature) if signature.startswith(REDACTED):
            return {"type": "redacted_thinking", "data": signature.removeprefix(REDACTED)}
        case Thinking(text=text, signature=signature):
            return {"type": "thinking", "thinking": text, "signature": signature}
        case Call(call_id=call_id, name=name, arguments=arguments):
            return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}
        case Outcome(call_id=call_id, content=content, failed=failed):
            return {"type": "tool_result", "tool_use_id": call_id, "content": content, "is_error": failed}
        case _:
            assert_never(block)
