"""What the live tests share: a server with its own store for each test that asks."""

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
def dice() -> random.Random:
    """Random, but what failed can be run again."""
    return repeatable()
