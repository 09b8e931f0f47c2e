"""What stops the start: exit code 2 and one sentence that says what to do."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.faults.starts import as_anybody, assert_one_sentence, begin, ended, puntini_serve
from tests.live.serving import Serving, serving, wait_for

READ_ONLY_FILE, READ_ONLY_DIRECTORY = 0o444, 0o555
PERMISSIONS = "where a file can be"


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Path]:
    """A directory with a store that a server has used and left."""
    with serving(tmp_path) as server:
        server.create()
    yield tmp_path
    tmp_path.chmod(0o755)


@pytest.mark.not_on_postgres("a file has one server")
def test_a_second_server_on_the_same_store_is_refused(server: Serving) -> None:
    ended = puntini_serve(server.directory, "--store=puntini.db", "--port=0")
    assert_one_sentence(ended, "Another server is using the store", "puntini.db")
    assert server.get("/v1/ready")["status"] == "ready"


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = puntini_serve(tmp_path, f"--port={port}")
    assert_one_sentence(ended, str(port), "--port")
    assert not list(tmp_path.iterdir()), "it has not begun a store"


def test_of_two_servers_that_start_together_on_one_port_one_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    both = [begin(tmp_path, f"--store={name}.db", f"--port={port}") for name in ("one", "other")]
    try:
        [loser] = wait_for(lambda: [one for one in both if one.poll() is not None], 20, "an end")
        assert_one_sentence(ended(loser), str(port), "--port")
        assert [one.poll() for one in both if one is not loser] == [None], "the other serves"
    finally:
        for one in both:
            one.kill()
            one.communicate()


@pytest.mark.not_on_postgres(PERMISSIONS)
def test_a_read_only_store_is_refused(stored: Path) -> None:
    (stored / "puntini.db").chmod(READ_ONLY_FILE)
    ended = puntini_serve(stored, "--store=puntini.db", "--port=0", before=as_anybody())
    assert_one_sentence(ended, "puntini.db", "read-only")


@pytest.mark.not_on_postgres(PERMISSIONS)
@pytest.mark.parametrize("store", ["puntini.db", "new.db"])
def test_a_store_in_a_read_only_directory_is_refused(stored: Path, store: str) -> None:
    before = as_anybody()
    (stored / "puntini.db.lock").unlink()
    stored.chmod(READ_ONLY_DIRECTORY)
    ended = puntini_serve(stored, f"--store={store}", "--port=0", before=before)
    assert_one_sentence(ended, store, "Permission denied")


@pytest.mark.not_on_postgres(PERMISSIONS)
def test_a_store_in_a_directory_whose_lock_is_left_is_refused_all_the_same(stored: Path) -> None:
    before = as_anybody()
    stored.chmod(READ_ONLY_DIRECTORY)
    assert_one_sentence(puntini_serve(stored, "--store=puntini.db", "--port=0", before=before), "puntini.db")


@pytest.mark.not_on_postgres(PERMISSIONS)
@pytest.mark.parametrize("store", ["nowhere/puntini.db", ".", "puntini.db/puntini.db"])
def test_a_place_where_no_store_can_be_is_refused(stored: Path, store: str) -> None:
    assert_one_sentence(puntini_serve(stored, f"--store={store}", "--port=0"), store.partition("/")[0])
