"""The first visit: a page that is there at once, a request, and before one's eyes a plan, a graph and an answer."""

import gzip
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Visits
from tests.console.talking import DRAW, PATIENCE_MS, require_same, seen, watch
from tests.console.visiting import BIG, BUILT, NARROW, require_accessible, shoot
from tests.live.serving import Serving, serving

MOST_BYTES = 300_000
FIRST_PAINT = """() => new Promise((resolve) => {
    const seen = (list) => list.getEntriesByName('first-contentful-paint').forEach((entry) => resolve(entry.startTime))
    new PerformanceObserver(seen).observe({ type: 'paint', buffered: true })
})"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One server for all of these: only one of them says something to it."""
    with serving(
        tmp_path_factory.mktemp("first"), agent="puntini", model="offline", offline_pause_seconds=0.05
    ) as running:
        yield running


def test_a_request_becomes_a_plan_a_graph_and_an_answer(server: Serving, visits: Visits) -> None:
    page = visits(server).open()
    watch(page)
    page.get_by_label("Your request").fill(DRAW)
    page.keyboard.press("Enter")

    work = page.get_by_role("log", name="Conversation").get_by_role("group")
    expect(work.first).to_contain_text("4 tool calls, 4 steps", timeout=PATIENCE_MS)
    require_same(page, server)
    grew = seen(page)
    assert len(grew["answers"]) > 10
    assert all(len(after) >= len(before) for before, after in zip(grew["answers"], grew["answers"][1:], strict=False))
    assert grew["steps"] == sorted(grew["steps"])
    assert len(grew["steps"]) > 2
    assert grew["nodes"] == sorted(grew["nodes"])
    assert len(grew["nodes"]) > 2

    page.get_by_text("Thoughts, 4 tool calls, 4 steps").click()
    expect(work.first).to_contain_text("As the offline model I read this by fixed rules")
    expect(page.get_by_role("region", name="Plan")).to_contain_text("4 of 4")
    page.get_by_text("add_nodes").first.click()
    expect(page.get_by_role("region", name="Parameters")).to_contain_text("Website relaunch")
    expect(page.get_by_role("region", name="Result")).to_be_visible()
    require_good_looks(page)


def require_good_looks(page: Page) -> None:
    """Raises AssertionError where people are kept out of the session, in light or dark, on broad screens or narrow."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for width, viewport in (("broad", BIG), ("narrow", NARROW)):
            page.set_viewport_size(viewport)
            shoot(page, f"visit-{scheme}-{width}")
            require_accessible(page)


def test_the_first_paint_takes_less_than_a_second(server: Serving, visits: Visits) -> None:
    times = [visits(server).open().evaluate(FIRST_PAINT) for _ in range(3)]

    assert min(times) < 1000, times


def test_all_that_is_loaded_is_small() -> None:
    sizes = {file.name: len(gzip.compress(file.read_bytes())) for file in BUILT.parent.rglob("*") if file.is_file()}

    assert sum(sizes.values()) <= MOST_BYTES, sizes


def test_nothing_is_inline_and_nothing_foreign_is_allowed(server: Serving) -> None:
    answer = server.ask("GET", "/")
    policy = dict(rule.strip().partition(" ")[::2] for rule in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in answer.headers["content-security-policy"]

    inline = Inline()
    inline.feed(answer.text)
    assert inline.found == []


class Inline(HTMLParser):
    """Finds in a page what a strict policy forbids: scripts and styles that stand in it, and handlers."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._within = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within = tag
        self.found += [f"<{tag} {name}>" for name, _ in attrs if name == "style" or name.startswith("on")]
        self.found += [f"<{tag} {name}>" for name, value in attrs if re.match(r"\s*javascript:", value or "")]

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within in {"script", "style"} and data.strip():
            self.found.append(f"<{self._within}> {data.strip()}")
