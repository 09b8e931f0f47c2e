"""What the live tests share: a server for each test that asks, and one for all that do it no harm."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.clients.chance import repeatable
from tests.live.serving import Serving, serving


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Serving]:
    """A running server with a SQLite store."""
    with serving(tmp_path) as running:
        yield running


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Serving]:
    """A server to be killed, where the others of a file's tests use the one that is shared."""
    with serving(tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One server for many tests: a start is more work than most of them are."""
    with serving(tmp_path_factory.mktemp("lasting")) as running:
        yield running


@pytest.fixture
def shared(lasting: Serving) -> Iterator[Serving]:
    """The lasting server, without sessions: a test's are deleted behind it, and their tasks end with them."""
    yield lasting
    while sessions := lasting.get("/v1/sessions")["items"]:
        for session in sessions:
            lasting.ask("DELETE", f"/v1/sessions/{session['session_id']}").raise_for_status()


@pytest.fixture
def dice() -> random.Random:
    """Random, but what failed can be run again."""
    return repeatable()
