"""Very many tasks at once: each comes to its end, each stream is whole, and the server still answers meanwhile."""

import time
from pathlib import Path

import anyio
import httpx
import pytest
from anyio.to_thread import run_sync

from tests.live.agents.told import conversation
from tests.live.faults.reader import Reader
from tests.live.faults.story import ENDS, assert_complete, assert_task_told_once, decoded, tasks_of
from tests.live.serving import Serving, serving

pytestmark = pytest.mark.anyio

PROMPT = "Add a person named Alice, add a person named Bob, connect Alice to Bob as KNOWS and list all people."
ENDINGS = tuple(f'{{"type":"{kind}"'.encode() for kind in sorted(ENDS))
ANSWER_SECONDS = 5.0
"""In which the server answers a question while it works; it takes far less unless the machine is busy with others."""


@pytest.mark.parametrize(
    ("count", "seconds"),
    [
        pytest.param(100, 50, id="100"),
        pytest.param(1_000, 250, id="1000", marks=[pytest.mark.slow, pytest.mark.timeout(300)]),
    ],
)
async def test_tasks_that_begin_together_all_end_and_nobody_misses_a_word(
    tmp_path: Path, count: int, seconds: float
) -> None:
    with serving(tmp_path, agent="puntini", model="offline", offline_pause_seconds=0) as server:
        readers = [Reader(server, session, ["sse"]) for session in await sessions(server, count)]
        waits: list[float] = []
        async with anyio.create_task_group() as tasks:
            for reader in readers:
                tasks.start_soon(reader.run)
            tasks.start_soon(ask_meanwhile, server, waits)
            await prompt_all(server, readers)
            with anyio.fail_after(seconds):
                while not all(ended(reader) for reader in readers):
                    await anyio.sleep(0.05)
            tasks.cancel_scope.cancel()
        first = await run_sync(conversation, server, readers[0].session_id)
        assert await run_sync(conversation, server, readers[-1].session_id) == first

    answers = {assert_told(reader) for reader in readers}
    assert len(answers) == 1, "the same prompt has the same answer everywhere"
    assert max(waits) < ANSWER_SECONDS


async def sessions(server: Serving, count: int) -> list[str]:
    """New sessions' ids."""
    return await run_sync(lambda: [server.create() for _ in range(count)])


async def prompt_all(server: Serving, readers: list[Reader]) -> None:
    """Begin a task in each session, some requests at a time."""
    async with httpx.AsyncClient(trust_env=False, timeout=60.0) as http, anyio.create_task_group() as tasks:
        for some in (readers[at::20] for at in range(20)):
            tasks.start_soon(_prompt, http, server, some)


async def _prompt(http: httpx.AsyncClient, server: Serving, readers: list[Reader]) -> None:
    for reader in readers:
        command = {"type": "user_prompt", "data": {"prompt": PROMPT}}
        answer = await http.post(f"{server.url}/v1/sessions/{reader.session_id}/commands", json=command)
        assert answer.status_code == 202, answer.text


async def ask_meanwhile(server: Serving, waits: list[float]) -> None:
    """Ask the server something again and again, and note how long each answer took."""
    async with httpx.AsyncClient(trust_env=False, timeout=30.0) as http:
        while True:
            began = time.monotonic()
            (await http.get(f"{server.url}/v1/status")).raise_for_status()
            waits.append(time.monotonic() - began)
            await anyio.sleep(0.02)


def ended(reader: Reader) -> bool:
    """Whether a reader has seen the end of its task."""
    return bool(reader.events) and reader.events[-1].startswith(ENDINGS)


def assert_told(reader: Reader) -> str:
    """A reader's events are whole, in order, and tell one task that succeeded; returns its answer."""
    log = decoded(reader.events)
    assert_complete(log)
    assert not reader.told("gap")
    [events] = tasks_of(log).values()
    assert_task_told_once(events)
    assert events[-1]["type"] == "task_completed"
    answer = str(events[-1]["data"]["final_answer"])
    pieces = [event["data"] for event in events if event["type"] == "assistant_response" and event["data"].get("chunk")]
    assert "".join(piece["text"] for piece in pieces) == answer
    return answer
