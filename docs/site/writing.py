"""Markdown to HTML: one page at a time, without knowing of the others."""

import html
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from msgspec import Struct
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound


class Heading(Struct, frozen=True):
    """A heading, and the name it can be linked by."""

    level: int
    text: str
    anchor: str


class Passage(Struct, frozen=True):
    """What stands under a heading, as plain words for the search."""

    heading: Heading
    text: str


class Page(Struct, frozen=True):
    """A page that was read. Links and pictures in ``html`` are as they were written."""

    title: str
    html: str
    headings: tuple[Heading, ...]
    passages: tuple[Passage, ...]
    links: tuple[str, ...]


MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
FORMATTER = HtmlFormatter(nowrap=True)


def read(markdown: str) -> Page:
    """A page of Markdown as HTML. The first heading is its title."""
    tokens = MARKDOWN.parse(re.sub(r"^<!--.*?-->\n?", "", markdown, flags=re.MULTILINE | re.DOTALL))
    headings = _named(tokens)
    body = MARKDOWN.renderer.render(tokens, MARKDOWN.options, {})
    return Page(
        title=headings[0].text if headings else "",
        html=_framed(body),
        headings=tuple(headings),
        passages=tuple(_passages(tokens, headings)),
        links=tuple(_links(tokens)),
    )


def anchor_of(text: str) -> str:
    """The name of a heading, as code hosts make it too."""
    return re.sub(r"[^\w -]", "", text.lower()).strip().replace(" ", "-")


def coloured(code: str, language: str) -> str:
    """Code as HTML, with classes for its words."""
    try:
        return highlight(code, get_lexer_by_name(language), FORMATTER)
    except ClassNotFound:
        return html.escape(code)


def _named(tokens: Sequence[Token]) -> list[Heading]:
    """All headings. Each is given its anchor, a number behind it where the name is taken."""
    found: list[Heading] = []
    taken: dict[str, int] = {}
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            text = _words(inline)
            name = anchor_of(text)
            count = taken[name] = taken.get(name, -1) + 1
            heading = Heading(int(opening.tag[1]), text, f"{name}-{count}" if count else name)
            opening.attrSet("id", heading.anchor)
            found.append(heading)
    return found


def _words(token: Token) -> str:
    """What a token says, without its marks."""
    return "".join(
        child.content if child.type in {"text", "code_inline"} else " " if child.type == "softbreak" else ""
        for child in token.children or ()
    )


def _passages(tokens: Sequence[Token], headings: Sequence[Heading]) -> list[Passage]:
    found: list[tuple[Heading, list[str]]] = []
    waiting = iter(headings)
    for before, token in zip((None, *tokens), tokens, strict=False):
        if token.type == "heading_open":
            found.append((next(waiting), []))
        elif found and token.type == "inline" and (before is None or before.type != "heading_open"):
            found[-1][1].append(_words(token))
        elif found and token.type == "fence":
            found[-1][1].append(token.content)
    return [Passage(heading, " ".join(" ".join(words).split())) for heading, words in found]


def _links(tokens: Sequence[Token]) -> list[str]:
    """Where links and pictures lead."""
    inner = [child for token in tokens for child in token.children or ()]
    return [str(child.attrs[name]) for child in inner for name in ("href", "src") if name in child.attrs]


def _framed(body: str) -> str:
    """Tables in a frame that scrolls, so that wide ones don't widen the page; reached by the keyboard too."""
    opening = '<div class="wide" tabindex="0" role="region" aria-label="A table"><table>'
    return body.replace("<table>", opening).replace("</table>", "</table></div>")


def _fence(renderer: RendererHTML, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
    token = tokens[place]
    language = token.info.strip() or "text"
    code = coloured(token.content, language)
    return f'<pre tabindex="0" data-language="{html.escape(language)}"><code>{code}</code></pre>\n'


def _heading_close(renderer: RendererHTML, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
    opening = tokens[place - 2]
    name = html.escape(str(opening.attrGet("id")))
    mark = "" if opening.tag == "h1" else f' <a class="anchor" href="#{name}" aria-label="Link to this">#</a>'
    return f"{mark}</{opening.tag}>\n"


MARKDOWN.add_render_rule("fence", _fence)
MARKDOWN.add_render_rule("heading_close", _heading_close)
