"""What is shown of a graph's state."""

from typing import Any, TypedDict

import pytest
from langchain_core.messages import AIMessage
from langgraph.graph import MessagesState

from puntini.log.contract import Store
from puntini.protocol.events import StateUpdate
from tests.agent.graphs.making import chain
from tests.agent.stage import stage

pytestmark = pytest.mark.anyio


async def test_a_field_that_comes_later_is_shown(store: Store) -> None:
    class State(MessagesState, total=False):
        n: int

    async def count(_state: State) -> dict[str, Any]:
        return {"n": 1, "messages": [AIMessage("one")]}

    async with stage(store, chain(count, state=State)) as life:
        task = await life.task("Count.")
        assert await life.ended(task) == "completed"
        told = [event.data for event in await life.said(task) if isinstance(event, StateUpdate)]
        shown = (await life.keeper.view((await life.row(task)).session_id)).state

    assert [(data.snapshot, data.patch) for data in told] == [
        ({}, None),
        (None, [{"op": "add", "path": "/n", "value": 1}]),
    ]
    assert shown == {"n": 1}


async def test_what_nests_too_deep_is_told_by_a_word(store: Store) -> None:
    class State(TypedDict, total=False):
        prompt: str
        tree: Any

    async def grow(_state: State) -> dict[str, Any]:
        tree: Any = "leaf"
        for _ in range(80):
            tree = {"child": tree}
        return {"tree": tree}

    async with stage(store, chain(grow, state=State)) as life:
        task = await life.task("Grow.")
        assert await life.ended(task) == "completed"
        shown = (await life.keeper.view((await life.row(task)).session_id)).state

    assert shown == {"prompt": "Grow.", "tree": "(nested more than 56 deep)"}
