"""What the live tests share: a server with its own store for each test that asks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.serving import Serving, serving


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Serving]:
    """A running server with a SQLite store."""
    with serving(tmp_path) as running:
        yield running
