"""``puntini replay``: everything that was said, at its pace or another."""

import json
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import anyio
import pytest

from puntini.log.contract import Append, SessionRow
from puntini.protocol.entries import entry_of
from puntini.protocol.events import Debug, DebugData
from puntini.store.open import open_store
from tests.cli.conftest import Call
from tests.cli.terminal import Ran, in_a_terminal, started
from tests.live.serving import Serving, serving, store_of

OK, INTERRUPTED = 0, 130


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server with the session ``ses_slow``, in which there was an hour between each of four events."""
    directory = tmp_path_factory.mktemp("slow")
    anyio.run(write_slowly, store_of(directory))
    with serving(directory) as running:
        yield running


async def write_slowly(place: str) -> None:
    """The session's events, all written now."""
    store = await open_store(place)
    said = [
        Debug(timestamp=f"2099-01-01T0{n}:00:00.000Z", data=DebugData(message=f"{n}", level="info")) for n in range(4)
    ]
    row = SessionRow(session_id="ses_slow", agent="scripted", owner="local", created_at=1, updated_at=1)
    await store.append(Append(session_id="ses_slow", entries=[entry_of(event) for event in said], create=row, at=1))
    await store.close()


def timed(call: Call, *arguments: str) -> tuple[Ran, float]:
    """What a replay showed, and how long it took."""
    began = monotonic()
    ran = call("replay", "ses_slow", *arguments)
    return ran, monotonic() - began


def messages(ran: Ran) -> list[str]:
    """What the debug events said."""
    return [line.rpartition(" ")[2] for line in ran.out.splitlines()]


def test_all_of_a_long_session_is_shown_at_once(call: Call, server: Serving, at: str) -> None:
    session_id = server.create()
    server.finish(server.play(session_id, "play 1200 events"))

    ran = call("replay", session_id, "--speed=0", "--json", at)

    events = [json.loads(line) for line in ran.out.splitlines()]
    assert (ran.code, ran.err) == (OK, "")
    assert len(events) > 1_200
    assert events == server.events(session_id)


def test_no_pause_is_longer_than_the_longest(call: Call, slow: Serving) -> None:
    ran, seconds = timed(call, "--longest-pause=0.2", f"--url={slow.url}")

    assert messages(ran) == ["0", "1", "2", "3"]
    assert 0.6 <= seconds < 10


def test_it_is_so_many_times_as_fast(call: Call, slow: Serving) -> None:
    ran, seconds = timed(call, "--speed=18000", f"--url={slow.url}")

    assert messages(ran) == ["0", "1", "2", "3"]
    assert 0.6 <= seconds < 10


def test_at_speed_zero_there_is_no_pause(call: Call, slow: Serving) -> None:
    ran, seconds = timed(call, "--speed=0", "--longest-pause=3600", f"--url={slow.url}")

    assert messages(ran) == ["0", "1", "2", "3"]
    assert seconds < 10


def test_it_begins_after_an_id(call: Call, slow: Serving) -> None:
    second = slow.events("ses_slow")[1]["id"]

    ran, _ = timed(call, "--speed=0", f"--after={second}", f"--url={slow.url}")

    assert messages(ran) == ["2", "3"]


def test_what_was_shown_is_seen_before_the_pause_and_ctrl_c_ends_it(slow: Serving, tmp_path: Path) -> None:
    with started(tmp_path, "replay", "ses_slow", f"--url={slow.url}") as replay:
        replay.wait_for("info: 0")
        replay.interrupt()
        ran = replay.end()

    assert (ran.code, ran.err.strip()) == (INTERRUPTED, "")
    assert len(ran.out.splitlines()) < 4


def test_an_empty_session_is_nothing_to_show(call: Call, server: Serving, at: str) -> None:
    assert call("replay", server.create(), at) == (OK, "", "")


def test_colours_are_for_terminals(slow: Serving) -> None:
    words = ("replay", "ses_slow", "--speed=0", f"--url={slow.url}")

    assert "\x1b[2m" in in_a_terminal(*words)[1]
    assert "\x1b" not in in_a_terminal(*words, env={"NO_COLOR": "1"})[1]
