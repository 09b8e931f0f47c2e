"""Graphs of LangGraph's functional interface."""

import anyio
import pytest
from langgraph.errors import GraphDrained
from langgraph.func import entrypoint, task
from langgraph.runtime import get_runtime
from langgraph.types import interrupt

from puntini.agent.graphs.agent import GraphAgent
from puntini.log.contract import Store
from tests.agent.graphs.making import answer_of, asked, decide
from tests.agent.stage import stage

pytestmark = pytest.mark.anyio


async def test_what_its_tasks_did_before_a_question_is_not_done_again(store: Store) -> None:
    done: list[str] = []

    @task
    async def work(words: str) -> str:
        done.append(words)
        return words + "!"

    @entrypoint()
    async def flow(prompt: str) -> dict[str, str]:
        once = await work(prompt)
        agreed = interrupt("May I?")
        return {"answer": f"{await work(once)} {agreed}"}

    async with stage(store, GraphAgent("flow", flow)) as life:
        name = await life.task("go")
        await decide(life, name, await asked(life, name), "approved")
        assert await life.ended(name) == "completed"
        assert answer_of(await life.said(name)) == "go!! True"

    assert done == ["go", "go!"]


async def test_one_that_looks_for_it_rests_between_its_tasks(store: Store) -> None:
    done: list[int] = []
    here, going = anyio.Event(), anyio.Event()

    @task
    async def work(number: int) -> None:
        here.set()
        await going.wait()
        done.append(number)

    @entrypoint()
    async def flow(prompt: str) -> str:
        for number in (1, 2, 3):
            if get_runtime().drain_requested:
                raise GraphDrained
            await work(number)
        return "done"

    async with stage(store, GraphAgent("flow", flow)) as life:
        name = await life.task("Go.")
        await here.wait()
        await life.control(name, "pause")
        going.set()
        await life.until(name, "paused")
        assert done == [1]
        await life.control(name, "resume")
        assert await life.ended(name) == "completed"

    assert done == [1, 2, 3]
