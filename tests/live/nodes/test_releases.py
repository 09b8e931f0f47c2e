"""Two releases on one database: the next one has a step of the schema more, and is rolled out under load."""

import shutil
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from anyio.to_thread import run_sync

from puntini import __version__
from tests.live.faults.reader import Reader, caught_up
from tests.live.faults.story import assert_complete, assert_played_once, assert_read_by_all, whole_log
from tests.live.faults.streams import FORMS
from tests.live.nodes.cluster import Cluster, cluster
from tests.live.serving import ROOT, seq_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
OURS = max(int(file.name[:4]) for file in (ROOT / "puntini/store/postgres/schema").glob("*.sql"))
"""The last step that this release knows."""


class Release:
    """A copy of the package in a folder of its own, with a version and further steps of its own."""

    def __init__(self, folder: Path, version: str) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "puntini", folder / "puntini", ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "puntini/__init__.py").write_text(f'"""Another release."""\n\n__version__ = "{version}"\n')

    def add_step(self, number: int, *, works_with: int) -> None:
        """A step that adds a column that older releases know nothing of."""
        statement = f"ALTER TABLE sessions ADD COLUMN step_{number} text NOT NULL DEFAULT 'new'"
        file = self.folder / f"puntini/store/postgres/schema/{number:04}_next.sql"
        file.write_text(f"-- works with: {works_with}\n{statement};\n")


def said(release: Path, folder: Path, *words: str) -> tuple[int, str]:
    """How a command of a release ends, and what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "puntini", *words],
        cwd=folder,
        env={"PYTHONPATH": str(release)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.timeout(240)
async def test_the_next_release_is_rolled_out_under_load(tmp_path: Path) -> None:
    next_one = Release(tmp_path / "next", "0.99")
    next_one.add_step(OURS + 1, works_with=OURS)
    with cluster(tmp_path, nodes=2, workers=2) as made:
        sessions = [await run_sync(lambda: made.create(agent="scripted")) for _ in range(3)]
        for session in sessions:
            await run_sync(made.play, session, "play 1500 events every 20 ms")
        readers = {session: [Reader(made, session, FORMS[n:] + FORMS[:n]) for n in range(2)] for session in sessions}
        async with anyio.create_task_group() as tasks:
            for reader in [reader for each in readers.values() for reader in each]:
                tasks.start_soon(reader.run)
            await run_sync(roll_out, made, next_one, tmp_path)
            await run_sync(made.quiet)
            for session in sessions:
                await caught_up(readers[session], seq_of((await run_sync(whole_log, made, session))[-1]))
            tasks.cancel_scope.cancel()
        for session in sessions:
            log = await run_sync(whole_log, made, session)
            assert_complete(log)
            assert_read_by_all(readers[session], log)
            assert_played_once(log)
            assert [event["type"] for event in log if event["type"] == "task_failed"] == []
            assert not [event for event in log if event["type"] == "task_retracted"], (
                "somebody was cut off, not drained"
            )

        # One more step, with which the first release does not work.
        next_one.add_step(OURS + 2, works_with=OURS + 2)
        await run_sync(migrate, made, next_one, tmp_path)
        code, words = await run_sync(said, ROOT, tmp_path, "serve", f"--store={made.dsn}", "--port=0")
        assert code == 2, words
        assert (
            f"The database's schema has number {OURS + 2}, this program knows {OURS} and is too old; update it."
            in words
        )


def roll_out(cluster: Cluster, release: Release, folder: Path) -> None:
    """As the docs say: the schema first, then one process after the other."""
    code, words = said(release.folder, folder, "serve", f"--store={cluster.dsn}", "--port=0")
    assert code == 2, words
    assert f"has number {OURS}, this program needs {OURS + 1}; run `puntini store migrate`." in words
    migrate(cluster, release, folder)
    for process in (*cluster.nodes, *cluster.workers):
        before = process.get("/v1/status")["version"]
        assert_works(cluster)
        process.become(release.folder)
        process.restart()
        assert (before, process.get("/v1/status")["version"]) == (__version__, "0.99")
    assert_works(cluster)


def migrate(cluster: Cluster, release: Release, folder: Path) -> None:
    """Take what is missing."""
    code, words = said(release.folder, folder, "store", "migrate", f"--store={cluster.dsn}")
    assert (code, words.startswith("Taken: step ")) == (0, True), words


def assert_works(cluster: Cluster) -> None:
    """A task that is asked for at each node ends well, whatever releases there are."""
    for node in cluster.nodes:
        session = node.create(agent="scripted")
        assert node.finish(node.play(session, "play 5 events")) == "completed"
