"""Three nodes, and at any moment anything: prompts, orders, lost leases, nodes that leave. Every task ends once."""

import random
from contextlib import AsyncExitStack

import anyio
import pytest

from puntini.agent.scripted import ScriptedAgent
from puntini.errors import Conflict, Unavailable
from puntini.protocol.events import LoggedEvent
from tests.agent.shared.nodes import node, runs_out
from tests.agent.stage import Stage, ends, kind, numbers

pytestmark = pytest.mark.anyio
COUNT = 12
RESTS = {"task_paused", "task_resumed", "task_completed", "task_cancelled", "task_failed"}


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 12))])
async def test_every_task_ends_once_whatever_happens(dsn: str, seed: int) -> None:
    dice = random.Random(seed)
    async with AsyncExitStack() as stack:
        lives = [await stack.enter_async_context(node(dsn, ScriptedAgent(), most=4)) for _ in range(2)]
        async with node(dsn, ScriptedAgent(), most=4) as leaving:
            sessions = [await leaving.session() for _ in range(3)]
            tasks = await play(dice, [*lives, leaving], sessions, dsn, rounds=25)
            await leaving.runner.shutdown()
        tasks += await play(dice, lives, sessions, dsn, rounds=10)
        await let_end(lives[0], tasks)
        for session in sessions:
            check(await lives[0].log(session), tasks)


async def play(dice: random.Random, lives: list[Stage], sessions: list[str], dsn: str, *, rounds: int) -> list[str]:
    """Do many things on any node, some of them at once; the tasks that were made."""
    tasks: list[str] = []

    async def one() -> None:
        life = dice.choice(lives)
        match dice.choice(["prompt", "prompt", "pause", "resume", "stop", "lose", "interrupt"]):
            case "prompt":
                tasks.append(await life.prompt(dice.choice(sessions), f"play {COUNT} events every 4 ms"))
            case "interrupt" if dice.random() < 0.3:
                prompt = f"play {COUNT} events every 4 ms"
                tasks.append(await life.prompt(dice.choice(sessions), prompt, if_busy="interrupt"))
            case "lose":
                runs_out(dsn, dice.choice(lives))
            case "pause" | "resume" | "stop" as action if tasks:
                await order(life, dice.choice(tasks), action)

    for _ in range(rounds):
        async with anyio.create_task_group() as group:
            for _ in range(dice.randint(1, 3)):
                group.start_soon(one)
        await anyio.sleep(dice.random() * 0.03)
    return tasks


async def order(life: Stage, task: str, action: object) -> None:
    """Give an order; one that comes too late is refused."""
    try:
        await life.control(task, action)  # type: ignore[arg-type]
    except (Conflict, Unavailable):
        return


async def let_end(life: Stage, tasks: list[str]) -> None:
    """Resume what is paused until all have ended."""
    with anyio.fail_after(30):
        for task in tasks:
            while not (row := await life.row(task)).ended:
                if row.status == "paused":
                    await order(life, task, "resume")
                await anyio.sleep(0.02)


def check(log: list[LoggedEvent], tasks: list[str]) -> None:
    """One end for each task, nothing after it, no number twice, and never two at a time."""
    at_work = ""
    for task in tasks:
        said = [event for event in log if event.task_id == task]
        if said:
            assert len(ends(said)) == 1, task
            assert kind(said[-1]) == ends(said)[0]
            heard = numbers(said)
            assert heard == list(range(1, len(heard) + 1))
            # One that loses its lease again and again before it says a word has died too often.
            assert len(heard) == COUNT or ends(said) in (["task_cancelled"], ["task_failed"])
    for event in log:
        if numbers([event]):
            assert at_work in {"", event.task_id}, "two at a time"
            at_work = event.task_id
        elif event.task_id == at_work and kind(event) in RESTS:
            at_work = ""
