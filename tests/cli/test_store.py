"""``puntini store``: looking after the file, beside a running server and without one."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.cli.terminal import puntini, sentence
from tests.live.serving import Serving, serving

pytestmark = pytest.mark.not_on_postgres("a file is looked after")

OK, FAILED, USAGE = 0, 1, 2
COMMANDS = (["check"], ["backup", "copy.db"], ["new-epoch"])


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A running server whose store holds one session with eleven events."""
    with serving(tmp_path_factory.mktemp("used")) as running:
        session_id = running.create()
        running.finish(running.play(session_id, "play 6 events"))
        yield running


@pytest.fixture
def file(used: Serving) -> Path:
    """The store of that server."""
    return used.directory / "puntini.db"


def test_a_sound_store_is_told_with_what_it_holds(call: Call, file: Path) -> None:
    ran = call("store", "check", f"--store={file}")

    assert (ran.code, ran.err) == (OK, "")
    assert re.fullmatch(rf"{re.escape(str(file))} is sound: 1 session, 11 events, [\d,]+ bytes\.\n", ran.out)


@pytest.mark.parametrize("env", [{}, {"PUNTINI_STORE": "puntini.db"}, {"PUNTINI_STORE": "sqlite://puntini.db"}])
def test_the_store_is_the_one_that_is_set(used: Serving, env: dict[str, str]) -> None:
    ran = puntini("store", "check", cwd=used.directory, env=env)

    assert (ran.code, ran.out.startswith("puntini.db is sound: 1 session")) == (OK, True)


@pytest.mark.parametrize("part", range(1, 6))
def test_a_damaged_store_is_a_failure_and_its_faults_are_told(
    call: Call, file: Path, tmp_path: Path, part: int
) -> None:
    copy = tmp_path / "copy.db"
    call("store", "backup", str(copy), f"--store={file}")
    size = copy.stat().st_size
    with copy.open("r+b") as damaged:
        damaged.seek(size * part // 7)
        damaged.write(b"\xa5" * (size // 7))

    ran = call("store", "check", f"--store={copy}")

    assert (ran.code, ran.err) == (FAILED, "")
    assert re.search(rf"^{re.escape(str(copy))} has \d+ faults?\.$", ran.out, re.MULTILINE)
    assert ran.out.count("\n") >= 2


def test_a_backup_holds_the_same_and_is_sound(call: Call, file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"

    ran = call("store", "backup", str(copy), f"--store={file}")

    assert (ran.code, ran.err) == (OK, "")
    assert ran.out.startswith(f"{copy} holds 1 session, 11 events, ")
    assert call("store", "check", f"--store={copy}").code == OK
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db"]


def test_a_server_can_be_started_from_a_backup_and_owns_its_ids_anew(
    call: Call, used: Serving, file: Path, tmp_path: Path
) -> None:
    call("store", "backup", str(tmp_path / "puntini.db"), f"--store={file}")
    [session] = used.get("/v1/sessions")["items"]
    old = used.events(session["session_id"])

    with serving(tmp_path) as restored:
        new = restored.events(session["session_id"])

    assert [event["data"] for event in new] == [event["data"] for event in old]
    assert {event["id"] for event in new}.isdisjoint(event["id"] for event in old)


def test_a_backup_never_takes_the_place_of_a_file(call: Call, file: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("precious", "utf-8")

    assert "exists already" in sentence(call("store", "backup", str(tmp_path / "copy.db"), f"--store={file}"), USAGE)
    assert (tmp_path / "copy.db").read_text("utf-8") == "precious"


def test_a_backup_into_nowhere_is_told(call: Call, file: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere" / "copy.db"

    assert "There is no directory" in sentence(call("store", "backup", str(nowhere), f"--store={file}"), USAGE)


def test_a_new_epoch_is_refused_while_a_server_runs(call: Call, file: Path) -> None:
    assert str(file) in sentence(call("store", "new-epoch", f"--store={file}"), USAGE)


def test_a_new_epoch_ends_the_ids_of_the_old_one(call: Call, tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        session_id = server.create()
        server.finish(server.play(session_id, "play 3 events"))
        last = server.events(session_id)[-1]["id"]
        server.terminate()
        server.wait()
        ran = call("store", "new-epoch", f"--store={tmp_path / 'puntini.db'}")
        server.start()
        page = server.ask(
            "GET", f"/v1/sessions/{session_id}/stream?after={last}", headers={"accept": "application/json"}
        )

    assert ran.code == OK
    epoch = page.json()["next"].partition(".")[0]
    assert ran.out == f"{tmp_path / 'puntini.db'}: the epoch is {epoch} now.\n"
    assert page.json()["events"][0]["data"]["reason"] == "unknown_epoch", json.dumps(page.json())


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
@pytest.mark.parametrize("store", ["memory:", "mysql://db/puntini", "sqlite://memory://x"])
def test_a_store_that_is_no_file_is_told(call: Call, words: list[str], store: str) -> None:
    assert sentence(call("store", *words, f"--store={store}"), USAGE).startswith(f"The store {store} is no SQLite file")


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
@pytest.mark.parametrize("kind", ["nothing", "a directory", "a text"])
def test_a_file_that_is_no_store_is_told(call: Call, tmp_path: Path, words: list[str], kind: str) -> None:
    path = tmp_path / "here"
    if kind == "a directory":
        path.mkdir()
    elif kind == "a text":
        path.write_text("no database" * 1_000, "utf-8")

    assert str(path) in sentence(call("store", *words, f"--store={path}"), USAGE)
    assert sorted(each.name for each in tmp_path.iterdir()) == ([] if kind == "nothing" else ["here"])
