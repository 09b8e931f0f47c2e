"""The SQLite store when things go wrong: killed, out of room, without rights, after a power cut."""

import asyncio
import json
import os
import random
import resource
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

from puntini.errors import Misconfigured, StoreUnavailable
from puntini.log.contract import Fsync
from puntini.store.sqlite import admin, files
from puntini.store.sqlite.store import SqliteStore
from tests.store.making import SESSION, add, begin, everything, many, once, said

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
NOBODY = 65534


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the store's file is."""
    return tmp_path / "puntini.db"


@contextmanager
def child(program: str, *arguments: object, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A Python process that runs a program with the store's words imported; it is dead in the end."""
    head = "import asyncio, json, sys\nfrom puntini.store.open import open_store\nfrom tests.store.making import *\n"
    process = subprocess.Popen(
        [sys.executable, "-c", head + textwrap.dedent(program), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )
    try:
        with process:
            yield process
            process.kill()
    finally:
        process.kill()


# Killed.

APPENDING = """
    async def main():
        store = await open_store(sys.argv[1])
        life = sys.argv[2]
        if not await store.session(SESSION):
            await store.append(begin())
        print(store.epoch, flush=True)
        async def speak(who):
            number = 0
            while True:
                number += 1
                name = f"{life} {who} {number}"
                written = await store.append(add(said(name), once=once(name)))
                print(json.dumps([written.first, name]), flush=True)
        await asyncio.gather(*[speak(who) for who in range(8)])
    asyncio.run(main())
"""


def live_and_die(path: Path, life: int, acknowledged: int) -> tuple[str, dict[int, str]]:
    """Append in a process that is killed after so many acknowledgements; returns its epoch and what it was told."""
    with child(APPENDING, path, life) as process:
        assert process.stdout is not None
        epoch = process.stdout.readline().strip()
        told = [process.stdout.readline() for _ in range(acknowledged)]
        process.send_signal(signal.SIGKILL)
        told += process.stdout.readlines()
    return epoch, dict(json.loads(line) for line in told if line.endswith("\n"))


async def test_what_was_acknowledged_survives_kills(path: Path) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    chance = random.Random(seed)
    epochs: set[str] = set()
    acknowledged: dict[int, str] = {}

    for life in range(4):
        epoch, told = live_and_die(path, life, chance.randrange(1, 400))
        epochs.add(epoch)
        assert not acknowledged.keys() & told.keys()
        acknowledged |= told

    assert admin.check(path) == []
    store = await SqliteStore.open(str(path))
    log = dict(await everything(store))
    await store.close()
    assert epochs == {store.epoch}
    assert list(log) == list(range(1, len(log) + 1))
    assert {seq: log[seq] for seq in acknowledged} == {seq: said(name) for seq, name in acknowledged.items()}
    assert len(set(log.values())) == len(log)


async def test_a_deletion_that_was_cut_short_is_finished_at_the_next_start(path: Path) -> None:
    store = await SqliteStore.open(str(path))
    await store.append(begin(SESSION, *many(5)))
    await store.close()
    change(path, "DELETE FROM sessions; INSERT INTO doomed VALUES (1)")

    store = await SqliteStore.open(str(path))
    await store.append(begin("ses_2", said()))
    await store.close()

    assert (admin.figures(path).events, admin.check(path)) == (1, [])


async def test_a_creation_that_was_cut_short_is_done_again(path: Path) -> None:
    files.beside(path, ".new").write_bytes(b"half a file")
    files.beside(path, "-wal").write_bytes(b"the log of a file that is gone")

    store = await SqliteStore.open(str(path))
    await store.append(begin(SESSION, said()))
    await store.close()

    assert admin.check(path) == []
    assert not files.beside(path, ".new").exists()


# Out of room.

FILLING = """
    import resource
    async def main():
        store = await open_store(sys.argv[1])
        await store.append(begin(SESSION, said("first")))
        limit(int(sys.argv[2]))
        acknowledged, refused = [1], ""
        while not refused:
            try:
                written = await store.append(add(said("x" * 5_000), said("y" * 5_000)))
                acknowledged.append(written.last)
            except StoreUnavailable as error:
                refused = error.message
        kept = [seq for seq, _ in await everything(store)]
        limit(-1)
        written = await store.append(add(said("room again")))
        print(json.dumps([acknowledged[-1], kept == list(range(1, acknowledged[-1] + 1)), refused, written.first]))
        await store.close()
    from puntini.errors import StoreUnavailable
    if __name__ == "__main__":
        asyncio.run(main())
"""
LARGEST_FILE = """
    def limit(size):
        import resource, signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, -1))
"""
SMALL_DISK = """
    def limit(size):
        import os, subprocess
        if size < 0:
            subprocess.run(["mount", "-o", "remount,size=64m", os.path.dirname(sys.argv[1])], check=True)
"""


def check_filled(process: subprocess.Popen[str], path: Path) -> str:
    """What a process that filled its disk has to report; returns the sentence it was refused with."""
    said_in_the_end, _ = process.communicate(timeout=40)
    acknowledged, kept, refused, again = json.loads(said_in_the_end)
    assert acknowledged > 1
    assert kept
    assert again == acknowledged + 1
    return str(refused)


async def test_a_file_that_may_not_grow_refuses_and_goes_on_when_it_may(path: Path) -> None:
    with child(textwrap.dedent(LARGEST_FILE) + textwrap.dedent(FILLING), path, 1 << 20) as process:
        refused = check_filled(process, path)

    assert "nothing was written" in refused
    assert admin.check(path) == []


def own_mounts() -> list[str]:
    """How to run a command that may mount; empty where that is not allowed."""
    command = ["unshare", "-rm"]
    try:
        allowed = subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        allowed = False
    return command if allowed else []
