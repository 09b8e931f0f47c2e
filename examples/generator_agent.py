"""An agent without LangGraph: an asynchronous generator function that yields what it says.

    cd examples
    puntini serve --agent generator_agent:countdown

and in another terminal:

    puntini chat "count down from 100"

It listens while it counts: tell it another number, and it goes on from there. ``chat`` shows the session's id.

    curl http://127.0.0.1:8000/v1/sessions/ses_…/commands -d '{"type": "user_prompt", "data": {"prompt": "3", "if_busy": "steer"}}'

Such an agent keeps nothing: after a pause or a crash it begins anew, and what it had said is taken back.
"""  # noqa: E501 - a line to copy

import re
from collections.abc import AsyncIterator

import anyio

from puntini.agent.contract import Task
from puntini.protocol.events import (
    AssistantResponse,
    AssistantResponseData,
    Envelope,
    Reasoning,
    ReasoningData,
)

SECONDS = 0.1


async def countdown(task: Task) -> AsyncIterator[Envelope]:
    """Count down from the number in the prompt. An exception fails the task with its text."""
    number = number_in(task.prompt)
    if number is None:
        raise ValueError("there is no number in the prompt to count down from")
    yield Reasoning(data=ReasoningData(text=f"I count down from {number}."))
    message_id = f"msg_{task.task_id}"
    text = ""
    heard = 0
    while number > 0:
        piece = f"{number} … "
        yield AssistantResponse(
            data=AssistantResponseData(message_id=message_id, text=piece, chunk=True, offset=len(text))
        )
        text += piece
        await anyio.sleep(SECONDS)  # a model or a tool would be asked here
        number -= 1
        for said in await task.heard(heard):
            heard = said.seq
            number = number_in(said.data.prompt) or number
    # The last whole answer is the task's.
    yield AssistantResponse(data=AssistantResponseData(message_id=message_id, text=f"{text}0"))


def number_in(text: str) -> int | None:
    """The last number in a text."""
    numbers = re.findall(r"\d+", text)
    return int(numbers[-1]) if numbers else None
