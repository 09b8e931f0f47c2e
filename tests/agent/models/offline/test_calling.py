"""Somebody's own tools, which no rule knows, called by their names through the built-in agent."""

from typing import Annotated, Literal

import pytest
from msgspec import Meta

from puntini.agent.models.offline.model import OfflineModel
from puntini.agent.tools.contract import ToolFailed
from puntini.agent.tools.registry import tool
from puntini.protocol.events import TaskCompleted
from puntini.store.memory import MemoryStore
from tests.agent.builtin.test_builtin import agent, last
from tests.agent.stage import stage

pytestmark = pytest.mark.anyio


@tool
def refund(amount: Annotated[float, Meta(gt=0)], reason: str, fast: bool = False) -> dict[str, object]:
    """Give money back."""
    if amount > 1000:
        raise ToolFailed("That is too much; ask for at most 1000.")
    return {"amount": amount, "reason": reason, "fast": fast}


@tool
def send_mail(to: list[str], how: Literal["plain", "rich"] = "plain") -> str:
    """Send a letter."""
    return f"{how} to {' and '.join(to)}"


async def answered(prompt: str) -> str:
    """What the offline model says with these tools at hand."""
    store = MemoryStore()
    async with stage(store, agent(store, OfflineModel(), refund, send_mail)) as life:
        task = await life.task(prompt)
        assert await life.ended(task) == "completed"
        end = await last(life, task)
    assert isinstance(end, TaskCompleted)
    return end.data.final_answer


@pytest.mark.parametrize(
    ("prompt", "returned"),
    [
        ('call refund amount=30 reason="it is broken"', '{"amount":30.0,"reason":"it is broken","fast":false}'),
        ("Call refund amount=2.5, reason=12, fast=true", '{"amount":2.5,"reason":"12","fast":true}'),
        ("please call `refund` {\"amount\": 1, \"reason\": \"x = y\"}", '{"amount":1.0,"reason":"x = y","fast":false}'),
        ("call send_mail to=[\"ann\", \"bob\"] how='rich'", '"rich to ann and bob"'),
    ],
)  # fmt: skip
async def test_a_tool_is_called_by_its_name(prompt: str, returned: str) -> None:
    name = "refund" if "refund" in prompt else "send_mail"
    assert await answered(prompt) == f"`{name}` returned:\n```\n{returned}\n```"


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("call refund amount=30", '`refund` needs reason too; say `call refund amount=1.5 reason="…"`.'),
        ("call refund 30 euros", 'I don\'t understand these arguments; say `call refund amount=1.5 reason="…"`.'),
        ("refund 30 euros", 'call your tool `refund` only when you say `call refund amount=1.5 reason="…"`.'),
        ("kindly send a mail", "call your tool `send_mail` only when you say `call send_mail to=[…]`."),
        (
            "how many letters are there: send_mail",
            "call your tool `send_mail` only when you say `call send_mail to=[…]`.",
        ),
        ("help", '- your own tools: `call refund amount=1.5 reason="…"`, `call send_mail to=[…]`'),
    ],
)
async def test_how_a_tool_is_called_is_told(prompt: str, told: str) -> None:
    assert told in await answered(prompt)


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("call refund amount=2000 reason=x", "`refund` was not done: That is too much; ask for at most 1000."),
        ("call refund amount=much reason=x", "`refund` was not done: arguments.amount: Expected `float`, got `str`."),
        ("call refund amount=1 reason=x color=red", "there is no such field; use amount, reason or fast"),
    ],
)
async def test_what_a_tool_does_not_do_is_told(prompt: str, told: str) -> None:
    assert told in await answered(prompt)
