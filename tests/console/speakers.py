"""Agents that say what the tests of the chat need to be said."""

from collections.abc import AsyncIterator

import anyio

from puntini.agent.contract import Approval, Task
from puntini.protocol.events import AssistantResponse, AssistantResponseData, Envelope, Reasoning, ReasoningData

PIECES = 50
PAUSE_SECONDS = 0.01
AGE = {"type": "integer", "title": "Age", "minimum": 0}


async def echo(task: Task) -> AsyncIterator[Envelope]:
    """Answers with the prompt, in pieces."""
    size = -(-len(task.prompt) // PIECES)
    for at in range(0, len(task.prompt), size):
        yield said(task, task.prompt[at : at + size], chunk=True, offset=at)
        await anyio.sleep(PAUSE_SECONDS)
    yield said(task, task.prompt)


async def census(task: Task) -> AsyncIterator[Envelope]:
    """Asks for a number and says it."""
    answer = await task.ask(Approval(key="age", question="How old is Ada?", options=(), response_schema=AGE))
    if answer is None:
        task.wait()
    yield said(task, f"Ada is {answer.value} years old.")


async def broken(task: Task) -> AsyncIterator[Envelope]:
    """Thinks, and fails."""
    yield Reasoning(data=ReasoningData(text="This will not go well.", phase="doubt"))
    raise RuntimeError("The shelf is empty: fill it.")


def said(task: Task, text: str, *, chunk: bool = False, offset: int = 0) -> Envelope:
    """A word of the task's one message."""
    message_id = f"msg_{task.task_id}"
    return AssistantResponse(data=AssistantResponseData(message_id=message_id, text=text, chunk=chunk, offset=offset))
