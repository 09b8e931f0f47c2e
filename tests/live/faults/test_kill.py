"""The server is killed with SIGKILL, again and again, under load: nothing is lost, nothing is said twice."""

import os
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest
from anyio.to_thread import run_sync

from tests.live.faults.reader import Reader, caught_up
from tests.live.faults.story import Event, assert_task_told_once, decoded, numbers_played, standing, tasks_of
from tests.live.faults.streams import FORMS
from tests.live.faults.writer import Writer
from tests.live.serving import Serving, serving, wait_for

pytestmark = pytest.mark.anyio

SESSIONS = 3
READERS = 3
PLAYED_A_KILL = 1_700


class Load:
    """Sessions in which an agent plays, a writer writes, and readers read."""

    def __init__(self, server: Serving, kills: int) -> None:
        self.server = server
        self.kills = kills
        self.sessions = [server.create() for _ in range(SESSIONS)]
        self.prompt = f"play {PLAYED_A_KILL * kills} events every 1 ms"
        for session in self.sessions:
            server.play(session, self.prompt)
        self.writers = [Writer(server, session) for session in self.sessions]
        self.readers = {
            session: [Reader(server, session, FORMS[n:] + FORMS[:n]) for n in range(READERS)]
            for session in self.sessions
        }

    async def survive(self, dice: random.Random) -> None:
        """Run everything while the server is killed and started again; return when all is quiet and read."""
        everybody = [reader for readers in self.readers.values() for reader in readers]
        async with anyio.create_task_group() as tasks:
            for reader in everybody:
                tasks.start_soon(reader.run)
            async with anyio.create_task_group() as writing:
                for writer in self.writers:
                    writing.start_soon(writer.run)
                await kill_and_restart(self.server, self.kills, dice)
                for writer in self.writers:
                    writer.stopping = True
            for session in self.sessions:
                await run_sync(self._wait_for_quiet, session)
                head = (await run_sync(whole_log, self.server, session))[-1]
                await caught_up(self.readers[session], int(head["id"].rpartition(".")[2]))
            tasks.cancel_scope.cancel()

    def _wait_for_quiet(self, session: str) -> None:
        def quiet() -> bool:
            tasks = self.server.get(f"/v1/tasks?session_id={session}")["items"]
            return all(task["status"] == "completed" for task in tasks)

        wait_for(quiet, 60.0, "the end of all tasks")


async def kill_and_restart(server: Serving, kills: int, dice: random.Random) -> None:
    """Kill and start again at any moment, also while the server has only just come back."""
    for _ in range(kills):
        await anyio.sleep(dice.uniform(0.0, 1.5))
        await run_sync(server.kill)
        await run_sync(server.start)
    await anyio.sleep(dice.uniform(0.0, 0.5))


def whole_log(server: Serving, session_id: str) -> list[Event]:
    """A fresh reading, in pages, by somebody who saw nothing of what happened."""
    events: list[Event] = []
    after, live = "earliest", False
    while not live:
        path = f"/v1/sessions/{session_id}/stream?after={after}&limit=1000"
        page = server.ask("GET", path, headers={"accept": "application/json"}).raise_for_status().json()
        events += page["events"]
        after, live = page["next"], page["live"]
    return events


@pytest.fixture
def dice() -> random.Random:
    """Random, but what failed can be run again: PUNTINI_TEST_SEED takes the seed that was printed."""
    seed = os.environ.get("PUNTINI_TEST_SEED") or str(random.SystemRandom().randrange(1 << 32))
    print(f"PUNTINI_TEST_SEED={seed}")  # noqa: T201 - pytest shows it when the test fails
    return random.Random(seed)


@pytest.mark.parametrize("durability", ["normal", "full"])
async def test_nothing_is_lost_or_said_twice_when_the_server_is_killed_under_load(
    tmp_path: Path, dice: random.Random, durability: str
) -> None:
    with serving(tmp_path, durability=durability) as server:
        await assert_survives(server, 3, dice)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_nothing_is_lost_or_said_twice_when_the_server_is_killed_twenty_times(
    server: Serving, dice: random.Random
) -> None:
    await assert_survives(server, 20, dice)


async def assert_survives(server: Serving, kills: int, dice: random.Random) -> None:
    load = await run_sync(Load, server, kills)
    await load.survive(dice)
    for session, writer in zip(load.sessions, load.writers, strict=True):
        log = await run_sync(whole_log, server, session)
        assert_complete(log)
        assert_read_by_all(load.readers[session], log)
        assert_carried_out_once(writer, load.prompt, log)
        assert_played_once(log)
        await writer.repeat_all()
        assert await run_sync(whole_log, server, session) == log, "a repeated command did something"


def assert_complete(log: Sequence[Event]) -> None:
    """Ids 1, 2, 3 … without holes, of one epoch."""
    ids = [event["id"].rpartition(".") for event in log]
    assert [int(seq) for _, _, seq in ids] == list(range(1, len(log) + 1))
    assert len({epoch for epoch, _, _ in ids}) == 1


def assert_read_by_all(readers: Sequence[Reader], log: Sequence[Event]) -> None:
    """Every reader was told exactly the log, and no gap."""
    for reader in readers:
        assert reader.opened > 1, "this reader never had to come back"
        assert not reader.told("gap")
        assert reader.ids == list(range(1, len(log) + 1))
        assert len(reader.epochs) == 1
        assert reader.events == readers[0].events
    assert decoded(readers[0].events) == list(log)


def assert_carried_out_once(writer: Writer, first: str, log: Sequence[Event]) -> None:
    """Every acknowledged command is in the log, once."""
    assert writer.acknowledged
    edits = [event["data"]["delta"][0]["node"]["id"] for event in log if is_edit(event)]
    prompts = [event["data"]["prompt"] for event in log if event["type"] == "user_prompt"]
    wanted = list(writer.sent.values())
    assert Counter(edits) == Counter(command["command_id"] for command in wanted if command["type"] == "graph_edit")
    assert Counter(prompts) == Counter(
        [first, *(command["data"]["prompt"] for command in wanted if command["type"] == "user_prompt")]
    )


def is_edit(event: Event) -> bool:
    """Whether a person's edit, not the agent's."""
    return bool(event["type"] == "graph_update" and event["data"]["author"] != "scripted")


def assert_played_once(log: Sequence[Event]) -> None:
    """Every task has one end, and said what its script asks for, in order, once."""
    prompts = [event["data"]["prompt"] for event in log if event["type"] == "user_prompt"]
    tasks = tasks_of(log)
    assert len(tasks) == len(prompts)
    assert max(event["attempt"] for event in log if "attempt" in event) > 1, "no task was ever interrupted"
    for prompt, events in zip(prompts, tasks.values(), strict=True):
        assert_task_told_once(events)
        assert numbers_played(standing(events)) == list(range(1, int(prompt.split()[1]) + 1))
