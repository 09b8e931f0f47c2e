"""What the tests of the console share: one browser, a server with the offline model, and visitors."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from tests.live.serving import Serving, serving

pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import Browser, Page

from tests.console.visiting import BUILT, Visit, visiting
from tests.live.clients.pages import CHROMIUM, chromium


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser or a console nobody runs them."""
    own = [item for item in items if item.path.is_relative_to(Path(__file__).parent)]
    if CHROMIUM is None:
        reason = "Chromium is not installed"
    elif not BUILT.exists():
        reason = "the console is not built: `make console`"
    else:
        return
    for item in own:
        item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for a file's tests. Its driver has a loop in this thread, so it must not outlive them."""
    with chromium() as running:
        yield running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Serving]:
    """A server as `puntini serve` starts it: open, and with a model that speaks slowly enough to be watched."""
    with serving(tmp_path, agent="puntini", model="offline") as running:
        yield running


class Visits(Protocol):
    """Somebody comes to a server; with what Playwright takes for a context."""

    def __call__(self, server: Serving, **options: object) -> Visit: ...


@pytest.fixture
def visits(browser: Browser) -> Iterator[Visits]:
    """People who come, and at the end have seen no error."""
    with ExitStack() as stack:
        yield lambda server, **options: stack.enter_context(visiting(browser, server, **options))


@pytest.fixture
def page(server: Serving, visits: Visits) -> Page:
    """The first page that a visitor sees."""
    return visits(server).open()
