"""The console's frame: the start, the sessions, how one is connected, and getting about by keyboard."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Visits
from tests.console.visiting import NARROW, require_accessible, shoot
from tests.live.serving import Serving

HOLD_SECONDS = 15_000


def test_a_first_visitor_writes_what_they_want_and_is_in_a_session(page: Page) -> None:
    expect(page.get_by_role("heading", name="What shall we work on?")).to_be_visible()
    shoot(page, "start-first")

    page.keyboard.press("/")
    page.keyboard.type("Create a project management graph")
    page.keyboard.press("Enter")

    expect(page.get_by_role("button", name="Create a project management graph")).to_be_visible()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(page.get_by_label("Conversation")).to_contain_text("21 nodes", timeout=HOLD_SECONDS)
    expect(page).to_have_title("Create a project management graph · Puntini")
    shoot(page, "session")


def test_sessions_are_found_renamed_and_deleted_in_the_list(server: Serving, visits: Visits) -> None:
    for title in ("Blue boat", "Red boat", "Green train"):
        server.create(title=title)
    page = visits(server).open()
    rows = page.get_by_role("listitem")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("Green train")
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
    expect(page.get_by_text("Reconnecting")).to_be_visible()
    shoot(page, "session-reconnecting")
    server.start()

    expect(page.get_by_text("Live", exact=True)).to_be_visible(timeout=HOLD_SECONDS)


def test_tabs_and_the_splitter_work_by_keyboard(server: Serving, visits: Visits) -> None:
    session = server.create()
    page = visits(server).open(f"/#/sessions/{session}")

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


def test_one_gets_about_by_keyboard(page: Page) -> None:
    expect(page.get_by_role("heading", name="What shall we work on?")).to_be_visible()

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)

    page.keyboard.press("g")
    page.keyboard.press("c")
    expect(page).to_have_url(re.compile("#/account$"))
    expect(page).to_have_title("Account · Puntini")
    expect(page.locator("main")).to_be_focused()


def test_what_is_not_there_says_where_to_go(server: Serving, visits: Visits) -> None:
    visit = visits(server)
    visit.expect_refusals(404)
    page = visit.open("/#/nowhere")
    expect(page.get_by_text("There is nothing at this address.")).to_be_visible()

    page.goto(f"{server.url}/#/sessions/ses_none")
    expect(page.get_by_text("There is no session `ses_none`.")).to_be_visible()
    page.get_by_role("link", name="All sessions").click()
    expect(page.get_by_role("heading", name="What shall we work on?")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", ["broad", "narrow"])
def test_nobody_is_kept_out(server: Serving, visits: Visits, scheme: str, width: str) -> None:
    session = server.create(title="A session")
    options = {"viewport": NARROW} if width == "narrow" else {}
    page = visits(server, color_scheme=scheme, **options).open()
    for name, path, sign in (
        ("sessions", "", "What shall we work on?"),
        ("session", f"sessions/{session}", "A session"),
        ("account", "account", "local"),
    ):
        page.goto(f"{server.url}/#/{path}")
        expect(page.get_by_role("heading", name=sign)).to_be_visible()
        shoot(page, f"{name}-{scheme}-{width}")
        require_accessible(page)


def test_the_first_paint_takes_less_than_a_second(page: Page) -> None:
    expect(page.get_by_role("heading", name="What shall we work on?")).to_be_visible()

    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")

    assert painted < 1000
