"""The whole site, from the pages to the files."""

import json
import shutil
from collections.abc import Mapping
from html import escape
from pathlib import Path

from docs.site import links
from docs.site.api import reference
from docs.site.contents import API, DOCS, order
from docs.site.layout import document, framed
from docs.site.writing import Heading, Page, coloured, read

ASSETS = Path(__file__).parent / "assets"
LANGUAGES = {
    ".py": "python",
    ".html": "html",
    ".json": "json",
    ".toml": "toml",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".conf": "nginx",
    ".sql": "sql",
    ".service": "ini",
}
"""How files of the project are coloured, by their suffix."""
LONGEST = 2_000
"""Characters of a passage that can be searched."""


class Broken(Exception):
    """Links that lead nowhere, one a line."""


def build(folder: Path) -> dict[str, Page]:
    """Write the site into ``folder``, in the place of what was there. Raises Broken."""
    pages = read_all()
    if broken := "\n".join(links.faults(pages)):
        raise Broken(broken)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ASSETS, folder)
    for name in pages:
        write(folder / links.address(name), framed(pages, name, links.rewritten(pages, name)))
    for path in shown(pages):
        write(folder / links.address(path), code_page(path))
    write(folder / "search-index.js", f"window.searchIndex = {search_index(pages)};\n")
    return pages


def read_all() -> dict[str, Page]:
    """Every page by its place."""
    return {name: read(reference() if name == API else (DOCS / name).read_text("utf-8")) for name in order()}


def shown(pages: Mapping[str, Page]) -> set[str]:
    """Files of the project that pages lead to."""
    named = {
        links.target(name, link)[0] for name, page in pages.items() for link in page.links if not links.outside(link)
    }
    return {path for path in named if path not in pages and not path.endswith(".svg")}


def code_page(path: str) -> str:
    """A file of the project, to read."""
    file, here = (DOCS / path).resolve(), links.address(path)
    title = path.removeprefix("../")
    language = LANGUAGES.get(file.suffix, "text")
    code = coloured(file.read_text("utf-8"), language)
    return document(
        here=here,
        title=title,
        menu=f'<ul><li><a href="{links.way(here, "index.html")}">All pages</a></li></ul>',
        body=f'<h1>{escape(title)}</h1><pre tabindex="0"><code>{code}</code></pre>',
    )


def search_index(pages: Mapping[str, Page]) -> str:
    """Every passage as ``[page's title, heading, address, words]``, for the script of the site."""
    entries = [
        [page.title, passage.heading.text, _address(name, passage.heading), passage.text[:LONGEST]]
        for name, page in pages.items()
        for passage in page.passages
    ]
    return json.dumps(entries, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _address(name: str, heading: Heading) -> str:
    return links.address(name) + ("" if heading.level == 1 else f"#{heading.anchor}")


def write(path: Path, text: str) -> None:
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
