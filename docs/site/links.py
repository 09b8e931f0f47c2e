"""Where links lead: every one to a page, a heading or a file that is there, or the build fails with the list."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from docs.site.contents import ROOT
from docs.site.writing import Page

LONGEST = 200_000
"""Bytes of a file of the project that a page may lead to, and that is shown as a page of code."""


def target(page: str, link: str) -> tuple[str, str]:
    """The page or file that a link of a page names, from ``docs``, and the heading in it."""
    parts = urlsplit(link)
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), parts.path)) if parts.path else page
    return path, parts.fragment


def outside(link: str) -> bool:
    """Whether a link leads away from the project."""
    return bool(urlsplit(link).scheme)


def address(page: str) -> str:
    """The address of a page or file within the site: everything lies flat but the how-tos, code in a folder."""
    if not page.endswith(".md"):
        return f"source/{page.removeprefix('../')}.html"
    return page.removeprefix("../").replace("sdk/typescript/README", "sdk-guide").removesuffix(".md").lower() + ".html"


def way(start: str, end: str) -> str:
    """The relative address of one page from another."""
    return posixpath.relpath(end, posixpath.dirname(start) or ".")


def source(path: str) -> Path | None:
    """The file of the project that a link names, if it may be shown."""
    file = (ROOT / "docs" / path).resolve()
    return file if file.is_file() and file.is_relative_to(ROOT) and file.stat().st_size <= LONGEST else None


def faults(pages: Mapping[str, Page]) -> Iterator[str]:
    """One sentence for each link that leads nowhere."""
    for name, page in pages.items():
        for link in page.links:
            if not outside(link) and (fault := _fault(pages, name, link)):
                yield f"{name}: {fault}"


def _fault(pages: Mapping[str, Page], name: str, link: str) -> str:
    path, anchor = target(name, link)
    if path not in pages:
        shown = path.endswith(".svg") and (ROOT / "docs" / path).is_file()
        return "" if shown or source(path) else f"there is no `{link}`"
    known = {heading.anchor for heading in pages[path].headings}
    return "" if not anchor or anchor in known else f"`{link}` names no heading of {path}"


def rewritten(pages: Mapping[str, Page], name: str) -> str:
    """A page's HTML with its links as addresses of the site, and its drawings drawn in place."""
    here = address(name)

    def replaced(found: re.Match[str]) -> str:
        link = found[1]
        if outside(link):
            return f'href="{link}" rel="noreferrer"'
        path, anchor = target(name, link)
        return f'href="{way(here, address(path)) if path != name else ""}{"#" + anchor if anchor else ""}"'

    body = re.sub(r'href="([^"]*)"', replaced, pages[name].html)
    return re.sub(r'<p><img src="([^"]*\.svg)" alt="([^"]*)" ?/?></p>', lambda found: _drawing(name, found), body)


def _drawing(page: str, found: re.Match[str]) -> str:
    """A drawing in the page itself, so that it takes the page's colours."""
    svg = (ROOT / "docs" / target(page, found[1])[0]).read_text("utf-8")
    svg = re.sub(r"<style>.*?</style>", "", svg, flags=re.DOTALL)
    svg = svg.replace("<svg ", f'<svg role="img" aria-label="{found[2]}" ', 1)
    return f'<figure class="drawing" tabindex="0">{svg}<figcaption>{found[2]}</figcaption></figure>'
