"""The whole of a visit without a mouse."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.console.conftest import Visits
from tests.console.talking import DRAW, PATIENCE_MS, require_live
from tests.console.visiting import shoot
from tests.live.serving import Serving

MOST_STEPS = 60


def reach(target: Locator, key: str = "Tab") -> None:
    """Press a key until the target has the focus. Raises AssertionError when it can't be reached like this."""
    page = target.page
    for _ in range(MOST_STEPS):
        if target.evaluate("(element) => element === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{target} can't be reached by {key}; the focus is at {focused(page)}")


def focused(page: Page) -> str:
    """The element that has the focus."""
    return str(page.evaluate("document.activeElement.outerHTML.slice(0, 200)"))


def require_visible_focus(page: Page) -> None:
    """Raises AssertionError where nobody could see what has the focus."""
    style = page.evaluate(
        "(({outlineStyle, outlineWidth}) => [outlineStyle, outlineWidth])(getComputedStyle(document.activeElement))"
    )
    assert style[0] != "none", focused(page)
    assert style[1] != "0px", focused(page)


def test_a_visit_by_keyboard_from_the_first_request_to_the_shared_session(server: Serving, visits: Visits) -> None:
    page = visits(server).open()
    box = page.get_by_label("Your request")
    expect(box).to_be_visible()
    reach(box)
    page.keyboard.type("Add a person named Ada")
    page.keyboard.press("Enter")
    require_live(page)

    conversation = page.get_by_role("log", name="Conversation")
    reach(page.get_by_role("textbox", name="Message"))
    page.keyboard.type(DRAW)
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Message")).to_be_focused()
    expect(conversation.get_by_role("article", name="You")).to_have_count(2)
    expect(conversation).to_contain_text("21 nodes", timeout=PATIENCE_MS)
    expect(conversation).to_contain_text("4 tool calls, 4 steps", timeout=PATIENCE_MS)

    reach(conversation.locator("summary").last, "Shift+Tab")
    require_visible_focus(page)
    page.keyboard.press("Enter")
    expect(conversation).to_contain_text("As the offline model I read this by fixed rules")
    reach(conversation.locator("summary").filter(has_text="add_nodes").first)
    page.keyboard.press("Space")
    expect(page.get_by_role("region", name="Parameters")).to_contain_text("Website relaunch")

    reach(page.get_by_role("tab", name="Graph"), "Shift+Tab")
    require_visible_focus(page)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Events")).to_be_focused()
    expect(page.get_by_role("tabpanel", name="Events").get_by_role("listbox", name="Events")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tabpanel", name="Graph")).to_be_visible()

    share = page.get_by_role("button", name="Share")
    reach(share, "Shift+Tab")
    require_visible_focus(page)
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name=re.compile("^Share"))
    expect(dialog).to_be_visible()
    shoot(page, "keyboard-share")
    for _ in range(5):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(share).to_be_focused()
