"""Pages in a real browser, and a small server that gives them an origin of their own."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from puntini.protocol.select import CONTROL_TYPES, LOGGED_TYPES
from tests.live.clients.transports import TASK_ENDS, Event

CHROMIUM = shutil.which("chromium")
SECONDS = 20.0
FOREIGN = "evil.example"
"""A name that the browser finds on this machine, as after DNS rebinding."""
NAMES = sorted((LOGGED_TYPES | CONTROL_TYPES) - {"error"} | {"problem"})

FOLLOW = """([url, names]) => {
    window.said = []
    const source = window.source = new EventSource(url)
    const state = () => ({0: 'connecting', 1: 'open', 2: 'stopped'})[source.readyState]
    source.onopen = () => said.push({state: state()})
    source.onerror = (event) => said.push({state: state(), error: event.constructor.name})
    for (const name of names)
        source.addEventListener(name, (event) => said.push({name, id: event.lastEventId, data: JSON.parse(event.data)}))
}"""
CONNECT = """([url, protocols]) => {
    window.said = []
    const socket = window.socket = new WebSocket(url, protocols)
    socket.onopen = () => said.push({state: 'open', protocol: socket.protocol})
    socket.onclose = (event) => said.push({state: 'closed', code: event.code})
    socket.onmessage = (event) => {
        for (const line of event.data.split('\\n')) {
            const data = JSON.parse(line)
            said.push({name: data.type, data})
        }
    }
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's browser, without a window."""
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", f"--host-resolver-rules=MAP {FOREIGN} 127.0.0.1"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        try:
            yield browser
        finally:
            browser.close()


class Follower:
    """A page's ``EventSource`` or ``WebSocket``, and what it said."""

    def __init__(self, page: Page) -> None:
        self._page = page

    @property
    def said(self) -> list[dict[str, Any]]:
        """Everything so far: events with a ``name``, and the connection's own ``state``."""
        return list(self._page.evaluate("said"))

    @property
    def logged(self) -> list[Event]:
        """The events of the log so far."""
        return [one["data"] for one in self.said if "id" in one.get("data", {})]

    def wait_for(self, *names: str, state: str = "") -> None:
        """Wait until one of these events, or this state of the connection, was told."""
        self._page.wait_for_function(
            "([names, state]) => said.some((one) => names.includes(one.name) || (state && one.state === state))",
            arg=[list(names), state],
            timeout=SECONDS * 1000,
        )

    def wait_for_many(self, count: int) -> None:
        """Wait until so many events of the log were told."""
        self._page.wait_for_function(
            "(count) => said.filter((one) => one.data && one.data.id).length >= count",
            arg=count,
            timeout=SECONDS * 1000,
        )

    def wait_for_the_end(self) -> None:
        """Wait until a task has ended."""
        self.wait_for(*TASK_ENDS)


def follow(page: Page, url: str) -> Follower:
    """Open an ``EventSource`` in a page."""
    page.evaluate(FOLLOW, [url, NAMES])
    return Follower(page)


def connect(page: Page, url: str, *protocols: str) -> Follower:
    """Open a ``WebSocket`` in a page."""
    page.evaluate(CONNECT, [url, list(protocols)])
    return Follower(page)


class _Blank(BaseHTTPRequestHandler):
    """An empty page at every address."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>elsewhere</title>")

    def log_message(self, *about: Any) -> None:
        """Say nothing."""


@contextmanager
def elsewhere() -> Iterator[int]:
    """A web server that is not ours; its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Blank) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()
