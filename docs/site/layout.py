"""A page's frame: the menu, the search, what is on the page, and what comes before and after it."""

from collections.abc import Mapping, Sequence
from html import escape

from docs.site.contents import SECTIONS, SHORT, order
from docs.site.links import address, way
from docs.site.writing import Heading, Page

DEEPEST = 3
"""Headings below this level are not listed beside a page."""


def framed(pages: Mapping[str, Page], name: str, body: str) -> str:
    """The whole document of a page."""
    page = pages[name]
    return document(
        here=address(name),
        title=page.title,
        menu=_menu(pages, name),
        body=body + _neighbours(pages, name),
        aside=_on_this_page(page.headings),
    )


def document(*, here: str, title: str, menu: str, body: str, aside: str = "") -> str:
    """An HTML document that loads nothing but the site's own two files."""
    up = way(here, ".")
    up = "" if up == "." else f"{up}/"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}{"" if title == "Puntini" else " · Puntini"}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{up}site.css">
<script src="{up}search-index.js" defer></script>
<script src="{up}site.js" defer></script>
</head>
<body data-root="{up}">
<a class="skip" href="#content">Skip to the text</a>
<header>
<a class="home" href="{up}index.html">Puntini</a>
<button type="button" id="menu-button" aria-expanded="false" aria-controls="menu">Menu</button>
<div class="search" hidden>
<input id="search" type="search" placeholder="Search ( / )" aria-label="Search" role="combobox"
 aria-expanded="false" aria-controls="found" aria-autocomplete="list" autocomplete="off" spellcheck="false">
<ul id="found" role="listbox" aria-label="What was found" hidden></ul>
</div>
<button type="button" id="theme" hidden></button>
</header>
<div class="columns">
<nav id="menu" aria-label="Pages">{menu}</nav>
<main id="content" tabindex="-1">{body}</main>
{aside}
</div>
</body>
</html>
"""


def _menu(pages: Mapping[str, Page], name: str) -> str:
    here = address(name)
    return "".join(
        f"<h2>{escape(section.title)}</h2><ul>{''.join(_item(pages, page, name, here) for page in section.pages)}</ul>"
        for section in SECTIONS
    )


def _item(pages: Mapping[str, Page], page: str, name: str, here: str) -> str:
    if page not in pages:
        return ""
    current = ' aria-current="page"' if page == name else ""
    return f'<li><a href="{way(here, address(page))}"{current}>{escape(SHORT.get(page, pages[page].title))}</a></li>'


def _on_this_page(headings: Sequence[Heading]) -> str:
    listed = [heading for heading in headings if 1 < heading.level <= DEEPEST]
    if len(listed) < 2:
        return ""
    items = "".join(
        f'<li class="level-{heading.level}"><a href="#{escape(heading.anchor)}">{escape(heading.text)}</a></li>'
        for heading in listed
    )
    return f'<nav class="on-this-page" aria-label="On this page"><h2>On this page</h2><ul>{items}</ul></nav>'


def _neighbours(pages: Mapping[str, Page], name: str) -> str:
    pages_in_order = order()
    if name not in pages_in_order:
        return ""
    here, place = address(name), pages_in_order.index(name)
    before = pages_in_order[place - 1] if place else None
    after = pages_in_order[place + 1] if place + 1 < len(pages_in_order) else None
    links = [
        f'<a class="{word}" rel="{word}" href="{way(here, address(page))}">{escape(pages[page].title)}</a>'
        for word, page in (("prev", before), ("next", after))
        if page
    ]
    return f'<nav class="neighbours" aria-label="Before and after">{"".join(links)}</nav>'
