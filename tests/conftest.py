"""What all tests share: the event loop they run on and the way Hypothesis searches."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.postgres import Emptied, Postgres, postgres

# No deadline: on a busy machine a slow example is not a wrong one. The blob lets a failure seen in CI be run at home.
settings.register_profile("puntini", deadline=None, derandomize=False, print_blob=True)
settings.load_profile("puntini")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The loop of the tests marked ``anyio``: asyncio, the only one that uvicorn runs on."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A real Postgres for all tests of a process, started for the first that asks."""
    with postgres() as server:
        yield server


@pytest.fixture(scope="session")
def emptied(postgres_server: Postgres) -> Iterator[Emptied]:
    """One database of it for the tests that want an empty one."""
    database = Emptied(postgres_server)
    yield database
    database.close()


@pytest.fixture
def database(emptied: Emptied) -> str:
    """The address of an empty Postgres database."""
    emptied.empty()
    return emptied.dsn
