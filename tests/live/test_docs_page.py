"""``/docs`` in Chromium: it opens without a network and without an error, finds, folds out, and sends."""

from collections.abc import Iterator

import pytest

from tests.live.serving import Serving, serving

pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import Browser, Page, expect

from tests.live.clients.pages import CHROMIUM, chromium

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all of these tests."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One server for all of these tests."""
    with serving(tmp_path_factory.mktemp("docs"), store="memory:") as running:
        yield running


@pytest.fixture
def page(browser: Browser, server: Serving) -> Iterator[Page]:
    """The page, which after the test has had no error and has asked nobody but its server."""
    said: list[str] = []
    asked: list[str] = []
    with browser.new_page() as opened:
        opened.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        opened.on("pageerror", lambda error: said.append(str(error)))
        opened.on("request", lambda request: asked.append(request.url))
        opened.goto(f"{server.url}/docs")
        yield opened
    assert said == []
    assert asked
    assert [url for url in asked if not url.startswith((f"{server.url}/", "data:"))] == []


def test_a_link_to_an_operation_opens_it(page: Page, server: Serving) -> None:
    expect(page.locator("#createSession form")).not_to_be_visible()
    page.locator("nav a[href='#createSession']").click()
    expect(page.locator("#createSession")).to_contain_text("Idempotency-Key")
    expect(page.locator("#createSession pre")).to_contain_text(f"curl {server.url}/v1/sessions")


def test_a_link_to_a_schema_opens_it(page: Page) -> None:
    page.goto(f"{page.url}#createSession")
    page.locator("#createSession a[href='#schema-SessionInfo']").click()
    expect(page.locator("#schema-SessionInfo table")).to_be_visible()


def test_the_filter_leaves_what_was_meant(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("post sessions")
    expect(page.locator("#createSession")).to_be_visible()
    expect(page.locator("#listSessions")).not_to_be_visible()
    expect(page.locator("#found")).to_contain_text("operations")


def test_a_form_sends_and_shows_the_answer(page: Page, server: Serving) -> None:
    page.goto(f"{page.url}#createSession")
    page.locator("#createSession textarea").fill('{"title": "from the page"}')
    page.locator("#createSession form button").click()
    expect(page.locator("#createSession output")).to_contain_text("201")
    assert "from the page" in [each["title"] for each in server.get("/v1/sessions")["items"]]


def test_the_page_needs_no_script_to_be_read(browser: Browser, server: Serving) -> None:
    with browser.new_context(java_script_enabled=False) as context, context.new_page() as opened:
        opened.goto(f"{server.url}/docs")
        opened.locator("#createSession summary").click()
        expect(opened.locator("#createSession")).to_contain_text("curl http://127.0.0.1:8000/v1/sessions")
        expect(opened.locator("form.try").first).not_to_be_visible()


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_sticks_out(browser: Browser, server: Serving, width: int) -> None:
    with browser.new_page(viewport={"width": width, "height": 800}) as opened:
        opened.goto(f"{server.url}/docs")
        opened.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)")
        assert opened.evaluate("document.documentElement.scrollWidth") == width
