"""The SDK in Chromium, on pages of a real server's own origin: React hooks, and log-ins kept in cookies."""

import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.live.serving import Serving, serving

pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.live.clients.pages import CHROMIUM, chromium

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "sdk" / "typescript" / "tests" / "browser"
ESBUILD = ROOT / "node_modules" / "esbuild" / "bin" / "esbuild"
LOG_IN = "client.auth.login({username: 'ann', password: 'wet hammock, nineteen lions', cookie: true})"

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed"),
    pytest.mark.skipif(not ESBUILD.exists(), reason="the npm packages are not installed: run `make test-needs`"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all of these tests."""
    with chromium() as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A profile of its own, which several tabs share."""
    with browser.new_context() as made:
        yield made


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """An open server."""
    with serving(tmp_path_factory.mktemp("open")) as running:
        yield running


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server that asks who one is, and knows one user."""
    with serving(tmp_path_factory.mktemp("closed")) as running:
        account = {"username": "ann", "password": "wet hammock, nineteen lions"}
        running.ask("POST", "/v1/register", account).raise_for_status()
        yield running


@cache
def bundled(source: str) -> bytes:
    """A page's script with all that it imports."""
    words = [str(ESBUILD), str(PAGES / source), "--bundle", "--format=iife", "--jsx=automatic", "--log-level=error"]
    ran = subprocess.run([*words, '--define:process.env.NODE_ENV="development"'], capture_output=True, check=True)
    return ran.stdout


def opened(context: BrowserContext, server: Serving, source: str, query: str = "") -> Page:
    """A tab with a page of the tests, as if the server had it."""
    page = context.new_page()
    page.route("**/page.js", lambda route: route.fulfill(body=bundled(source), content_type="text/javascript"))
    html = '<!doctype html><body><script src="/page.js"></script>'
    page.route("**/page?*", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.goto(f"{server.url}/page?{query}")
    return page


def asked(page: Page, path: str) -> list[str]:
    """The requests to addresses that end so, from now on."""
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url) if request.url.split("?")[0].endswith(path) else None)
    return found


# React.


def test_components_share_one_stream_and_render_when_their_part_changes(
    context: BrowserContext, server: Serving
) -> None:
    session_id = server.create()
    streams: list[str] = []
    context.on("request", lambda request: streams.append(request.url) if "/stream" in request.url else None)
    page = opened(context, server, "react.tsx", f"session={session_id}")

    expect(page.locator("#status")).to_have_text("open")
    before = page.evaluate("renders.nodes")
    page.get_by_role("button").click()
    expect(page.locator("li").first).to_have_text("play 30 events")
    expect(page.locator("li").nth(1)).to_contain_text("7 14 21")
    expect(page.locator("#nodes")).not_to_have_text("0")

    assert len(streams) == 1  # in strict mode, too
    updates = int(page.locator("#nodes").inner_text())
    assert 0 < page.evaluate("renders.nodes") - before <= 2 * updates  # strict mode renders twice


def test_the_stream_is_closed_behind_the_last_component_and_opened_anew(
    context: BrowserContext, server: Serving
) -> None:
    page = opened(context, server, "react.tsx", f"session={server.create()}")
    expect(page.locator("#status")).to_have_text("open")

    with page.expect_event("requestfailed", lambda request: "/stream" in request.url):
        page.get_by_role("checkbox").click()
    page.get_by_role("checkbox").click()

    expect(page.locator("#status")).to_have_text("open")


# Cookies.


def test_a_log_in_by_cookies_goes_on_when_the_access_token_has_ended(context: BrowserContext, closed: Serving) -> None:
    page = opened(context, closed, "cookie.ts")
    page.evaluate(LOG_IN)
    refreshes = asked(page, "/v1/token/refresh")

    context.clear_cookies(name="puntini_token")
    names = page.evaluate("Promise.all(Array.from({length: 10}, async () => (await client.auth.me()).username))")

    assert names == ["ann"] * 10
    assert len(refreshes) == 1
    assert page.evaluate("page.signedOut") == 0


def test_of_several_tabs_one_refreshes(context: BrowserContext, closed: Serving) -> None:
    tabs = [opened(context, closed, "cookie.ts") for _ in range(3)]
    tabs[0].evaluate(LOG_IN)
    context.clear_cookies(name="puntini_token")

    for tab in tabs:
        tab.evaluate("void (window.asked = Promise.all([client.auth.me(), client.auth.me()]))")
    names = [each["username"] for tab in tabs for each in tab.evaluate("asked")]

    assert names == ["ann"] * 6
    assert [tab.evaluate("page.signedOut") for tab in tabs] == [0, 0, 0]


def test_when_the_log_in_has_ended_the_page_is_told(context: BrowserContext, closed: Serving) -> None:
    page = opened(context, closed, "cookie.ts")
    page.evaluate(LOG_IN)

    context.clear_cookies()
    status = page.evaluate("client.auth.me().catch((error) => error.status)")

    assert status == 401
    assert page.evaluate("page.signedOut") == 1
