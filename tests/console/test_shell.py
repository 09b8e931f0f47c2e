"""The console's frame: the start, the sessions, how one is connected, and getting about by keyboard."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Visits
from tests.console.visiting import shoot
from tests.live.serving import Serving, serving

pytestmark = pytest.mark.slow  # the frame in detail; the whole visit is in the other files

PATIENCE_MS = 15_000


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server for all visits that leave it as it is."""
    with serving(tmp_path_factory.mktemp("shell"), agent="puntini", model="offline") as running:
        yield running


@pytest.fixture
def start(shared: Serving, visits: Visits) -> Page:
    """The start page."""
    page = visits(shared).open()
    expect(page.get_by_role("heading", name="What shall we work on?")).to_be_visible()
    return page


def test_a_first_visitor_writes_what_they_want_and_is_in_a_session(page: Page) -> None:
    expect(page.get_by_role("heading", name="What shall we work on?")).to_be_visible()
    shoot(page, "start-first")

    page.keyboard.press("/")
    page.keyboard.type("Create a project management graph")
    page.keyboard.press("Enter")

    expect(page.get_by_role("button", name="Create a project management graph", exact=True)).to_be_visible()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(page.get_by_label("Conversation")).to_contain_text("21 nodes", timeout=PATIENCE_MS)
    expect(page).to_have_title("Create a project management graph · Puntini")
    shoot(page, "session")


def test_sessions_are_found_renamed_and_deleted_in_the_list(shared: Serving, visits: Visits) -> None:
    for title in ("Blue boat", "Green train", "Red boat"):
        shared.create(title=title)
    page = visits(shared).open()
    rows = page.get_by_role("listitem")
    expect(rows.first).to_contain_text("Red boat")
    shoot(page, "sessions")

    page.get_by_role("searchbox").fill("boat")
    expect(rows).to_have_count(2)

    page.get_by_role("button", name="Rename Red boat").click()
    page.keyboard.type("Yellow boat")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Yellow boat")).to_be_visible()

    page.get_by_role("button", name="Delete Blue boat").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(rows).to_have_count(1)
    expect(page.get_by_text("The session is deleted.")).to_be_visible()


def test_a_lost_connection_is_told_and_comes_back(server: Serving, visits: Visits) -> None:
    session = server.create(title="Kept")
    visit = visits(server)
    visit.expect_lost_connections()
    page = visit.open(f"/#/sessions/{session}")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()

    server.kill()
    expect(page.get_by_role("button", name="Reconnecting")).to_be_visible()
    shoot(page, "session-reconnecting")
    server.start()

    expect(page.get_by_text("Live", exact=True)).to_be_visible(timeout=PATIENCE_MS)


def test_tabs_and_the_splitter_work_by_keyboard(shared: Serving, visits: Visits) -> None:
    session = shared.create()
    page = visits(shared).open(f"/#/sessions/{session}")

    page.get_by_role("tab", name="Graph").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Events")).to_be_focused()
    expect(page.get_by_role("tabpanel", name="Events")).to_be_visible()

    line = page.get_by_role("separator", name="Resize the chat")
    before = int(line.get_attribute("aria-valuenow") or 0)
    line.focus()
    page.keyboard.press("ArrowRight")
    expect(line).to_have_attribute("aria-valuenow", str(before + 2))
    page.reload()
    expect(line).to_have_attribute("aria-valuenow", str(before + 2))


def test_one_gets_about_by_keyboard(start: Page) -> None:
    start.keyboard.press("?")
    expect(start.get_by_role("dialog", name="Keys")).to_be_visible()
    start.keyboard.press("Escape")
    expect(start.get_by_role("dialog")).to_have_count(0)

    start.keyboard.press("g")
    start.keyboard.press("c")
    expect(start).to_have_url(re.compile("#/account$"))
    expect(start).to_have_title("Account · Puntini")
    expect(start.locator("main")).to_be_focused()


def test_what_is_not_there_says_where_to_go(shared: Serving, visits: Visits) -> None:
    visit = visits(shared)
    visit.expect_refusals(404)
    page = visit.open("/#/nowhere")
    expect(page.get_by_text("There is nothing at this address.")).to_be_visible()

    page.goto(f"{shared.url}/#/sessions/ses_none")
    expect(page.get_by_text("There is no session `ses_none`.")).to_be_visible()
    page.get_by_role("link", name="All sessions").click()
    expect(page.get_by_role("heading", name="What shall we work on?")).to_be_visible()
