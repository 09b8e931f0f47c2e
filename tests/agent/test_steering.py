"""What is said to a task that runs: it is heard by that task, or becomes a task of its own, whenever it comes."""

from collections.abc import Awaitable, Callable

import anyio
import pytest

from puntini.errors import Conflict
from puntini.log.contract import Store
from puntini.protocol.commands import Action, ActionData
from puntini.protocol.events import TASK_ENDS, UserPrompt
from tests.agent.actors import Deaf, Listener, Talker
from tests.agent.stage import ANN, LateStore, Stage, ends, stage, until

pytestmark = pytest.mark.anyio
TURNS = 4
"""How late the store is: what is said meets each moment of what a task writes."""


def heard(agent: Listener, words: str) -> Callable[[], Awaitable[bool]]:
    """Whether an agent has heard something."""

    async def has() -> bool:
        return words in agent.heard

    return has


async def told(life: Stage, task: str) -> list[str]:
    """What was said to a task after its own prompt."""
    return [event.data.prompt for event in await life.said(task) if isinstance(event, UserPrompt)][1:]


async def later(turns: int) -> None:
    """Let the loop turn so often."""
    for _ in range(turns):
        await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("turns", range(12))
async def test_what_is_said_as_a_task_begins_is_heard(turns: int) -> None:
    agent = Listener()
    async with stage(LateStore(TURNS), agent) as life:
        session = await life.session()
        task = await life.prompt(session, "go")
        await later(turns)
        assert await life.prompt(session, "use English", if_busy="steer") == task
        await until(heard(agent, "use English"), "it to be heard")
        agent.may_finish.set()
        assert await life.ended(task) == "completed"


@pytest.mark.parametrize("turns", range(12))
async def test_what_is_said_as_a_task_is_taken_up_again_is_heard(turns: int) -> None:
    store, agent = LateStore(TURNS), Listener()
    async with stage(store, agent) as life:
        session = await life.session()
        task = await life.prompt(session, "go")
        await life.until(task, "running")
    async with stage(store, agent) as life:
        await later(turns)
        assert await life.prompt(session, "use English", if_busy="steer") == task
        await until(heard(agent, "use English"), "it to be heard")


@pytest.mark.parametrize("turns", range(25))
async def test_what_is_said_as_a_task_ends_is_heard_or_starts_a_task(turns: int) -> None:
    agent = Listener()
    async with stage(LateStore(TURNS), agent) as life:
        session = await life.session()
        task = await life.prompt(session, "go")
        await life.until(task, "running")
        agent.may_finish.set()
        await later(turns)
        by = await life.prompt(session, "wait!", if_busy="steer")
        assert await life.ended(by) == await life.ended(task) == "completed"
        assert (await life.kinds(task))[-1] in TASK_ENDS
        assert agent.heard == await told(life, task) == (["wait!"] if by == task else [])


@pytest.mark.parametrize("turns", range(25))
async def test_what_is_done_as_a_task_ends_is_heard_or_refused(turns: int) -> None:
    agent = Listener()
    async with stage(LateStore(TURNS), agent) as life:
        session = await life.session()
        task = await life.prompt(session, "go")
        await life.until(task, "running")
        agent.may_finish.set()
        await later(turns)
        try:
            await life.desk.execute(session, Action(data=ActionData(name="select")), who=ANN)
        except Conflict as refusal:
            assert "No task runs in this session" in refusal.message  # noqa: PT017 - either outcome is right
            accepted = []
        else:
            accepted = ["[select]"]
        assert await life.ended(task) == "completed"
        assert agent.heard == await told(life, task) == accepted


async def test_a_prompt_behind_a_task_that_was_stopped_starts_its_own(store: Store) -> None:
    deaf, agent = Deaf(), Listener()
    agent.may_finish.set()
    async with stage(store, deaf, agent) as life:
        session = await life.session()
        task = await life.prompt(session, "listen", agent="deaf")
        await deaf.here.wait()
        await life.control(task, "stop")
        after = await life.prompt(session, "now", agent="listener", if_busy="steer")
        assert after != task
        assert await life.ended(after) == "completed"
        assert ends(await life.log(session)) == ["task_cancelled", "task_completed"]


@pytest.mark.not_on_postgres("two lives on one store are one node there; tests/agent/shared has two")
async def test_what_is_said_by_way_of_a_server_that_lost_the_task_does_not_come_behind_its_end(
    store: Store,
) -> None:
    async with stage(store, Listener()) as old:
        session = await old.session()
        task = await old.prompt(session, "go")
        await old.until(task, "running")
        async with stage(store, Talker(1)) as new:
            assert await new.ended(task) == "failed"
        assert await old.prompt(session, "wait!", if_busy="steer") != task
        assert (await old.kinds(task))[-1] == "task_failed"
