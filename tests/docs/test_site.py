"""The documentation's site builds, is whole, and needs nothing from elsewhere."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import anyio
import pytest

from docs.site import links
from docs.site.api import reference
from docs.site.build import build
from docs.site.contents import DOCS, SECTIONS, order
from docs.site.writing import Page, read
from puntini.app import described


class Site(NamedTuple):
    """A site that was built."""

    folder: Path
    pages: dict[str, Page]

    def files(self) -> list[Path]:
        return sorted(self.folder.rglob("*.html"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The site, in a folder of its own."""
    folder = tmp_path_factory.mktemp("site")
    return Site(folder, build(folder))


class Reading(HTMLParser):
    """What a document names: ids, and addresses by the attribute that holds them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.addresses: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note ids and addresses."""
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in {"href", "src", "action", "poster", "srcset"}:
                self.addresses.append((tag, value or ""))


def test_every_page_is_in_the_menu_once(site: Site) -> None:
    listed = [page for section in SECTIONS for page in section.pages]
    written = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}

    assert len(listed) == len(set(listed))
    assert written <= set(listed), "a page that the menu has not"
    assert list(site.pages) == order()


def test_every_address_leads_to_something_in_the_site(site: Site) -> None:
    readings = {path: Reading(path.read_text("utf-8")) for path in site.files()}

    lost = [
        f"{path.relative_to(site.folder)}: {address}"
        for path, reading in readings.items()
        for _, address in reading.addresses
        if not urlsplit(address).scheme and not found(readings, path, address)
    ]

    assert lost == []


def found(readings: dict[Path, Reading], path: Path, address: str) -> bool:
    """Whether a file and the place in it are there."""
    parts = urlsplit(address)
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    return target.is_file() and (not parts.fragment or unquote(parts.fragment) in readings[target].ids)


def test_no_id_is_given_twice_on_a_page(site: Site) -> None:
    for path in site.files():
        ids = Reading(path.read_text("utf-8")).ids
        assert len(ids) == len(set(ids)), path


def test_nothing_is_loaded_from_elsewhere(site: Site) -> None:
    for path in site.files():
        for tag, address in Reading(path.read_text("utf-8")).addresses:
            assert tag == "a" or urlsplit(address).scheme in {"", "data"}, (path, address)
    for asset in (site.folder / "site.css", site.folder / "site.js"):
        assert not re.search(r"https?:|//[a-z]|@import|url\(", asset.read_text("utf-8").replace("// ", "")), asset


def test_the_search_knows_every_page_and_where_its_passages_are(site: Site) -> None:
    index = json.loads((site.folder / "search-index.js").read_text("utf-8").partition("= ")[2].rstrip(";\n"))

    assert {entry[0] for entry in index} == {page.title for page in site.pages.values()}
    for _, _, address, _ in index:
        file, _, anchor = address.partition("#")
        assert not anchor or f'id="{anchor}"' in (site.folder / file).read_text("utf-8"), address


def test_every_operation_is_in_the_http_reference() -> None:
    page = reference()
    paths = anyio.run(described)["paths"]

    for path, methods in paths.items():
        for method in methods:
            assert f"### `{method.upper()} {path}`\n" in page


def test_drawings_are_drawn_in_the_page_and_say_what_they_show(site: Site) -> None:
    drawings = sorted((DOCS / "diagrams").glob("*.svg"))
    html = "".join(path.read_text("utf-8") for path in site.files())

    assert html.count('<svg role="img" aria-label="') >= len(drawings)
    assert "<img" not in html
    for drawing in drawings:
        assert ElementTree.parse(drawing).getroot().tag == "{http://www.w3.org/2000/svg}svg"
        assert any(drawing.name in link for page in site.pages.values() for link in page.links), drawing


# What the checks find.


def test_a_link_that_leads_nowhere_is_told() -> None:
    pages = {
        "a.md": read("# A\n\n## One two\n\n[x](b.md#gone) [y](none.md) [z](#one-two) [w](../pyproject.toml)"),
        "b.md": read("# B\n\n![a drawing](none.svg) [out](../../outside)"),
    }

    assert list(links.faults(pages)) == [
        "a.md: `b.md#gone` names no heading of b.md",
        "a.md: there is no `none.md`",
        "b.md: there is no `none.svg`",
        "b.md: there is no `../../outside`",
    ]


def test_a_heading_that_comes_twice_has_two_anchors() -> None:
    page = read("# A\n\n## `puntini serve`\n\nx\n\n## `puntini serve`\n")

    assert [heading.anchor for heading in page.headings] == ["a", "puntini-serve", "puntini-serve-1"]


def test_comments_for_tests_are_not_shown() -> None:
    assert "run" not in read("# A\n\n<!-- run -->\n```sh\nls\n```\n").html


# In a browser.


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser, where there is one."""
    pages = pytest.importorskip("tests.live.clients.pages", reason="playwright is not installed")
    if pages.CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with pages.chromium() as running:
        yield running


def test_a_reader_finds_a_passage_with_the_keyboard_alone(site: Site, browser: Any) -> None:
    page = browser.new_page()
    page.goto(f"file://{site.folder}/how-to/resume.html")
    page.keyboard.press("/")
    page.keyboard.type("trusted_proxies")
    page.locator("#found [aria-selected=true]").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"\.html(#|$)"))

    assert "trusted_proxies" in page.inner_text("main")
    page.close()


@pytest.mark.slow
def test_every_page_fits_a_narrow_screen(site: Site, browser: Any) -> None:
    with browser.new_context(viewport={"width": 390, "height": 844}) as context:
        page = context.new_page()
        for path in site.files():
            page.goto(f"file://{path}")
            assert page.evaluate("document.documentElement.scrollWidth") == 390, path


def test_a_narrow_screen_has_a_menu_and_both_themes(site: Site, browser: Any) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"file://{site.folder}/design.html")
    papers = []
    for _ in ("auto", "light", "dark"):
        papers.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page.click("#theme")

    assert papers[1] != papers[2]
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert not page.locator("#menu").is_visible()
    page.click("#menu-button")
    assert page.locator("#menu").is_visible()
    assert {urlsplit(url).scheme for url in asked} <= {"file", "data"}
    context.close()
