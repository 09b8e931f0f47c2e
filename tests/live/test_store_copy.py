"""A server's file is copied to a Postgres database, and a server on the copy answers as the one before did."""

import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from puntini.store.postgres.admin import figures
from tests.cli.terminal import puntini
from tests.live.serving import Serving, serving
from tests.postgres import Postgres

KEY = "fixed-key-0123456789abcdef0123456789abcdef"
pytestmark = pytest.mark.not_on_postgres("a file is copied to Postgres")
ACCOUNT = {"username": "ann", "password": "a-walrus-beside-4-kettles"}
SETTINGS = {"agent": "puntini,scripted", "offline_pause_seconds": 0}


class Used:
    """A server that was used for a bit of everything: what can be asked about it, and the answers."""

    def __init__(self, server: Serving) -> None:
        server.ask("POST", "/v1/register", ACCOUNT).raise_for_status()
        self.session = server.create(title="Plans \0 and more")
        server.finish(server.play(self.session, "Create a project management graph"))
        self.later = server.events(self.session)[5]["id"]
        forked = server.ask("POST", f"/v1/sessions/{self.session}/fork?at={self.later}").raise_for_status()
        self.fork = str(forked.json()["session_id"])
        server.finish(server.play(self.fork, "play 30 events", agent="scripted"))
        server.ask("PUT", f"/v1/sessions/{self.session}/members/ann", {"role": "viewer"}).raise_for_status()
        token = server.ask("POST", "/v1/login", ACCOUNT).json()["access_token"]
        made = httpx.post(f"{server.url}/v1/keys", json={"name": "ci"}, headers={"Authorization": f"Bearer {token}"})
        self.key = str(made.raise_for_status().json()["key"])
        for title, text in (("Bees", "A colony has one queen."), ("Ants", "Ants are many, and Ünïque. " * 200)):
            server.ask("POST", "/v1/documents", {"title": title, "text": text}).raise_for_status()
        self.answers = self.ask(server)

    def ask(self, server: Serving) -> dict[str, Any]:
        """All that is asked."""
        paths = [f"/v1/sessions/{each}{path}" for each in (self.session, self.fork) for path in PATHS]
        told = {path: server.get(path) for path in (*paths, *OVERALL)}
        for each in (self.session, self.fork):
            told[f"events of {each}"] = server.events(each)
        told["events after an old id"] = server.events(self.session, self.later)
        for word in ("queen", "unique"):
            found = server.get(f"/v1/search?q={word}")["items"]
            told[f"search for {word}"] = [{**hit, "score": 0} for hit in found]  # which compares within one answer
        return told


PATHS = ("", "/messages", "/graph", "/state", "/members", "/approvals")
OVERALL = (
    "/v1/sessions",
    "/v1/tasks?status=completed",
    "/v1/documents",
)


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> tuple[Used, Path]:
    """A server's use, and the file that it left."""
    directory = tmp_path_factory.mktemp("used")
    with serving(directory, key=KEY, **SETTINGS) as server:
        return Used(server), directory / "puntini.db"


def test_a_server_on_the_copy_answers_as_the_one_before(
    used: tuple[Used, Path], postgres_server: Postgres, tmp_path: Path
) -> None:
    before, file = used
    dsn = postgres_server.database()

    ran = puntini("store", "copy", str(file), dsn)
    checked = puntini("store", "check", "--store", dsn)

    assert (ran.code, checked.code) == (0, 0), ran.err + checked.out + checked.err
    assert f"{dsn} is sound: 2 sessions, " in checked.out
    assert f"Ids stay good there. A server that is started with {file} again begins a new epoch" in ran.out
    with serving(tmp_path, key=KEY, store=dsn.replace("puntini@", "puntini:hunter2%40secret@"), **SETTINGS) as server:
        assert before.ask(server) == before.answers
        assert server.ask("POST", "/v1/login", ACCOUNT).status_code == 200
        assert httpx.get(f"{server.url}/v1/sessions", headers={"X-API-Key": before.key}).status_code == 200
        # Life goes on: new events come behind the old ones.
        server.finish(server.play(before.session, "play 3 events", agent="scripted"))
        old = before.answers[f"events of {before.session}"]
        assert server.events(before.session)[: len(old)] == old
    assert dsn in server.said()
    assert "hunter2" not in server.said()
    postgres_server.drop(dsn)


@pytest.mark.slow
def test_a_file_that_was_copied_begins_a_new_epoch_when_it_is_used_again(
    used: tuple[Used, Path], postgres_server: Postgres, tmp_path: Path
) -> None:
    before, original = used
    file = shutil.copy(original, tmp_path / "puntini.db")
    dsns = [postgres_server.database() for _ in range(2)]
    epoch = before.later.partition(".")[0]

    copied = [puntini("store", "copy", str(file), dsn).code for dsn in dsns]
    with serving(tmp_path, key=KEY, **SETTINGS) as server:
        refused = puntini("store", "copy", str(file), dsns[0])
        assert server.events(before.session)[0]["id"].partition(".")[0] != epoch

    assert copied == [0, 0]
    assert [figures(dsn).epoch for dsn in dsns] == [epoch, epoch]
    assert (refused.code, "Another server is using the store" in refused.err) == (2, True)
    for dsn in dsns:
        postgres_server.drop(dsn)
