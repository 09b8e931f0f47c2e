"""Every page with data in it, as people see it: nobody is kept out, nothing is broader than a phone, and pictures."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Visits
from tests.console.talking import DRAW, PATIENCE_MS
from tests.console.visiting import BIG, NARROW, require_accessible, shoot
from tests.live.serving import Serving, serving

ENDLESS = "Donaudampfschiff" * 8
"""A word that fits on no line."""


@dataclass(frozen=True)
class Look:
    """A page: where it is, what shows that it is there, and what is done before it is looked at."""

    name: str
    path: str
    sign: str
    tab: str = ""
    press: str = ""


LOOKS = (
    Look("sessions", "", "Moving house"),
    Look("empty", "sessions/{empty}", "What shall we make?"),
    Look("chat", "sessions/{session}", "21 nodes and 32 relations"),
    Look("graph", "sessions/{session}", "Milestone", tab="Graph"),
    Look("list", "sessions/{session}", "Website relaunch", tab="Graph", press="List"),
    Look("events", "sessions/{session}", "s: I drew", tab="Events"),
    Look("agents", "agents", "Critic"),
    Look("agents-create", "agents?do=create", "Reason"),
    Look("agent", "agents/Critic", "You find faults."),
    Look("tasks", "tasks", DRAW),
    Look("task", "tasks/{task}", "add_nodes"),
    Look("templates", "templates", "REST API"),
    Look("template", "templates/rest-api", "Begin"),
    Look("templates-create", "templates?do=create", "Task 1"),
    Look("documents", "documents", "Garden"),
    Look("analytics", "analytics", "By agent"),
    Look("performance", "analytics?view=performance", "Slowest tasks"),
    Look("trending", "analytics?view=trending", "Asked for most"),
    Look("account", "account", "local"),
)


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Serving, dict[str, str]]]:
    """A server with something on every page, and the ids that addresses need."""
    with serving(tmp_path_factory.mktemp("looks"), agent="puntini", model="offline") as server:
        critic: dict[str, object] = {"name": "Critic", "role": "You find faults.", "capabilities": ["reads"]}
        server.ask("POST", "/v1/agents", critic | {"reason": "Somebody has to."}).raise_for_status()
        for title in ("Garden", ENDLESS):
            server.ask("POST", "/v1/documents", {"title": title, "text": "Water at dusk."}).raise_for_status()
        empty = server.create(title="Moving house")
        session = server.create(title="A relaunch")
        task = server.play(session, DRAW)
        assert server.finish(task) == "completed"
        assert server.finish(server.play(server.create(title=ENDLESS), ENDLESS)) == "completed"
        yield server, {"session": session, "empty": empty, "task": task}


LIGHT_BROAD = pytest.param(
    "light", "broad", marks=pytest.mark.slow
)  # the other two have all of it but the two together


@pytest.mark.parametrize(("scheme", "width"), [LIGHT_BROAD, ("dark", "broad"), ("light", "narrow")])
def test_nobody_is_kept_out(lived_in: tuple[Serving, dict[str, str]], visits: Visits, scheme: str, width: str) -> None:
    server, ids = lived_in
    viewport = NARROW if width == "narrow" else BIG
    page = visits(server, color_scheme=scheme, viewport=viewport, reduced_motion="reduce").open()
    for look in LOOKS:
        enter(page, look, server, ids)
        shoot(page, f"look-{look.name}-{scheme}-{width}")
        require_accessible(page)
        require_fit(page)


def enter(page: Page, look: Look, server: Serving, ids: dict[str, str]) -> None:
    """Go to a page, and wait until its data is there."""
    page.goto(f"{server.url}/#/{look.path.format(**ids)}")
    if look.tab:
        page.get_by_role("tab", name=look.tab).click()
    if look.press:
        page.get_by_role("button", name=look.press, exact=True).click()
    expect(page.get_by_role("main").get_by_text(look.sign).filter(visible=True).first).to_be_visible(
        timeout=PATIENCE_MS
    )


def require_fit(page: Page) -> None:
    """Raises AssertionError where a page, or what scrolls in it, is broader than the window."""
    page_width, main_width, width = page.evaluate(
        "[document.scrollingElement.scrollWidth, document.getElementById('main').scrollWidth, innerWidth]"
    )
    assert page_width <= width, page.url
    assert main_width <= width, page.url
