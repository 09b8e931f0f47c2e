"""What the store's tests share: every store there is, each fresh, and a session to begin with."""

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from puntini.errors import StoreUnavailable
from puntini.log.contract import Store
from puntini.store.open import open_store
from tests.store.making import SESSION, begin


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store of each kind."""
    match request.param:
        case "memory":
            url = "memory:"
        case "sqlite":
            url = str(tmp_path / "puntini.db")
        case _:
            url = request.getfixturevalue("database")
    opened = await open_store(url)
    yield opened
    with suppress(StoreUnavailable):  # a test may have closed it
        await opened.close()


@pytest.fixture
async def session(store: Store) -> str:
    """The id of a session without events."""
    await store.append(begin(SESSION))
    return SESSION


@pytest.fixture
def public() -> Iterator[Path]:
    """A directory that anybody can reach, which pytest's own are not."""
    with TemporaryDirectory() as directory:
        path = Path(directory)
        path.chmod(0o755)
        yield path
        path.chmod(0o755)
