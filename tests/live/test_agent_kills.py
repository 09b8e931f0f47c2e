"""The server is killed while the built-in agent and a user's graph work: in the end nobody can tell, in no respect."""

import random
from collections.abc import Iterator, Sequence
from itertools import cycle, pairwise
from pathlib import Path
from typing import NamedTuple

import anyio
import pytest
from anyio.to_thread import run_sync

from tests.live.agents.effects import STEPS
from tests.live.agents.told import by_id, conversation, deaths, folded, milliseconds, shape, standing_of_all
from tests.live.faults.reader import Reader, caught_up
from tests.live.faults.story import (
    ENDS,
    Event,
    all_quiet,
    assert_complete,
    assert_read_by_all,
    assert_task_told_once,
    tasks_of,
    whole_log,
)
from tests.live.serving import Serving, seq_of, serving, wait_for

pytestmark = pytest.mark.anyio

EFFECTS = "effects"
KILLED = "killed"
TAKEN_UP_SECONDS = 10.0
MOST_DEATHS = 2
"""Since the last save; a third would fail the task, as it should."""
BUSY = 3
"""Tasks that a session is kept supplied with."""
PROJECT = (
    "Create a project management graph",
    "Mark Research as done.",
    "Who works on Wireframes?",
    "Add a person named Nora and connect Nora to Testing as WORKS_ON.",
)
PEOPLE = (
    "Add Ann, Ben and Cleo as people.",
    "Connect Ann to Ben as KNOWS.",
    "Add Dan as a person, make him manage Ben and list all people.",
    "Connect Cleo to Dan as TRUSTS.",
    "Rename Ben to Benjamin.",
    "Rename Benjamin to Ben.",
)
MIXED = (
    "Add Alice and Bob as people, connect Alice to Bob as KNOWS and then rename Bob to Robert",
    "Create a project management graph",
    "Remove Robert.",
    "How many people are there?",
    "Hello!",
)


class Play(NamedTuple):
    """A session, and what is said in it, over and over."""

    session_id: str
    prompts: Iterator[str]
    said: list[str]
    agent: str = ""


def options(pause: float) -> dict[str, object]:
    """How the server is started."""
    agents = f"puntini,{EFFECTS}=tests.live.agents.effects:graph"
    return {"agent": agents, "model": "offline", "offline_pause_seconds": pause}


@pytest.mark.timeout(120)
async def test_five_kills_leave_no_trace(tmp_path: Path, dice: random.Random) -> None:
    await assert_survives(tmp_path, 5, dice)


@pytest.mark.not_on_postgres("each kill costs the ten seconds of a lease; five are enough there")
@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_hundred_kills_leave_no_trace(tmp_path: Path, dice: random.Random) -> None:
    for number in range(10):
        (directory := tmp_path / str(number)).mkdir()
        await assert_survives(directory, 10, dice)


async def assert_survives(directory: Path, kills: int, dice: random.Random) -> None:
    with serving(directory, **options(0.005)) as server:
        plays = await run_sync(begin, server)
        readers = {play.session_id: [Reader(server, play.session_id, ["sse"]) for _ in range(2)] for play in plays}
        await survive(server, plays, readers, kills, dice)
        logs = {play.session_id: await run_sync(whole_log, server, play.session_id) for play in plays}
        found = [
            (shape(server.get(f"/v1/sessions/{play.session_id}/graph")), conversation(server, play.session_id))
            for play in plays
        ]
        for play in plays:
            log = logs[play.session_id]
            assert_ended_once(log, len(play.said))
            assert_complete(log)
            assert_read_by_all(readers[play.session_id], log)
            assert_folds_to_the_graph(server, play, log)

    assert_steps_taken_once(directory / "effects.txt", logs[plays[-1].session_id])
    assert found == await run_sync(undisturbed, directory / "undisturbed", plays)
    taken_up = sum(event["type"] == "task_resumed" for log in logs.values() for event in log)
    assert taken_up >= kills, "hardly a task was ever interrupted"


def begin(server: Serving) -> list[Play]:
    """Sessions of three kinds, and one in which the user's graph works."""
    built_in = [Play(server.create(), cycle(prompts), []) for prompts in (PROJECT, PEOPLE, MIXED)]
    return [*built_in, Play(server.create(), (f"effect {number}" for number in range(1_000_000)), [], EFFECTS)]


async def survive(
    server: Serving, plays: Sequence[Play], readers: dict[str, list[Reader]], kills: int, dice: random.Random
) -> None:
    """Kill and start again while tasks run and readers read; return when all is quiet and read."""
    everybody = [reader for some in readers.values() for reader in some]
    async with anyio.create_task_group() as tasks:
        for reader in everybody:
            tasks.start_soon(reader.run)
        for _ in range(kills):
            await run_sync(supply, server, plays)
            await anyio.sleep(dice.uniform(0.0, 0.6))
            await run_sync(kill_and_restart, server, plays)
        await run_sync(all_quiet, server)
        for play in plays:
            head = seq_of((await run_sync(whole_log, server, play.session_id))[-1])
            await caught_up(readers[play.session_id], head)
        tasks.cancel_scope.cancel()


def supply(server: Serving, plays: Sequence[Play]) -> None:
    """Say the next in every session that has little to do."""
    for play in plays:
        for _ in range(BUSY - len(open_tasks(server.events(play.session_id)))):
            play.said.append(next(play.prompts))
            server.play(play.session_id, play.said[-1], agent=play.agent)


def kill_and_restart(server: Serving, plays: Sequence[Play]) -> None:
    """Kill the server when no task would die its last death, and see that what ran is taken up again in time."""
    wait_for(lambda: not any(endangered(server, play) for play in plays), 20, "a save in every task")
    running = {
        task_id: server.get(f"/v1/tasks/{task_id}")
        for play in plays
        for task_id in open_tasks(server.events(play.session_id))
    }
    server.kill()
    with (server.directory / "effects.txt").open("a") as file:
        file.write(f"{KILLED}\n")
    server.start()
    attempts = {task_id: task["attempt"] for task_id, task in running.items() if task["status"] == "running"}
    wait_for(lambda: all_taken_up(server, attempts), TAKEN_UP_SECONDS, f"the next attempt at {list(attempts)}")


def endangered(server: Serving, play: Play) -> bool:
    """Whether a task of a session might fail if it were killed now."""
    log = server.events(play.session_id)
    tasks = tasks_of(log)
    return any(deaths(tasks[task_id]) >= MOST_DEATHS for task_id in open_tasks(log))


def all_taken_up(server: Serving, attempts: dict[str, int]) -> bool:
    """Whether each of these tasks has ended or is at a later attempt."""
    tasks = [server.get(f"/v1/tasks/{task_id}") for task_id in attempts]
    return all(task["attempt"] > attempts[task["task_id"]] or task["status"] == "completed" for task in tasks)


def open_tasks(log: Sequence[Event]) -> list[str]:
    """Tasks without an end."""
    return [task_id for task_id, events in tasks_of(log).items() if events[-1]["type"] not in ENDS]


def undisturbed(directory: Path, plays: Sequence[Play]) -> list[object]:
    """The graphs and messages of sessions in which the same is said to a server that nobody kills."""
    directory.mkdir()
    with serving(directory, **options(0)) as server:
        sessions = [server.create() for _ in plays]
        for session, play in zip(sessions, plays, strict=True):
            for prompt in play.said:
                server.play(session, prompt, agent=play.agent)
        all_quiet(server)
        return [
            (shape(server.get(f"/v1/sessions/{session}/graph")), conversation(server, session)) for session in sessions
        ]


# What must hold.


def assert_ended_once(log: Sequence[Event], count: int) -> None:
    """Each task has one end, which is a success."""
    tasks = tasks_of(log)
    assert len(tasks) == count
    for events in tasks.values():
        assert_task_told_once(events)
        assert events[-1]["type"] == "task_completed", events[-1]


def assert_folds_to_the_graph(server: Serving, play: Play, log: Sequence[Event]) -> None:
    """Whoever applies the events has the server's graph."""
    graph = server.get(f"/v1/sessions/{play.session_id}/graph")
    assert folded(log) == (by_id(graph["nodes"]), by_id(graph["edges"]))


def assert_steps_taken_once(file: Path, log: Sequence[Event]) -> None:
    """Every step was taken, and only one that a kill cut short was taken again: none that the log says is done."""
    lives = [life.splitlines() for life in file.read_text().split(f"{KILLED}\n")]
    prompts = {event["task_id"]: event["data"]["prompt"] for event in log if event["type"] == "user_prompt"}
    told = [event for event in standing_of_all(log) if event["type"] == "step" and event["data"]["name"] == "act"]
    done = {(prompts[event["task_id"]], event["data"]["step_number"] - 1): milliseconds(event) for event in told}
    assert set(done) == {(prompt, number) for prompt in prompts.values() for number in range(1, STEPS + 1)}
    assert len(told) == len(done)
    taken = [[_line(line) for line in life] for life in lives]
    for prompt in prompts.values():
        mine = [[number for _, number, said in life if said == prompt] for life in taken]
        _assert_goes_on([numbers for numbers in mine if numbers])
    for at, number, prompt in (line for life in taken for line in life):
        assert at <= done[prompt, number], f"step {number} of {prompt} was taken again after it was committed"


def _line(line: str) -> tuple[int, int, str]:
    at, number, prompt = line.split(" ", 2)
    return int(at), int(number), prompt


def _assert_goes_on(lives: Sequence[Sequence[int]]) -> None:
    """Each life goes on at the step that the one before was in, or at the next, and then one by one."""
    assert lives[0][0] == 1
    assert lives[-1][-1] == STEPS
    for numbers in lives:
        assert list(numbers) == list(range(numbers[0], numbers[0] + len(numbers)))
    for before, after in pairwise(lives):
        assert after[0] - before[-1] in {0, 1}
