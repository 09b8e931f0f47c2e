"""A session as a person sees it, to be compared with what the server knows of it."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.live.serving import Serving, wait_for

DRAW = "Create a project management graph"
"""What the offline model answers with a plan, tool calls, thoughts, a graph and some forty words."""
PATIENCE_MS = 20_000
SIZE = re.compile(r"^(\d+) nodes?, (\d+) edges?$")

WATCH = """() => {
    const seen = window.seen = {answers: [], steps: [], nodes: []}
    const note = (list, value) => value !== undefined && list.at(-1) !== value && list.push(value)
    new MutationObserver(() => {
        const log = document.querySelector('[role=log]')
        note(seen.answers, log?.querySelector('article[aria-label=puntini] .markdown')?.innerText)
        note(seen.steps, log?.querySelector('[aria-label=Plan] progress')?.value)
        const size = document.querySelector('[role=toolbar][aria-label=Graph]')?.innerText.match(/(\\d+) nodes?/)
        note(seen.nodes, size ? Number(size[1]) : undefined)
    }).observe(document, {subtree: true, childList: true, characterData: true, attributes: true})
}"""


def watch(page: Page) -> None:
    """Have the page note whatever is shown for a moment, from now on and until it is loaded anew."""
    page.evaluate(WATCH)


def seen(page: Page) -> dict[str, list[Any]]:
    """What was shown since `watch`, each thing once as long as it stayed: answers, steps done, and counts of nodes."""
    found: dict[str, list[Any]] = page.evaluate("seen")
    return found


def say(page: Page, prompt: str) -> None:
    """Write something, and send it."""
    box = page.get_by_role("textbox", name="Message")
    box.fill(prompt)
    box.press("Enter")


def answers(page: Page) -> Locator:
    """What the agent said."""
    return page.get_by_role("article", name="puntini")


def session_of(page: Page) -> str:
    """The session that the page shows."""
    return page.url.rpartition("/")[2]


def require_live(page: Page) -> None:
    """Raises AssertionError when the page does not come to follow its session."""
    expect(page.get_by_text("Live", exact=True)).to_be_visible(timeout=PATIENCE_MS)


def require_same(page: Page, server: Serving, *, tasks: int = 1) -> None:
    """Raises AssertionError where the page, when all is done, does not show what the server says."""
    # A browser draws little in the tabs behind.
    page.bring_to_front()
    session = session_of(page)
    wait_for(lambda: completed(server, session) == tasks, PATIENCE_MS / 1000, "the end of what was asked for")
    articles = page.get_by_role("log", name="Conversation").get_by_role("article")
    messages = server.get(f"/v1/sessions/{session}/messages")["items"]
    expect(articles.filter(has=page.get_by_role("button", name="Copy"))).to_have_count(len(messages))
    for article, message in zip(articles.all(), messages, strict=True):
        expect(said(article)).to_have_text(words(message["content"]), timeout=PATIENCE_MS)
    require_same_graph(page, server.get(f"/v1/sessions/{session}/graph"))


def require_same_graph(page: Page, graph: Mapping[str, Any]) -> None:
    """Raises AssertionError where the page does not come to show this graph."""
    nodes, edges = graph["nodes"], graph["edges"]
    tools = page.get_by_role("toolbar", name="Graph")
    expect(tools.get_by_text(SIZE)).to_have_text(
        f"{counted(nodes, 'node')}, {counted(edges, 'edge')}", timeout=PATIENCE_MS
    )
    tools.get_by_role("button", name="List").click()
    names = {node["id"]: node["key"] for node in nodes}
    rows = page.get_by_role("region", name="Nodes").get_by_role("rowheader")
    assert sorted(rows.all_inner_texts()) == sorted(names.values())
    rows = page.get_by_role("region", name="Edges").get_by_role("row")
    shown = [row.split("\t") for row in rows.all_inner_texts()[1:]]
    assert sorted(row[1:3] for row in shown) == sorted([names[each["source"]], names[each["target"]]] for each in edges)
    tools.get_by_role("button", name="List").click()


def counted(things: Collection[object], name: str) -> str:
    """As "1 node", or "2 nodes"."""
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


def completed(server: Serving, session: str) -> int:
    """How many of a session's tasks came to a good end."""
    return sum(event["type"] == "task_completed" for event in server.events(session))


def said(article: Locator) -> Locator:
    """What was said, without what stands below it."""
    return article.locator(".markdown, .message-prompt")


def words(markdown: str) -> re.Pattern[str]:
    """The words of an answer as they stand on a page: only space between them, and nothing before and after."""
    plain = re.sub(r"^- ", "", markdown, flags=re.MULTILINE).replace("`", "")
    return re.compile(r"^\s*" + r"\s*".join(re.escape(word) for word in plain.split()) + r"\s*$")
