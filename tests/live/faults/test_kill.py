"""The server is killed with SIGKILL, again and again, under load: nothing is lost, nothing is said twice."""

import random
from pathlib import Path

import anyio
import pytest
from anyio.to_thread import run_sync

from tests.live.faults.reader import Reader, caught_up
from tests.live.faults.story import (
    all_quiet,
    assert_carried_out_once,
    assert_complete,
    assert_played_once,
    assert_read_by_all,
    attempts,
    whole_log,
)
from tests.live.faults.streams import FORMS
from tests.live.faults.writer import Writer
from tests.live.serving import Serving, seq_of, serving

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
            await run_sync(all_quiet, self.server)
            for session in self.sessions:
                head = seq_of((await run_sync(whole_log, self.server, session))[-1])
                await caught_up(self.readers[session], head)
            tasks.cancel_scope.cancel()


async def kill_and_restart(server: Serving, kills: int, dice: random.Random) -> None:
    """Kill and start again at any moment, also while the server has only just come back."""
    for _ in range(kills):
        await anyio.sleep(dice.uniform(0.0, 1.5))
        await run_sync(server.kill)
        await run_sync(server.start)
    await anyio.sleep(dice.uniform(0.0, 0.5))


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
        assert_carried_out_once(writer, log)
        assert_played_once(log)
        assert attempts(log) > 1, "no task was ever interrupted"
        assert min(reader.opened for reader in load.readers[session]) > 1, "somebody never had to come back"
        await writer.repeat_all()
        assert await run_sync(whole_log, server, session) == log, "a repeated command did something"
