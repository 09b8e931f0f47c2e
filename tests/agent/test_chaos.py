"""Several tasks, a seeded stream of pauses, resumes, stops, crashes and restarts, and what must hold afterwards."""

import random
from pathlib import Path

import anyio
import pytest

from puntini.agent.rota import Action
from puntini.errors import Conflict
from puntini.log.contract import Store
from puntini.protocol.events import LoggedEvent
from puntini.store.open import open_store
from tests.agent.stage import LateStore, Stage, ends, kind, numbers, stage

pytestmark = pytest.mark.anyio
LIVES = 5
ORDERS_A_LIFE = 12
EVENTS = 150
ACTIONS: tuple[Action, ...] = ("pause", "pause", "resume", "resume", "resume", "stop")


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_happens_every_task_has_one_start_one_end_and_each_event_once(seed: int) -> None:
    chance = random.Random(seed)
    await play(LateStore(turns=chance.choice([0, 1, 3, 7])), chance)


@pytest.mark.parametrize("seed", range(3))
async def test_so_it_is_on_sqlite(tmp_path: Path, seed: int) -> None:
    store = await open_store(str(tmp_path / "puntini.db"))
    await play(store, random.Random(seed))
    await store.close()


async def play(store: Store, chance: random.Random) -> None:
    """Disturb, crash and start again, then look at what has come of it."""
    async with stage(store) as life:
        tasks = await prompts(life, chance)
    for _ in range(LIVES):
        async with stage(store) as life:
            await disturb(life, tasks, chance)
            if chance.random() < 0.4:
                await life.runner.shutdown()
    async with stage(store) as life:
        await let_end(life, tasks)
        for task in tasks:
            check(await life.said(task))
    assert await store.tasks(open_only=True) == []


async def prompts(life: Stage, chance: random.Random) -> list[str]:
    """Six tasks in three sessions."""
    sessions = [await life.session() for _ in range(3)]
    scripts = [f"play {EVENTS} events every {chance.choice([0, 1, 2])} ms" for _ in range(6)]
    return [await life.prompt(chance.choice(sessions), script) for script in scripts]


async def disturb(life: Stage, tasks: list[str], chance: random.Random) -> None:
    """Give orders at odd times; those that the moment does not allow are refused."""
    for _ in range(ORDERS_A_LIFE):
        await anyio.sleep(chance.choice([0, 0, 0.001, 0.01]))
        # A stop is rare, so that most tasks live through everything else.
        action = chance.choice(ACTIONS if chance.random() < 0.3 else ACTIONS[:-1])
        try:
            await life.control(chance.choice(tasks), action)
        except Conflict:
            continue


async def let_end(life: Stage, tasks: list[str]) -> None:
    """Resume whatever rests, and wait for every end."""
    for task in tasks:
        if await life.status(task) == "paused":
            await life.control(task, "resume")
    for task in tasks:
        await life.ended(task)


def check(said: list[LoggedEvent]) -> None:
    """One start, one end, and between them 1, 2, 3 … without holes or repeats, to the last where nobody stopped it."""
    kinds = [kind(event) for event in said]
    assert kinds[:2] == ["user_prompt", "task_started"]
    assert kinds.count("task_started") == 1
    assert len(ends(said)) == 1
    assert kinds[-1] == ends(said)[0]
    spoken = numbers(said)
    assert spoken == list(range(1, len(spoken) + 1))
    if kinds[-1] == "task_completed":
        assert len(spoken) == EVENTS
    attempts = [event.attempt for event in said]
    assert attempts == sorted(attempts)
