"""Visits to the console in a real browser, which keep an eye on what must never happen."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from tests.live.serving import ROOT, Serving

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
BUILT = ROOT / "puntini" / "console" / "static" / "index.html"
SHOTS = Path(os.environ.get("PUNTINI_SCREENSHOTS", ROOT / "build" / "screenshots"))
"""Where screenshots are kept, to be looked at."""
BIG: ViewportSize = {"width": 1440, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 844}
SERIOUS = {"serious", "critical"}
PLAIN_HTTP = "delete Crypto.prototype.randomUUID"
"""A console that is served in a local network by plain HTTP does not have this; on a loopback address it would."""
LOST_CONNECTION = re.compile(
    r"net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|INCOMPLETE_CHUNKED_ENCODING|CONTENT_LENGTH_MISMATCH|EMPTY_RESPONSE)"
)
"""What the browser itself writes down when a server goes away."""


class Visit:
    """A browser of one person, with as many tabs as are opened: it notes what the console should never do."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.url = url
        self.said: list[str] = []
        self.asked: list[str] = []
        self.expected: list[re.Pattern[str]] = []

    def open(self, path: str = "/") -> Page:
        """A new tab."""
        page = self.context.new_page()
        page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        page.on("request", lambda request: self.asked.append(request.url))
        page.goto(self.url + path)
        return page

    def expect_lost_connections(self) -> None:
        """The server will be away for a while, which the browser writes down."""
        self.expected.append(LOST_CONNECTION)

    def expect_refusals(self, *statuses: int) -> None:
        """Requests will be refused, which the browser writes down."""
        self.expected += [re.compile(f"the server responded with a status of {status}") for status in statuses]

    def check(self) -> None:
        """Nothing was said in the browser's console, and nobody was asked but the server."""
        unexpected = [each for each in self.said if not any(known.search(each) for known in self.expected)]
        assert unexpected == [], unexpected
        own = (f"{self.url}/", "data:", f"blob:{self.url}/")
        assert [url for url in self.asked if not url.startswith(own)] == []


@contextmanager
def visiting(browser: Browser, server: Serving, **options: Any) -> Iterator[Visit]:
    """Somebody who visits the server, with cookies of their own."""
    context = browser.new_context(**({"viewport": BIG} | options))
    context.add_init_script(PLAIN_HTTP)
    visit = Visit(context, server.url)
    try:
        yield visit
    finally:
        context.close()
    visit.check()


def shoot(page: Page, name: str) -> None:
    """Keep a picture of the page as it is now."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")


def require_accessible(page: Page) -> None:
    """Raises AssertionError where axe finds what keeps people out."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("async () => (await axe.run(document)).violations")
    bad = [
        f"{each['id']}: {each['help']}: {[node['html'][:200] for node in each['nodes'][:5]]}"
        for each in found
        if each["impact"] in SERIOUS
    ]
    assert bad == []
