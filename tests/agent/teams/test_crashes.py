"""A team's task whose server dies after one commit, after three, and so on: it always ends the same."""

from collections.abc import Mapping
from typing import Any

import pytest

from puntini.agent.contract import Agent
from puntini.agent.models.offline.model import OfflineModel
from puntini.log.contract import Store
from puntini.protocol.events import AssistantResponse, LoggedEvent, Step, ToolCall, WorkflowUpdate
from tests.agent.graphs.test_crashes import DyingStore, standing
from tests.agent.stage import Stage, stage, until
from tests.agent.teams.playing import answer_of, steps, with_team

pytestmark = pytest.mark.anyio
GOAL = "add a person named Bob and write a report about Bob"
TEAM: dict[str, Any] = {"manner": "group_chat", "members": ["puntini", "generator"]}
STEPS = (AssistantResponse, Step, ToolCall, WorkflowUpdate)


async def agents(store: Store) -> Mapping[str, Agent]:
    """A team of two, after each start."""
    return await with_team(store, OfflineModel(), **TEAM)


async def told(life: Stage, task: str) -> tuple[list[tuple[str, str]], str]:
    """What stands of what was done, by whom, and the answer."""
    said = standing(await life.said_all(task), task)
    done = [(event.agent, type(event).__name__) for event in said if isinstance(event, STEPS) and whole(event)]
    return done, answer_of(said)


def whole(event: LoggedEvent) -> bool:
    """Whether it is no piece of something."""
    return not (isinstance(event, AssistantResponse) and event.data.chunk)


async def died_after(commits: int, agent: str, goal: str) -> tuple[DyingStore, str, bool]:
    """A store that was left after so many commits of a task, the task, and whether it had ended before that."""
    store = DyingStore()
    async with stage(store, *(await agents(store)).values()) as life:
        task = await life.task(goal, agent=agent)
        store.left = commits

        async def dead() -> bool:
            return not store.left or (await life.row(task)).ended

        await until(dead, "the last commit")
        ended = (await life.row(task)).ended
    store.left = 10_000
    return store, task, ended


@pytest.mark.parametrize("start", [1, 3])
@pytest.mark.parametrize("agent", ["duo", "driver"])
async def test_a_team_goes_on_from_any_commit_and_does_no_step_of_a_member_again(agent: str, start: int) -> None:
    ends: list[Any] = []
    ended = False
    while not ended:
        store, task, ended = await died_after(start + 4 * len(ends), agent, GOAL)
        async with stage(store, *(await agents(store)).values()) as life:
            assert await life.ended(task) == "completed"
            ends.append(await told(life, task))
            log = await life.said_all(task)
        taken = [steps(log), steps(standing(log, task))]
        assert len(taken[0]) - len(taken[1]) <= 1, "only the step in the middle of which it died is taken again"

    undisturbed = ends[-1]
    assert len(ends) > 5
    assert ends == [undisturbed] * len(ends)


async def test_an_agent_that_a_member_creates_is_created_once() -> None:
    ended, commits = False, 1
    while not ended:
        store, task, ended = await died_after(commits, "driver", "create an agent named Eve that adds people")
        team = await agents(store)
        async with stage(store, *team.values()) as life:
            assert await life.ended(task) == "completed"
            assert "The agent Eve is there" in answer_of(await life.said(task))
        commits += 3
