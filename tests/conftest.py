"""What all tests share: the event loop they run on, the way Hypothesis searches, and who runs which of them."""

from collections.abc import Iterator

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.databases import databases
from tests.postgres import Emptied, Postgres, postgres

# No deadline: on a busy machine a slow example is not a wrong one. The blob lets a failure seen in CI be run at home.
settings.register_profile("puntini", deadline=None, derandomize=False, print_blob=True)
settings.load_profile("puntini")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The loop of the tests marked ``anyio``: asyncio, the only one that uvicorn runs on."""
    return "asyncio"


TOGETHER = (
    "tests/console/",
    "tests/deploy/",
    "tests/docs/",
    "tests/live/nodes/",
    "tests/live/test_browser.py",
    "tests/live/test_docs_page.py",
    "tests/sdk/test_browser.py",
)
"""What starts a browser, a proxy or several servers starts them once for all tests of a file."""


class Together(LoadScopeScheduling):  # type: ignore[misc]  # xdist tells no types
    """Tests of these files are run by one worker, all others one by one by whichever is free.

    A test can't say so by a mark: xdist 3.8 writes it where pytest 9.2 does not look.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file.startswith(TOGETHER) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Deal the tests out."""
    return Together(config, log)


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


@pytest.fixture
def bare(postgres_server: Postgres) -> Iterator[str]:
    """The address of a Postgres database of the test's own, without a schema."""
    dsn = postgres_server.database()
    yield dsn
    postgres_server.drop(dsn)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Tests that leave it open where things are kept can be run on Postgres, too."""
    parser.addoption("--postgres", action="store_true", help="keep on Postgres what tests keep in files and in memory")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With ``--postgres``, leave out what does not concern it."""
    for item in items if config.getoption("--postgres") else ():
        if mark := item.get_closest_marker("not_on_postgres"):
            item.add_marker(pytest.mark.skip(f"not on Postgres: {mark.args[0]}"))


@pytest.fixture(autouse=True, scope="session")
def _on_postgres(request: pytest.FixtureRequest) -> None:
    """With ``--postgres``, where to make databases."""
    if request.config.getoption("--postgres"):
        databases.server = request.getfixturevalue("postgres_server")


@pytest.fixture(autouse=True)
def _dropped() -> Iterator[None]:
    """The databases of a test end with it; those of fixtures that last longer are not its own."""
    before = databases.known()
    yield
    databases.forget(before)
